package peers

import (
	"context"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// newJWX3 fetches the keys once: without the cost of a cache that refreshes them.
func newJWX3(ctx context.Context, i *fixture.Issuer, _ string) (Verify, error) {
	keys, err := jwk.Fetch(ctx, i.JWKSURL)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, raw string) error {
		token, err := jwt.ParseString(raw,
			jwt.WithContext(ctx),
			jwt.WithKeySet(keys),
			jwt.WithIssuer(i.URL),
			jwt.WithAudience(fixture.Audience),
			jwt.WithRequiredClaim(jwt.ExpirationKey),
			jwt.WithAcceptableSkew(leeway),
		)
		if err != nil {
			return err
		}
		var scope string
		return token.Get("scope", &scope)
	}, nil
}
