package validator_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
)

// wrapping is an Authenticator of whose logger nothing is known.
type wrapping struct{ validator.Authenticator }

// Shadow mode is said aloud at the start, to whatever logger there is.
func TestWarnOfShadow(t *testing.T) {
	var own, standard bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&standard, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	logger := slog.New(slog.NewTextHandler(&own, nil))
	logging := newValidator(t, func(c *validator.Config) { c.Logger = logger })
	issuers, err := validator.ByIssuer(logging)
	if err != nil {
		t.Fatal(err)
	}
	tenants, err := validator.ByTenant(validator.TenantsConfig{
		Logger: logger,
		Allow:  func(context.Context, string) (*validator.Config, error) { return nil, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tenants.Close() })
	for name, tt := range map[string]struct {
		authenticator validator.Authenticator
		log           *bytes.Buffer
	}{
		"a validator":           {logging, &own},
		"issuers":               {issuers, &own},
		"tenants":               {tenants, &own},
		"without a logger":      {newValidator(t, nil), &standard},
		"another authenticator": {wrapping{logging}, &standard},
	} {
		own.Reset()
		standard.Reset()
		guard := validator.NewGuard(tt.authenticator)
		if guard.WarnOfShadow(nil); own.Len()+standard.Len() > 0 {
			t.Errorf("%s: a warning of nothing: %s%s", name, &own, &standard)
		}
		guard.WarnOfShadow([]string{"orders.list"})
		if got := tt.log.String(); own.Len()+standard.Len() != len(got) || !strings.Contains(got, "level=WARN") || !strings.Contains(got, "operations=[orders.list]") {
			t.Errorf("%s: own logger %q, default %q", name, &own, &standard)
		}
	}
}
