package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/validator"
)

// exchange is one request to the API and the code it should be answered with;
// zero lets it in. Which status, challenge and body belong to a code is told by
// the error table of package validator alone.
type exchange struct {
	request       string
	authorization []string
	op            operation
	want          validator.Code
	scope         string // needed scopes, in the challenge
	api           *api   // nil: the good one

	proof       prove            // nil: none
	certificate *tls.Certificate // of the client; nil: none
}

// prove makes a DPoP proof for a request.
type prove func(method, url string) (string, error)

// operation is one operation of the API on each transport.
type operation struct{ method, path, rpc string }

var (
	list    = operation{"GET", "/orders", ordersService + "ListOrders"}
	create  = operation{"POST", "/orders", ordersService + "CreateOrder"}
	remove  = operation{"DELETE", "/orders", ordersService + "DeleteOrder"}
	unruled = operation{"GET", "/reports", ordersService + "ListReports"}
	catalog = operation{"GET", "/catalog", ordersService + "ListCatalog"}
	payout  = operation{"POST", "/payouts", ordersService + "PayOut"}
	healthz = operation{"GET", "/healthz", "/grpc.health.v1.Health/Check"}
)

// walkErrorTable sends every exchange over every transport, and makes sure that
// no row of the table was left out.
func walkErrorTable(ctx context.Context, r *report, auth *authServer, apis *apis) error {
	exchanges, err := allExchanges(ctx, auth, apis)
	if err != nil {
		return err
	}
	bound, err := boundExchanges(ctx, apis.bound)
	if err != nil {
		return err
	}
	for i := range bound {
		bound[i].api = apis.bound.api
	}
	exchanges = append(exchanges, bound...)
	r.section("The API: every row of the error table on every transport")
	seen := map[validator.Code]bool{}
	for _, e := range exchanges {
		seen[e.want] = true
		if e.api == nil {
			e.api = apis.good
		}
		for _, transport := range []struct {
			name string
			send func(context.Context, exchange) (expected, got, challenge string, err error)
		}{
			{"net/http", func(ctx context.Context, e exchange) (string, string, string, error) {
				return sendHTTP(ctx, e.api.http, e)
			}},
			{"Echo", func(ctx context.Context, e exchange) (string, string, string, error) {
				return sendHTTP(ctx, e.api.echo, e)
			}},
			{"gRPC", func(ctx context.Context, e exchange) (string, string, string, error) {
				return sendGRPC(ctx, e.api.grpc, e)
			}},
		} {
			expected, got, challenge, err := transport.send(ctx, e)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", transport.name, e.request, err)
			}
			r.row(transport.name, e.request, expected, got, challenge)
		}
	}
	for code := range validator.Codes() {
		if !seen[code] {
			return fmt.Errorf("no request shows %v", code)
		}
	}
	return nil
}

func allExchanges(ctx context.Context, auth *authServer, apis *apis) ([]exchange, error) {
	read, err := auth.bySecret("billing", "orders:read").Token(ctx)
	if err != nil {
		return nil, err
	}
	readWrite, err := auth.bySecret("billing", "orders:read", "orders:write").Token(ctx)
	if err != nil {
		return nil, err
	}
	asserted, err := oauth2.ReuseTokenSource(nil, byAssertion{ctx, auth}).Token()
	if err != nil {
		return nil, err
	}
	intern, err := auth.bySecret("intern").Token(ctx)
	if err != nil {
		return nil, err
	}
	elsewhere := auth.bySecret("billing", "orders:read")
	elsewhere.EndpointParams = map[string][]string{"resource": {billingAPI}}
	forBilling, err := elsewhere.Token(ctx)
	if err != nil {
		return nil, err
	}

	good := bearer(read.AccessToken)
	m := minter{auth: auth}
	now := time.Now()
	exchanges := []exchange{
		{request: "token by secret", authorization: good, op: list},
		{request: "token by assertion", authorization: bearer(asserted.AccessToken), op: list},
		{request: "token with the scope for writing", authorization: bearer(readWrite.AccessToken), op: create},
		{request: "public operation, no token", op: healthz},
		{request: "optional authentication, no token", op: catalog},
		{request: "optional authentication, good token", authorization: good, op: catalog},

		{request: "no token", op: list, want: validator.CodeCredentialsMissing},
		{request: "unsupported scheme", authorization: []string{"Basic dXNlcjpwYXNz"}, op: list, want: validator.CodeCredentialsMissing},
		{request: "no rule and no token", op: unruled, want: validator.CodeCredentialsMissing},
		{request: "two Authorization values", authorization: append(good, good...), op: list, want: validator.CodeMalformedCredentials},
		{request: "two tokens in one value", authorization: []string{good[0] + " x"}, op: list, want: validator.CodeMalformedCredentials},
		{request: "optional authentication, bad token", authorization: []string{"Bearer"}, op: catalog, want: validator.CodeMalformedCredentials},

		{request: "not a JWS", authorization: bearer("b3BhcXVl"), op: list, want: validator.CodeTokenMalformed},
		{request: "token of 17 KiB", authorization: bearer(strings.Repeat("x", 17<<10)), op: list, want: validator.CodeTokenTooLarge},
		{request: "header with crit", authorization: m.header("crit", []string{"x"}), op: list, want: validator.CodeHeaderInvalid},
		{request: "header with alg none", authorization: m.header("alg", "none"), op: list, want: validator.CodeAlgorithmNotAllowed},
		{request: "scope claim is a number", authorization: m.claim("scope", 7), op: list, want: validator.CodeClaimInvalid},
		{request: "no exp claim", authorization: m.claim("exp", nil), op: list, want: validator.CodeClaimMissing},
		{request: "ID token", authorization: m.mint(map[string]any{"nonce": "n"}, map[string]any{"typ": "JWT"}, false), op: list, want: validator.CodeTokenKindNotAllowed},
		{request: "token of another issuer", authorization: m.claim("iss", "https://elsewhere.example.com"), op: list, want: validator.CodeIssuerNotAllowed},
		{request: "token for another API", authorization: bearer(forBilling.AccessToken), op: list, want: validator.CodeAudienceNotAllowed},
		{request: "token of a client not on the list", authorization: bearer(intern.AccessToken), op: list, want: validator.CodeClientNotAllowed},
		{request: "token that has expired", authorization: m.claim("exp", now.Add(-time.Hour)), op: list, want: validator.CodeTokenExpired},
		{request: "token that is not valid yet", authorization: m.claim("nbf", now.Add(time.Hour)), op: list, want: validator.CodeTokenNotYetValid},
		{request: "unknown key id", authorization: m.header("kid", "nobody"), op: list, want: validator.CodeKeyUnknown},
		{request: "forged signature", authorization: m.mint(nil, nil, true), op: list, want: validator.CodeSignatureInvalid},
		{request: "bound token sent as bearer token", authorization: m.claim("cnf", map[string]any{"jkt": "x"}), op: list, want: validator.CodeBindingFailed},
		{request: "own check refuses", authorization: m.claim("account", "suspended"), op: list, want: validator.CodeTokenRefused},

		{request: "scope for writing is missing", authorization: good, op: create, want: validator.CodeInsufficientScope, scope: "orders:write"},
		{request: "one of two scopes is missing", authorization: good, op: remove, want: validator.CodeInsufficientScope, scope: "orders:read orders:admin"},
		{request: "user authenticated well and lately", authorization: m.mint(map[string]any{"acr": "urn:example:phr", "auth_time": now.Add(-time.Minute)}, nil, false), op: payout},
		{request: "user not authenticated well enough", authorization: m.claim("auth_time", now.Add(-time.Minute)), op: payout, want: validator.CodeInsufficientUserAuthentication},
		{request: "user authenticated too long ago", authorization: m.mint(map[string]any{"acr": "urn:example:phr", "auth_time": now.Add(-time.Hour)}, nil, false), op: payout, want: validator.CodeInsufficientUserAuthentication},
		{request: "operation without a rule", authorization: good, op: unruled, want: validator.CodeOperationNotAllowed},

		{request: "keys cannot be fetched", authorization: good, op: list, want: validator.CodeKeysUnavailable, api: apis.unreachable},
		{request: "own check cannot tell", authorization: m.claim("account", "unknown"), op: list, want: validator.CodeDependencyUnavailable},
		{request: "deadline passes during the check", authorization: good, op: list, want: validator.CodeDeadlineExceeded, api: apis.deadline},
		{request: "request canceled during the check", authorization: good, op: list, want: validator.CodeCanceled, api: apis.canceled},
		{request: "own check panics", authorization: m.claim("account", "crash"), op: list, want: validator.CodeInternal},
	}
	return exchanges, m.err
}

func bearer(token string) []string { return []string{"Bearer " + token} }

// minter makes tokens that a real authorization server would never make.
type minter struct {
	auth *authServer
	err  error
}

func (m *minter) claim(name string, value any) []string {
	return m.mint(map[string]any{name: value}, nil, false)
}

func (m *minter) header(name string, value any) []string {
	return m.mint(nil, map[string]any{name: value}, false)
}

func (m *minter) mint(changes, header map[string]any, forged bool) []string {
	claims := map[string]any{"sub": "billing", "client_id": "billing", "aud": ordersAPI, "scope": "orders:read"}
	for name, value := range changes {
		claims[name] = value
	}
	token, err := m.auth.Mint(devserver.TokenSpec{Claims: claims, Header: header, Unpublished: forged})
	if err != nil {
		m.err = err
	}
	return bearer(token)
}
