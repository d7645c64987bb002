package validator_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// authenticatorFunc is an Authenticator that a test writes down.
type authenticatorFunc func(context.Context, validator.Credential) (*validator.Token, error)

func (f authenticatorFunc) Validate(ctx context.Context, c validator.Credential) (*validator.Token, error) {
	return f(ctx, c)
}

func authorization(values ...string) validator.Request {
	return validator.Request{Operation: "op", Requirement: scopes.Authenticated(), Authorization: values}
}

func TestAuthorizationGrammar(t *testing.T) {
	var got validator.Credential
	guard := validator.NewGuard(authenticatorFunc(func(_ context.Context, c validator.Credential) (*validator.Token, error) {
		got = c
		return nil, validator.NewError(validator.CodeTokenExpired, nil) // any code that says the credential came through
	}))
	const missing, malformed, through = validator.CodeCredentialsMissing, validator.CodeMalformedCredentials, validator.CodeTokenExpired
	tests := []struct {
		name   string
		values []string
		want   validator.Code
		token  string
	}{
		{"none", nil, missing, ""},
		{"one", []string{"Bearer abc"}, through, "abc"},
		{"lower case", []string{"bearer abc"}, through, "abc"},
		{"upper case", []string{"BEARER abc"}, through, "abc"},
		{"more spaces", []string{"Bearer    abc"}, through, "abc"},
		{"whole alphabet", []string{"Bearer aZ09-._~+/=="}, through, "aZ09-._~+/=="},
		{"twice", []string{"Bearer abc", "Bearer abc"}, malformed, ""},
		{"twice, one of another scheme", []string{"Basic abc", "Bearer abc"}, malformed, ""},
		{"twice, one empty", []string{"", "Bearer abc"}, malformed, ""},
		{"empty", []string{""}, malformed, ""},
		{"space", []string{" "}, malformed, ""},
		{"scheme only", []string{"Bearer"}, malformed, ""},
		{"scheme and space", []string{"Bearer "}, malformed, ""},
		{"leading space", []string{" Bearer abc"}, malformed, ""},
		{"trailing space", []string{"Bearer abc "}, malformed, ""},
		{"two tokens", []string{"Bearer abc def"}, malformed, ""},
		{"comma list", []string{"Bearer abc, Bearer def"}, malformed, ""},
		{"comma", []string{"Bearer abc,def"}, malformed, ""},
		{"parameter", []string{`Bearer token="abc"`}, malformed, ""},
		{"quoted", []string{`Bearer "abc"`}, malformed, ""},
		{"tab", []string{"Bearer\tabc"}, malformed, ""},
		{"space and tab", []string{"Bearer \tabc"}, malformed, ""},
		{"no-break space", []string{"Bearer\u00a0abc"}, malformed, ""},
		{"colon", []string{"Bearer: abc"}, malformed, ""},
		{"equals only", []string{"Bearer =="}, malformed, ""},
		{"equals inside", []string{"Bearer a=b"}, malformed, ""},
		{"NUL", []string{"Bearer abc\x00"}, malformed, ""},
		{"line feed", []string{"Bearer abc\ndef"}, malformed, ""},
		{"percent", []string{"Bearer abc%20"}, malformed, ""},
		{"non-ASCII", []string{"Bearer äbc"}, malformed, ""},
		{"non-ASCII scheme that folds", []string{"Bearer\u200b abc"}, malformed, ""},
		{"Basic", []string{"Basic dXNlcjpwYXNz"}, missing, ""},
		{"DPoP", []string{"DPoP abc"}, missing, ""},
		{"longer scheme", []string{"BearerX abc"}, missing, ""},
		{"shorter scheme", []string{"Beare abc"}, missing, ""},
		{"no space", []string{"Bearerabc"}, missing, ""},
		{"a bare token", []string{"eyJhbGciOiJub25lIn0.e30."}, missing, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got = validator.Credential{}
			_, token, err := guard.Authorize(t.Context(), authorization(tt.values...))
			if code := errorCode(t, err); code != tt.want || token != nil {
				t.Errorf("code %v, want %v", code, tt.want)
			}
			if got.Token != tt.token {
				t.Errorf("token %q, want %q", got.Token, tt.token)
			}
		})
	}
}

func TestGuardDecisions(t *testing.T) {
	type decision struct {
		operation, code, client string
	}
	var seen []decision
	v := newValidator(t, func(c *validator.Config) {
		c.OnDecision = func(_ context.Context, d validator.Decision) {
			seen = append(seen, decision{d.Operation, d.Code().String(), d.ClientID})
		}
	})
	guard := validator.NewGuard(v)
	good, expired := "Bearer "+mint("ES256", "", nil), "Bearer "+mint("ES256", "", object{"exp": 1})
	read, admin := scopes.All("orders:read"), scopes.All("orders:read", "orders:admin")
	tests := []struct {
		name    string
		request validator.Request
		want    validator.Code
		client  string
		missing []string
		token   bool
	}{
		{"good", validator.Request{Requirement: read, Authorization: []string{good}}, 0, "billing", nil, true},
		{"no requirement beyond a token", validator.Request{Requirement: scopes.Authenticated(), Authorization: []string{good}}, 0, "billing", nil, true},
		{"scope missing", validator.Request{Requirement: admin, Authorization: []string{good}}, validator.CodeInsufficientScope, "billing", []string{"orders:admin"}, false},
		{"no rule, good token", validator.Request{Authorization: []string{good}}, validator.CodeOperationNotAllowed, "billing", nil, false},
		{"no rule, no token", validator.Request{}, validator.CodeCredentialsMissing, "", nil, false},
		{"no rule, bad token", validator.Request{Authorization: []string{expired}}, validator.CodeTokenExpired, "", nil, false},
		{"no rule, optional, no token", validator.Request{Optional: true}, validator.CodeCredentialsMissing, "", nil, false},
		{"no rule, optional, good token", validator.Request{Optional: true, Authorization: []string{good}}, validator.CodeOperationNotAllowed, "billing", nil, false},
		{"optional, no token", validator.Request{Optional: true, Requirement: admin}, 0, "", nil, false},
		{"optional, good token", validator.Request{Optional: true, Requirement: read, Authorization: []string{good}}, 0, "billing", nil, true},
		{"optional, too little", validator.Request{Optional: true, Requirement: admin, Authorization: []string{good}}, validator.CodeInsufficientScope, "billing", []string{"orders:admin"}, false},
		{"optional, bad token", validator.Request{Optional: true, Requirement: read, Authorization: []string{expired}}, validator.CodeTokenExpired, "", nil, false},
		{"optional, unsupported scheme", validator.Request{Optional: true, Requirement: read, Authorization: []string{"Basic x"}}, validator.CodeCredentialsMissing, "", nil, false},
		{"optional, empty value", validator.Request{Optional: true, Requirement: read, Authorization: []string{""}}, validator.CodeMalformedCredentials, "", nil, false},
		{"optional, repeated", validator.Request{Optional: true, Requirement: read, Authorization: []string{good, good}}, validator.CodeMalformedCredentials, "", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			seen = nil
			tt.request.Operation = "GET /x"
			ctx, token, err := guard.Authorize(t.Context(), tt.request)
			if got := errorCode(t, err); got != tt.want {
				t.Errorf("code %v, want %v", got, tt.want)
			}
			if (token != nil) != tt.token {
				t.Errorf("token %v", token)
			}
			if from, ok := validator.TokenFrom(ctx); ok != tt.token || from != token {
				t.Errorf("token in the context: %v", from)
			}
			if want := []decision{{"GET /x", tt.want.String(), tt.client}}; !slices.Equal(seen, want) {
				t.Errorf("decisions %v, want %v", seen, want)
			}
			if e, ok := errors.AsType[*validator.Error](err); ok && !slices.Equal(e.MissingScopes(), tt.missing) {
				t.Errorf("missing %q", e.MissingScopes())
			}
		})
	}
}

func TestGuardFailsClosed(t *testing.T) {
	private := errors.New("private")
	tests := []struct {
		name     string
		validate authenticatorFunc
		want     validator.Code
	}{
		{"an error of another type", func(context.Context, validator.Credential) (*validator.Token, error) { return nil, private }, validator.CodeInternal},
		{"a wrapped error", func(context.Context, validator.Credential) (*validator.Token, error) {
			return nil, errors.Join(private, validator.NewError(validator.CodeTokenRevoked, nil))
		}, validator.CodeTokenRevoked},
		{"a nil error of the right type", func(context.Context, validator.Credential) (*validator.Token, error) {
			var none *validator.Error
			return nil, none
		}, validator.CodeInternal},
		{"an error that nobody made", func(context.Context, validator.Credential) (*validator.Token, error) {
			return nil, &validator.Error{}
		}, validator.CodeInternal},
		{"a code that is none", func(context.Context, validator.Credential) (*validator.Token, error) {
			return nil, validator.NewError(0, private)
		}, validator.CodeInternal},
		{"neither token nor error", func(context.Context, validator.Credential) (*validator.Token, error) { return nil, nil }, validator.CodeInternal},
		{"a panic", func(context.Context, validator.Credential) (*validator.Token, error) { panic(private) }, validator.CodeInternal},
		{"a panic of the runtime", func(_ context.Context, c validator.Credential) (*validator.Token, error) {
			return nil, errors.New(c.Info.Method()) // there is no Info
		}, validator.CodeInternal},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, optional := range []bool{false, true} {
				request := authorization("Bearer abc")
				request.Optional = optional
				_, token, err := validator.NewGuard(tt.validate).Authorize(t.Context(), request)
				if got := errorCode(t, err); got != tt.want || token != nil {
					t.Errorf("code %v, token %v", got, token)
				}
				if err != nil && strings.Contains(err.Error(), "private") {
					t.Errorf("the cause is public: %v", err)
				}
			}
		})
	}

	t.Run("the cause of a missing token is not a panic", func(t *testing.T) {
		nothing := authenticatorFunc(func(context.Context, validator.Credential) (*validator.Token, error) { return nil, nil })
		_, _, err := validator.NewGuard(nothing).Authorize(t.Context(), authorization("Bearer abc"))
		if cause := errors.Unwrap(err); cause == nil || strings.Contains(cause.Error(), "panic") {
			t.Errorf("cause %v", cause)
		}
	})
	t.Run("a hook that panics", func(t *testing.T) {
		v := newValidator(t, func(c *validator.Config) {
			c.OnDecision = func(context.Context, validator.Decision) { panic("hook") }
		})
		for _, header := range []string{"Bearer " + mint("ES256", "", nil), "Bearer x"} {
			ctx, token, err := validator.NewGuard(v).Authorize(t.Context(), authorization(header))
			if _, ok := validator.TokenFrom(ctx); ok || token != nil || errorCode(t, err) != validator.CodeInternal {
				t.Errorf("token %v, error %v", token, err)
			}
		}
	})
}

// info is a request of which nothing is told.
type info struct{ validator.RequestInfo }

func TestCredentialFields(t *testing.T) {
	var got validator.Credential
	guard := validator.NewGuard(authenticatorFunc(func(_ context.Context, c validator.Credential) (*validator.Token, error) {
		got = c
		return nil, validator.NewError(validator.CodeTokenExpired, nil)
	}))
	request := authorization("bearer abc")
	request.Info = info{}
	_, _, _ = guard.Authorize(t.Context(), request)
	if got.Scheme != "bearer" || got.Token != "abc" || got.Info != request.Info {
		t.Error("the credential is not what the request had")
	}
}

func TestNestedGuards(t *testing.T) {
	var validations atomic.Int32
	counted := func(v *validator.Validator) authenticatorFunc {
		return func(ctx context.Context, c validator.Credential) (*validator.Token, error) {
			validations.Add(1)
			return v.Validate(ctx, c)
		}
	}
	v := newValidator(t, nil)
	guard, other := validator.NewGuard(counted(v)), validator.NewGuard(counted(v))
	first, second := "Bearer "+mint("ES256", "", nil), "Bearer "+mint("ES256", "", object{"jti": "id-2", "scope": "orders:admin"})
	outer, token, err := guard.Authorize(t.Context(), authorization(first))
	if err != nil {
		t.Fatal(err)
	}
	admin := authorization(first)
	admin.Requirement = scopes.All("orders:admin")
	tests := []struct {
		name        string
		guard       *validator.Guard
		request     validator.Request
		validations int32
		want        validator.Code
		same        bool
	}{
		{"same guard", guard, authorization(first), 0, 0, true},
		{"same guard, more needed", guard, admin, 0, validator.CodeInsufficientScope, false},
		{"same guard, other credential", guard, authorization(second), 1, 0, false},
		{"same guard, no credential any more", guard, authorization(), 0, validator.CodeCredentialsMissing, false},
		{"other guard", other, authorization(first), 1, 0, true}, // the validator remembers it
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			validations.Store(0)
			_, inner, err := tt.guard.Authorize(outer, tt.request)
			if got := errorCode(t, err); got != tt.want {
				t.Errorf("code %v, want %v", got, tt.want)
			}
			if validations.Load() != tt.validations || (inner == token) != tt.same {
				t.Errorf("%d validations, same token %v", validations.Load(), inner == token)
			}
		})
	}
}

// A token that expires while its request is served, a stream for example, is not
// good enough for what comes then.
func TestNestedGuardAfterExpiry(t *testing.T) {
	clock := &testClock{now: epoch}
	guard := validator.NewGuard(newValidator(t, func(c *validator.Config) { c.Clock = clock }))
	request := authorization("Bearer " + mint("ES256", "", nil))
	ctx, _, err := guard.Authorize(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	clock.Set(epoch.Add(5*time.Minute + 29*time.Second))
	if _, _, err := guard.Authorize(ctx, request); err != nil {
		t.Errorf("before: %v", err)
	}
	clock.Set(epoch.Add(5*time.Minute + 30*time.Second))
	if _, _, err := guard.Authorize(ctx, request); errorCode(t, err) != validator.CodeTokenExpired {
		t.Errorf("after: %v", err)
	}
}

// sliced is an authenticator of a comparable type that cannot be compared all the same.
type sliced struct{ inner any }

func (s sliced) Validate(ctx context.Context, c validator.Credential) (*validator.Token, error) {
	return s.inner.([]validator.Authenticator)[0].Validate(ctx, c)
}

func TestNestedGuardOfIncomparableAuthenticator(t *testing.T) {
	a := sliced{[]validator.Authenticator{newValidator(t, nil)}}
	request := authorization("Bearer " + mint("ES256", "", nil))
	ctx, _, err := validator.NewGuard(a).Authorize(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := validator.NewGuard(a).Authorize(ctx, request); err != nil {
		t.Errorf("nested: %v", err)
	}
}

// A refusal by a nested guard is told to the validator that the token is of.
func TestNestedRefusalIsObserved(t *testing.T) {
	clock := &testClock{now: epoch}
	observed := map[string]int{}
	of := func(issuer string) *validator.Validator {
		return newValidator(t, func(c *validator.Config) {
			c.Clock = clock
			c.Issuer = issuer
			c.OnDecision = func(context.Context, validator.Decision) { observed[issuer]++ }
		})
	}
	issuers, err := validator.ByIssuer(of("https://first.example.com"), of(baseConfig().Issuer))
	if err != nil {
		t.Fatal(err)
	}
	guard, request := validator.NewGuard(issuers), authorization("Bearer "+mint("ES256", "", nil))
	ctx, _, err := guard.Authorize(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	clock.Set(epoch.Add(time.Hour))
	if _, _, err := guard.Authorize(ctx, request); errorCode(t, err) != validator.CodeTokenExpired {
		t.Fatalf("got %v", err)
	}
	if len(observed) != 1 || observed[baseConfig().Issuer] != 2 {
		t.Errorf("observed by %v", observed)
	}
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	v := newValidator(t, func(c *validator.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
		c.Check = func(_ context.Context, t *validator.Token) error {
			if t.ID() == "panic" {
				panic("secret in a panic")
			}
			return nil
		}
	})
	guard := validator.NewGuard(v)
	ask := func(requirement scopes.Requirement, changes object) string {
		out.Reset()
		_, _, _ = guard.Authorize(t.Context(), validator.Request{Operation: "GET /x", Requirement: requirement, Authorization: []string{"Bearer " + mint("ES256", "", changes)}})
		return out.String()
	}
	tests := []struct {
		name, got, want string
	}{
		{"allowed", ask(scopes.Authenticated(), nil), `level=DEBUG msg="request authorized" operation="GET /x" code=OK issuer=https://auth.example.com client_id=billing` + "\n"},
		{"refused unverified", ask(scopes.Authenticated(), object{"exp": 1}), `level=INFO msg="request refused" operation="GET /x" code=TOKEN_EXPIRED cause="exp has passed"` + "\n"},
		{"refused for scope", ask(scopes.All("a", "b"), nil), `level=INFO msg="request refused" operation="GET /x" code=INSUFFICIENT_SCOPE issuer=https://auth.example.com client_id=billing missing_scopes="[a b]"` + "\n"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, tt.got, tt.want)
		}
	}
	failed := ask(scopes.Authenticated(), object{"jti": "panic"})
	if !strings.HasPrefix(failed, `level=ERROR msg="request refused" operation="GET /x" code=INTERNAL cause="recovered panic: a string`) || strings.Contains(failed, "secret") {
		t.Errorf("a panic is logged as %s", failed)
	}
}
