package validatortest_test

import (
	"context"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

func TestWithToken(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "kept")
	ctx = validatortest.WithToken(ctx, validatortest.User("alice", "webapp").Scope("orders:read orders:write").
		Audience("https://a.example.com", "https://b.example.com").With("iss", "https://id.example.com").With("tenant", "acme"))
	token, ok := validator.TokenFrom(ctx)
	if !ok {
		t.Fatal("no token")
	}
	if token.Subject() != "alice" || token.ClientID() != "webapp" || token.IsClient() || !token.Scopes().Has("orders:write") ||
		token.Issuer() != "https://id.example.com" || len(token.Audience()) != 2 {
		t.Errorf("%v with scopes %v", token, token.Scopes())
	}
	var mine struct {
		Tenant string `json:"tenant"`
	}
	if err := token.Claims(&mine); err != nil || mine.Tenant != "acme" {
		t.Errorf("%v, %v", mine, err)
	}
	if ctx.Value(key{}) != "kept" {
		t.Error("the context lost its values")
	}
	if _, ok := validator.TokenFrom(t.Context()); ok {
		t.Error("a context that nobody gave a token has one")
	}
}

func TestWithTokenEdits(t *testing.T) {
	ctx := validatortest.WithToken(t.Context(),
		validatortest.Client("billing").With("permissions", []string{"orders:read"}).With("iss", "https://id.example.com"),
		func(c *validator.Config) {
			c.ScopeClaims = []string{"permissions"}
			c.Issuer = "https://id.example.com"
			c.Audiences = []string{"https://api.example.com"}
			c.Clock = validatortest.NewClock(epoch)
		})
	token, _ := validator.TokenFrom(ctx)
	if !token.Scopes().Has("orders:read") || !token.IssuedAt().Equal(epoch) {
		t.Errorf("scopes %v, issued %v", token.Scopes(), token.IssuedAt())
	}
	ctx = validatortest.WithToken(t.Context(), validatortest.Claims{}.With("aud", nil), func(c *validator.Config) {
		c.DangerouslySkipAudience, c.AllowedClients = true, []string{"client"}
	})
	if token, _ := validator.TokenFrom(ctx); len(token.Audience()) != 0 {
		t.Errorf("audience %v", token.Audience())
	}
}

// Nothing but what a validator accepts becomes a token.
func TestWithTokenReallyValidates(t *testing.T) {
	good := validatortest.Claims{}
	for name, claims := range map[string]validatortest.Claims{
		"expired":       good.ExpiresIn(-time.Hour),
		"not yet valid": good.NotBeforeIn(time.Hour),
		"no audience":   good.With("aud", nil),
		"no issuer":     good.With("iss", nil),
		"ID token":      good.Header("typ", "JWT").With("nonce", "n"),
		"bound":         good.With("cnf", map[string]string{"jkt": "x"}),
		"another alg":   good.Header("alg", "ES256"),
		"alg none":      good.Header("alg", "none"),
		"unmarshalable": good.With("f", func() {}),
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			validatortest.WithToken(t.Context(), claims)
		})
	}
}
