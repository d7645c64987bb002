package validator_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// defaultRefresh is after how long at the latest a withdrawn key is refused.
const defaultRefresh = 10 * time.Minute

// A rotating issuer with a validator in front of it and the events of its keys.
type rotating struct {
	*validatortest.Issuer
	*testing.T
	validator *validator.Validator

	mu     sync.Mutex
	events []jwks.Event
}

func testRotation(t *testing.T, name string, f func(*rotating)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := &rotating{Issuer: validatortest.Start(t, validatortest.Config{}), T: t}
			r.validator = r.Validator(func(c *validator.Config) {
				c.Keys = r.Keys(func(c *jwks.Config) {
					c.OnEvent = func(e jwks.Event) {
						r.mu.Lock()
						defer r.mu.Unlock()
						r.events = append(r.events, e)
					}
				})
			})
			f(r)
		})
	})
}

// want validates a token and compares the code. Nobody may wait.
func (r *rotating) want(what, token string, code validator.Code) {
	r.Helper()
	if got := ask(r.T, r.Issuer, r.validator, token); got.code != code || got.waited != 0 {
		r.Errorf("%s: %v after %v, want %v", what, got.code, got.waited, code)
	}
}

func (r *rotating) told(kind jwks.EventKind, kid string) int {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, e := range r.events {
		if e.Kind == kind && e.KeyID == kid {
			n++
		}
	}
	return n
}

// long describes tokens that live longer than any of these tests.
func long() validatortest.Claims { return validatortest.Claims{}.ExpiresIn(48 * time.Hour) }

func TestFaultRotation(t *testing.T) {
	testRotation(t, "a new key works at its first use", func(r *rotating) {
		r.want("old", r.Mint(long()), 0)
		r.Switch(r.Publish())
		r.want("new", r.Mint(long()), 0)
		r.Switch(r.Publish())
		r.want("newer", r.Mint(long()), 0)
	})
	testRotation(t, "also after one forged kid", func(r *rotating) {
		r.want("old", r.Mint(long()), 0)
		r.want("forged", r.MintWith(r.NewKey(), long()), validator.CodeKeyUnknown)
		r.Switch(r.Publish())
		r.want("new", r.Mint(long()), 0)
	})
	testRotation(t, "under a sustained flood within 30 seconds", func(r *rotating) {
		r.want("old", r.Mint(long()), 0)
		forged := r.MintWith(r.NewKey(), long())
		flood := func(d time.Duration) {
			for range d / (100 * time.Millisecond) {
				r.want("forged", forged, validator.CodeKeyUnknown)
				time.Sleep(100 * time.Millisecond)
			}
		}
		for range 5 {
			flood(17 * time.Second)
			before := r.Mint(long())
			r.Switch(r.Publish())
			flood(30 * time.Second)
			r.want("old", before, 0)
			r.want("new", r.Mint(long()), 0)
		}
	})
	testRotation(t, "a removed key is refused at the next refresh", func(r *rotating) {
		old := r.SigningKey()
		token := r.Mint(long())
		r.want("before", token, 0)
		r.Switch(r.Publish())
		r.Retire(old)
		r.want("the new key brings a set without the old one", r.Mint(long()), 0)
		r.want("replaced, not merged", token, validator.CodeKeyUnknown)
		if r.told(jwks.KeyRemoved, old.ID()) != 1 || r.told(jwks.NoOverlap, "") != 1 {
			r.Errorf("events %v", r.events)
		}
	})
	testRotation(t, "at the latest after 10 minutes", func(r *rotating) {
		old, next := r.SigningKey(), r.Publish()
		token := r.Mint(long())
		r.want("before", token, 0)
		r.Switch(next)
		r.Retire(old)
		r.want("the new key was published before", r.Mint(long()), 0)
		r.want("not refreshed yet", token, 0)
		time.Sleep(defaultRefresh)
		synctest.Wait()
		r.want("after 10 minutes", token, validator.CodeKeyUnknown)
		r.want("the new key", r.Mint(long()), 0)
		if r.told(jwks.KeyRemoved, old.ID()) != 1 || r.told(jwks.NoOverlap, "") != 0 {
			r.Errorf("events %v", r.events)
		}
	})
	testRotation(t, "the same kid with other material", func(r *rotating) {
		before := r.Mint(long())
		r.want("before", before, 0)
		kid := r.Swap().ID()
		after := r.Mint(long())
		fetches := r.Requests()
		r.want("not refreshed yet", after, validator.CodeSignatureInvalid)
		if n := r.Requests() - fetches; n != 0 {
			r.Errorf("a wrong signature caused %d fetches", n)
		}
		time.Sleep(defaultRefresh)
		synctest.Wait()
		r.want("the new key", after, 0)
		r.want("the old key", before, validator.CodeSignatureInvalid)
		if r.told(jwks.KeyReplaced, kid) != 1 {
			r.Errorf("no warning in %v", r.events)
		}
	})
	testRotation(t, "during an outage a removed key lives until max-stale", func(r *rotating) {
		token := r.Mint(long())
		r.want("before", token, 0)
		old := r.SigningKey()
		r.Switch(r.Publish())
		r.Retire(old)
		r.Fail(validatortest.ServerError)
		time.Sleep(time.Hour - time.Second)
		r.want("before max-stale", token, 0)
		r.want("the new key", r.Mint(long()), validator.CodeKeysUnavailable)
		time.Sleep(time.Second)
		r.want("after max-stale", token, validator.CodeKeysUnavailable)
		r.Recover()
		time.Sleep(fetchTimeout)
		r.want("after recovery", token, validator.CodeKeyUnknown)
		r.want("the new key after recovery", r.Mint(long()), 0)
	})
}

func TestFaultKeyIDs(t *testing.T) {
	testRotation(t, "identical keys are one", func(r *rotating) {
		r.Publish(r.SigningKey())
		r.want("with kid", r.Mint(long()), 0)
		r.want("without kid", r.Mint(long().Header("kid", nil)), 0)
	})
	testRotation(t, "one kid for two algorithms", func(r *rotating) {
		elliptic, edwards := validatortest.NewKey("both", "ES384"), validatortest.NewKey("both", "EdDSA")
		r.Publish(elliptic, edwards)
		r.want("ES384", r.MintWith(elliptic, long()), 0)
		r.want("EdDSA", r.MintWith(edwards, long()), 0)
		r.want("neither", r.MintWith(r.SigningKey(), long().Header("kid", "both")), validator.CodeKeyUnknown)
	})
	testRotation(t, "one kid for two keys, and never for three", func(r *rotating) {
		first, second, third := validatortest.NewKey("same", "ES256"), validatortest.NewKey("same", "ES256"), validatortest.NewKey("same", "ES256")
		r.Publish(first, second, third)
		r.want("first", r.MintWith(first, long()), 0)
		r.want("second", r.MintWith(second, long()), 0)
		r.want("third", r.MintWith(third, long()), validator.CodeSignatureInvalid)
		if r.told(jwks.KeyDropped, "same") != 1 {
			r.Errorf("events %v", r.events)
		}
	})
	testRotation(t, "without a kid exactly one key must fit", func(r *rotating) {
		edwards := validatortest.NewKey("edwards", "EdDSA")
		r.Publish(edwards)
		r.want("one of each", r.Mint(long().Header("kid", nil)), 0)
		r.want("one of each", r.MintWith(edwards, long().Header("kid", nil)), 0)
		r.want("a stranger", r.MintWith(r.NewKey(), long().Header("kid", nil)), validator.CodeSignatureInvalid)
		r.Publish()
		time.Sleep(defaultRefresh)
		synctest.Wait()
		r.want("two of them", r.Mint(long().Header("kid", nil)), validator.CodeKeyUnknown)
		r.want("still one", r.MintWith(edwards, long().Header("kid", nil)), 0)
	})
}
