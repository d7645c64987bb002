package peers

import (
	"context"
	"net/url"

	"github.com/auth0/go-jwt-middleware/v2/jwks"
	"github.com/auth0/go-jwt-middleware/v2/validator"
	"github.com/bearerguard/bearerguard/internal/bench/fixture"
)

// Validate has nothing to add.
func (*Claims) Validate(context.Context) error { return nil }

func newAuth0v2Validator(i *fixture.Issuer, algorithm string) (*validator.Validator, error) {
	issuer, err := url.Parse(i.URL)
	if err != nil {
		return nil, err
	}
	provider := jwks.NewCachingProvider(issuer, fetchInterval)
	return validator.New(provider.KeyFunc, validator.SignatureAlgorithm(algorithm), i.URL, []string{fixture.Audience},
		validator.WithCustomClaims(func() validator.CustomClaims { return &Claims{} }),
		validator.WithAllowedClockSkew(leeway),
	)
}

func newAuth0v2(_ context.Context, i *fixture.Issuer, algorithm string) (Verify, error) {
	v, err := newAuth0v2Validator(i, algorithm)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, raw string) error {
		_, err := v.ValidateToken(ctx, raw)
		return err
	}, nil
}
