package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	ordersv1 "github.com/bearerguard/bearerguard/examples/orders-grpc/orders/v1"
	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// nobody lets nobody in; these tests are about routes, not about tokens.
type nobody struct{}

func (nobody) Validate(context.Context, validator.Credential) (*validator.Token, error) {
	return nil, validator.NewError(validator.CodeTokenRefused, nil)
}

func newMux(t *testing.T, policy *scopes.Policy) (*httpmw.Mux, error) {
	t.Helper()
	auth, err := httpmw.New(nobody{}, httpmw.Config{Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	return newAPI(auth, orders.NewStore())
}

// Somebody adds a route around the policy: that is found, with the line to add.
func TestRouteWithoutRule(t *testing.T) {
	mux, err := newMux(t, orders.Policy)
	if err != nil {
		t.Fatal(err)
	}
	mux.Public("GET /debug", http.NotFoundHandler())
	want := `GET /debug has no rule; add: {Name: "…", Requirement: scopes.All("…"), HTTP: []string{"GET /debug"}},`
	if err := mux.Check(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v\nwant %s", err, want)
	}
}

// Somebody adds a rule and forgets the route.
func TestRuleWithoutRoute(t *testing.T) {
	more := scopes.Operation{Name: "orders.archive", Requirement: scopes.All("orders:admin"), HTTP: []string{"POST /orders/{id}/archive"}}
	policy, err := scopes.NewPolicy(append(orders.Policy.Operations(), more)...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newMux(t, policy); err == nil || !strings.Contains(err.Error(), "POST /orders/{id}/archive of operation \"orders.archive\" is not registered") {
		t.Errorf("%v", err)
	}
}

// One line holds both transports to the policy, and tells when one of them falls
// behind the other.
func TestTransportsAgree(t *testing.T) {
	mux, err := newMux(t, orders.Policy)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	ordersv1.RegisterOrderServiceServer(server, ordersv1.UnimplementedOrderServiceServer{})
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	reflection.Register(server)
	if err := orders.Policy.Check(scopes.Surface{HTTP: mux.Patterns(), GRPC: grpcmw.Methods(server.GetServiceInfo())}); err != nil {
		t.Error(err)
	}
	for name, fall := range map[string]func(routes, methods []string) scopes.Surface{
		"/orders.v1.OrderService/DeleteOrder": func(routes, methods []string) scopes.Surface {
			return scopes.Surface{HTTP: routes, GRPC: without(methods, "/orders.v1.OrderService/DeleteOrder")}
		},
		"DELETE /orders/{id}": func(routes, methods []string) scopes.Surface {
			return scopes.Surface{HTTP: without(routes, "DELETE /orders/{id}"), GRPC: methods}
		},
	} {
		err := orders.Policy.Check(fall(mux.Patterns(), grpcmw.Methods(server.GetServiceInfo())))
		coverage, ok := errors.AsType[*scopes.CoverageError](err)
		if !ok || len(coverage.Gaps) != 1 || coverage.Gaps[0].Kind != scopes.GapTransport || coverage.Gaps[0].Binding != name {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func without(all []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == one })
}
