package validatortest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

func mintAndValidate(t *testing.T, is *validatortest.Issuer, c validatortest.Claims) *validator.Token {
	t.Helper()
	token, err := is.Validator().Validate(t.Context(), validator.Credential{Scheme: "Bearer", Token: is.Mint(c)})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestClaims(t *testing.T) {
	is := validatortest.Start(t, validatortest.Config{Clock: validatortest.NewClock(epoch)})
	plain := mintAndValidate(t, is, validatortest.Claims{})
	if plain.ClientID() != "client" || !plain.IsClient() || plain.Scopes().Len() != 0 || plain.ID() == "" ||
		!plain.IssuedAt().Equal(epoch) || !plain.ExpiresAt().Equal(epoch.Add(time.Hour)) {
		t.Errorf("the zero value: %v, issued %v, expires %v", plain, plain.IssuedAt(), plain.ExpiresAt())
	}
	if other := mintAndValidate(t, is, validatortest.Claims{}); other.ID() == plain.ID() {
		t.Error("two tokens have the same id")
	}
	full := mintAndValidate(t, is, validatortest.User("alice", "webapp").Scope("a", "b c").Audience("other", is.Audience()).
		IssuedIn(-time.Minute).NotBeforeIn(-time.Second).ExpiresIn(time.Minute).With("jti", "id"))
	if full.Subject() != "alice" || full.ClientID() != "webapp" || full.IsClient() || full.Scopes().String() != "a b c" || full.ID() != "id" ||
		!slices.Equal(full.Audience(), []string{"other", is.Audience()}) || !full.IssuedAt().Equal(epoch.Add(-time.Minute)) ||
		!full.NotBefore().Equal(epoch.Add(-time.Second)) || !full.ExpiresAt().Equal(epoch.Add(time.Minute)) {
		t.Errorf("%v of %q with %v", full, full.Subject(), full.Scopes())
	}
}

// A description is never changed by what is derived from it.
func TestClaimsAreCopied(t *testing.T) {
	is := validatortest.Start(t, validatortest.Config{})
	base := validatortest.Client("billing").With("tenant", "acme") // three changes: room for a fourth
	read, write := base.Scope("read"), base.Scope("write")
	for want, c := range map[string]validatortest.Claims{"": base, "read": read, "write": write} {
		if got := mintAndValidate(t, is, c).Scopes().String(); got != want {
			t.Errorf("scopes %q, want %q", got, want)
		}
	}
	names := []string{is.Audience(), "other"}
	c := base.Audience(names...)
	names[0] = "changed"
	if got := mintAndValidate(t, is, c).Audience(); got[0] != is.Audience() {
		t.Errorf("audience %q", got)
	}
}
