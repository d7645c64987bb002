package validator

import (
	"context"

	"github.com/bearerguard/bearerguard/jwks"
)

// remembered is judge behind the cache of verified tokens. The token's digest
// may be nil, if it is not known yet.
func (v *Validator) remembered(ctx context.Context, raw string, d *digest) (token *Token, refusal *Error) {
	defer func() {
		if p := recover(); p != nil { // here, where the caller knows whose it is
			token, refusal = nil, NewError(CodeInternal, newPanicError(p))
		}
	}()
	if v.cache == nil {
		judged, err := v.judge(ctx, raw)
		return judged.token, err
	}
	if d == nil {
		computed := digestOf(raw)
		d = &computed
	}
	if known := v.cache.get(d); known != nil {
		if token, err, still := v.judgeAgain(ctx, known); still {
			return token, err
		}
	}
	judged, err := v.judge(ctx, raw)
	if err != nil {
		return nil, err
	}
	v.cache.put(d, judged)
	return judged.token, nil
}

// A verdict is a token that went through the whole pipeline, with what it takes
// to tell later whether it still would.
type verdict struct {
	token      *Token
	key        *jwks.Key     // that verified it
	kidless    uint8         // see there
	generation uint64        // of the set in which key was found
	audience   *retiringName // on which it depends; nil: a current one
}

// kidless returns 1 + the index of the algorithm of a token that names no key,
// zero for one that does.
func kidless(h *header) uint8 {
	if h.kid != "" {
		return 0
	}
	return uint8(1 + algorithmIndex(h.alg))
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
func (v *Validator) judgeAgain(ctx context.Context, known *entry) (_ *Token, _ *Error, still bool) {
	now := v.clock.Now()
	if !v.retiring.issuer.accepted(now) {
		return nil, NewError(CodeIssuerNotAllowed, errRetired), true
	}
	if !known.audience.accepted(now) {
		return nil, NewError(CodeAudienceNotAllowed, errAudience), true
	}
	if err := known.times.check(now, v.config.Leeway); err != nil {
		return nil, err, true
	}
	set, err := v.keys.Current(ctx)
	if err != nil {
		return nil, unavailable(ctx, err), true
	}
	if now := v.generationOf(set); now != known.generation.Load() {
		if !known.stillVerifiedBy(set) {
			return nil, nil, false
		}
		known.generation.Store(now)
	}
	if err := v.checkOwn(ctx, known.token); err != nil {
		return nil, err, true
	}
	v.retiring.used(known.audience, now)
	return known.token, nil, true
}

// stillVerifiedBy reports whether the very key is in the set. A token that names
// no key wants it to be the only one that fits, besides.
func (e *entry) stillVerifiedBy(set *jwks.Set) bool {
	if e.kidless == 0 {
		return set.Contains(e.key)
	}
	keys, _ := set.Find("", algorithms[e.kidless-1].name)
	return len(keys) == 1 && keys[0] == e.key
}
