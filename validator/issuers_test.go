package validator_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

const otherIssuer = "https://login.example.org"

// oneKey is a key set with one signer under the given id.
func oneKey(id, signer string) jwks.Source {
	return jwks.Static(must(jwks.NewSet(must(jwks.NewKey(id, "", signers()[signer].Public())))))
}

func TestByIssuer(t *testing.T) {
	// The two issuers use the same key id for different keys.
	ours := newValidator(t, func(c *validator.Config) { c.Keys = oneKey("k", "p256") })
	theirs := newValidator(t, func(c *validator.Config) {
		c.Issuer, c.Keys, c.Audiences = otherIssuer, oneKey("k", "ed"), []string{"other-api"}
		c.Profile, c.ScopeClaims = validator.ProfileRFC9068, []string{"roles"}
	})
	both, err := validator.ByIssuer(ours, theirs)
	if err != nil {
		t.Fatal(err)
	}
	token := func(alg, signer, typ string, changes object) string {
		return signRaw(alg, signer, object{"alg": alg, "kid": "k", "typ": typ}.json(), goodClaims().with(changes).json())
	}
	other := object{"iss": otherIssuer, "aud": "other-api", "roles": []string{"r"}}
	testRefusals(t, both, []refusal{
		{"ours", token("ES256", "p256", "JWT", nil), 0},
		{"theirs", token("EdDSA", "ed", "at+jwt", other), 0},
		{"our key under their name", token("ES256", "p256", "at+jwt", other), validator.CodeKeyUnknown},
		{"their key under our name", token("EdDSA", "ed", "JWT", nil), validator.CodeKeyUnknown},
		{"their audience from us", token("ES256", "p256", "JWT", object{"aud": "other-api"}), validator.CodeAudienceNotAllowed},
		{"our audience from them", token("EdDSA", "ed", "at+jwt", object{"iss": otherIssuer}), validator.CodeAudienceNotAllowed},
		{"our profile from them", token("EdDSA", "ed", "JWT", other), validator.CodeTokenKindNotAllowed},
		{"nobody's", token("ES256", "p256", "JWT", object{"iss": "https://evil.example"}), validator.CodeIssuerNotAllowed},
		{"nobody's, with a header that is worse", signRaw("ES256", "p256", `{"alg":"none"}`, goodClaims().with(object{"iss": "x"}).json()), validator.CodeIssuerNotAllowed},
		{"no issuer", token("ES256", "p256", "JWT", object{"iss": nil}), validator.CodeClaimMissing},
		{"issuer of the wrong type", token("ES256", "p256", "JWT", object{"iss": []string{issuerURL}}), validator.CodeClaimInvalid},
		{"two issuers", signRaw("ES256", "p256", `{"alg":"ES256","kid":"k"}`, `{"iss":"x",`+goodClaims().json()[1:]), validator.CodeClaimInvalid},
		{"not a JWS", "x", validator.CodeTokenMalformed},
	})
	if tok, err := both.Validate(t.Context(), bearerToken(token("EdDSA", "ed", "at+jwt", other))); err != nil || !tok.Scopes().Has("r") || tok.Issuer() != otherIssuer {
		t.Errorf("their token is read by other rules: %v, %v", tok, err)
	}
	if err := both.Ready(t.Context()); err != nil {
		t.Errorf("not ready: %v", err)
	}
	if _, err := both.Validate(t.Context(), validator.Credential{Scheme: "Basic", Token: "x"}); errorCode(t, err) != validator.CodeCredentialsMissing {
		t.Errorf("scheme Basic: %v", err)
	}
}

func TestByIssuerProblems(t *testing.T) {
	v := newValidator(t, nil)
	for name, validators := range map[string][]*validator.Validator{"validators": nil, "validators[1]": {v, nil}, "validators[2]": {v, newValidator(t, func(c *validator.Config) { c.Issuer = "x" }), v}} {
		if s, err := validator.ByIssuer(validators...); s != nil || !slices.Equal(fieldsOf(t, err), []string{name}) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

// An issuer whose keys cannot be had, slowly, is no other issuer's problem, and
// an unknown issuer costs no request.
func TestIssuersDoNotAffectEachOther(t *testing.T) {
	hanging := &scriptedKeys{current: func(ctx context.Context) (*jwks.Set, error) { <-ctx.Done(); return nil, ctx.Err() }}
	ours := newValidator(t, nil)
	theirs := newValidator(t, func(c *validator.Config) { c.Issuer, c.Keys = otherIssuer, hanging })
	both := must(validator.ByIssuer(ours, theirs))

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := both.Validate(ctx, bearerToken(mint("ES256", "", object{"iss": otherIssuer})))
		done <- err
	}()
	for range 100 {
		if got := codeOf(t, both, mint("ES256", "", nil)); got != 0 {
			t.Fatalf("our token: %v", got)
		}
	}
	cancel()
	if got := errorCode(t, <-done); got != validator.CodeCanceled {
		t.Errorf("their token: %v", got)
	}
	asked := hanging.asked
	if got := codeOf(t, both, mint("ES256", "", object{"iss": "https://evil.example"})); got != validator.CodeIssuerNotAllowed || hanging.asked != asked {
		t.Errorf("unknown issuer: %v, keys asked for %d times more", got, hanging.asked-asked)
	}
	if err := both.Ready(ctx); err == nil {
		t.Error("ready without their keys")
	}
}

func TestIssuersReportToTheirOwn(t *testing.T) {
	var seen []string
	hook := func(name string) func(*validator.Config) {
		return func(c *validator.Config) {
			c.OnDecision = func(_ context.Context, d validator.Decision) { seen = append(seen, name+" "+d.Code().String()) }
			if name == "theirs" {
				c.Issuer = otherIssuer
				c.Check = func(_ context.Context, t *validator.Token) error {
					if t.ID() == "panic" {
						panic("x")
					}
					return nil
				}
			}
		}
	}
	guard := validator.NewGuard(must(validator.ByIssuer(newValidator(t, hook("ours")), newValidator(t, hook("theirs")))))
	ask := func(changes object, requirement scopes.Requirement) {
		_, _, _ = guard.Authorize(t.Context(), validator.Request{Requirement: requirement, Authorization: []string{"Bearer " + mint("ES256", "", changes)}})
	}
	ask(nil, scopes.Authenticated())
	ask(object{"iss": otherIssuer}, scopes.Authenticated())
	ask(object{"iss": otherIssuer}, scopes.All("x"))
	ask(object{"iss": otherIssuer, "exp": 1}, scopes.Authenticated())
	ask(object{"iss": otherIssuer, "jti": "panic"}, scopes.Authenticated())
	ask(object{"iss": "x"}, scopes.Authenticated())
	_, _, _ = guard.Authorize(t.Context(), authorization())
	want := []string{"ours OK", "theirs OK", "theirs INSUFFICIENT_SCOPE", "theirs TOKEN_EXPIRED", "theirs INTERNAL", "ours ISSUER_NOT_ALLOWED", "ours CREDENTIALS_MISSING"}
	if !slices.Equal(seen, want) {
		t.Errorf("decisions %q, want %q", seen, want)
	}
}

func TestRetiring(t *testing.T) {
	clock := &testClock{now: epoch}
	until := epoch.Add(time.Hour)
	v := newValidator(t, func(c *validator.Config) {
		c.Clock, c.AcceptUntil = clock, until.Add(time.Hour)
		c.RetiringAudiences = map[string]time.Time{"old-name": until, "older-name": epoch}
		c.Leeway = time.Minute
	})
	exp := until.Add(3 * time.Hour).Unix()
	audience := func(aud any) string { return mint("ES256", "", object{"aud": aud, "exp": exp}) }
	check := func(when string, tests []refusal) {
		t.Run(when, func(t *testing.T) { testRefusals(t, v, tests) })
	}
	check("before", []refusal{
		{"current", audience(apiURL), 0},
		{"retiring", audience("old-name"), 0},
		{"retired, on the very moment", audience("older-name"), validator.CodeAudienceNotAllowed},
		{"both", audience([]string{"old-name", apiURL}), 0},
		{"retired, retiring and retired", audience([]string{"older-name", "old-name", "older-name"}), 0},
		{"retired and retiring", audience([]string{"older-name", "old-name"}), 0},
		{"forged", audience("old-name") + "AAAA", validator.CodeSignatureInvalid},
	})
	uses := v.Retiring()
	want := []validator.RetiringUse{
		{Issuer: issuerURL, Until: until.Add(time.Hour), Uses: 5, LastUse: epoch},
		{Audience: "old-name", Until: until, Uses: 3, LastUse: epoch},
		{Audience: "older-name", Until: epoch},
	}
	if len(uses) != 3 {
		t.Fatalf("uses %+v", uses)
	}
	for i := range want {
		if got := uses[i]; got.Issuer != want[i].Issuer || got.Audience != want[i].Audience || !got.Until.Equal(want[i].Until) || got.Uses != want[i].Uses || !got.LastUse.Equal(want[i].LastUse) {
			t.Errorf("use %+v, want %+v", got, want[i])
		}
	}
	// Leeway is for clocks that differ, not for dates that people set.
	clock.Set(until)
	check("when the audience is retired", []refusal{
		{"current", audience(apiURL), 0},
		{"retired", audience("old-name"), validator.CodeAudienceNotAllowed},
	})
	clock.Set(until.Add(time.Hour))
	check("when the issuer is retired", []refusal{{"current", audience(apiURL), validator.CodeIssuerNotAllowed}})
	if v := newValidator(t, nil); v.Retiring() != nil {
		t.Error("something retires without being told to")
	}
}

// What is remembered of a token is only whose it is: a change of the validators'
// minds is seen all the same, and a token of one issuer is never taken for one of
// another.
func TestRoutesDecideNothing(t *testing.T) {
	ourKeys := &switchedKeys{}
	ourKeys.give(publishedKeys(), nil)
	ours := newValidator(t, func(c *validator.Config) { c.Keys = ourKeys })
	theirs := newValidator(t, func(c *validator.Config) { c.Issuer, c.Cache.Off = otherIssuer, true })
	both := must(validator.ByIssuer(ours, theirs))
	our, their := mint("ES256", "", nil), mint("ES256", "", object{"iss": otherIssuer})
	for range 3 {
		testIssuer(t, both, our, issuerURL)
		testIssuer(t, both, their, otherIssuer)
	}
	if got := hits(ours); got != 2 {
		t.Errorf("%d hits", got)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = both.Validate(t.Context(), bearerToken(our)) }); n != 0 {
		t.Errorf("%v allocations for a known token", n)
	}
	ourKeys.give(setOf(must(jwks.NewKey("x", "", signers()["stranger"].Public()))), nil)
	if got := codeOf(t, both, our); got != validator.CodeKeyUnknown {
		t.Errorf("after the key is gone: %v", got)
	}
	testIssuer(t, both, their, otherIssuer)
	// More tokens than there are routes, so that they overwrite each other.
	for i := range 5000 {
		if tok, err := both.Validate(t.Context(), bearerToken(mint("EdDSA", "", object{"iss": otherIssuer, "jti": string(rune('a' + i))}))); err != nil || tok.Issuer() != otherIssuer {
			t.Fatal(err)
		}
	}
	testIssuer(t, both, their, otherIssuer)
}

func testIssuer(t *testing.T, a validator.Authenticator, token, want string) {
	t.Helper()
	if tok, err := a.Validate(t.Context(), bearerToken(token)); err != nil || tok.Issuer() != want {
		t.Errorf("token %v, error %v, want issuer %s", tok, err, want)
	}
}
