package validator_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// binding is a Binding that a test writes down. It notes what it is asked.
type binding struct {
	member string
	verify func(c validator.Credential, thumbprint string) error
	asked  []string
}

func (b *binding) Member() string { return b.member }

func (b *binding) Verify(_ context.Context, c validator.Credential, thumbprint string) error {
	b.asked = append(b.asked, thumbprint)
	if b.verify == nil {
		return nil
	}
	return b.verify(c, thumbprint)
}

// proof is a binding with a scheme.
type proof struct {
	binding
	required bool
}

func (p *proof) Scheme() validator.Scheme {
	return validator.Scheme{Name: "DPoP", Algorithms: []string{"ES256"}, Required: p.required}
}

var (
	oneThumbprint   = strings.Repeat("A", 43)
	otherThumbprint = strings.Repeat("B", 42) + "A"
)

func TestBindings(t *testing.T) {
	key, certificate := &binding{member: "jkt"}, &binding{member: "x5t#S256"}
	v := newValidator(t, func(c *validator.Config) { c.Bindings = []validator.Binding{key, certificate} })
	const bound = validator.CodeBindingFailed
	tests := []struct {
		name             string
		claim            any
		want             validator.Code
		key, certificate string
	}{
		{"unbound", nil, 0, "", ""},
		{"by key", object{"jkt": oneThumbprint}, 0, oneThumbprint, ""},
		{"by certificate", object{"x5t#S256": oneThumbprint}, 0, "", oneThumbprint},
		{"by both", object{"jkt": oneThumbprint, "x5t#S256": otherThumbprint}, 0, oneThumbprint, otherThumbprint},
		{"by something unknown", object{"jwk": object{}}, bound, "", ""},
		{"by something unknown besides", object{"jkt": oneThumbprint, "kid": oneThumbprint}, bound, "", ""},
		{"in another case", object{"JKT": oneThumbprint}, bound, "", ""},
		{"empty", object{}, bound, "", ""},
		{"null", raw("null"), bound, "", ""},
		{"a string", oneThumbprint, bound, "", ""},
		{"an array", []string{oneThumbprint}, bound, "", ""},
		{"a null member", object{"jkt": raw("null")}, bound, "", ""},
		{"an empty thumbprint", object{"jkt": ""}, bound, "", ""},
		{"a short thumbprint", object{"jkt": oneThumbprint[1:]}, bound, "", ""},
		{"a long thumbprint", object{"jkt": oneThumbprint + "A"}, bound, "", ""},
		{"a thumbprint with loose bits", object{"jkt": oneThumbprint[1:] + "B"}, bound, "", ""},
		{"a thumbprint with padding", object{"jkt": oneThumbprint + "="}, bound, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token := mint("ES256", "at+jwt", object{"cnf": tt.claim})
			for range 2 { // the second time the token is remembered
				key.asked, certificate.asked = nil, nil
				if got := codeOf(t, v, token); got != tt.want {
					t.Errorf("code %v, want %v", got, tt.want)
				}
				var keys, certificates []string
				if tt.want == 0 {
					keys, certificates = []string{tt.key}, []string{tt.certificate}
				}
				if !slices.Equal(key.asked, keys) || !slices.Equal(certificate.asked, certificates) {
					t.Errorf("asked about %q and %q", key.asked, certificate.asked)
				}
			}
		})
	}
}

// A token that is bound twice needs both proofs, in whatever order they are
// configured, and every time.
func TestEveryBindingMustHold(t *testing.T) {
	no := func(validator.Credential, string) error { return validator.NewError(validator.CodeBindingFailed, nil) }
	token := mint("ES256", "at+jwt", object{"cnf": object{"jkt": oneThumbprint, "x5t#S256": oneThumbprint}})
	for _, refusing := range []string{"jkt", "x5t#S256"} {
		key, certificate := &binding{member: "jkt"}, &binding{member: "x5t#S256"}
		v := newValidator(t, func(c *validator.Config) { c.Bindings = []validator.Binding{key, certificate} })
		accept(t, v, token)
		for _, b := range []*binding{key, certificate} {
			if b.member == refusing {
				b.verify = no
			}
		}
		for range 2 {
			if got := codeOf(t, v, token); got != validator.CodeBindingFailed {
				t.Errorf("without %s: %v", refusing, got)
			}
		}
	}
}

func TestBindingErrors(t *testing.T) {
	secret := errors.New("store at redis:6379 is down")
	for want, verify := range map[validator.Code]func(validator.Credential, string) error{
		validator.CodeDependencyUnavailable: func(validator.Credential, string) error { return secret },
		validator.CodeDPoPProofInvalid: func(validator.Credential, string) error {
			return validator.NewError(validator.CodeDPoPProofInvalid, secret)
		},
		validator.CodeInternal: func(validator.Credential, string) error { panic(secret) },
	} {
		v := newValidator(t, func(c *validator.Config) { c.Bindings = []validator.Binding{&binding{member: "jkt", verify: verify}} })
		_, err := v.Validate(t.Context(), bearerToken(mint("ES256", "", nil)))
		if got := errorCode(t, err); got != want || strings.Contains(err.Error(), "redis") {
			t.Errorf("%v: %v", want, err)
		}
	}
}

func TestBindingConfiguration(t *testing.T) {
	var none *binding
	for name, bindings := range map[string][]validator.Binding{
		"the same twice":             {&binding{member: "jkt"}, &binding{member: "jkt"}},
		"without a member":           {&binding{}},
		"nil":                        {nil},
		"a nil pointer":              {none},
		"two with a scheme each":     {&proof{binding: binding{member: "a"}}, &proof{binding: binding{member: "b"}}},
		"good, then the same member": {&binding{member: "x5t#S256"}, &proof{binding: binding{member: "x5t#S256"}}},
	} {
		config := baseConfig()
		config.Bindings = bindings
		if _, err := validator.New(config); err == nil || !strings.Contains(err.Error(), "Bindings") {
			t.Errorf("%s: %v", name, err)
		}
		_, err := validator.ByTenant(validator.TenantsConfig{
			Allow:    func(context.Context, string) (*validator.Config, error) { return nil, nil },
			Bindings: bindings,
		})
		if err == nil || !strings.Contains(err.Error(), "Bindings") {
			t.Errorf("tenants, %s: %v", name, err)
		}
	}
}

// The scheme of a binding is accepted beside Bearer, by whoever has the binding.
func TestSchemeOfBinding(t *testing.T) {
	dpop := &proof{binding: binding{member: "jkt", verify: func(c validator.Credential, thumbprint string) error {
		if thumbprint != "" && !strings.EqualFold(c.Scheme, "DPoP") {
			return validator.NewError(validator.CodeBindingFailed, nil)
		}
		if c.Reply != nil {
			c.Reply.DPoPNonce = "nonce for " + c.Token[:1]
		}
		return nil
	}}}
	with := newValidator(t, func(c *validator.Config) { c.Bindings = []validator.Binding{dpop} })
	without := newValidator(t, func(c *validator.Config) { c.Issuer = "https://other.example.com" })
	issuers, err := validator.ByIssuer(with, without)
	if err != nil {
		t.Fatal(err)
	}
	tenants, err := validator.ByTenant(validator.TenantsConfig{
		Allow: func(context.Context, string) (*validator.Config, error) {
			c := baseConfig()
			return &c, nil
		},
		Bindings: []validator.Binding{dpop},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tenants.Close() })
	bound := mint("ES256", "at+jwt", object{"cnf": object{"jkt": oneThumbprint}})
	others := mint("ES256", "at+jwt", object{"iss": "https://other.example.com"})

	tests := []struct {
		name          string
		authenticator validator.Authenticator
		authorization string
		want          validator.Code
		scheme, nonce string
	}{
		{"bound", with, "DPoP " + bound, 0, "", "nonce for e"},
		{"bound, any case", with, "dpop " + bound, 0, "", "nonce for e"},
		{"bound, of an issuer", issuers, "DPoP " + bound, 0, "", "nonce for e"},
		{"bound, of a tenant", tenants, "DPoP " + bound, 0, "", "nonce for e"},
		{"bound, as bearer", with, "Bearer " + bound, validator.CodeBindingFailed, "Bearer", ""},
		{"garbage", with, "DPoP x", validator.CodeTokenMalformed, "DPoP", ""},
		{"malformed", with, "DPoP", validator.CodeMalformedCredentials, "DPoP", ""},
		{"malformed bearer", with, "Bearer", validator.CodeMalformedCredentials, "Bearer", ""},
		{"no binding", without, "DPoP " + others, validator.CodeCredentialsMissing, "", ""},
		{"an issuer without", issuers, "DPoP " + others, validator.CodeCredentialsMissing, "DPoP", ""},
		{"unsupported", with, "Basic x", validator.CodeCredentialsMissing, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, _, err := validator.NewGuard(tt.authenticator).Authorize(t.Context(), authorization(tt.authorization))
			if got := errorCode(t, err); got != tt.want {
				t.Fatalf("code %v, want %v", got, tt.want)
			}
			if got := validator.DPoPNonceFrom(ctx); got != tt.nonce {
				t.Errorf("nonce %q, want %q", got, tt.nonce)
			}
			if e, ok := errors.AsType[*validator.Error](err); ok && e.Scheme() != tt.scheme {
				t.Errorf("scheme %q, want %q", e.Scheme(), tt.scheme)
			}
		})
	}
	if got := issuers.Supports().Schemes; len(got) != 1 || got[0].Name != "DPoP" || got[0].Required {
		t.Errorf("schemes %v", got)
	}
	if got := tenants.Supports().Schemes; len(got) != 1 {
		t.Errorf("schemes of tenants %v", got)
	}
}

// A scheme takes the place of Bearer only where that is so for everybody.
func TestRequiredScheme(t *testing.T) {
	issuer := func(name string, required bool) *validator.Validator {
		return newValidator(t, func(c *validator.Config) {
			c.Issuer = name
			c.Bindings = []validator.Binding{&proof{binding{member: "jkt"}, required}}
		})
	}
	for _, tt := range []struct{ a, b, want bool }{{true, true, true}, {true, false, false}, {false, true, false}, {false, false, false}} {
		s, err := validator.ByIssuer(issuer("https://a", tt.a), issuer("https://b", tt.b))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Supports().Schemes; len(got) != 1 || got[0].Required != tt.want || !slices.Equal(got[0].Algorithms, []string{"ES256"}) {
			t.Errorf("%+v: %+v", tt, got)
		}
	}
}

// A nonce that a proof has earned is told with a refusal too, whatever it is for.
func TestNonceOfRefusal(t *testing.T) {
	dpop := &proof{binding: binding{member: "jkt", verify: func(c validator.Credential, _ string) error {
		c.Reply.DPoPNonce = "next"
		if c.Info.Header("DPoP") == nil {
			return validator.NewError(validator.CodeDPoPNonceRequired, nil)
		}
		return nil
	}}}
	guard := validator.NewGuard(newValidator(t, func(c *validator.Config) { c.Bindings = []validator.Binding{dpop} }))
	request := authorization("DPoP " + mint("ES256", "at+jwt", object{"cnf": object{"jkt": oneThumbprint}}))
	request.Requirement = scopes.All("orders:admin")
	for want, proofs := range map[validator.Code][]string{
		validator.CodeDPoPNonceRequired: nil,
		validator.CodeInsufficientScope: {"proof"},
	} {
		request.Info = headers{"Dpop": proofs}
		_, _, err := guard.Authorize(t.Context(), request)
		e, _ := errors.AsType[*validator.Error](err)
		if e == nil || e.Code() != want || e.DPoPNonce() != "next" || e.Scheme() != "DPoP" {
			t.Errorf("%v: %v", want, err)
		}
	}
}

// headers is a request with nothing but header fields.
type headers map[string][]string

func (h headers) Header(name string) []string { return h[http.CanonicalHeaderKey(name)] }

// Two guards of one authenticator are one door: a proof that the outer one has
// used is not used again by the inner one.
func TestNestedGuardsShareProof(t *testing.T) {
	used := map[string]bool{}
	dpop := &proof{binding: binding{member: "jkt", verify: func(c validator.Credential, _ string) error {
		proof := c.Info.Header("DPoP")[0]
		if used[proof] {
			return validator.NewError(validator.CodeDPoPProofInvalid, nil)
		}
		used[proof] = true
		return nil
	}}}
	v := newValidator(t, func(c *validator.Config) { c.Bindings = []validator.Binding{dpop} })
	request := authorization("DPoP " + mint("ES256", "at+jwt", object{"cnf": object{"jkt": oneThumbprint}}))
	request.Info = headers{"Dpop": {"proof"}}
	outer, _, err := validator.NewGuard(v).Authorize(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := validator.NewGuard(v).Authorize(outer, request); err != nil {
		t.Errorf("nested: %v", err)
	}
	if _, _, err := validator.NewGuard(v).Authorize(t.Context(), request); errorCode(t, err) != validator.CodeDPoPProofInvalid {
		t.Errorf("replayed: %v", err)
	}
}

func (headers) Method() string                     { return http.MethodPost }
func (headers) URL() *url.URL                      { return &url.URL{} }
func (headers) RemoteAddr() string                 { return "" }
func (headers) PeerCertificate() *x509.Certificate { return nil }
