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
	server := grpc.NewServer(auth.ServerOptions()...)
	// … register the services, then:
	err = auth.CheckServices(server.GetServiceInfo()) // names methods without a rule
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
		ScopeClaims: []string{"scope", "realm_access.roles"},
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
