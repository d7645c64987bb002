package main

import (
	"context"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	"github.com/bearerguard/bearerguard/httpmw/echomw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// nobody lets nobody in; these tests are about routes, not about tokens.
type nobody struct{}

func (nobody) Validate(context.Context, validator.Credential) (*validator.Token, error) {
	return nil, validator.NewError(validator.CodeTokenRefused, nil)
}

// The routes fit the policy; a rule without a route keeps the program from starting.
func TestPolicyFitsRoutes(t *testing.T) {
	for name, more := range map[string][]scopes.Operation{
		"complete": nil,
		"archive":  {{Name: "orders.archive", Requirement: scopes.All("orders:admin"), HTTP: []string{"POST /orders/:id/archive"}}},
	} {
		policy, err := scopes.NewPolicy(append(orders.Policy.Operations(), more...)...)
		if err != nil {
			t.Fatal(err)
		}
		auth, err := echomw.New(nobody{}, echomw.Config{Policy: policy})
		if err != nil {
			t.Fatal(err)
		}
		_, err = newAPI(auth, orders.NewStore())
		if (err == nil) != (more == nil) || err != nil && !strings.Contains(err.Error(), "POST /orders/:id/archive") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A route that is registered on the Echo, around the router, has no
// rule: that is found.
func TestRouteAroundTheRouter(t *testing.T) {
	auth, err := echomw.New(nobody{}, echomw.Config{Policy: orders.Policy})
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	router := auth.NewRouter(e)
	e.GET("/debug", func(echo.Context) error { return nil })
	if err := router.Check(); err == nil || !strings.Contains(err.Error(), "GET /debug has no rule; add:") || !strings.Contains(err.Error(), "around the Router, so refused: GET /debug") {
		t.Errorf("%v", err)
	}
}
