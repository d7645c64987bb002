package recipes_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// recipes are the configurations and the folders with their shapes.
var recipes = map[string]func() validator.Config{
	"auth0":            auth0,
	"auth0-rfc9068":    auth0RFC9068,
	"cognito":          cognito,
	"entra-v1":         entraV1,
	"entra-v2":         entraV2,
	"hydra":            hydra,
	"keycloak":         keycloak,
	"keycloak-rfc9068": keycloakRFC9068,
	"okta":             okta,
	"zitadel":          zitadel,
}

func shapeNamed(t *testing.T, folder, name string) shape {
	t.Helper()
	shapes := shapesOf(folder)
	i := slices.IndexFunc(shapes, func(s shape) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no shape %s/%s", folder, name)
	}
	return shapes[i]
}

// Every folder has its recipe, with a machine, a user and an ID token at least;
// and no shape is refused for its times, which would hide why else it is.
func TestShapes(t *testing.T) {
	folders, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		if recipes[folder.Name()] == nil {
			t.Errorf("no recipe for testdata/%s", folder.Name())
		}
	}
	for folder := range recipes {
		for _, name := range []string{"machine", "user", "id-token"} {
			shapeNamed(t, folder, name)
		}
		for _, s := range shapesOf(folder) {
			if s.Token != "" {
				continue
			}
			var times struct{ IAT, EXP int64 }
			if err := json.Unmarshal(s.Claims, &times, json.MatchCaseInsensitiveNames(true)); err != nil {
				t.Fatal(err)
			}
			now := time.Time(recorded).Unix()
			if times.IAT == 0 || times.IAT > now || times.EXP <= now {
				t.Errorf("%s/%s is not valid when it was recorded", folder, s.Name)
			}
		}
	}
}

// A recipe works as it stands, with the keys that it finds by itself.
func TestConfigurationsAreComplete(t *testing.T) {
	for folder, recipe := range recipes {
		v, err := validator.New(recipe())
		if err != nil {
			t.Errorf("%s: %v", folder, err)
			continue
		}
		if err := v.Close(); err != nil {
			t.Errorf("%s: %v", folder, err)
		}
	}
}

// The slash at the end of an issuer is a part of it (RFC 7519 §4.1.1).
func TestIssuersAreExact(t *testing.T) {
	for folder, recipe := range recipes {
		config := recipe()
		if issuer, ok := strings.CutSuffix(config.Issuer, "/"); ok {
			config.Issuer = issuer
		} else {
			config.Issuer += "/"
		}
		if got := verdict(config, published(shapesOf(folder)), shapeNamed(t, folder, "machine").sign()); got != "ISSUER_NOT_ALLOWED" {
			t.Errorf("%s with issuer %s: %s", folder, config.Issuer, got)
		}
	}
}

// withoutMarks takes away what marks an ID token as one, so that only the other
// lines of a recipe can still refuse it.
func (s shape) withoutMarks() shape {
	var claims map[string]jsontext.Value
	if err := json.Unmarshal(s.Claims, &claims); err != nil {
		panic(err)
	}
	for _, mark := range []string{"nonce", "at_hash", "c_hash", "s_hash", "token_use", "typ"} {
		delete(claims, mark)
	}
	var err error
	if s.Claims, err = json.Marshal(claims); err != nil {
		panic(err)
	}
	return s
}

// An ID token is refused even if its client asked for no nonce and the server
// leaves out the hash: for its audience, or where that is the API's own, by the
// Check of the recipe.
func TestUnmarkedIDTokens(t *testing.T) {
	for _, tt := range []struct{ folder, shape, want string }{
		{"auth0", "id-token", "AUDIENCE_NOT_ALLOWED"},
		{"auth0-rfc9068", "id-token", "TOKEN_KIND_NOT_ALLOWED"},
		{"cognito", "id-token", "CLIENT_NOT_ALLOWED"},
		{"entra-v1", "id-token", "AUDIENCE_NOT_ALLOWED"},
		{"entra-v1", "id-token-of-this-registration", "TOKEN_REFUSED"},
		{"entra-v2", "id-token", "AUDIENCE_NOT_ALLOWED"},
		{"entra-v2", "id-token-of-this-registration", "TOKEN_REFUSED"},
		{"hydra", "id-token", "AUDIENCE_NOT_ALLOWED"},
		{"keycloak", "id-token", "AUDIENCE_NOT_ALLOWED"},
		{"keycloak-rfc9068", "id-token", "TOKEN_KIND_NOT_ALLOWED"},
		{"okta", "id-token", "AUDIENCE_NOT_ALLOWED"},
		// Its jti aside, it looks like an access token of this very project.
		{"zitadel", "id-token", "TOKEN_REFUSED"},
	} {
		token := shapeNamed(t, tt.folder, tt.shape).withoutMarks().sign()
		if got := verdict(recipes[tt.folder](), published(shapesOf(tt.folder)), token); got != tt.want {
			t.Errorf("%s/%s without marks: %s, want %s", tt.folder, tt.shape, got, tt.want)
		}
	}
}

// What single lines of the recipes are there for: the same shape, with the line
// and without or with another one.
func TestLinesOfRecipes(t *testing.T) {
	noCheck := func(c *validator.Config) { c.Check = nil }
	scopesFrom := func(claims ...string) func(*validator.Config) {
		return func(c *validator.Config) { c.ScopeClaims = claims }
	}
	tests := []struct {
		folder, shape string
		want          string // with the recipe as it is
		change        func(*validator.Config)
		changed       string // a part of the verdict after the change
	}{
		{"keycloak", "user-lightweight", "TOKEN_REFUSED", noCheck, "client=web-shop"},
		{"entra-v1", "id-token-of-this-registration", "TOKEN_REFUSED", noCheck, "scopes=[Orders.Read.All]"},
		{"entra-v2", "id-token-of-this-registration", "TOKEN_REFUSED", noCheck, "scopes=[Orders.Read.All]"},
		{"entra-v2", "id-token-of-this-registration", "TOKEN_REFUSED", func(c *validator.Config) {
			c.AllowedClients = []string{"11112222-bbbb-3333-cccc-4444dddd5555"}
		}, "CLIENT_NOT_ALLOWED"},
		{"cognito", "user-bound-to-another-api", "TOKEN_REFUSED", noCheck, "client=1example23456789webshop00"},
		{"cognito", "machine-of-another-app", "CLIENT_NOT_ALLOWED", func(c *validator.Config) { c.AllowedClients = nil }, "AllowedClients: required"},
		{"cognito", "machine", "client=4f8gk2n0m1s7billing9q3d5t IsClient=true scopes=[orders/read orders/write]", func(c *validator.Config) {
			c.DangerouslySkipAudience, c.Audiences = false, []string{"https://orders.example.com"}
		}, "CLAIM_MISSING"},
		{"cognito", "user", "client=1example23456789webshop00 IsClient=false scopes=[openid orders/read profile]", scopesFrom("cognito:groups"), "scopes=[buyers]"},
		{"entra-v2", "machine", "client=11112222-bbbb-3333-cccc-4444dddd5555 IsClient=true scopes=[Orders.Read.All]", scopesFrom("scp"), "scopes=[]"},
		{"entra-v2", "user", "client=22223333-cccc-4444-dddd-5555eeee6666 IsClient=false scopes=[Orders.Read Orders.Write]", scopesFrom("roles"), "scopes=[]"},
		{"entra-v1", "machine-by-client-id", "client=11112222-bbbb-3333-cccc-4444dddd5555 IsClient=true scopes=[Orders.Read.All]", func(c *validator.Config) {
			c.Audiences = c.Audiences[:1]
		}, "AUDIENCE_NOT_ALLOWED"},
		{"auth0", "signed-with-hs256", "ALGORITHM_NOT_ALLOWED", func(c *validator.Config) { c.Algorithms = nil }, "ALGORITHM_NOT_ALLOWED"},
		{"auth0", "user", "client=K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja IsClient=false scopes=[email openid orders:read profile]", scopesFrom("permissions"), "scopes=[orders:read]"},
		{"auth0-rfc9068", "user", "client=K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja IsClient=false scopes=[email openid orders:read profile]", scopesFrom("scope"), "scopes=[email openid profile]"},
		{"hydra", "user", "client=5d3f0f4c-1b2a-4e77-9f10-9a8b7c6d5e44 IsClient=false scopes=[offline_access openid orders:read]", scopesFrom("ext.roles"), "scopes=[buyer]"},
		{"keycloak", "user", "client=web-shop IsClient=false scopes=[email openid orders:read profile]", scopesFrom("realm_access.roles"), "scopes=[default-roles-shop offline_access uma_authorization]"},
		// Its value is an object whose members are the roles.
		{"zitadel", "machine", "client=billing IsClient=false scopes=[orders:read]", scopesFrom("urn:zitadel:iam:org:project:roles"), "CLAIM_INVALID"},
	}
	for _, tt := range tests {
		t.Run(tt.folder+" "+tt.shape, func(t *testing.T) {
			config, keys, token := recipes[tt.folder](), published(shapesOf(tt.folder)), shapeNamed(t, tt.folder, tt.shape).sign()
			if got := verdict(config, keys, token); got != tt.want {
				t.Errorf("as it is: %s, want %s", got, tt.want)
			}
			tt.change(&config)
			if got := verdict(config, keys, token); !strings.Contains(got, tt.changed) {
				t.Errorf("changed: %s, want %s", got, tt.changed)
			}
		})
	}
}
