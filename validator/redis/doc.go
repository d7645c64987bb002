// Package redis keeps in Redis what the replicas of an API must know of each
// other: which tokens were revoked, and which DPoP proofs were used. A [Store] is
// a [validator.Revocation] and a dpop.ReplayStore; several may share a client. It
// also keeps their ledgers (package ledger), so that a report can be about all of
// them, and about those that are gone.
//
// # When Redis is down
//
// Whoever cannot ask cannot judge: requests are answered with status 503 and
// Retry-After ([validator.CodeDependencyUnavailable]) until Redis is back, unless
// [Config.InsecureAllowWhenDown]. A Redis that hangs costs a request no more than
// [Config.Timeout]; one that fails again and again is left alone for a second
// between attempts, in which requests are refused at once.
//
// Ledgers are another matter: no request waits for them or is refused because of
// them, and what could not be saved is in the snapshot that is saved next.
//
// # What Redis must be like
//
// It is tested with Redis 7. Every command has one key, so that a cluster can
// route it. Nothing may be evicted
// (maxmemory-policy noeviction), because every key has a time to live and what
// is evicted is a revocation or a used proof; [Store.Check] looks at that. A Redis
// that is restarted without its data (appendonly no, and save cannot make up for
// the time since) has forgotten what was revoked and used, and nobody can tell: what
// was revoked works again. [Store.Check] does not look at that. Redis
// replicates without waiting: in a failover the last writes can get lost, and with
// them what was revoked or used in the last moments. Whoever can write to Redis
// can undo revocations.
//
// Of revocations and proofs, keys and values hold neither tokens nor claims, only
// digests and times. Ledgers name issuers, clients, scopes and operations, and no
// subjects; whoever wants them elsewhere makes a Store with another client.
package redis
