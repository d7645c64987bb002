package validator_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	"github.com/go-json-experiment/json"
)

// explainedCheck returns what became of the check of a name.
func explainedCheck(t *testing.T, e *validator.Explanation, name string) validator.ExplainedCheck {
	t.Helper()
	i := slices.IndexFunc(e.Checks, func(c validator.ExplainedCheck) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no check %q in\n%v", name, e)
	}
	return e.Checks[i]
}

// explained explains a credential and holds the explanation against what a guard
// answers. Both ask their own one of two validators of the same configuration, as
// some proofs can be used only once.
func explained(t *testing.T, config func() validator.Config, c validator.Credential, required scopes.Requirement) *validator.Explanation {
	t.Helper()
	first, second := must(validator.New(config())), must(validator.New(config()))
	defer func() { _, _ = first.Close(), second.Close() }()
	_, err := first.Validate(t.Context(), c)
	want := errorCode(t, err)
	if err == nil {
		_, _, err = validator.NewGuard(first).Authorize(t.Context(), validator.Request{
			Requirement: required, Authorization: []string{c.Scheme + " " + c.Token}, Info: c.Info,
		})
		want = errorCode(t, err)
	}
	e := validator.Explain(t.Context(), second, c, required)
	if e.Code != want {
		t.Errorf("explained as %v, answered with %v (%v)\n%v", e.Code, err, errors.Unwrap(err), e)
	}
	wellMade(t, e, c.Token)
	return e
}

var oneLine = regexp.MustCompile(`^[ -~§–]*$`)

// wellMade checks what holds for every explanation.
func wellMade(t *testing.T, e *validator.Explanation, token string) {
	t.Helper()
	var first validator.Code
	for _, c := range e.Checks {
		failed := c.Outcome == validator.Failed
		if failed != (c.Code != 0) || failed != (c.Finding != "") || failed != (c.Fix != "") || c.Source == "" {
			t.Errorf("%+v", c)
		}
		if first == 0 {
			first = c.Code
		}
		for _, text := range []string{c.Name, c.Source, c.Finding, c.Want, c.Fix} {
			if !oneLine.MatchString(text) || len(text) > 600 {
				t.Errorf("%d bytes: %q", len(text), text)
			}
		}
	}
	if first != e.Code {
		t.Errorf("code %v, the first check that failed has %v", e.Code, first)
	}
	text, asJSON := e.String(), string(must(json.Marshal(e)))
	for line := range strings.Lines(text) {
		if !oneLine.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("%q", line)
		}
	}
	for _, secret := range append(strings.Split(token, "."), token) {
		if len(secret) >= 16 && (strings.Contains(text, secret) || strings.Contains(asJSON, secret)) {
			t.Errorf("prints %q:\n%v", secret, text)
		}
	}
}

// A fault is something that can be wrong with a request, alone or with others.
type fault struct {
	name   string
	check  string // that finds it
	header object
	claims object
	more   func(d *draft)
}

// A draft is a request that faults have been made in.
type draft struct {
	credential                            validator.Credential
	required                              scopes.Requirement
	signer                                string
	cut, long, revoked, unbound, disowned bool
}

// faults are in the order of the pipeline.
var faults = []fault{
	{name: "scheme", check: "scheme", more: func(d *draft) { d.credential.Scheme = "Basic" }},
	{name: "size", check: "size", more: func(d *draft) { d.long = true }},
	{name: "cut", check: "compact form", more: func(d *draft) { d.cut = true }},
	{name: "crit", check: "header", header: object{"crit": []string{"x"}}},
	{name: "none", check: "algorithm", header: object{"alg": "none"}},
	{name: "claim type", check: "claims", claims: object{"jti": 1}},
	{name: "kind", check: "kind", header: object{"typ": "logout+jwt"}},
	{name: "issuer", check: "issuer", claims: object{"iss": issuerURL + "/"}},
	{name: "no issuer", check: "issuer", claims: object{"iss": nil}},
	{name: "audience", check: "audience", claims: object{"aud": "https://other.example.com"}},
	{name: "no audience", check: "audience", claims: object{"aud": nil}},
	{name: "client", check: "client", claims: object{"client_id": "stranger"}},
	{name: "expired", check: "times", claims: object{"exp": epoch.Add(-time.Hour).Unix()}},
	{name: "no expiry", check: "times", claims: object{"exp": nil}},
	{name: "not yet", check: "times", claims: object{"nbf": epoch.Add(time.Hour).Unix()}},
	{name: "kid", check: "key", header: object{"kid": "unknown"}},
	{name: "signature", check: "signature", more: func(d *draft) { d.signer = "stranger" }},
	{name: "cnf", check: "confirmation", claims: object{"cnf": object{"unheard-of": oneThumbprint}}},
	{name: "act", check: "delegation", claims: object{"act": object{"sub": "agent"}}},
	{name: "revoked", check: "revocation", more: func(d *draft) { d.revoked = true }},
	{name: "unbound", check: "binding", more: func(d *draft) { d.unbound = true }},
	{name: "own", check: "own rules", more: func(d *draft) { d.disowned = true }},
	{name: "scope", check: "requirement", claims: object{"scope": "orders:read"}},
	{name: "no rule", check: "requirement", more: func(d *draft) { d.required = scopes.Requirement{} }},
}

// explainFaults explains a request with these faults.
func explainFaults(t *testing.T, list []fault) *validator.Explanation {
	t.Helper()
	d := draft{credential: bearerToken(""), required: scopes.All("orders:write"), signer: "rsa"}
	header, claims := object{"alg": "RS256", "kid": "rsa", "typ": "at+jwt"}, goodClaims()
	for _, f := range list {
		header, claims = header.with(f.header), claims.with(f.claims)
		if f.more != nil {
			f.more(&d)
		}
	}
	if d.long {
		claims = claims.with(object{"filler": strings.Repeat("x", 16<<10)})
	}
	d.credential.Token = signRaw("RS256", d.signer, header.json(), claims.json())
	if d.cut {
		d.credential.Token = strings.ReplaceAll(d.credential.Token, ".", "..")
	}
	return explained(t, func() validator.Config {
		c := baseConfig()
		c.AllowedClients = []string{"billing"}
		c.Delegation.Refuse = true
		c.Revocation = revocation(func(context.Context, *validator.Token) (bool, error) { return d.revoked, nil })
		c.Bindings = []validator.Binding{&binding{member: "jkt", verify: func(validator.Credential, string) error {
			if d.unbound {
				return validator.NewError(validator.CodeBindingFailed, nil)
			}
			return nil
		}}}
		c.Check = func(context.Context, *validator.Token) error {
			if d.disowned {
				return errors.New("not on Sundays")
			}
			return nil
		}
		return c
	}, d.credential, d.required)
}

// The verdict is that of the pipeline whatever is wrong, which of several faults is
// found first included; and each fault alone fails its own check and no other.
func TestExplainAgrees(t *testing.T) {
	if e := explainFaults(t, nil); e.Code != 0 || !e.Verified {
		t.Fatalf("the good request:\n%v", e)
	}
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			e := explainFaults(t, []fault{f})
			for _, c := range e.Checks {
				if (c.Outcome == validator.Failed) != (c.Name == f.check) {
					t.Errorf("%s %v:\n%v", c.Name, c.Outcome, e)
				}
			}
		})
	}
	for i, f := range faults {
		for _, g := range faults[i+1:] {
			t.Run(f.name+" and "+g.name, func(t *testing.T) { explainFaults(t, []fault{f, g}) })
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		some := slices.DeleteFunc(slices.Clone(faults[3:]), func(fault) bool { return random.IntN(3) > 0 })
		explainFaults(t, some)
	}
}

// Everything that can be told is told, not only what is wrong first.
func TestExplainGoesOn(t *testing.T) {
	named := func(names ...string) []fault {
		return slices.DeleteFunc(slices.Clone(faults), func(f fault) bool { return !slices.Contains(names, f.name) })
	}
	tests := []struct {
		faults             []string
		failed, notReached string
	}{
		{[]string{"audience", "expired", "scope"}, "audience, times, requirement", "revocation, binding, own rules"},
		{[]string{"none", "client"}, "algorithm, client", "key, signature, revocation, binding, own rules"},
		{[]string{"crit", "expired"}, "header, times", "algorithm, kind, key, signature, revocation, binding, own rules"},
		{[]string{"claim type"}, "claims", "kind, issuer, audience, client, times, key, signature, confirmation, delegation, revocation, binding, own rules, requirement"},
		{[]string{"issuer", "kid"}, "issuer", "key, signature, revocation, binding, own rules"},
		{[]string{"size"}, "size", "compact form, header, algorithm, claims, kind, issuer, audience, client, times, key, signature, confirmation, delegation, revocation, binding, own rules, requirement"},
		{[]string{"cut"}, "compact form", "header, algorithm, claims, kind, issuer, audience, client, times, key, signature, confirmation, delegation, revocation, binding, own rules, requirement"},
		{[]string{"scheme", "kind", "act"}, "scheme, kind, delegation", "revocation, binding, own rules"},
		{[]string{"revoked", "unbound", "own", "scope"}, "revocation, requirement", "binding, own rules"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.faults, " and "), func(t *testing.T) {
			e := explainFaults(t, named(tt.faults...))
			if got := namesOf(e, validator.Failed); got != tt.failed {
				t.Errorf("failed: %s", got)
			}
			if got := namesOf(e, validator.NotReached); got != tt.notReached {
				t.Errorf("not reached: %s", got)
			}
		})
	}
}

func namesOf(e *validator.Explanation, o validator.Outcome) string {
	var names []string
	for _, c := range e.Checks {
		if c.Outcome == o {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, ", ")
}

func TestExplainHostileTokens(t *testing.T) {
	issuer := validatortest.Start(t, validatortest.Config{})
	v := issuer.Validator()
	for _, hostile := range issuer.Hostile(validatortest.Client("billing").Scope("orders:read")) {
		e := validator.Explain(t.Context(), v, bearerToken(hostile.Token), scopes.All("orders:read"))
		if e.Code != hostile.Want || e.Code != codeOf(t, v, hostile.Token) {
			t.Errorf("%s: %v", hostile.Name, e)
		}
		wellMade(t, e, hostile.Token)
	}
}

func TestExplainNotConfigured(t *testing.T) {
	e := explained(t, baseConfig, bearerToken(mint("EdDSA", "", nil)), scopes.Authenticated())
	if got := namesOf(e, validator.NotConfigured); got != "client, revocation, binding, own rules" || e.Code != 0 {
		t.Errorf("not configured: %s\n%v", got, e)
	}
	e = explained(t, func() validator.Config {
		c := baseConfig()
		c.Audiences, c.DangerouslySkipAudience, c.AllowedClients = nil, true, []string{"billing"}
		return c
	}, bearerToken(mint("EdDSA", "", object{"aud": nil})), scopes.Authenticated())
	if got := namesOf(e, validator.NotConfigured); got != "audience, revocation, binding, own rules" || e.Code != 0 {
		t.Errorf("not configured: %s\n%v", got, e)
	}
}

// Where the authorization server is asked, its answer is explained.
func TestExplainIntrospection(t *testing.T) {
	opaque := "opaque-token-of-32-characters-00"
	with := func(answer object, failure error, change func(*validator.Config)) *validator.Explanation {
		return explained(t, func() validator.Config {
			c := baseConfig()
			c.Introspector = introspector(func(string) ([]byte, error) {
				if answer == nil {
					return nil, failure
				}
				return []byte(answer.json()), failure
			})
			if change != nil {
				change(&c)
			}
			return c
		}, bearerToken(opaque), scopes.All("orders:write"))
	}
	tests := []struct {
		name    string
		answer  object
		failure error
		failed  string
	}{
		{"good", goodClaims(), nil, ""},
		{"no issuer", goodClaims().with(object{"iss": nil}), nil, ""},
		{"inactive", nil, validator.NewError(validator.CodeTokenInactive, nil), "introspection"},
		{"unreachable", nil, errors.New("no route to host"), "introspection"},
		{"no answer", nil, nil, "introspection"},
		{"refresh token", goodClaims().with(object{"token_type": "refresh_token"}), nil, "kind"},
		{"another issuer and expired", goodClaims().with(object{"iss": "x", "exp": 1}), nil, "issuer, times"},
		{"bound", goodClaims().with(object{"cnf": object{"jkt": oneThumbprint}}), nil, "confirmation"},
		{"too little", goodClaims().with(object{"scope": opaque}), nil, "requirement"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := with(tt.answer, tt.failure, nil)
			if got := namesOf(e, validator.Failed); got != tt.failed {
				t.Errorf("failed: %s\n%v", got, e)
			}
			if e.Verified != (tt.answer != nil) || (len(e.Claims) > 0) != e.Verified || e.Header != nil {
				t.Errorf("verified %v\n%v", e.Verified, e)
			}
		})
	}
	e := with(goodClaims(), nil, func(c *validator.Config) { c.AllowedClients = []string{"shop"} })
	if got := explainedCheck(t, e, "client"); got.Code != validator.CodeClientNotAllowed || e.Code != got.Code {
		t.Errorf("%+v", got)
	}
}

// Who is asked about tokens learns of none that was refused before.
func TestExplainAsksNobodyAboutRefusedTokens(t *testing.T) {
	asked := 0
	v := newValidator(t, func(c *validator.Config) {
		c.Introspector = introspector(func(string) ([]byte, error) { asked++; return nil, errors.New("down") })
		c.Revocation = revocation(func(context.Context, *validator.Token) (bool, error) { asked++; return false, nil })
		c.Bindings = []validator.Binding{&binding{member: "jkt", verify: func(validator.Credential, string) error { asked++; return nil }}}
		c.Check = func(context.Context, *validator.Token) error { asked++; return nil }
	})
	for _, c := range []validator.Credential{
		bearerToken(mint("EdDSA", "", object{"exp": 1})),
		bearerToken(signRaw("RS256", "stranger", `{"alg":"RS256","kid":"rsa"}`, goodClaims().json())),
		{Scheme: "Basic", Token: "opaque"},
		bearerToken(strings.Repeat("x", 17<<10)),
	} {
		if e := validator.Explain(t.Context(), v, c, scopes.Authenticated()); e.Code == 0 || asked != 0 {
			t.Errorf("asked %d times\n%v", asked, e)
		}
	}
	if e := validator.Explain(t.Context(), v, bearerToken(mint("EdDSA", "", nil)), scopes.Authenticated()); e.Code != 0 || asked != 3 {
		t.Errorf("asked %d times about a good token\n%v", asked, e)
	}
}

// A panic is the answer that it is on a request, and its value stays out.
func TestExplainPanics(t *testing.T) {
	e := explained(t, func() validator.Config {
		c := baseConfig()
		c.Check = func(context.Context, *validator.Token) error { panic("secret") }
		return c
	}, bearerToken(mint("EdDSA", "", nil)), scopes.Authenticated())
	if c := explainedCheck(t, e, "own rules"); c.Code != validator.CodeInternal || c.Finding != "recovered panic: a string" {
		t.Errorf("%+v", c)
	}
}

func TestExplainWithoutKeys(t *testing.T) {
	e := explained(t, func() validator.Config {
		c := baseConfig()
		c.Keys = jwks.Static(nil)
		return c
	}, bearerToken(mint("EdDSA", "", nil)), scopes.Authenticated())
	if c := explainedCheck(t, e, "key"); c.Code != validator.CodeKeysUnavailable || e.Verified {
		t.Errorf("%+v", c)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	v := newValidator(t, nil)
	if e := validator.Explain(ctx, v, bearerToken(mint("EdDSA", "", nil)), scopes.Authenticated()); e.Code != validator.CodeCanceled {
		t.Error(e)
	}
}

// Explaining leaves no trace.
func TestExplainIsNoRequest(t *testing.T) {
	v := newValidator(t, func(c *validator.Config) {
		c.RetiringAudiences = map[string]time.Time{"old": epoch.Add(time.Hour)}
		c.OnDecision = func(context.Context, validator.Decision) { t.Error("a decision was reported") }
	})
	e := validator.Explain(t.Context(), v, bearerToken(mint("EdDSA", "", object{"aud": "old"})), scopes.Authenticated())
	if uses := v.Retiring(); e.Code != 0 || uses[0].Uses != 0 {
		t.Errorf("%v\n%v", uses, e)
	}
	if stats := v.CacheStats(); stats.Entries != 0 {
		t.Errorf("%+v", stats)
	}
}

func FuzzExplain(f *testing.F) {
	v := newValidator(f, nil)
	f.Add("Bearer", `{"alg":"EdDSA","kid":"ed"}`, goodClaims().json(), "")
	f.Add("DPoP", `{"alg":"EdDSA","kid":"\u202e","typ":"JWT"}`, goodClaims().with(object{"exp": 1, "aud": raw("[1]"), "nonce": "x"}).json(), ".")
	f.Add("bearer", `{"alg":"none"}`, goodClaims().with(object{"cnf": object{"a": 1}, "act": object{}, "authorization_details": []int{}}).json(), "A")
	f.Add("", `[]`, `null`, "=")
	f.Fuzz(func(t *testing.T, scheme, header, payload, suffix string) {
		c := validator.Credential{Scheme: scheme, Token: signEd(header, payload) + suffix}
		_, err := v.Validate(t.Context(), c)
		e := validator.Explain(t.Context(), v, c, scopes.Authenticated())
		if e.Code != errorCode(t, err) {
			t.Fatalf("%v, explained as\n%v", err, e)
		}
		wellMade(t, e, c.Token)
	})
}
