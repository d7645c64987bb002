package httpmw_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// What the bytes on the wire come to, after net/http has read them.
func TestAuthorizationOnTheWire(t *testing.T) {
	auth := newAuth(t, adaptertest.NewValidator(nil), httpmw.Config{})
	server := httptest.NewServer(auth.Require(scopes.All("a"))(tell))
	t.Cleanup(server.Close)
	token := adaptertest.Token("a")
	tests := []struct {
		name, header string
		status       int
	}{
		{"good", "Authorization: Bearer " + token, 200},
		{"lower-case name", "authorization: Bearer " + token, 200},
		{"scheme in any case", "Authorization: bEARER " + token, 200},
		{"no space after the colon", "Authorization:Bearer " + token, 200},
		{"spaces around the value", "Authorization: \t Bearer " + token + " \t", 200}, // OWS (RFC 9110 §5.5)
		{"many spaces inside", "Authorization: Bearer    " + token, 200},
		{"repeated", "Authorization: Bearer " + token + "\r\nAuthorization: Bearer " + token, 400},
		{"repeated in another spelling", "Authorization: Bearer " + token + "\r\nauthorization: Bearer x", 400},
		{"repeated with an empty one", "Authorization: Bearer " + token + "\r\nAuthorization:", 400},
		{"repeated with another scheme", "Authorization: Basic eA==\r\nAuthorization: Bearer " + token, 400},
		{"a comma", "Authorization: Bearer " + token + ",Bearer " + token, 400},
		{"a comma after", "Authorization: Bearer " + token + ",", 400},
		{"a tab between", "Authorization: Bearer\t" + token, 400},
		{"a tab after the space", "Authorization: Bearer \t" + token, 400},
		{"a space inside", "Authorization: Bearer " + token + " x", 400},
		{"quotes", `Authorization: Bearer "` + token + `"`, 400},
		{"empty", "Authorization:", 400},
		{"blank", "Authorization:    ", 400},
		{"scheme only", "Authorization: Bearer", 400},
		{"scheme and space", "Authorization: Bearer ", 400},
		{"token only", "Authorization: " + token, 401},          // reads as a scheme that is not supported
		{"obs-fold", "Authorization: Bearer\r\n " + token, 200}, // a folded line is one with a space (RFC 9112 §5.2)
		{"obs-fold inside", "Authorization: Bearer " + token[:20] + "\r\n " + token[20:], 400},
		{"name with a space", "Authorization : Bearer " + token, 400},
		{"NUL", "Authorization: Bearer " + token + "\x00", 400},
		{"high byte", "Authorization: Bearer " + token + "\xff", 400},
		{"large", "Authorization: Bearer " + strings.Repeat("a", 500<<10), 401},
		{"huge", "Authorization: Bearer " + strings.Repeat("a", 3<<20), 431},
		{"other name", "X-Authorization: Bearer " + token, 401},
		{"none", "Accept: */*", 401},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response := raw(t, server.Listener.Addr().String(), "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"+test.header+"\r\n\r\n")
			if response.StatusCode != test.status {
				t.Errorf("%d, want %d", response.StatusCode, test.status)
			}
		})
	}
}

// recorder is an authenticator that keeps what it is given, and refuses it.
type recorder struct{ got validator.Credential }

func (r *recorder) Validate(_ context.Context, c validator.Credential) (*validator.Token, error) {
	r.got = c
	return nil, validator.NewError(validator.CodeTokenRefused, nil)
}

func TestCredential(t *testing.T) {
	var a recorder
	handler := newAuth(t, &a, httpmw.Config{}).Require(scopes.Authenticated())(tell)
	r := httptest.NewRequest(http.MethodPut, "https://api.example.com/orders?a=b", nil)
	r.Header["Dpop"] = []string{"p1", "p2"}
	leaf := &x509.Certificate{}
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{leaf, {}}}
	do(handler, r, "bearer a.b.c")
	if c := a.got; c.Scheme != "bearer" || c.Token != "a.b.c" || c.Info.Method() != "PUT" || c.Info.URL().String() != "https://api.example.com/orders?a=b" ||
		!slices.Equal(c.Info.Header("DPoP"), []string{"p1", "p2"}) || c.Info.PeerCertificate() != leaf || c.Info.RemoteAddr() != r.RemoteAddr {
		t.Error("the credential is not that of the request")
	}

	r.TLS = &tls.ConnectionState{}
	do(handler, r, "Bearer x")
	if a.got.Info.PeerCertificate() != nil {
		t.Error("a certificate from nowhere")
	}
	r.TLS, r.Method, r.Host = nil, "", "localhost:1"
	do(handler, r, "Bearer x")
	if info := a.got.Info; info.PeerCertificate() != nil || info.Method() != "GET" || info.URL().String() != "http://localhost:1/orders?a=b" {
		t.Errorf("without TLS: %s %v", info.Method(), info.URL())
	}
}

func TestOperation(t *testing.T) {
	for _, test := range [][3]string{
		{"GET", "/orders/{id}", "GET /orders/{id}"},
		{"PATCH", "", "PATCH (unrouted)"},
		{"get", "/x", "_OTHER /x"},
		{"", "", "_OTHER (unrouted)"},
	} {
		if got := httpmw.Operation(test[0], test[1]); got != test[2] {
			t.Errorf("Operation(%q, %q) = %q, want %q", test[0], test[1], got, test[2])
		}
	}
}

// The grammar of RFC 6750 §2.1, written down once more as it stands there, and
// that of any other credentials (RFC 9110 §11.4), as far as the scheme goes.
var (
	bearerCredentials = regexp.MustCompile(`^[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9\-._~+/]+=*)$`)
	otherScheme       = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+\\-.^_`|~]+( |$)")
	bearerScheme      = regexp.MustCompile(`^[Bb][Ee][Aa][Rr][Ee][Rr]( |$)`)
)

// reference is what the grammar says about one value: the status of a handler that
// refuses every token, and the token.
func reference(value string) (status int, token string) {
	if match := bearerCredentials.FindStringSubmatch(value); match != nil {
		return 401, match[1]
	}
	if otherScheme.MatchString(value) && !bearerScheme.MatchString(value) {
		return 401, ""
	}
	return 400, ""
}

// FuzzAuthorizationHeader compares a handler with the grammar: for a value as
// net/http hands it over, for the same twice, and as bytes on the wire.
func FuzzAuthorizationHeader(f *testing.F) {
	for _, seed := range []string{
		"", " ", "Bearer", "Bearer ", "Bearer x", "bearer   x==", "Bearer x=y", "Bearer =", "Bearer\tx", "Bearer  \tx",
		"Bearer x y", "Bearer x,y", `Bearer "x"`, "Bearerx", "BearerX y", "Basic eA==", "Negotiate", "Bearer, x", "a,b c",
		"Bearer a.b.c", "Bearer \xff", "Bearer x\x00", "Bea\u0280er x", "Bearer: x", "Bearer x ", " Bearer x\t", "Bearer x\n",
	} {
		f.Add(seed)
	}
	var a recorder
	handler := newAuth(f, &a, httpmw.Config{}).Require(scopes.Authenticated())(tell)
	send := func(t *testing.T, r *http.Request, status int, token string) {
		t.Helper()
		a.got = validator.Credential{}
		w := do(handler, r)
		if w.Code != status || a.got.Token != token {
			t.Errorf("%q: %d with token %q, want %d with %q", r.Header["Authorization"], w.Code, a.got.Token, status, token)
		}
		challenge := `Bearer realm="api"`
		switch {
		case status == 400:
			challenge += `, error="invalid_request", error_description="` + validator.CodeMalformedCredentials.Description() + `"`
		case token != "":
			challenge += `, error="invalid_token", error_description="` + validator.CodeTokenRefused.Description() + `"`
		}
		if got := w.Header().Get("WWW-Authenticate"); got != challenge {
			t.Errorf("%q: challenge %q, want %q", r.Header["Authorization"], got, challenge)
		}
	}
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = []string{value}
		status, token := reference(value)
		send(t, r, status, token)

		r.Header["Authorization"] = []string{value, value}
		send(t, r, 400, "")

		if strings.ContainsAny(value, "\r\n") {
			return
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: " + value + "\r\n\r\n")))
		if err == nil {
			status, token = reference(strings.Trim(value, " \t")) // OWS (RFC 9110 §5.5)
			send(t, r, status, token)
		}
	})
}
