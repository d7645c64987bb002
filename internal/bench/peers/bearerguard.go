package peers

import (
	"context"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/validator"
)

// NewValidator returns a Validator for the tokens of an issuer.
func NewValidator(ctx context.Context, i *fixture.Issuer, cache validator.CacheConfig, algorithms ...string) (*validator.Validator, error) {
	v, err := validator.New(validator.Config{
		Issuer:               i.URL,
		JWKSURL:              i.JWKSURL,
		Audiences:            []string{fixture.Audience},
		Algorithms:           algorithms,
		Leeway:               leeway,
		InsecureLoopbackHTTP: true,
		Cache:                cache,
	})
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = v.Close() })
	return v, v.Ready(ctx)
}

// bearerguard has its claims in the Token: subject, client, scopes and times are
// taken apart, the rest is decoded when it is asked for.
func bearerguard(cacheOff bool) func(context.Context, *fixture.Issuer, string) (Verify, error) {
	return func(ctx context.Context, i *fixture.Issuer, algorithm string) (Verify, error) {
		v, err := NewValidator(ctx, i, validator.CacheConfig{Off: cacheOff}, algorithm)
		if err != nil {
			return nil, err
		}
		return VerifyWith(v), nil
	}
}

// VerifyWith returns the decision of an Authenticator.
func VerifyWith(a validator.Authenticator) Verify {
	return func(ctx context.Context, raw string) error {
		_, err := a.Validate(ctx, validator.Credential{Scheme: "Bearer", Token: raw})
		return err
	}
}
