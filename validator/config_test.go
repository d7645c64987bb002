package validator_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
)

// fieldsOf returns the fields that a constructor's error names.
func fieldsOf(t *testing.T, err error) []string {
	t.Helper()
	var fields []string
	var walk func(error)
	walk = func(err error) {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				walk(e)
			}
			return
		}
		problem, ok := errors.AsType[*validator.ConfigError](err)
		if !ok {
			t.Errorf("%v is a %T", err, err)
			return
		}
		if problem.Reason == "" {
			t.Errorf("%s has no reason", problem.Field)
		}
		fields = append(fields, problem.Field)
	}
	if err != nil {
		walk(err)
	}
	slices.Sort(fields)
	return fields
}

func TestConfigProblems(t *testing.T) {
	static := jwks.Static(publishedKeys())
	tests := []struct {
		name   string
		config validator.Config
		want   string // the fields, sorted
	}{
		{"good", baseConfig(), ""},
		{"empty", validator.Config{}, "Audiences Issuer"},
		{"discovery", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}}, ""},
		{"discovery over http", validator.Config{Issuer: "http://auth.example.com", Audiences: []string{apiURL}}, "Issuer"},
		{"discovery over http on loopback", validator.Config{Issuer: "http://127.0.0.1:9000", Audiences: []string{apiURL}}, "Issuer"},
		{"the same on purpose", validator.Config{Issuer: "http://127.0.0.1:9000", Audiences: []string{apiURL}, InsecureLoopbackHTTP: true}, ""},
		{"on purpose, but not loopback", validator.Config{Issuer: "http://auth.example.com", Audiences: []string{apiURL}, InsecureLoopbackHTTP: true}, "Issuer"},
		{"an issuer that is no URL needs keys", validator.Config{Issuer: "auth", Audiences: []string{apiURL}}, "Issuer"},
		{"an issuer that is no URL, with keys", validator.Config{Issuer: "auth", Audiences: []string{apiURL}, Keys: static}, ""},
		{"key set URL", validator.Config{Issuer: "auth", Audiences: []string{apiURL}, JWKSURL: "https://auth.example.com/keys"}, ""},
		{"key set URL over http", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, JWKSURL: "http://auth.example.com/keys"}, "JWKSURL"},
		{"key set URL over http on loopback", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, JWKSURL: "http://[::1]/keys", InsecureLoopbackHTTP: true}, ""},
		{"key set URL that is none", validator.Config{Audiences: []string{apiURL}, JWKSURL: "keys"}, "Issuer JWKSURL"},
		{"keys that are nil", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, Keys: (*jwks.Remote)(nil)}, "Keys"},
		{"key set URL and keys", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, JWKSURL: "https://auth.example.com/keys", Keys: static}, "JWKSURL"},
		{"empty names", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL, ""}, AllowedClients: []string{""}, ClientIDClaims: []string{"x", ""}, Keys: static}, "AllowedClients[0] Audiences[1] ClientIDClaims[1]"},
		{"negative leeway", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, Leeway: -1, Keys: static}, "Leeway"},
		{"largest leeway", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, Leeway: 10 * time.Minute, Keys: static}, ""},
		{"too much leeway", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, Leeway: 10*time.Minute + 1, Keys: static}, "Leeway"},
		{"algorithms", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, Algorithms: []string{"RS256", "HS256", "none", "ES256K", ""}, Keys: static}, "Algorithms[1] Algorithms[2] Algorithms[3] Algorithms[4]"},
		{"symmetric with remote keys", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, Algorithms: []string{"HS512"}}, "Algorithms[0]"},
		{"unknown profile", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, Profile: 7, Keys: static}, "Profile"},
		{"scope claims", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, ScopeClaims: []string{"scope", "", "a..b", ".a", "/", "[]", "{}", "a{}[]", "a{}", "a[][]", "a[]{}", "/a~2", "/a~", "/a~01~1"}, Keys: static}, "ScopeClaims[10] ScopeClaims[11] ScopeClaims[12] ScopeClaims[1] ScopeClaims[2] ScopeClaims[3] ScopeClaims[4] ScopeClaims[5] ScopeClaims[6] ScopeClaims[7] ScopeClaims[9]"},
		{"no audience", validator.Config{Issuer: issuerURL, DangerouslySkipAudience: true, AllowedClients: []string{"x"}, Keys: static}, ""},
		{"no audience, no clients", validator.Config{Issuer: issuerURL, DangerouslySkipAudience: true, Keys: static}, "AllowedClients"},
		{"no audience and an audience", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, DangerouslySkipAudience: true, AllowedClients: []string{"x"}, Keys: static}, "DangerouslySkipAudience"},
		{"no audience with RFC 9068", validator.Config{Issuer: issuerURL, DangerouslySkipAudience: true, AllowedClients: []string{"x"}, Profile: validator.ProfileRFC9068, Keys: static}, "DangerouslySkipAudience"},
		{"retiring audiences", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, RetiringAudiences: map[string]time.Time{"": epoch}, Keys: static}, `RetiringAudiences[""]`},
		{"retiring and current", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, RetiringAudiences: map[string]time.Time{apiURL: epoch}, Keys: static}, `RetiringAudiences["https://api.example.com"]`},
		{"retiring without a date", validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, RetiringAudiences: map[string]time.Time{"x": {}}, Keys: static}, `RetiringAudiences["x"]`},
		{"retiring audiences only", validator.Config{Issuer: issuerURL, RetiringAudiences: map[string]time.Time{"x": epoch}, Keys: static}, "Audiences"},
		{"everything", validator.Config{Leeway: -1, Algorithms: []string{"none"}, Profile: 9, ScopeClaims: []string{""}}, "Algorithms[0] Audiences Issuer Leeway Profile ScopeClaims[0]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := validator.New(tt.config)
			if got := strings.Join(fieldsOf(t, err), " "); got != tt.want {
				t.Errorf("problems with %q, want %q", got, tt.want)
			}
			if (v == nil) != (err != nil) {
				t.Errorf("validator %v and error %v", v, err)
			}
			if v != nil {
				_ = v.Close()
			}
		})
	}
}

func TestConfigIsCopied(t *testing.T) {
	config := baseConfig()
	config.Algorithms = []string{"ES256"}
	config.ScopeClaims = []string{"scope"}
	config.ClientIDClaims = []string{"client_id"}
	config.AllowedClients = []string{"billing"}
	v := must(validator.New(config))
	config.Audiences[0], config.Algorithms[0], config.ScopeClaims[0], config.ClientIDClaims[0], config.AllowedClients[0] = "x", "x", "x", "x", "x"
	token, err := v.Validate(t.Context(), bearerToken(mint("ES256", "", nil)))
	if err != nil {
		t.Fatalf("a change of the caller's slices had an effect: %v", err)
	}
	if token.ClientID() != "billing" || !token.Scopes().Has("orders:read") {
		t.Error("a change of the caller's slices had an effect")
	}
}
