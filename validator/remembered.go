package validator

import (
	"context"

	"github.com/bearerguard/bearerguard/internal/jws"
	"github.com/bearerguard/bearerguard/jwks"
)

// remembered is judge behind the cache of verified tokens.
func (v *Validator) remembered(ctx context.Context, raw string, d *digest) (*Token, *retiringName, *Error) {
	if v.cache == nil {
		judged, err := v.judge(ctx, raw)
		return judged.token, judged.audience, err
	}
	if d == nil {
		computed := digestOf(raw)
		d = &computed
	}
	if known := v.cache.get(d); known != nil {
		if err, still := v.judgeAgain(ctx, known); still {
			return known.token, known.audience, err
		}
	}
	judged, err := v.judge(ctx, raw)
	if err != nil {
		return nil, nil, err
	}
	v.cache.put(d, judged, v.clock.Now().Add(-v.config.Leeway).Unix())
	return judged.token, judged.audience, nil
}

// A verdict is a token that went through the whole pipeline, with what it takes
// to tell later whether it still would.
type verdict struct {
	token      *Token
	key        *jwks.Key     // that verified it
	kidless    uint8         // what function kidless returns
	generation uint64        // of the set in which key was found
	audience   *retiringName // on which it depends; nil: a current one
}

// kidless returns 1 + the index of the algorithm of a token that names no key,
// zero for one that does.
func kidless(h *header) uint8 {
	if h.kid != "" {
		return 0
	}
	return uint8(1 + jws.Index(h.alg))
}

// A generation is a set of keys and the number it has for this Validator. What
// is remembered of a token holds on to the number, not to the set.
type generation struct {
	set    *jwks.Set
	number uint64
}

// generationOf returns the number of a set: another one each time the set
// changes.
func (v *Validator) generationOf(set *jwks.Set) uint64 {
	for {
		last := v.lastSet.Load()
		if last.set == set {
			return last.number
		}
		next := &generation{set, last.number + 1}
		if v.lastSet.CompareAndSwap(last, next) {
			return next.number
		}
	}
}

// judgeAgain repeats, for a token that was verified before, every check whose
// outcome can have changed. It is not still the same case if the key that
// verified the token is not published any more: then nothing that is remembered
// counts.
func (v *Validator) judgeAgain(ctx context.Context, known *entry) (_ *Error, still bool) {
	now := v.clock.Now()
	if !v.retiring.issuer.accepted(now) {
		return NewError(CodeIssuerNotAllowed, errRetired), true
	}
	if !known.audience.accepted(now) {
		return NewError(CodeAudienceNotAllowed, errAudience), true
	}
	if err := known.times.check(now, v.config.Leeway); err != nil {
		return err, true
	}
	set, err := v.current(ctx, now)
	if err != nil {
		return unavailable(ctx, err), true
	}
	if now := v.generationOf(set); now != known.generation.Load() {
		if !known.stillVerifiedBy(set) {
			return nil, false
		}
		known.generation.Store(now)
	}
	return nil, true
}

// stillVerifiedBy reports whether the very key is in the set. A token that names
// no key wants it to be the only one that fits, besides.
func (e *entry) stillVerifiedBy(set *jwks.Set) bool {
	if e.kidless == 0 {
		return set.Contains(e.key)
	}
	keys, _ := set.Find("", jws.At(int(e.kidless)-1).Name)
	return len(keys) == 1 && keys[0] == e.key
}
