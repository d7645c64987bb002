package validator

import (
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// retiring is what a Validator accepts for a while only, with a counter for each.
type retiring struct {
	issuer    *retiringName // nil: the issuer is not on its way out
	audiences map[string]*retiringName
}

type retiringName struct {
	until   time.Time
	uses    atomic.Uint64
	lastUse atomic.Int64 // Unix nanoseconds
}

func newRetiring(c *Config) retiring {
	var r retiring
	if !c.AcceptUntil.IsZero() {
		r.issuer = &retiringName{until: c.AcceptUntil}
	}
	if len(c.RetiringAudiences) > 0 {
		r.audiences = make(map[string]*retiringName)
		for name, until := range c.RetiringAudiences {
			r.audiences[name] = &retiringName{until: until}
		}
	}
	return r
}

// accepted reports whether n, on which something depends, is still accepted. Nil
// is nothing that goes out.
func (n *retiringName) accepted(now time.Time) bool { return n == nil || now.Before(n.until) }

// used counts an accepted token. Refused ones do not count: anybody can send them.
func (r *retiring) used(audience *retiringName, clock Clock) {
	if r.issuer == nil && audience == nil {
		return
	}
	now := clock.Now()
	if r.issuer != nil {
		r.issuer.count(now)
	}
	if audience != nil {
		audience.count(now)
	}
}

func (n *retiringName) count(now time.Time) {
	n.uses.Add(1)
	n.lastUse.Store(now.UnixNano())
}

// RetiringUse says how much an issuer or an audience is still used that is
// accepted only until a date.
type RetiringUse struct {
	// Issuer or Audience is its name; the other one is empty.
	Issuer, Audience string
	// Until is when it is accepted no longer.
	Until time.Time
	// Uses counts the tokens that were accepted because of it, since New.
	Uses uint64
	// LastUse is when the last one was; zero if there was none.
	LastUse time.Time
}

// Retiring returns how much is still used of what [Config.AcceptUntil] and
// [Config.RetiringAudiences] let in: the issuer first, then the audiences in byte
// order. A token with a current audience does not count for a retiring one.
func (v *Validator) Retiring() []RetiringUse {
	var uses []RetiringUse
	add := func(issuer, audience string, n *retiringName) {
		use := RetiringUse{Issuer: issuer, Audience: audience, Until: n.until, Uses: n.uses.Load()}
		if last := n.lastUse.Load(); last != 0 {
			use.LastUse = time.Unix(0, last)
		}
		uses = append(uses, use)
	}
	if v.retiring.issuer != nil {
		add(v.config.Issuer, "", v.retiring.issuer)
	}
	for _, name := range slices.Sorted(maps.Keys(v.retiring.audiences)) {
		add("", name, v.retiring.audiences[name])
	}
	return uses
}
