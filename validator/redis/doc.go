// Package redis keeps in Redis what the replicas of an API must know of each
// other: which tokens were revoked, and which DPoP proofs were used. A [Store] is
// a [validator.Revocation] and a dpop.ReplayStore; several may share a client.
//
// # When Redis is down
//
// Whoever cannot ask cannot judge: requests are answered with status 503 and
// Retry-After ([validator.CodeDependencyUnavailable]) until Redis is back, unless
// [Config.InsecureAllowWhenDown]. A Redis that hangs costs a request no more than
// [Config.Timeout]; one that fails again and again is left alone for a second
// between attempts, in which requests are refused at once.
//
// # What Redis must be like
//
// It is tested with Redis 7. Every command has one key, so that a cluster can
// route it. Nothing may be evicted
// (maxmemory-policy noeviction), because every key has a time to live and what
// is evicted is a revocation or a used proof; [Store.Check] looks at that. Redis
// replicates without waiting: in a failover the last writes can get lost, and with
// them what was revoked or used in the last moments. Whoever can write to Redis
// can undo revocations.
//
// Keys and values hold neither tokens nor claims, only digests and times.
package redis
