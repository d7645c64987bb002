package ledger

import (
	"cmp"
	"slices"
	"time"

	"github.com/bearerguard/bearerguard/validator"
)

// Version is that of the form of a [Snapshot].
const Version = 1

// A Snapshot is what a ledger has entered up to a moment. Lists are in byte order,
// so that equal snapshots are equal in JSON. Times are to the second, in UTC; the
// zero time is never.
type Snapshot struct {
	// Version is that of the form, [Version].
	Version int `json:"version"`
	// Instances tell the ledgers apart that the snapshot is of, by random names.
	Instances []string `json:"instances"`
	// Since and Until are when the observation began and when it was looked at.
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	// Clients are all that were entered, by issuer and client id.
	Clients []Client `json:"clients"`
	// Refusals are those of requests whose token was not accepted: how many, and
	// nothing of what they sent.
	Refusals []Refusals `json:"refusals"`
	// Anonymous counts requests that were let in without a token.
	Anonymous uint64 `json:"anonymous"`
	// Lost counts requests of clients that were not entered, because there were too
	// many or the name was too long.
	Lost uint64 `json:"lost"`
}

// A Client is the account of one client.
type Client struct {
	// Issuer and ClientID are those of its tokens. The client id is empty where
	// tokens name none.
	Issuer   string `json:"issuer"`
	ClientID string `json:"client_id"`
	// Since and Last are when it was first and last seen.
	Since time.Time `json:"since"`
	Last  time.Time `json:"last"`
	// Calls counts the requests that had all that they needed.
	Calls uint64 `json:"calls"`
	// Scopes are those that its tokens had or that its calls lacked.
	Scopes []Scope `json:"scopes"`
	// Operations are those that it called.
	Operations []Operation `json:"operations"`
	// Refusals are those of its verified tokens for what they lack. Refusals by
	// ceilings are in Excesses.
	Refusals []Refusals `json:"refusals"`
	// Excesses are the ways in which its tokens were over its ceiling.
	Excesses []Excesses `json:"excesses"`
	// LongestLifetime is that of its tokens, from iat to exp, in seconds.
	LongestLifetime int64 `json:"longest_lifetime"`
	// LostScopes and LostOperations count what was not entered, because there was
	// too much or the name was too long.
	LostScopes     uint64 `json:"lost_scopes"`
	LostOperations uint64 `json:"lost_operations"`
}

// A Scope is what a client did with a scope.
type Scope struct {
	Name string `json:"name"`
	// Granted is when a token with it was last seen.
	Granted time.Time `json:"granted"`
	// Uses counts the calls that needed it and had it, and Used is when the last
	// one was.
	Uses uint64    `json:"uses"`
	Used time.Time `json:"used"`
	// Missing counts the calls that needed it and did not have it, those that
	// were let in by a rule in shadow mode included.
	Missing uint64 `json:"missing"`
}

// An Operation is what a client did with an operation.
type Operation struct {
	Name string `json:"name"`
	// Calls had all that they needed, Shadowed were let in only because the rule
	// is in shadow mode, Refused were not.
	Calls    uint64 `json:"calls"`
	Shadowed uint64 `json:"shadowed"`
	Refused  uint64 `json:"refused"`
	// Last is when the last one was.
	Last time.Time `json:"last"`
}

// Refusals are the refusals with one code.
type Refusals struct {
	Code  string `json:"code"` // such as "INSUFFICIENT_SCOPE"
	Count uint64 `json:"count"`
}

// Excesses are the tokens that were over a ceiling in one way, counted once for
// each request.
type Excesses struct {
	Excess  Excess    `json:"excess"`
	Warned  uint64    `json:"warned"`
	Refused uint64    `json:"refused"`
	Last    time.Time `json:"last"`
}

// Snapshot returns the account so far. Requests go on meanwhile, so that counters
// of the same request may be in it in part.
func (l *Ledger) Snapshot() Snapshot {
	s := Snapshot{
		Version: Version, Instances: []string{l.instance}, Since: at(l.since.Unix()), Until: at(l.config.Clock.Now().Unix()),
		Clients: []Client{}, Refusals: l.refusals.list(), Anonymous: l.anonymous.Load(), Lost: l.clients.lost.Load(),
	}
	for who, c := range l.clients.all() {
		s.Clients = append(s.Clients, c.snapshot(who))
	}
	s.sort()
	return s
}

func (c *client) snapshot(who party) Client {
	out := Client{
		Issuer: who.issuer, ClientID: who.client, Since: at(c.since.Load()), Last: at(c.last.Load()), Calls: c.calls.Load(),
		Scopes: []Scope{}, Operations: []Operation{}, Refusals: c.refusals.Load().list(), Excesses: []Excesses{},
		LongestLifetime: c.lifetime.Load(), LostScopes: c.scopes.lost.Load(), LostOperations: c.operations.lost.Load(),
	}
	for name, s := range c.scopes.all() {
		out.Scopes = append(out.Scopes, Scope{Name: name, Granted: at(s.granted.Load()), Uses: s.uses.Load(), Used: at(s.used.Load()), Missing: s.missing.Load()})
	}
	for name, o := range c.operations.all() {
		out.Operations = append(out.Operations, Operation{Name: name, Calls: o.calls.Load(), Shadowed: o.shadowed.Load(), Refused: o.refused.Load(), Last: at(o.last.Load())})
	}
	for i := range c.excesses {
		if e := &c.excesses[i]; e.last.Load() != 0 {
			out.Excesses = append(out.Excesses, Excesses{Excess: excesses[i], Warned: e.warned.Load(), Refused: e.refused.Load(), Last: at(e.last.Load())})
		}
	}
	return out
}

func (r *refusals) list() []Refusals {
	list := []Refusals{}
	if r == nil {
		return list
	}
	for code := range validator.Codes() {
		if n := r[code].Load(); n > 0 {
			list = append(list, Refusals{Code: code.String(), Count: n})
		}
	}
	return list
}

// sort puts everything in byte order.
func (s *Snapshot) sort() {
	slices.Sort(s.Instances)
	slices.SortFunc(s.Refusals, func(a, b Refusals) int { return cmp.Compare(a.Code, b.Code) })
	slices.SortFunc(s.Clients, func(a, b Client) int {
		return cmp.Or(cmp.Compare(a.Issuer, b.Issuer), cmp.Compare(a.ClientID, b.ClientID))
	})
	for i := range s.Clients {
		c := &s.Clients[i]
		slices.SortFunc(c.Scopes, func(a, b Scope) int { return cmp.Compare(a.Name, b.Name) })
		slices.SortFunc(c.Operations, func(a, b Operation) int { return cmp.Compare(a.Name, b.Name) })
		slices.SortFunc(c.Refusals, func(a, b Refusals) int { return cmp.Compare(a.Code, b.Code) })
		slices.SortFunc(c.Excesses, func(a, b Excesses) int { return cmp.Compare(a.Excess, b.Excess) })
	}
}

func at(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
