package validator_test

import (
	"context"
	"errors"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
)

// revocation is a Revocation that a test writes down.
type revocation func(ctx context.Context, t *validator.Token) (bool, error)

func (f revocation) Revoked(ctx context.Context, t *validator.Token) (bool, error) { return f(ctx, t) }

// Revocation is asked about every verified token every time, and about nothing that
// was not verified.
func TestRevocation(t *testing.T) {
	var revoked bool
	var failure error
	asked := 0
	v := newValidator(t, func(c *validator.Config) {
		c.Revocation = revocation(func(_ context.Context, t *validator.Token) (bool, error) {
			asked++
			if t.ID() != "id-1" || t.Issuer() != issuerURL || t.Subject() != "billing" {
				return false, errors.New("another token")
			}
			return revoked, failure
		})
	})
	token := mint("ES256", "", nil)
	tests := []struct {
		name    string
		revoked bool
		failure error
		want    validator.Code
	}{
		{"good", false, nil, 0},
		{"remembered", false, nil, 0},
		{"revoked", true, nil, validator.CodeTokenRevoked},
		{"nobody can tell", false, errors.New("down"), validator.CodeDependencyUnavailable},
		{"nobody can tell, but says yes", true, errors.New("down"), validator.CodeDependencyUnavailable},
		{"its own code", false, validator.NewError(validator.CodeTokenInactive, nil), validator.CodeTokenInactive},
		{"good again", false, nil, 0},
	}
	for _, tt := range tests {
		asked, revoked, failure = 0, tt.revoked, tt.failure
		if got := codeOf(t, v, token); got != tt.want || asked != 1 {
			t.Errorf("%s: %v, asked %d times", tt.name, got, asked)
		}
	}
	asked = 0
	for _, bad := range []string{token + "AAAA", mint("ES256", "", object{"exp": 1}), mint("ES256", "", object{"aud": "x"})} {
		if codeOf(t, v, bad) == 0 || asked != 0 {
			t.Error("asked about a token that is not verified")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	failure = context.Canceled
	v2 := newValidator(t, func(c *validator.Config) {
		c.Revocation = revocation(func(context.Context, *validator.Token) (bool, error) { cancel(); return false, ctx.Err() })
	})
	if _, err := v2.Validate(ctx, bearerToken(token)); errorCode(t, err) != validator.CodeCanceled {
		t.Errorf("canceled meanwhile: %v", err)
	}
}

// A token that is revoked while its request goes on is not good for what comes then.
func TestNestedGuardAfterRevocation(t *testing.T) {
	revoked := false
	guard := validator.NewGuard(newValidator(t, func(c *validator.Config) {
		c.Revocation = revocation(func(context.Context, *validator.Token) (bool, error) { return revoked, nil })
	}))
	request := authorization("Bearer " + mint("ES256", "", nil))
	ctx, _, err := guard.Authorize(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := guard.Authorize(ctx, request); err != nil {
		t.Error(err)
	}
	revoked = true
	if _, _, err := guard.Authorize(ctx, request); errorCode(t, err) != validator.CodeTokenRevoked {
		t.Errorf("revoked: %v", err)
	}
}
