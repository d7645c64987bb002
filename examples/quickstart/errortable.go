package main

import (
	"context"
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
}

// operation is one operation of the API on each transport.
type operation struct{ method, path, rpc string }

var (
	list    = operation{"GET", "/orders", ordersService + "ListOrders"}
	create  = operation{"POST", "/orders", ordersService + "CreateOrder"}
	remove  = operation{"DELETE", "/orders", ordersService + "DeleteOrder"}
	unruled = operation{"GET", "/reports", ordersService + "ListReports"}
	catalog = operation{"GET", "/catalog", ordersService + "ListCatalog"}
	healthz = operation{"GET", "/healthz", "/grpc.health.v1.Health/Check"}
)

// walkErrorTable sends every exchange over every transport, and makes sure that
// no row of the table was left out.
func walkErrorTable(ctx context.Context, r *report, auth *authServer, apis *apis) error {
	exchanges, err := allExchanges(ctx, auth, apis)
	if err != nil {
		return err
	}
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
		if code.Reserved() == "" && !seen[code] {
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
		{"token by secret", good, list, 0, "", nil},
		{"token by assertion", bearer(asserted.AccessToken), list, 0, "", nil},
		{"token with the scope for writing", bearer(readWrite.AccessToken), create, 0, "", nil},
		{"public operation, no token", nil, healthz, 0, "", nil},
		{"optional authentication, no token", nil, catalog, 0, "", nil},
		{"optional authentication, good token", good, catalog, 0, "", nil},

		{"no token", nil, list, validator.CodeCredentialsMissing, "", nil},
		{"unsupported scheme", []string{"Basic dXNlcjpwYXNz"}, list, validator.CodeCredentialsMissing, "", nil},
		{"no rule and no token", nil, unruled, validator.CodeCredentialsMissing, "", nil},
		{"two Authorization values", append(good, good...), list, validator.CodeMalformedCredentials, "", nil},
		{"two tokens in one value", []string{good[0] + " x"}, list, validator.CodeMalformedCredentials, "", nil},
		{"optional authentication, bad token", []string{"Bearer"}, catalog, validator.CodeMalformedCredentials, "", nil},

		{"not a JWS", bearer("b3BhcXVl"), list, validator.CodeTokenMalformed, "", nil},
		{"token of 17 KiB", bearer(strings.Repeat("x", 17<<10)), list, validator.CodeTokenTooLarge, "", nil},
		{"header with crit", m.header("crit", []string{"x"}), list, validator.CodeHeaderInvalid, "", nil},
		{"header with alg none", m.header("alg", "none"), list, validator.CodeAlgorithmNotAllowed, "", nil},
		{"scope claim is a number", m.claim("scope", 7), list, validator.CodeClaimInvalid, "", nil},
		{"no exp claim", m.claim("exp", nil), list, validator.CodeClaimMissing, "", nil},
		{"ID token", m.mint(map[string]any{"nonce": "n"}, map[string]any{"typ": "JWT"}, false), list, validator.CodeTokenKindNotAllowed, "", nil},
		{"token of another issuer", m.claim("iss", "https://elsewhere.example.com"), list, validator.CodeIssuerNotAllowed, "", nil},
		{"token for another API", bearer(forBilling.AccessToken), list, validator.CodeAudienceNotAllowed, "", nil},
		{"token of a client not on the list", bearer(intern.AccessToken), list, validator.CodeClientNotAllowed, "", nil},
		{"token that has expired", m.claim("exp", now.Add(-time.Hour)), list, validator.CodeTokenExpired, "", nil},
		{"token that is not valid yet", m.claim("nbf", now.Add(time.Hour)), list, validator.CodeTokenNotYetValid, "", nil},
		{"unknown key id", m.header("kid", "nobody"), list, validator.CodeKeyUnknown, "", nil},
		{"forged signature", m.mint(nil, nil, true), list, validator.CodeSignatureInvalid, "", nil},
		{"bound token sent as bearer token", m.claim("cnf", map[string]any{"jkt": "x"}), list, validator.CodeBindingFailed, "", nil},
		{"own check refuses", m.claim("account", "suspended"), list, validator.CodeTokenRefused, "", nil},

		{"scope for writing is missing", good, create, validator.CodeInsufficientScope, "orders:write", nil},
		{"one of two scopes is missing", good, remove, validator.CodeInsufficientScope, "orders:read orders:admin", nil},
		{"operation without a rule", good, unruled, validator.CodeOperationNotAllowed, "", nil},

		{"keys cannot be fetched", good, list, validator.CodeKeysUnavailable, "", apis.unreachable},
		{"own check cannot tell", m.claim("account", "unknown"), list, validator.CodeDependencyUnavailable, "", nil},
		{"deadline passes during the check", good, list, validator.CodeDeadlineExceeded, "", apis.deadline},
		{"request canceled during the check", good, list, validator.CodeCanceled, "", apis.canceled},
		{"own check panics", m.claim("account", "crash"), list, validator.CodeInternal, "", nil},
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
