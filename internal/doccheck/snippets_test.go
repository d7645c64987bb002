package doccheck_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	"github.com/bearerguard/bearerguard/validator/introspect"
	"github.com/bearerguard/bearerguard/validator/mtls"
	"github.com/bearerguard/bearerguard/validator/revocation"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	"github.com/labstack/echo/v4"
	"google.golang.org/grpc"
)

// The fragments of the README, so that a compiler has seen them.

var (
	v           *validator.Validator
	auth        *httpmw.Auth
	e           *echo.Echo
	create      http.Handler
	router      *http.ServeMux
	listOrders  echo.HandlerFunc
	createOrder echo.HandlerFunc
)

func _() error {
	auth, err := echomw.New(v, echomw.Config{})
	if err != nil {
		return err
	}
	e.GET("/orders", listOrders, auth.Require(scopes.All("orders:read")))
	e.POST("/orders", createOrder, auth.Require(scopes.All("orders:write")))
	return nil
}

func _() error {
	auth, err := grpcmw.New(v, grpcmw.Config{
		Rules: map[string]scopes.Requirement{
			"/orders.v1.OrderService/ListOrders":  scopes.All("orders:read"),
			"/orders.v1.OrderService/CreateOrder": scopes.All("orders:write"),
		},
		Public: []string{"/grpc.health.v1.Health/*"},
	})
	if err != nil {
		return err
	}
	server := grpc.NewServer(auth.ServerOptions()...) // a grpc.UnknownServiceHandler of your own goes after these options
	// … register the services, then:
	err = auth.CheckServices(server.GetServiceInfo()) // names methods without a rule and rules without a method
	return err
}

func _() {
	router.Handle("POST /orders", auth.Require(scopes.All("orders:write"))(create))
}

func _() {
	_ = func(w http.ResponseWriter, r *http.Request) {
		token, err := auth.Check(r, scopes.All("orders:read").Or(scopes.All("admin")))
		if err != nil {
			auth.Deny(w, r, err)
			return
		}
		var mine struct {
			Tenant string `json:"tenant"`
		}
		err = token.Claims(&mine) // exact names, from the verified payload
		_ = err
	}
}

func _() error {
	v, err := validator.New(validator.Config{
		Issuer:      "https://auth.example.com",
		Audiences:   []string{"https://api.example.com"},
		JWKSURL:     "https://auth.example.com/keys", // instead of discovery
		Profile:     validator.ProfileRFC9068,
		ScopeClaims: []string{"realm_access.roles"}, // instead of scope and scp
		Logger:      slog.Default(),
		Check: func(ctx context.Context, t *validator.Token) error {
			return nil // a rule of your own
		},
	})
	_ = v
	return err
}

var current, old *validator.Validator

func _() error {
	both, err := validator.ByIssuer(current, old) // old has an AcceptUntil; old.Retiring() tells who still uses it
	if err != nil {
		return err
	}
	auth, err := httpmw.New(both, httpmw.Config{})
	_ = auth
	return err
}

func _(t *testing.T, newAPI func(validator.Authenticator) http.Handler) {
	issuer := validatortest.Start(t, validatortest.Config{})
	server := httptest.NewServer(newAPI(issuer.Validator()))
	token := issuer.Mint(validatortest.Client("billing").Scope("orders:read"))
	_, _ = server, token
}

func _() error {
	policy, err := scopes.NewPolicy(
		scopes.Operation{
			Name: "orders.list", Requirement: scopes.All("orders:read"),
			HTTP: []string{"GET /orders"}, GRPC: []string{"/orders.v1.OrderService/ListOrders"},
		},
		scopes.Operation{
			Name: "orders.create", Requirement: scopes.All("orders:write"),
			HTTP: []string{"POST /orders"}, GRPC: []string{"/orders.v1.OrderService/CreateOrder"},
		},
		scopes.Operation{Name: "health", Public: true, HTTP: []string{"GET /healthz"}},
	)
	if err != nil {
		return err
	}
	auth, err := httpmw.New(v, httpmw.Config{Policy: policy})
	if err != nil {
		return err
	}
	mux := auth.NewMux()
	mux.Bind("POST /orders", create) // with the rule of the policy; panics if there is none
	// … the others, and then, at start or in a test:
	err = mux.Check() // names routes without a rule and rules without a route, with the line to add
	return err
}

func _(secret string) {
	proofs, _ := dpop.New(dpop.Config{})       // RFC 9449; errors are left out here
	certificates, _ := mtls.New(mtls.Config{}) // RFC 8705
	revoked, _ := revocation.New(revocation.Config{})
	opaque, _ := introspect.New(introspect.Config{ // RFC 7662
		Issuer: "https://auth.example.com",
		Auth:   introspect.ClientAuth{Method: introspect.SecretBasic, ClientID: "orders-api", Secret: secret},
	})
	v, err := validator.New(validator.Config{
		Issuer:       "https://auth.example.com",
		Audiences:    []string{"https://api.example.com"},
		Bindings:     []validator.Binding{proofs, certificates}, // tokens bound to a key or a certificate
		Revocation:   revoked,                                   // asked on every request
		Introspector: opaque,                                    // tokens that are not JWTs
	})
	_, _ = v, err
}
