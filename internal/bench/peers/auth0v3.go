package peers

import (
	"context"
	"net/url"

	"github.com/auth0/go-jwt-middleware/v3/jwks"
	"github.com/auth0/go-jwt-middleware/v3/validator"
	"github.com/bearerguard/bearerguard/internal/bench/fixture"
)

func newAuth0v3Validator(i *fixture.Issuer, algorithm string) (*validator.Validator, error) {
	issuer, err := url.Parse(i.URL)
	if err != nil {
		return nil, err
	}
	provider, err := jwks.NewCachingProvider(jwks.WithIssuerURL(issuer), jwks.WithCacheTTL(fetchInterval))
	if err != nil {
		return nil, err
	}
	return validator.New(
		validator.WithKeyFunc(provider.KeyFunc),
		validator.WithAlgorithm(validator.SignatureAlgorithm(algorithm)),
		validator.WithIssuer(i.URL),
		validator.WithAudience(fixture.Audience),
		validator.WithCustomClaims(func() *Claims { return &Claims{} }),
		validator.WithAllowedClockSkew(leeway),
	)
}

func newAuth0v3(_ context.Context, i *fixture.Issuer, algorithm string) (Verify, error) {
	v, err := newAuth0v3Validator(i, algorithm)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, raw string) error {
		_, err := v.ValidateToken(ctx, raw)
		return err
	}, nil
}
