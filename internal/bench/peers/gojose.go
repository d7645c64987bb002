package peers

import (
	"context"
	"encoding/json"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// newGoJose has the keys at hand: go-jose does not fetch any.
func newGoJose(_ context.Context, i *fixture.Issuer, algorithm string) (Verify, error) {
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal(i.JWKS, &keys); err != nil {
		return nil, err
	}
	algorithms := []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)}
	expected := jwt.Expected{Issuer: i.URL, AnyAudience: jwt.Audience{fixture.Audience}}
	return func(_ context.Context, raw string) error {
		token, err := jwt.ParseSigned(raw, algorithms)
		if err != nil {
			return err
		}
		var registered jwt.Claims
		var claims Claims
		if err := token.Claims(keys, &registered, &claims); err != nil {
			return err
		}
		return registered.ValidateWithLeeway(expected, leeway)
	}, nil
}
