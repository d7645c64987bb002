package validator_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
)

// introspector is an Introspector that a test writes down.
type introspector func(token string) ([]byte, error)

func (f introspector) Introspect(_ context.Context, token string) ([]byte, error) { return f(token) }

// answers is an introspector that gives every token the same answer.
func answers(claims object) introspector {
	return func(string) ([]byte, error) { return []byte(claims.json()), nil }
}

// What the authorization server tells of a token is held against the rules that hold
// for JWTs.
func TestIntrospectedClaims(t *testing.T) {
	tests := []struct {
		name    string
		changes object
		want    validator.Code
	}{
		{"good", nil, 0},
		{"without issuer", object{"iss": nil}, 0},
		{"without subject", object{"sub": nil}, 0},
		{"active", object{"active": true}, 0},
		{"token_type Bearer", object{"token_type": "Bearer"}, 0},
		{"token_type bearer", object{"token_type": "bearer"}, 0},
		{"token_type DPoP", object{"token_type": "DPoP"}, 0},
		{"token_type of another kind", object{"token_type": "N_A"}, validator.CodeTokenKindNotAllowed},
		{"refresh token of Ory Hydra", object{"token_use": "refresh_token"}, validator.CodeTokenKindNotAllowed},
		{"access token of Ory Hydra", object{"token_use": "access_token"}, 0},
		{"refresh token of Keycloak", object{"typ": "Refresh"}, validator.CodeTokenKindNotAllowed},
		{"access token of Keycloak", object{"typ": "Bearer"}, 0},
		{"ID token", object{"at_hash": "x"}, validator.CodeTokenKindNotAllowed},
		{"another issuer", object{"iss": "https://other.example.com"}, validator.CodeIssuerNotAllowed},
		{"another audience", object{"aud": "https://other.example.com"}, validator.CodeAudienceNotAllowed},
		{"no audience", object{"aud": nil}, validator.CodeClaimMissing},
		{"no expiry", object{"exp": nil}, validator.CodeClaimMissing},
		{"expired", object{"exp": epoch.Unix() - 30}, validator.CodeTokenExpired},
		{"within leeway", object{"exp": epoch.Unix() - 29}, 0},
		{"not yet valid", object{"nbf": epoch.Unix() + 31}, validator.CodeTokenNotYetValid},
		{"mistyped", object{"exp": "1"}, validator.CodeClaimInvalid},
		{"scope of the wrong type", object{"scope": 1}, validator.CodeClaimInvalid},
		{"bound", object{"cnf": object{"jkt": oneThumbprint}}, validator.CodeBindingFailed},
		{"with actor", object{"act": object{"sub": "a"}}, validator.CodeTokenRefused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newValidator(t, func(c *validator.Config) {
				c.Introspector = answers(goodClaims().with(tt.changes))
				c.Delegation.Refuse = true
			})
			if got := codeOf(t, v, "opaque"); got != tt.want {
				t.Errorf("code %v, want %v", got, tt.want)
			}
		})
	}
}

// Without a look at the audience, the server has to say what kind of token it is.
func TestIntrospectedKindWithoutAudience(t *testing.T) {
	for name, tt := range map[string]struct {
		changes object
		want    validator.Code
	}{
		"token_type":                  {object{"token_type": "Bearer"}, 0},
		"token_use":                   {object{"token_use": "access_token"}, 0},
		"typ":                         {object{"typ": "Bearer"}, 0},
		"nothing, as a refresh token": {nil, validator.CodeTokenKindNotAllowed},
	} {
		v := newValidator(t, func(c *validator.Config) {
			c.Audiences, c.DangerouslySkipAudience, c.AllowedClients = nil, true, []string{"billing"}
			c.Introspector = answers(goodClaims().with(object{"aud": nil}).with(tt.changes))
		})
		if got := codeOf(t, v, "opaque"); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestIntrospectedToken(t *testing.T) {
	v := newValidator(t, func(c *validator.Config) {
		c.Introspector = answers(goodClaims().with(object{"iss": nil, "active": true}))
	})
	token := accept(t, v, "opaque")
	var claims struct {
		Active bool `json:"active"`
	}
	if err := token.Claims(&claims); err != nil || !claims.Active {
		t.Errorf("claims: %+v, %v", claims, err)
	}
	if token.Issuer() != issuerURL || token.ClientID() != "billing" || !token.Scopes().Has("orders:read") || !token.IsClient() {
		t.Errorf("got %v", token)
	}
	if s := v.CacheStats(); s.Entries != 0 || s.Misses != 0 {
		t.Errorf("the answer is the introspector's to remember: %+v", s)
	}
}

func TestIntrospectionErrors(t *testing.T) {
	down := errors.New("down")
	for want, introspect := range map[validator.Code]introspector{
		validator.CodeTokenInactive: func(string) ([]byte, error) {
			return nil, validator.NewError(validator.CodeTokenInactive, nil)
		},
		validator.CodeDependencyUnavailable: func(string) ([]byte, error) { return []byte(goodClaims().json()), down },
		validator.CodeInternal:              func(string) ([]byte, error) { return nil, nil },
		validator.CodeClaimInvalid:          func(string) ([]byte, error) { return []byte(`{"exp":1,"exp":2}`), nil },
	} {
		v := newValidator(t, func(c *validator.Config) { c.Introspector = introspect })
		if got := codeOf(t, v, "opaque"); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	v := newValidator(t, func(c *validator.Config) { c.Introspector = introspector(func(string) ([]byte, error) { panic("x") }) })
	if got := codeOf(t, v, "opaque"); got != validator.CodeInternal {
		t.Errorf("a panic: %v", got)
	}
}

// Who is asked about a token depends on its shape.
func TestIntrospectionRouting(t *testing.T) {
	jwt := mint("ES256", "", nil)
	var asked []string
	ask := introspector(func(token string) ([]byte, error) {
		asked = append(asked, token)
		return []byte(goodClaims().json()), nil
	})
	forged := jwt[:strings.LastIndexByte(jwt, '.')] + ".AAAA"
	tests := []struct {
		name  string
		token string
		all   bool
		asked bool
		want  validator.Code
	}{
		{"JWT", jwt, false, false, 0},
		{"JWT, all are asked about", jwt, true, true, 0},
		{"forged JWT", forged, false, false, validator.CodeSignatureInvalid},
		{"opaque", "2YotnFZFEjr1zCsicMWpAA", false, true, 0},
		{"opaque with a dot", "ory_at_x.y", false, true, 0},
		{"opaque with two dots", "v4.public.x", false, true, 0},
		{"JWE", "e.e.e.e.e", false, true, 0},
		{"too large", strings.Repeat("x", 16<<10+1), false, false, validator.CodeTokenTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked = nil
			v := newValidator(t, func(c *validator.Config) { c.Introspector, c.IntrospectJWTs = ask, tt.all })
			if got := codeOf(t, v, tt.token); got != tt.want || (len(asked) == 1 && asked[0] == tt.token) != tt.asked {
				t.Errorf("code %v, asked %d times", got, len(asked))
			}
		})
	}
}

func TestIntrospectionAmongIssuers(t *testing.T) {
	opaque := newValidator(t, func(c *validator.Config) {
		c.Issuer = "https://opaque.example.com"
		c.Introspector = answers(goodClaims().with(object{"iss": nil}))
	})
	jwts := newValidator(t, nil)
	s, err := validator.ByIssuer(jwts, opaque)
	if err != nil {
		t.Fatal(err)
	}
	if token := accept(t, s, "opaque"); token.Issuer() != "https://opaque.example.com" {
		t.Errorf("got %v", token)
	}
	if token := accept(t, s, mint("ES256", "", nil)); token.Issuer() != issuerURL {
		t.Errorf("got %v", token)
	}
	if got := codeOf(t, s, "e.e.e"); got != validator.CodeTokenMalformed {
		t.Errorf("malformed: %v", got)
	}
	if _, err := validator.ByIssuer(opaque, newValidator(t, func(c *validator.Config) { c.Introspector = answers(nil) })); err == nil {
		t.Error("two introspectors are not told apart")
	}
	only, err := validator.ByIssuer(jwts)
	if err != nil {
		t.Fatal(err)
	}
	if got := codeOf(t, only, "opaque"); got != validator.CodeTokenMalformed {
		t.Errorf("without an introspector: %v", got)
	}
}

func TestIntrospectionConfiguration(t *testing.T) {
	config := baseConfig()
	config.IntrospectJWTs = true
	if _, err := validator.New(config); err == nil || !strings.Contains(err.Error(), "IntrospectJWTs") {
		t.Errorf("without an introspector: %v", err)
	}
	// No keys are needed, nor an issuer that is a URL.
	v, err := validator.New(validator.Config{Issuer: "urn:issuer", Audiences: []string{apiURL}, Introspector: answers(nil), IntrospectJWTs: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Healthy(t.Context()); err != nil {
		t.Errorf("not healthy: %v", err)
	}
}
