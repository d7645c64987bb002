package validator_test

import (
	"bytes"
	"context"
	"crypto/x509"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
)

func accept(t *testing.T, v validator.Authenticator, token string) *validator.Token {
	t.Helper()
	tok, err := v.Validate(t.Context(), bearerToken(token))
	if err != nil {
		t.Fatalf("refused: %v (%v)", err, err.(*validator.Error).Unwrap())
	}
	return tok
}

func TestToken(t *testing.T) {
	v := newValidator(t, nil)
	tok := accept(t, v, mint("ES256", "at+jwt", object{"aud": []string{"x", apiURL}, "nbf": raw("1799999940.25"), "exp": raw("1800000300.75")}))
	checks := map[string]bool{
		"issuer":     tok.Issuer() == issuerURL,
		"subject":    tok.Subject() == "billing",
		"client":     tok.ClientID() == "billing" && tok.IsClient(),
		"id":         tok.ID() == "id-1",
		"audience":   slices.Equal(tok.Audience(), []string{"x", apiURL}),
		"scopes":     tok.Scopes().String() == "orders:read orders:write",
		"issued at":  tok.IssuedAt().Equal(epoch.Add(-time.Minute)),
		"not before": tok.NotBefore().Equal(time.Unix(1799999941, 0)),
		"expires at": tok.ExpiresAt().Equal(time.Unix(1800000300, 0)),
	}
	for what, ok := range checks {
		if !ok {
			t.Errorf("%s is wrong", what)
		}
	}
	tok.Audience()[0] = "changed"
	if tok.Audience()[0] != "x" {
		t.Error("the audience can be changed from outside")
	}

	bare := accept(t, v, mint("ES256", "", object{"sub": nil, "client_id": nil, "jti": nil, "iat": nil, "scope": nil}))
	if bare.Subject() != "" || bare.ClientID() != "" || bare.ID() != "" || bare.IsClient() ||
		!bare.IssuedAt().IsZero() || !bare.NotBefore().IsZero() || bare.Scopes().Len() != 0 {
		t.Error("a token without optional claims has some")
	}
}

func TestClientID(t *testing.T) {
	tests := []struct {
		name     string
		config   []string
		claims   object
		clientID string
		isClient bool
	}{
		{"client_id first", nil, object{"azp": "b", "cid": "c", "appid": "d"}, "billing", true},
		{"azp", nil, object{"client_id": nil, "azp": "b", "cid": "c"}, "b", false},
		{"cid", nil, object{"client_id": nil, "cid": "c", "appid": "d", "sub": "c"}, "c", true},
		{"appid", nil, object{"client_id": nil, "appid": "d", "sub": "d"}, "d", true},
		{"no subject", nil, object{"sub": nil}, "billing", false},
		{"Auth0 machine by its subject", nil, object{"sub": "billing@clients"}, "billing", true},
		{"another machine's subject", nil, object{"sub": "cron@clients"}, "billing", false},
		{"empty is none", nil, object{"client_id": "", "azp": "b"}, "b", false},
		{"configured", []string{"appid", "azp"}, object{"azp": "b", "appid": "d"}, "d", false},
		{"configured, with a long name", []string{strings.Repeat("c", 70)}, object{strings.Repeat("c", 70): "e"}, "e", false},
		{"none of them", []string{"azp"}, object{}, "", false},
		{"a user", nil, object{"sub": "user-1"}, "billing", false},
		{"subject differs in case", nil, object{"sub": "Billing"}, "billing", false},
		{"Auth0 machine", nil, object{"sub": "billing@clients", "gty": "client-credentials"}, "billing", true},
		{"Auth0 user", nil, object{"sub": "auth0|1", "gty": "password"}, "billing", false},
		{"Entra ID app", nil, object{"sub": "object-id", "idtyp": "app"}, "billing", true},
		{"Entra ID user", nil, object{"sub": "object-id", "idtyp": "user"}, "billing", false},
		{"mark without client", nil, object{"client_id": nil, "sub": "s", "idtyp": "app"}, "", false},
		{"no subject, no client", nil, object{"client_id": nil, "sub": nil}, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newValidator(t, func(c *validator.Config) { c.ClientIDClaims = tt.config })
			tok := accept(t, v, mint("ES256", "", tt.claims))
			if tok.ClientID() != tt.clientID || tok.IsClient() != tt.isClient {
				t.Errorf("client %q, machine %v", tok.ClientID(), tok.IsClient())
			}
		})
	}
}

func TestTokenClaims(t *testing.T) {
	v := newValidator(t, nil)
	tok := accept(t, v, mint("ES256", "", object{
		"tenant": "acme", "role": "user", "ROLE": "admin",
		"big": raw("12345678901234567890"), "nested": raw(`{"list":[1.10,"x",null,true]}`),
	}))
	var mine struct {
		Tenant string         `json:"tenant"`
		Role   string         `json:"role"`
		Big    uint64         `json:"big"`
		Exact  stdjson.Number `json:"exp"`
		Nested struct {
			List []any `json:"list"`
		} `json:"nested"`
		Missing *string `json:"missing"`
	}
	if err := tok.Claims(&mine); err != nil {
		t.Fatal(err)
	}
	if mine.Tenant != "acme" || mine.Role != "user" || mine.Big != 12345678901234567890 || mine.Exact != "1800000300" || mine.Missing != nil {
		t.Errorf("claims %+v", mine)
	}
	if got := fmt.Sprintf("%#v", mine.Nested.List); got != `[]interface {}{"1.10", "x", interface {}(nil), true}` {
		t.Errorf("list %s", got)
	}
	if _, ok := mine.Nested.List[0].(stdjson.Number); !ok {
		t.Errorf("a number became a %T", mine.Nested.List[0])
	}
	var all map[string]any
	if err := tok.Claims(&all); err != nil || all["big"] != stdjson.Number("12345678901234567890") || all["ROLE"] != "admin" {
		t.Errorf("claims %v, %v", all, err)
	}
	var number struct {
		Tenant stdjson.Number `json:"tenant"`
	}
	if tok.Claims(&number) == nil {
		t.Error("a string went into a number")
	}
	// A type that writes into what it gets to see changes nothing for others.
	var vandal struct {
		Tenant vandal `json:"tenant"`
	}
	for range 2 {
		if err := tok.Claims(&vandal); err != nil {
			t.Errorf("the payload was changed: %v", err)
		}
	}
	if err := tok.Claims(&mine); err != nil || mine.Tenant != "acme" {
		t.Errorf("the payload was changed: %q, %v", mine.Tenant, err)
	}
	var wrong struct {
		Tenant int `json:"tenant"`
	}
	if tok.Claims(&wrong) == nil {
		t.Error("a string went into an int")
	}
}

type vandal struct{}

func (*vandal) UnmarshalJSON(value []byte) error {
	for i := range value {
		value[i] = '#'
	}
	return nil
}

// Whatever prints a credential, a token or an error, nobody learns the token or
// its claims from it.
func TestNothingLeaksByPrinting(t *testing.T) {
	v := newValidator(t, nil)
	const private = "very-private-value"
	raw := mint("ES256", "", object{"email": private, "jti": "jti-1"})
	tok := accept(t, v, raw)
	credential := bearerToken(raw)
	_, refused := v.Validate(t.Context(), bearerToken(mint("ES256", "", object{"exp": 1, "email": private})))
	_, garbled := v.Validate(t.Context(), bearerToken(signRaw("ES256", "p256", `{"alg":"ES256","kid":"p256"}`, `{"`+private+`":1,"`+private+`":2}`)))

	var date struct {
		Email time.Time `json:"email"`
	}
	unfit := tok.Claims(&date)
	if unfit == nil {
		t.Fatal("an address went into a date")
	}
	request := validator.Request{Operation: "op", Authorization: []string{"Bearer " + raw}, Info: secretInfo{private}}
	_, _, panicked := validator.NewGuard(authenticatorFunc(func(context.Context, validator.Credential) (*validator.Token, error) {
		panic(private)
	})).Authorize(t.Context(), request)

	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("x", "token", tok, "value", *tok, "credential", credential, "pointer", &credential, "refused", refused, "garbled", garbled, "request", request, "unfit", unfit, "panicked", panicked)
	}
	for _, value := range []any{request, &request, unfit, panicked, errors.Unwrap(panicked), tok, *tok, credential, &credential, refused, garbled, []any{tok, credential}, struct{ C validator.Credential }{credential}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			fmt.Fprintf(&log, verb+"\n", value)
		}
		if b, err := stdjson.Marshal(value); err == nil {
			log.Write(b)
		}
	}
	for e := refused; e != nil; {
		fmt.Fprintln(&log, e)
		unwrapper, ok := e.(interface{ Unwrap() error })
		if !ok {
			break
		}
		e = unwrapper.Unwrap()
	}
	fmt.Fprintln(&log, garbled.(*validator.Error).Unwrap())
	printed := log.String()
	for _, secret := range append(strings.Split(raw, "."), private, fmt.Sprintf("%x", private)) {
		if strings.Contains(printed, secret) {
			t.Errorf("%.20s… is in the output:\n%s", secret, printed)
		}
	}
	if !strings.Contains(printed, "issuer") || !strings.Contains(printed, "TOKEN_EXPIRED") {
		t.Errorf("nothing useful is in the output:\n%s", printed)
	}
}

// secretInfo is a request with something in it that nobody may print.
type secretInfo struct{ proof string }

func (secretInfo) Method() string                     { return "" }
func (secretInfo) URL() *url.URL                      { return nil }
func (i secretInfo) Header(string) []string           { return []string{i.proof} }
func (secretInfo) RemoteAddr() string                 { return "" }
func (secretInfo) PeerCertificate() *x509.Certificate { return nil }
