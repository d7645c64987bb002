package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// A phase is a time under load during which something is the matter.
type phase struct {
	name  string
	begin func()                                       // what happens at its beginning
	over  func(passed time.Duration) bool              // when it ends
	limit time.Duration                                // it must be over by then; zero: none
	good  func(status int) bool                        // whether a valid token may get this answer now
	forge func(is *validatortest.Issuer, n int) string // what attackers send; nil: there are none
}

// How long the API may take to be what it was, after the issuer is.
const (
	recovery          = 5 * time.Second
	recoveryAfterHang = 10 * time.Second
	slack             = time.Second // of a busy machine
)

// phases is the whole story.
func phases(s settings, sys *system) []phase {
	is := sys.issuer
	served := func(status int) bool { return status == http.StatusOK }
	unavailable := func(status int) bool { return status == http.StatusServiceUnavailable }
	either := func(status int) bool { return served(status) || unavailable(status) }
	notTooEarly := func(status int) bool { return served(status) || unavailable(status) && !sys.keys.Status().Usable }
	nothing := func() {}
	during := func(d time.Duration) func(time.Duration) bool {
		return func(passed time.Duration) bool { return passed >= d }
	}
	fail := func(f validatortest.Fault) func() { return func() { is.Fail(f) } }
	mend := func() { is.Recover() }
	refreshed := func(time.Duration) bool { return sys.keys.Status().Failures == 0 && !sys.keys.Status().Refreshing }

	return []phase{
		{name: "all is well", begin: nothing, over: during(s.step), good: served},

		{name: "killed", begin: fail(validatortest.Refuse), good: served,
			over: func(time.Duration) bool { return sys.keys.Status().Age > s.maxStale-slack }},
		{name: "killed, keys getting too old", begin: nothing, good: notTooEarly, limit: 2*slack + slack,
			over: func(time.Duration) bool { return !sys.keys.Status().Usable }},
		{name: "killed, keys too old", begin: nothing, over: during(s.step), good: unavailable},
		{name: "back", begin: mend, over: refreshed, good: either, limit: recovery + slack},
		{name: "all is well again", begin: nothing, over: during(s.step), good: served},

		{name: "hung", begin: fail(validatortest.Hang), good: served, over: during(s.step),
			forge: wrongSignature},
		{name: "back from hanging", begin: mend, over: refreshed, good: served, limit: recoveryAfterHang + slack},

		{name: "flooded with forged key ids", begin: nothing, over: during(s.step), good: served, forge: unknownKey},
		{name: "flooded with forged signatures", begin: nothing, over: during(s.step), good: served, forge: wrongSignature},
		rotation(s, is, served),
	}
}

// rotation is done by the book: published, in use once every API has had time to
// see it, and the old key retired when its last token is gone.
func rotation(s settings, is *validatortest.Issuer, served func(int) bool) phase {
	var old, next *validatortest.Key
	step := 0
	return phase{
		name: "keys rotated", good: served,
		begin: func() { old, next = is.SigningKey(), is.Publish() },
		over: func(passed time.Duration) bool {
			switch {
			case step == 0 && passed > s.refresh:
				is.Switch(next)
				step++
			case step == 1 && passed > s.refresh+s.step/2:
				is.Retire(old)
				step++
			}
			return passed > 2*s.refresh+s.step
		},
	}
}

func unknownKey(is *validatortest.Issuer, n int) string {
	// It is signed, too: that the id is unknown is the only thing wrong with it.
	return is.Mint(claims().Header("kid", fmt.Sprint("forged-", n)))
}

func wrongSignature(is *validatortest.Issuer, _ int) string {
	return is.MintWith(strangersKey, claims().Header("kid", is.SigningKey().ID()))
}

var strangersKey = validatortest.NewKey("stranger", "ES256")

func claims() validatortest.Claims {
	return validatortest.Client("billing").Scope("orders:read").ExpiresIn(time.Minute)
}

// run sends requests until the phase is over.
func (p phase) run(ctx context.Context, s settings, sys *system) (*sample, error) {
	p.begin()
	l := newLoad(sys, s, p)
	before := sys.issuer.Requests(validatortest.KeySet)
	began := time.Now()
	stop := l.start(ctx)
	for !p.over(time.Since(began)) && ctx.Err() == nil && (p.limit == 0 || time.Since(began) <= p.limit) {
		time.Sleep(20 * time.Millisecond)
	}
	stop()
	l.sample.lasted = time.Since(began)
	l.sample.late = p.limit > 0 && l.sample.lasted > p.limit
	l.sample.fetches = sys.issuer.Requests(validatortest.KeySet) - before
	return &l.sample, ctx.Err()
}
