package validator_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
)

// environment is what ConfigFromEnv reads instead of the real one.
type environment map[string]string

func (e environment) get(name string) string { return e[name] }

func ExampleConfigFromEnv() {
	environment := map[string]string{ // in a program: os.Getenv
		"OAUTH2_ISSUER":        "https://auth.example.com",
		"OAUTH2_PROFILE":       "RFC 9068",
		"OAUTH2_INSECURE_HTTP": "true",
	}
	_, err := validator.ConfigFromEnv(func(name string) string { return environment[name] })
	fmt.Println(err)
	// Output:
	// OAUTH2_PROFILE: must be "rfc9068", "jwt" or empty
	// OAUTH2_INSECURE_HTTP: must be "loopback" or empty: plain http is for nothing else
	// OAUTH2_AUDIENCE: required: the names of this API that its tokens have in aud
}

func TestConfigFromEnv(t *testing.T) {
	required := func(more environment) environment {
		env := environment{"OAUTH2_ISSUER": issuerURL, "OAUTH2_AUDIENCE": apiURL}
		for name, value := range more {
			env[name] = value
		}
		return env
	}
	base := func(change func(*validator.Config)) validator.Config {
		config := validator.Config{Issuer: issuerURL, Audiences: []string{apiURL}, ScopeClaims: []string{}}
		change(&config)
		return config
	}
	tests := []struct {
		name string
		env  environment
		want validator.Config
	}{
		{"the least", required(nil), base(func(*validator.Config) {})},
		{"audiences", required(environment{"OAUTH2_AUDIENCE": "  urn:a urn:b\n"}),
			base(func(c *validator.Config) { c.Audiences = []string{"urn:a", "urn:b"} })},
		{"key set", required(environment{"OAUTH2_JWKS_URL": "https://auth.example.com/keys"}),
			base(func(c *validator.Config) { c.JWKSURL = "https://auth.example.com/keys" })},
		{"RFC 9068", required(environment{"OAUTH2_PROFILE": "rfc9068"}),
			base(func(c *validator.Config) { c.Profile = validator.ProfileRFC9068 })},
		{"plain JWT", required(environment{"OAUTH2_PROFILE": "jwt"}),
			base(func(c *validator.Config) { c.Profile = validator.ProfileJWT })},
		{"scope claims", required(environment{"OAUTH2_SCOPE_CLAIM": "scope realm_access.roles /resource_access/my.api/roles"}),
			base(func(c *validator.Config) {
				c.ScopeClaims = []string{"scope", "realm_access.roles", "/resource_access/my.api/roles"}
			})},
		{"loopback", environment{"OAUTH2_ISSUER": "http://127.0.0.1:9000", "OAUTH2_AUDIENCE": apiURL, "OAUTH2_INSECURE_HTTP": "loopback"},
			base(func(c *validator.Config) { c.Issuer, c.InsecureLoopbackHTTP = "http://127.0.0.1:9000", true })},
		{"an issuer that is no URL, with a key set", required(environment{"OAUTH2_ISSUER": "auth", "OAUTH2_JWKS_URL": "https://auth.example.com/keys"}),
			base(func(c *validator.Config) { c.Issuer, c.JWKSURL = "auth", "https://auth.example.com/keys" })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := validator.ConfigFromEnv(tt.env.get)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%+v, %v; want %+v", got, err, tt.want)
			}
			v, err := validator.New(got)
			if err != nil {
				t.Fatalf("New refuses it: %v", err)
			}
			_ = v.Close()
		})
	}
}

// Every problem is there at once, under the variable's name, and no value is
// repeated.
func TestConfigFromEnvProblems(t *testing.T) {
	tests := []struct {
		name string
		env  environment
		want string // variables, sorted
	}{
		{"empty", environment{}, "OAUTH2_AUDIENCE OAUTH2_ISSUER"},
		{"only spaces", environment{"OAUTH2_ISSUER": issuerURL, "OAUTH2_AUDIENCE": " \n"}, "OAUTH2_AUDIENCE"},
		{"an issuer from a file", environment{"OAUTH2_ISSUER": "auth\n", "OAUTH2_AUDIENCE": "x", "OAUTH2_JWKS_URL": "https://auth.example.com/keys"}, "OAUTH2_ISSUER"},
		{"a key set URL from a file", environment{"OAUTH2_ISSUER": issuerURL, "OAUTH2_AUDIENCE": "x", "OAUTH2_JWKS_URL": "https://auth.example.com/keys "}, "OAUTH2_JWKS_URL"},
		{"plain http", environment{"OAUTH2_ISSUER": "http://127.0.0.1:9000", "OAUTH2_AUDIENCE": "x"}, "OAUTH2_ISSUER"},
		{"plain http, not loopback", environment{"OAUTH2_ISSUER": "http://auth.example.com", "OAUTH2_AUDIENCE": "x", "OAUTH2_INSECURE_HTTP": "loopback"}, "OAUTH2_ISSUER"},
		{"plain http for the key set", environment{"OAUTH2_ISSUER": issuerURL, "OAUTH2_AUDIENCE": "x", "OAUTH2_JWKS_URL": "http://127.0.0.1/keys"}, "OAUTH2_JWKS_URL"},
		{"true is not loopback", environment{"OAUTH2_ISSUER": issuerURL, "OAUTH2_AUDIENCE": "x", "OAUTH2_INSECURE_HTTP": "1"}, "OAUTH2_INSECURE_HTTP"},
		{"profile with other letters", environment{"OAUTH2_ISSUER": issuerURL, "OAUTH2_AUDIENCE": "x", "OAUTH2_PROFILE": "JWT"}, "OAUTH2_PROFILE"},
		{"scope claim", environment{"OAUTH2_ISSUER": issuerURL, "OAUTH2_AUDIENCE": "x", "OAUTH2_SCOPE_CLAIM": "scope a..b"}, "OAUTH2_SCOPE_CLAIM"},
		{"everything", environment{"OAUTH2_JWKS_URL": "hunter2", "OAUTH2_PROFILE": "hunter2", "OAUTH2_SCOPE_CLAIM": "hunter2..", "OAUTH2_INSECURE_HTTP": "hunter2"},
			"OAUTH2_AUDIENCE OAUTH2_INSECURE_HTTP OAUTH2_ISSUER OAUTH2_JWKS_URL OAUTH2_PROFILE OAUTH2_SCOPE_CLAIM"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config, err := validator.ConfigFromEnv(tt.env.get)
			if err == nil {
				t.Fatal("no error")
			}
			if got := strings.Join(slices.Compact(fieldsOf(t, err)), " "); got != tt.want {
				t.Errorf("problems with %q, want %q", got, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a value is repeated: %v", err)
			}
			if !reflect.DeepEqual(config, validator.Config{}) {
				t.Errorf("half a configuration: %+v", config)
			}
		})
	}
}

// Plain http on one's own machine is what everybody starts with: the error names
// the setting, in the words of whoever configures.
func TestLoopbackSetting(t *testing.T) {
	const issuer, message = "http://127.0.0.1:9000", "Issuer: is plain http to this machine, which has to be allowed: InsecureLoopbackHTTP"
	if _, err := validator.New(validator.Config{Issuer: issuer, Audiences: []string{apiURL}}); err == nil || err.Error() != message {
		t.Errorf("New: %v", err)
	}
	if _, err := validator.New(validator.Config{Issuer: "http://auth.example.com", Audiences: []string{apiURL}}); err == nil || err.Error() != "Issuer: is not https" {
		t.Errorf("New: %v", err)
	}
	_, err := validator.ConfigFromEnv(func(name string) string {
		return map[string]string{"OAUTH2_ISSUER": issuer, "OAUTH2_AUDIENCE": apiURL}[name]
	})
	if err == nil || err.Error() != "OAUTH2_ISSUER: is plain http to this machine, which has to be allowed: OAUTH2_INSECURE_HTTP=loopback" {
		t.Errorf("ConfigFromEnv: %v", err)
	}
}
