package adaptertest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// A Refusal is a request that is refused, and the answer to it, written down
// from the documentation and not computed from the table.
type Refusal struct {
	Name          string
	Code          validator.Code
	Authorization []string                // the values of the header, in order
	Config        func(*validator.Config) // nil: the default validator

	Status     int
	Challenge  string // empty: none
	Besides    string // another challenge, of another scheme; empty: none
	Nonce      string // DPoP-Nonce; empty: none
	RetryAfter string // empty: none
	Body       string // a JSON object
}

// Requirement is what the operation of every [Refusal] needs. Its second way in is
// the longer one, and only for users who are well known.
var Requirement = scopes.All("orders:read", "orders:write").
	Or(scopes.All("pay:a", "pay:b", "pay:c").And(scopes.ACR("gold", "silver"), scopes.MaxAge(5*time.Minute)))

// private is in causes and claims, and must never be in an answer.
const private = "PRIVATE"

// Refusals returns at least one refusal for each code that answers can have.
func Refusals() []Refusal {
	good := Bearer("orders:read orders:write")
	now := time.Now().Unix()
	header := func(name string, value any) []string {
		return []string{Bearer("orders:read orders:write", Edit{Header: map[string]any{name: value}})}
	}
	claim := func(name string, value any) []string {
		return []string{Bearer("orders:read orders:write", Edit{Claims: map[string]any{name: value}})}
	}
	check := func(err error) func(*validator.Config) {
		return func(c *validator.Config) { c.Check = func(context.Context, *validator.Token) error { return err } }
	}
	cause := errors.New(private)

	missing := Refusal{Code: validator.CodeCredentialsMissing, Status: 401, Challenge: `Bearer realm="api"`,
		Body: `{"error_description":"An access token is required."}`}
	malformed := invalid(validator.CodeMalformedCredentials, 400, "invalid_request", "The Authorization header is repeated or is not a well-formed bearer credential.")
	unavailable := Refusal{Status: 503, Body: `{"error_description":"The access token cannot be checked at the moment."}`}

	return []Refusal{
		missing.as("no credentials", nil),
		missing.as("another scheme", []string{"Basic d29ya2VyOnNlY3JldA=="}),
		missing.as("a scheme that starts like Bearer", []string{"BearerX " + good}),
		malformed.as("repeated", []string{good, good}),
		malformed.as("two in one", []string{good + ", " + good}),
		malformed.as("no token", []string{"Bearer"}),
		malformed.as("a tab", []string{strings.Replace(good, " ", "\t", 1)}),
		malformed.as("empty", []string{""}),

		invalidToken(validator.CodeTokenMalformed, "The access token is not a compact JWS.").as("opaque", []string{"Bearer " + private}),
		invalidToken(validator.CodeTokenTooLarge, "The access token is too large.").as("17 KiB", []string{"Bearer " + strings.Repeat("a", 17<<10)}),
		invalidToken(validator.CodeHeaderInvalid, "The header of the access token is malformed or asks for something that is not supported.").as("crit", header("crit", []string{"b64"})),
		invalidToken(validator.CodeAlgorithmNotAllowed, "The signature algorithm of the access token is not accepted.").as("alg none", header("alg", "none")),
		invalidToken(validator.CodeClaimInvalid, "The claims of the access token are malformed.").as("exp is a string", claim("exp", private)),
		invalidToken(validator.CodeClaimMissing, "The access token lacks a required claim.").as("no exp", claim("exp", nil)),
		invalidToken(validator.CodeTokenKindNotAllowed, "The token is not an access token.").as("logout token", header("typ", "logout+jwt")),
		invalidToken(validator.CodeIssuerNotAllowed, "The issuer of the access token is not accepted.").as("other issuer", claim("iss", "https://"+private)),
		invalidToken(validator.CodeAudienceNotAllowed, "The access token was issued for a different audience.").as("other audience", claim("aud", private)),
		invalidToken(validator.CodeClientNotAllowed, "The access token was issued to a client that is not accepted.").as("other client", []string{good}).
			with(func(c *validator.Config) { c.AllowedClients = []string{private} }),
		invalidToken(validator.CodeTokenExpired, "The access token has expired.").as("expired", claim("exp", now-3600)),
		invalidToken(validator.CodeTokenNotYetValid, "The access token is not valid yet.").as("not yet", claim("nbf", now+3600)),
		invalidToken(validator.CodeKeyUnknown, "The signing key of the access token is not known.").as("other kid", header("kid", private)),
		invalidToken(validator.CodeSignatureInvalid, "The signature of the access token is not valid.").as("tampered", []string{good[:strings.LastIndex(good, ".")+1] + strings.Repeat("A", 86)}),
		invalidToken(validator.CodeBindingFailed, "The access token is bound to a key that the request did not prove.").as("bound", claim("cnf", map[string]any{"jkt": private})),
		invalidToken(validator.CodeTokenRefused, "The access token was refused by this API.").as("own check", []string{good}).with(check(cause)),

		invalidToken(validator.CodeTokenInactive, "The access token is not active.").as("introspected", []string{"Bearer " + private}).
			with(func(c *validator.Config) { c.Introspector = inactive{} }),
		unavailable.as("introspection is down", []string{"Bearer " + private}).coded(validator.CodeDependencyUnavailable, "1").
			with(func(c *validator.Config) { c.Introspector = down{} }),
		invalidToken(validator.CodeTokenRevoked, "The access token was revoked.").as("revoked", []string{good}).
			with(func(c *validator.Config) { c.Revocation = revoked{} }),
		unavailable.as("revocation is down", []string{good}).coded(validator.CodeDependencyUnavailable, "1").
			with(func(c *validator.Config) { c.Revocation = down{} }),

		missing.beside(`DPoP realm="api", algs="ES256 EdDSA"`).as("no credentials, DPoP offered", nil).with(proofs(nil, false)),
		missing.inScheme("DPoP").as("no credentials, DPoP required", nil).with(proofs(nil, true)),
		malformed.inScheme("DPoP").as("malformed DPoP", []string{"DPoP"}).with(proofs(nil, false)),
		invalidToken(validator.CodeTokenExpired, "The access token has expired.").inScheme("DPoP").as("expired, by DPoP", dpop(claim("exp", now-3600))).with(proofs(nil, false)),
		invalidToken(validator.CodeBindingFailed, "The access token is bound to a key that the request did not prove.").as("bound, as bearer", []string{good}).
			with(proofs(validator.NewError(validator.CodeBindingFailed, cause), false)),
		invalidToken(validator.CodeBindingFailed, "The access token is bound to a key that the request did not prove.").
			beside(`DPoP realm="api", algs="ES256 EdDSA"`).as("bound, as bearer, DPoP required", []string{good}).
			with(proofs(validator.NewError(validator.CodeBindingFailed, cause), true)),
		invalid(validator.CodeDPoPProofInvalid, 401, "invalid_dpop_proof", "The DPoP proof is not valid.").inScheme("DPoP").as("bad proof", dpop([]string{good})).
			with(proofs(validator.NewError(validator.CodeDPoPProofInvalid, cause), false)),
		invalid(validator.CodeDPoPNonceRequired, 401, "use_dpop_nonce", "The DPoP proof must use the nonce that this answer carries.").inScheme("DPoP").nonced("n-0S6").
			as("no nonce", dpop([]string{good})).with(proofs(validator.NewError(validator.CodeDPoPNonceRequired, cause), false)),
		insufficient("orders:read orders:write").inScheme("DPoP").nonced("n-0S6").as("no scope, by DPoP", dpop([]string{Bearer("")})).with(proofs(nil, false)),

		stepUp().as("too weak", []string{Bearer("pay:a pay:b pay:c")}),
		insufficient("orders:read orders:write").as("one scope of two", []string{Bearer("orders:write " + private)}),
		insufficient("orders:read orders:write").as("no scope", []string{Bearer("")}),
		{Name: "no rule", Code: validator.CodeOperationNotAllowed, Authorization: []string{good},
			Config: check(validator.NewError(validator.CodeOperationNotAllowed, cause)),
			Status: 403, Body: `{"error_description":"This operation is not allowed."}`},

		unavailable.as("no keys", []string{good}).coded(validator.CodeKeysUnavailable, "1").
			with(func(c *validator.Config) { c.Keys = jwks.Static(nil) }),
		unavailable.as("a store is down", []string{good}).coded(validator.CodeDependencyUnavailable, "7").
			with(check(validator.NewUnavailableError(validator.CodeDependencyUnavailable, 6100*time.Millisecond, cause))),
		{Name: "deadline", Code: validator.CodeDeadlineExceeded, Authorization: []string{good},
			Config: check(validator.NewUnavailableError(validator.CodeDeadlineExceeded, time.Minute, cause)),
			Status: 503, Body: `{"error_description":"The access token could not be checked in time."}`},
		{Name: "canceled", Code: validator.CodeCanceled, Authorization: []string{good},
			Config: check(validator.NewError(validator.CodeCanceled, cause)),
			Status: 503, Body: `{"error_description":"The request was canceled."}`},
		{Name: "a panic", Code: validator.CodeInternal, Authorization: []string{good},
			Config: func(c *validator.Config) {
				c.Check = func(context.Context, *validator.Token) error { panic(private) }
			},
			Status: 500, Body: `{"error_description":"Internal error."}`},
	}
}

func invalid(code validator.Code, status int, oauthError, description string) Refusal {
	return Refusal{Code: code, Status: status,
		Challenge: `Bearer realm="api", error="` + oauthError + `", error_description="` + description + `"`,
		Body:      `{"error":"` + oauthError + `","error_description":"` + description + `"}`}
}

func invalidToken(code validator.Code, description string) Refusal {
	return invalid(code, 401, "invalid_token", description)
}

func insufficient(scope string) Refusal {
	r := invalid(validator.CodeInsufficientScope, 403, "insufficient_scope", "The access token lacks a scope that this operation needs.")
	r.Challenge += `, scope="` + scope + `"`
	return r
}

func stepUp() Refusal {
	r := invalid(validator.CodeInsufficientUserAuthentication, 401, "insufficient_user_authentication", "A different or more recent authentication is required.")
	r.Challenge += `, acr_values="gold silver", max_age="300"`
	return r
}

// dpop returns an authorization in the scheme DPoP.
func dpop(authorization []string) []string {
	return []string{strings.Replace(authorization[0], "Bearer", "DPoP", 1)}
}

// inScheme has the challenge in another scheme.
func (r Refusal) inScheme(scheme string) Refusal {
	r.Challenge = strings.Replace(r.Challenge, "Bearer", scheme, 1)
	const algs = `, algs="ES256 EdDSA"`
	if before, scope, ok := strings.Cut(r.Challenge, ", scope="); ok {
		r.Challenge = before + algs + ", scope=" + scope
		return r
	}
	r.Challenge += algs
	return r
}

func (r Refusal) beside(challenge string) Refusal {
	r.Besides = challenge
	return r
}

func (r Refusal) nonced(nonce string) Refusal {
	r.Nonce = nonce
	return r
}

func (r Refusal) as(name string, authorization []string) Refusal {
	r.Name, r.Authorization = name, authorization
	return r
}

func (r Refusal) with(config func(*validator.Config)) Refusal {
	r.Config = config
	return r
}

func (r Refusal) coded(code validator.Code, retryAfter string) Refusal {
	r.Code, r.RetryAfter = code, retryAfter
	return r
}

// TestRefusals walks the table over real connections. Serve starts a server,
// whose one operation is any method of /orders, needs [Requirement] and calls reached.
// It returns the URL of the server and a client.
func TestRefusals(t *testing.T, serve func(t *testing.T, a validator.Authenticator, reached func()) (string, *http.Client)) {
	seen := map[validator.Code]bool{}
	for _, refusal := range Refusals() {
		seen[refusal.Code] = true
		t.Run(refusal.Code.String()+"/"+refusal.Name, func(t *testing.T) {
			var decided []validator.Code
			a := NewValidator(func(c *validator.Config) {
				if refusal.Config != nil {
					refusal.Config(c)
				}
				c.OnDecision = func(_ context.Context, d validator.Decision) { decided = append(decided, d.Code()) }
			})
			url, client := serve(t, a, func() { t.Error("the handler was reached") })
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
				refusal.check(t, client, method, url+"/orders?secret="+private)
			}
			if want := slices.Repeat([]validator.Code{refusal.Code}, 3); !slices.Equal(decided, want) {
				t.Errorf("decisions %v, want %v", decided, want)
			}
		})
	}
	for code := range validator.Codes() {
		if !seen[code] {
			t.Errorf("%v: not in the test", code)
		}
	}
}

// check sends the request and compares the answer.
func (r Refusal) check(t *testing.T, client *http.Client, method, url string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header["Authorization"] = r.Authorization
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != r.Status {
		t.Errorf("%s: status %d, want %d", method, response.StatusCode, r.Status)
	}
	wantHeader(t, response.Header, "WWW-Authenticate", r.Challenge, r.Besides)
	wantHeader(t, response.Header, "DPoP-Nonce", r.Nonce)
	wantHeader(t, response.Header, "Retry-After", r.RetryAfter)
	wantHeader(t, response.Header, "Cache-Control", "no-store")
	if method == http.MethodHead {
		r.Body = ""
	} else {
		wantHeader(t, response.Header, "Content-Type", "application/json")
	}
	wantJSON(t, string(body), r.Body)
	for name, values := range response.Header {
		if strings.Contains(strings.Join(values, " "), private) {
			t.Errorf("%s: header %s has %q in it", method, name, private)
		}
	}
}

// wantHeader wants exactly these values, of which the empty ones do not count.
func wantHeader(t *testing.T, h http.Header, name string, want ...string) {
	t.Helper()
	want = slices.DeleteFunc(want, func(s string) bool { return s == "" })
	if got := h.Values(name); !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}

// wantJSON wants the same JSON on one line, or in Echo's debug mode on more.
func wantJSON(t *testing.T, got, want string) {
	t.Helper()
	if want == "" {
		if got != "" {
			t.Errorf("body %q, want none", got)
		}
		return
	}
	var parsed map[string]string
	if err := json.Unmarshal([]byte(got), &parsed); err != nil {
		t.Errorf("body %q: %v", got, err)
		return
	}
	text, _ := json.Marshal(parsed)
	if string(text) != want {
		t.Errorf("body %s, want %s", text, want)
	}
}
