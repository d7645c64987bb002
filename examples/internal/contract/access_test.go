package contract_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2/clientcredentials"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/examples/internal/orders"
)

var clientSecret = devserver.NewSecret()

// eachProgram runs a test against every program in both deployments: RFC 9068
// over http on loopback with discovery, and plain JWTs over TLS with a key set URL.
func eachProgram(t *testing.T, test func(t *testing.T, api api, from *issuer, p *running)) {
	for name, newIssuer := range map[string]func(*testing.T) *issuer{"rfc9068, http": onLoopback, "jwt, tls": behindTLS} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from := newIssuer(t)
			for _, program := range names {
				t.Run(program, func(t *testing.T) {
					p := start(t, program, from)
					test(t, connect(t, p, from), from, p)
				})
			}
		})
	}
}

// inWords returns the outcome that a program of this transport should have.
func inWords(p *running, http, grpc outcome) outcome {
	if p.name == "orders-grpc" {
		return grpc
	}
	return http
}

// Every operation, without a token, with a bad one, with a good one that has
// every scope but the one it needs, and with one that has only this one.
func TestAccess(t *testing.T) {
	eachProgram(t, func(t *testing.T, api api, from *issuer, p *running) {
		all := []string{"orders:read", "orders:write", "orders:admin"}
		writer := from.token(t, "orders:write")
		bad := from.badTokens(t)
		for _, op := range operations {
			t.Run(op.name, func(t *testing.T) {
				try := func(credential, token string, want outcome) {
					t.Helper()
					subject := "tea"
					if op.needsID {
						created, _ := api.call(t, "create", writer, "tea")
						subject = created.order.ID
					}
					if _, got := api.call(t, op.name, token, subject); got != want {
						t.Errorf("%s: %+v, want %+v", credential, got, want)
					}
				}
				try("no token", "", inWords(p, outcome{"401", "", ""}, outcome{"Unauthenticated", "CREDENTIALS_MISSING", ""}))
				for reason, token := range bad {
					try(reason, token, inWords(p, outcome{"401", "invalid_token", ""}, outcome{"Unauthenticated", reason, ""}))
				}
				others := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == op.scope })
				if op.scope != "" {
					try("the other scopes", from.token(t, others...),
						inWords(p, outcome{"403", "insufficient_scope", op.scope}, outcome{"PermissionDenied", "INSUFFICIENT_SCOPE", op.scope}))
					try("similar scopes", from.token(t, op.scope+"x", strings.ToUpper(op.scope), "orders:*"),
						inWords(p, outcome{"403", "insufficient_scope", op.scope}, outcome{"PermissionDenied", "INSUFFICIENT_SCOPE", op.scope}))
					others = []string{op.scope}
				} else {
					others = nil // any valid token will do
				}
				success := map[string]string{"create": "201", "delete": "204"}[op.name]
				if success == "" {
					success = "200"
				}
				try("the scope", from.token(t, others...), inWords(p, outcome{status: success}, outcome{status: "OK"}))
			})
		}
	})
}

// Scopes come from the claim that was configured, and from no other.
func TestScopeClaim(t *testing.T) {
	eachProgram(t, func(t *testing.T, api api, from *issuer, p *running) {
		other := map[string]string{"scope": "permissions", "permissions": "scope"}[from.scopeClaim]
		token := from.mint(t, devserver.TokenSpec{Claims: map[string]any{other: "orders:read"}})
		want := inWords(p, outcome{"403", "insufficient_scope", "orders:read"}, outcome{"PermissionDenied", "INSUFFICIENT_SCOPE", "orders:read"})
		if _, got := api.call(t, "list", token, ""); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}

func TestPublic(t *testing.T) {
	eachProgram(t, func(t *testing.T, api api, from *issuer, _ *running) {
		api.public(t, "")
		api.public(t, "Bearer "+from.badTokens(t)["SIGNATURE_INVALID"])
		api.public(t, "what is this")
	})
}

// The life of an order, seen by callers with one scope each.
func TestOrders(t *testing.T) {
	eachProgram(t, func(t *testing.T, api api, from *issuer, p *running) {
		reader, writer, admin := from.token(t, "orders:read"), from.token(t, "orders:write"), from.token(t, "orders:admin")
		watching, _ := api.watch(t, reader)
		defer watching.close()

		created, _ := api.call(t, "create", writer, "tea \u2028 \"x\"")
		order := created.order
		if order.ID == "" || order.Item != "tea \u2028 \"x\"" {
			t.Fatalf("created %+v", order)
		}
		if got, _ := api.call(t, "get", reader, order.ID); got.order != order {
			t.Errorf("got %+v, want %+v", got.order, order)
		}
		if got, _ := api.call(t, "list", reader, ""); !slices.Equal(got.orders, []orders.Order{order}) {
			t.Errorf("list %+v", got.orders)
		}
		api.call(t, "delete", admin, order.ID)
		if got, _ := api.call(t, "list", reader, ""); len(got.orders) != 0 {
			t.Errorf("list after delete %+v", got.orders)
		}
		for _, want := range []orders.Event{{Kind: orders.Created, Order: order}, {Kind: orders.Deleted, Order: order}} {
			if event, ok, ended := watching.next(t); !ok || event != want {
				t.Errorf("event %+v, %+v; want %+v", event, ended, want)
			}
		}
		gone := inWords(p, outcome{status: "404"}, outcome{status: "NotFound"})
		if _, got := api.call(t, "get", reader, order.ID); got != gone {
			t.Errorf("get after delete: %+v", got)
		}
		if _, got := api.call(t, "delete", admin, order.ID); got != gone {
			t.Errorf("delete after delete: %+v", got)
		}
		if _, got := api.call(t, "create", writer, strings.Repeat("x", orders.MaxItemLength+1)); got != inWords(p, outcome{status: "400"}, outcome{status: "InvalidArgument"}) {
			t.Errorf("create with a long item: %+v", got)
		}
	})
}

// A stream ends when a new request with its token would be refused. This one has
// expired, almost as long ago as the clocks may differ.
func TestWatchEndsWithTheToken(t *testing.T) {
	eachProgram(t, func(t *testing.T, api api, from *issuer, p *running) {
		token := from.mint(t, expiredJustNow(from))
		watching, opened := api.watch(t, token)
		defer watching.close()
		if want := inWords(p, outcome{status: "200"}, outcome{status: "OK"}); opened != want {
			t.Fatalf("opened with %+v, want %+v", opened, want)
		}
		_, ok, ended := watching.next(t)
		if want := inWords(p, outcome{}, outcome{"Unauthenticated", "TOKEN_EXPIRED", ""}); ok || ended != want {
			t.Errorf("ended with %+v, want %+v", ended, want)
		}
	})
}

// A client gets its token from the token endpoint and is told what it says.
func TestWhoAmI(t *testing.T) {
	eachProgram(t, func(t *testing.T, api api, from *issuer, _ *running) {
		token := from.token(t, "orders:write", "orders:read")
		if from.authority == nil {
			client := clientcredentials.Config{
				ClientID: "billing", ClientSecret: clientSecret, TokenURL: from.TokenURL(), Scopes: []string{"orders:read", "orders:write"},
			}
			issued, err := client.Token(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			token = issued.AccessToken
			from.remember(token)
		}
		got, _ := api.call(t, "whoami", token, "")
		c := got.caller
		if c.Issuer != from.Issuer() || c.Subject != "billing" || c.ClientID != "billing" || !slices.Equal(c.Scopes, []string{"orders:read", "orders:write"}) {
			t.Errorf("%+v", c)
		}
	})
}
