package ledger

import (
	"sync/atomic"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// client is the account of one client. Times are Unix seconds, zero for never.
type client struct {
	since, last atomic.Int64
	lifetime    atomic.Int64 // the longest of a token, in seconds
	calls       atomic.Uint64
	refusals    atomic.Pointer[refusals] // nil: none yet
	scopes      table[string, scope]
	operations  table[string, operation]
	excesses    [excessEnd]excess
}

type scope struct {
	granted, used atomic.Int64 // when last
	uses, missing atomic.Uint64
}

type operation struct {
	calls, shadowed, refused atomic.Uint64
	last                     atomic.Int64
}

func newClient(limits *Config) *client {
	c := new(client)
	c.since.Store(limits.Clock.Now().Unix())
	c.scopes.limit, c.scopes.keep = limits.MaxScopes, keepName
	c.operations.limit, c.operations.keep = limits.MaxOperations, keepName
	return c
}

func newScope(*Config) *scope         { return new(scope) }
func newOperation(*Config) *operation { return new(operation) }

// latest raises a time. Most of the time it only reads it, so that several cores do
// not take the memory from each other.
func latest(at *atomic.Int64, now int64) {
	for {
		before := at.Load()
		if before >= now || at.CompareAndSwap(before, now) {
			return
		}
	}
}

// record enters a decision on a verified token.
func (c *client) record(d *validator.Decision, now int64) {
	latest(&c.last, now)
	if issued := d.Token.IssuedAt(); !issued.IsZero() {
		latest(&c.lifetime, int64(d.Token.ExpiresAt().Sub(issued).Seconds()))
	}
	c.hold(d.Token.Scopes(), now)
	if d.Err == nil {
		c.use(d, now)
	} else {
		c.lack(d)
	}
	o := c.operations.find(d.Operation, newOperation, nil)
	if o == nil {
		return
	}
	latest(&o.last, now)
	switch {
	case d.Shadow:
		o.shadowed.Add(1)
	case d.Err != nil:
		o.refused.Add(1)
	default:
		o.calls.Add(1)
	}
}

// hold enters the scopes of a token.
func (c *client) hold(granted scopes.Set, now int64) {
	for name := range granted.All() {
		if s := c.scopes.find(name, newScope, nil); s != nil {
			latest(&s.granted, now)
		}
	}
}

// use enters the scopes that the call needed.
func (c *client) use(d *validator.Decision, now int64) {
	c.calls.Add(1)
	var room [8]string
	for _, name := range d.Requirement.AppendUses(room[:0], d.Token.Scopes()) {
		if s := c.scopes.find(name, newScope, nil); s != nil {
			s.uses.Add(1)
			latest(&s.used, now)
		}
	}
}

// lack enters the scopes that the call was refused for, or would have been.
func (c *client) lack(d *validator.Decision) {
	if !d.Shadow {
		c.refuse(d.Code())
	}
	for _, name := range d.Err.MissingScopes() {
		if s := c.scopes.find(name, newScope, nil); s != nil {
			s.missing.Add(1)
		}
	}
}

func (c *client) refuse(code validator.Code) {
	r := c.refusals.Load()
	if r == nil {
		c.refusals.CompareAndSwap(nil, new(refusals))
		r = c.refusals.Load()
	}
	r[code].Add(1)
}
