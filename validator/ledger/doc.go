// Package ledger keeps account of what clients do with what they were granted, so
// that an administrator can take away what nobody needs: per client the scopes of
// its tokens and which of them its calls ever needed, the operations it used, what
// it was refused, and tokens that are larger than a client of its kind should have.
//
//	l, err := ledger.New(ledger.Config{})
//	v, err := validator.New(validator.Config{…, OnDecision: l.Record, Check: l.Check})
//
// [Ledger.Snapshot] is the account as JSON; [Merge] adds up those of several
// replicas, and program examples/scopereport prints what follows from them.
//
// Only verified tokens are entered; of all other requests the ledger knows how many
// were refused with which code. A subject is never entered. Memory is bounded: what
// does not fit is counted as lost, not entered. A known client that calls a known
// operation costs some atomic counters and no allocation.
//
// What it does not know: a scope that an API checks by itself, with
// [scopes.Set.Has] for example, looks unused; so does one that is needed once a
// year, until then.
package ledger
