package peers

import (
	"context"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/coreos/go-oidc/v3/oidc"
)

// newOIDC uses the verifier that go-oidc has for ID tokens, as APIs do that use
// go-oidc.
func newOIDC(ctx context.Context, i *fixture.Issuer, algorithm string) (Verify, error) {
	keys := oidc.NewRemoteKeySet(ctx, i.JWKSURL)
	verifier := oidc.NewVerifier(i.URL, keys, &oidc.Config{ClientID: fixture.Audience, SupportedSigningAlgs: []string{algorithm}})
	return func(ctx context.Context, raw string) error {
		token, err := verifier.Verify(ctx, raw)
		if err != nil {
			return err
		}
		var claims Claims
		return token.Claims(&claims)
	}, nil
}
