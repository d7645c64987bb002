package validator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/go-json-experiment/json"
)

// What is shown of a token's content.
func TestExplainContent(t *testing.T) {
	v := newValidator(t, func(c *validator.Config) { c.ScopeClaims = []string{"scope", "realm_access.roles"} })
	inner := mint("EdDSA", "", nil)
	token := signRaw("EdDSA", "ed", `{"alg":"EdDSA","kid":"ed","typ":"at+jwt","jku":"https://hidden.example"}`, goodClaims().with(object{
		"aud": []string{apiURL, "b\nc\u202e\x1b[31m\u00e9"}, "azp": inner, "email": "hidden@example.com", "sub": "hidden", "jti": "hidden",
		"realm_access": object{"roles": []string{"admin"}}, "acr": strings.Repeat("x", 600), "act": object{"sub": "hidden"}, "auth_time": epoch.Unix(), "nbf": int64(1 << 52),
	}).json())
	e := validator.Explain(t.Context(), v, bearerToken(token), scopes.Authenticated())
	want := []validator.ExplainedField{
		{Name: "iss", Value: `"https://auth.example.com"`},
		{Name: "aud", Value: `["https://api.example.com" "b\nc\u202e\x1b[31m\u00e9"]`},
		{Name: "client_id", Value: `"billing"`},
		{Name: "azp", Value: `"(looks like a token)"`},
		{Name: "scope", Value: `"orders:read orders:write"`},
		{Name: "realm_access", Value: `an object with ["roles"]`},
		{Name: "exp", Value: `2027-01-15T08:05:00Z, in 5m0s`},
		{Name: "nbf", Value: `4503599627370496`},
		{Name: "iat", Value: `2027-01-15T07:59:00Z, 1m0s ago`},
		{Name: "acr", Value: `"` + strings.Repeat("x", 512) + `... (600 bytes)"`},
		{Name: "auth_time", Value: `2027-01-15T08:00:00Z, now`},
		{Name: "act", Value: `an object with ["sub"]`},
	}
	if !slices.Equal(e.Claims, want) {
		t.Errorf("claims %q", e.Claims)
	}
	if want := []validator.ExplainedField{{Name: "alg", Value: `"EdDSA"`}, {Name: "kid", Value: `"ed"`}, {Name: "typ", Value: `"at+jwt"`}}; !slices.Equal(e.Header, want) {
		t.Errorf("header %q", e.Header)
	}
	if want := []string{"admin", "orders:read", "orders:write"}; !slices.Equal(e.Granted, want) {
		t.Errorf("granted %q", e.Granted)
	}
	if text := e.String() + string(must(json.Marshal(e))); strings.Contains(text, "hidden") || strings.Contains(text, inner) {
		t.Error(text)
	}
	many := validator.Explain(t.Context(), v, bearerToken(mint("EdDSA", "", object{"aud": strings.Fields(strings.Repeat("a ", 70))})), scopes.Authenticated())
	if got := many.Claims[1].Value; !strings.HasSuffix(got, `"a"] and 6 more`) {
		t.Errorf("aud %s", got)
	}
}

// What is wanted of the token is said where it fails, and what to do about it.
func TestExplainWants(t *testing.T) {
	config := func() validator.Config {
		c := baseConfig()
		c.Profile, c.AllowedClients = validator.ProfileRFC9068, []string{"crm", "shop"}
		c.RetiringAudiences = map[string]time.Time{"b": epoch.Add(-time.Hour), "a": epoch.Add(time.Hour)}
		c.Bindings = []validator.Binding{&proof{binding: binding{member: "jkt"}}}
		return c
	}
	c := bearerToken(mint("EdDSA", "at+jwt", object{"jti": nil, "iss": issuerURL + "/", "aud": "x", "exp": 1, "scope": "a"}))
	c.Scheme = "Digest"
	e := explained(t, config, c, scopes.All("a", "b", "c"))
	for name, want := range map[string]string{
		"scheme": "Bearer or DPoP", "kind": "typ at+jwt and every claim of RFC 9068 section 2.2", "issuer": issuerURL,
		"audience": apiURL + " or a until 2027-01-15T09:00:00Z or b until 2027-01-15T07:00:00Z", "client": "crm or shop",
		"times": "nbf and iat, then 2027-01-15T08:00:00Z, then exp, give or take 30s", "requirement": "a AND b AND c", "confirmation": "no cnf or jkt",
	} {
		if got := explainedCheck(t, e, name); got.Want != want {
			t.Errorf("%s wants %q", name, got.Want)
		}
	}
	if got := explainedCheck(t, e, "requirement").Finding; got != "not granted: b c" {
		t.Errorf("finding %q", got)
	}
	if kind, audience := explainedCheck(t, e, "kind").Fix, explainedCheck(t, explained(t, config, bearerToken(mint("EdDSA", "at+jwt", object{"aud": nil})), scopes.Authenticated()), "audience").Fix; !strings.Contains(kind, "jti") || !strings.Contains(audience, "aud") {
		t.Errorf("fixes %q and %q", kind, audience)
	}
	stepUp := explained(t, config, bearerToken(mint("EdDSA", "at+jwt", object{"client_id": "crm"})), scopes.ACR("gold", "silver").And(scopes.MaxAge(time.Minute)))
	if got := explainedCheck(t, stepUp, "requirement"); got.Code != validator.CodeInsufficientUserAuthentication || got.Finding != "wanted is an authentication by gold or silver; wanted is an authentication of the last 1m0s" {
		t.Errorf("%+v", got)
	}
}

// Scopes that are read from the wrong claim look like scopes that were never
// granted: the explanation shows where they are, and where they were looked for.
func TestExplainWrongScopeClaim(t *testing.T) {
	v := newValidator(t, func(c *validator.Config) { c.ScopeClaims = []string{"permissions"} })
	token := mint("EdDSA", "", object{"realm_access": object{"roles": []string{"orders:read"}}})
	e := validator.Explain(t.Context(), v, bearerToken(token), scopes.All("orders:read"))
	shown := map[string]string{}
	for _, field := range e.Claims {
		shown[field.Name] = field.Value
	}
	if shown["scope"] != `"orders:read orders:write"` || shown["realm_access"] != `an object with ["roles"]` {
		t.Errorf("claims %q", e.Claims)
	}
	if fix := explainedCheck(t, e, "requirement").Fix; !strings.Contains(fix, "scopes are read from permissions;") {
		t.Errorf("fix %q", fix)
	}
}

// Where the scopes are there, it is not for want of them.
func TestExplainMissingDetail(t *testing.T) {
	need := scopes.All("orders:read").And(scopes.WithDetail(scopes.Detail{Type: "payment"}))
	e := validator.Explain(t.Context(), newValidator(t, nil), bearerToken(mint("EdDSA", "", object{})), need)
	if c := explainedCheck(t, e, "requirement"); c.Code == 0 || strings.Contains(c.Fix, "scopes are read from") {
		t.Errorf("%v, fix %q", c.Code, c.Fix)
	}
}

func TestExplainJSON(t *testing.T) {
	e := validator.Explain(t.Context(), newValidator(t, nil), bearerToken(mint("EdDSA", "", object{"exp": 1})), scopes.Authenticated())
	var got struct {
		Accepted, Verified bool
		Code               string
		HTTPStatus         int `json:"http_status"`
		Checks             []struct{ Name, Outcome, Code, Source, Fix string }
		Claims             []struct{ Name, Value string }
		Scopes             []string
	}
	if err := json.Unmarshal(must(json.Marshal(e)), &got, json.MatchCaseInsensitiveNames(true)); err != nil {
		t.Fatal(err)
	}
	summary := fmt.Sprintln(got.Accepted, got.Verified, got.Code, got.HTTPStatus, got.Scopes, len(got.Checks) == len(e.Checks), len(got.Claims) == len(e.Claims))
	if summary != "false true TOKEN_EXPIRED 401 [orders:read orders:write] true true\n" {
		t.Error(summary)
	}
	if i := slices.IndexFunc(got.Checks, func(c struct{ Name, Outcome, Code, Source, Fix string }) bool { return c.Outcome == "failed" }); got.Checks[i].Name != "times" || got.Checks[i].Code != "TOKEN_EXPIRED" || got.Checks[i].Fix == "" {
		t.Errorf("%+v", got.Checks[i])
	}
	good := string(must(json.Marshal(validator.Explain(t.Context(), newValidator(t, nil), bearerToken(mint("EdDSA", "", nil)), scopes.Authenticated()))))
	if !strings.Contains(good, `"accepted":true,"code":"OK","verified":true`) || strings.Contains(good, "http_status") {
		t.Error(good)
	}
}
