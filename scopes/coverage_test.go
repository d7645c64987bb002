package scopes_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/scopes"
)

func orders(tb testing.TB) *scopes.Policy {
	return policy(tb,
		scopes.Operation{Name: "orders.read", Requirement: scopes.All("orders:read"), HTTP: []string{"GET /orders", "GET /orders/{id}"}, GRPC: []string{"/o.Orders/List", "/o.Orders/Get"}},
		scopes.Operation{Name: "orders.write", Requirement: scopes.All("orders:write"), HTTP: []string{"POST /orders"}, GRPC: []string{"/o.Orders/Create"}},
		scopes.Operation{Name: "health", Public: true, HTTP: []string{"* /healthz"}, GRPC: []string{"/h.Health/*"}},
	)
}

var (
	allHTTP = []string{"GET /orders", "GET /orders/:order", "POST /orders", "/healthz"}
	allGRPC = []string{"/o.Orders/List", "/o.Orders/Get", "/o.Orders/Create", "/h.Health/Check", "/h.Health/Watch"}
)

func TestCheck(t *testing.T) {
	plus := func(list []string, more ...string) []string { return append(append([]string{}, list...), more...) }
	without := func(list []string, i int) []string { return append(append([]string{}, list[:i]...), list[i+1:]...) }
	tests := []struct {
		name       string
		http, grpc []string
		want       []string // "kind binding operation", in order
	}{
		{"all there", allHTTP, allGRPC, nil},
		{"HTTP alone", allHTTP, nil, nil},
		{"gRPC alone", nil, allGRPC, nil},
		{"nothing at all", nil, nil, []string{"2 * /healthz health", "2 /h.Health/* health", "2 /o.Orders/Create orders.write", "2 /o.Orders/Get orders.read",
			"2 /o.Orders/List orders.read", "2 GET /orders orders.read", "2 GET /orders/{id} orders.read", "2 POST /orders orders.write"}},
		{"a route twice", plus(allHTTP, "GET /orders"), allGRPC, nil},
		{"HEAD is covered by GET", plus(allHTTP, "HEAD /orders"), allGRPC, nil},
		{"a route for all methods", []string{"/orders", "GET /orders/{x}", "/healthz"}, allGRPC, nil},
		{"methods of what is for all", []string{"/orders", "GET /orders/{x}", "GET /healthz", "POST /healthz"}, allGRPC, nil},
		{"routes without rule", plus(allHTTP, "DELETE /orders/{id}", "/metrics", "DELETE /orders/{id}", "GET h.example/orders"), allGRPC,
			[]string{"1 /metrics ", "1 DELETE /orders/{id} ", "1 GET h.example/orders "}},
		{"a route that cannot be written", plus(allHTTP, "GET /a/*/b"), allGRPC, []string{"1 GET /a/*/b "}},
		{"a method without rule", allHTTP, plus(allGRPC, "/o.Orders/Delete"), []string{"1 /o.Orders/Delete "}},
		{"a rule without route", without(allHTTP, 1), allGRPC, []string{"2 GET /orders/{id} orders.read"}},
		{"a rule without method", allHTTP, without(allGRPC, 1), []string{"2 /o.Orders/Get orders.read"}},
		{"a service without method", allHTTP, allGRPC[:3], []string{"3 /h.Health/* health"}},
		{"HTTP lags behind", without(allHTTP, 2), allGRPC, []string{"3 POST /orders orders.write"}},
		{"gRPC lags behind", allHTTP, without(allGRPC, 2), []string{"3 /o.Orders/Create orders.write"}},
		{"neither serves it", without(allHTTP, 2), without(allGRPC, 2), []string{"2 /o.Orders/Create orders.write", "2 POST /orders orders.write"}},
		{"gRPC is empty", allHTTP, []string{}, []string{"3 /h.Health/* health", "3 /o.Orders/Create orders.write", "3 /o.Orders/Get orders.read", "3 /o.Orders/List orders.read"}},
		{"HTTP is empty", []string{}, allGRPC, []string{"3 * /healthz health", "3 GET /orders orders.read", "3 GET /orders/{id} orders.read", "3 POST /orders orders.write"}},
		{"all kinds", []string{"GET /orders", "/healthz", "/metrics"}, allGRPC, []string{"1 /metrics ", "2 GET /orders/{id} orders.read", "3 POST /orders orders.write"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := orders(t).Check(scopes.Surface{HTTP: tt.http, GRPC: tt.grpc})
			var got []string
			if coverage, ok := errors.AsType[*scopes.CoverageError](err); ok {
				for _, g := range coverage.Gaps {
					got = append(got, fmt.Sprintf("%d %s %s", g.Kind, g.Binding, g.Operation))
				}
			} else if err != nil {
				t.Fatalf("%T", err)
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// An entry that another one takes everything from is not served.
func TestCheckFindsEntriesWithoutUse(t *testing.T) {
	for _, tt := range []struct {
		entries, registered []string
		want                string
	}{
		{[]string{"GET /a", "HEAD /a"}, []string{"GET /a"}, "HEAD /a"},
		{[]string{"GET /a", "* /a"}, []string{"GET /a"}, "* /a"},
		{[]string{"GET /a", "* /a"}, []string{"/a"}, ""},
		{[]string{"GET /a/{id}", "GET /a/{id:[0-9]+}"}, []string{"GET /a/{x:[0-9]+}"}, "GET /a/{id}"},
		{[]string{"GET /a/{id}", "POST /a/{id:[0-9]+}"}, []string{"/a/{x:[0-9]+}"}, ""},
	} {
		got := ""
		if err := named(t, tt.entries...).Check(scopes.Surface{HTTP: tt.registered}); err != nil {
			gaps := err.(*scopes.CoverageError).Gaps
			if got = gaps[0].Binding; len(gaps) > 1 {
				t.Errorf("%q: %v", tt.registered, gaps)
			}
		}
		if got != tt.want {
			t.Errorf("%q of %q: got %q, want %q", tt.registered, tt.entries, got, tt.want)
		}
	}
}

// The line to add is one that fits.
func TestCheckFix(t *testing.T) {
	err := orders(t).Check(scopes.Surface{HTTP: append([]string{"DELETE /orders/{id}", "/metrics"}, allHTTP...), GRPC: append([]string{"/o.Orders/Delete"}, allGRPC[:4]...)})
	want := `scopes: the policy does not fit what is registered:
/metrics has no rule; add: {Name: "…", Requirement: scopes.All("…"), HTTP: []string{"* /metrics"}},
/o.Orders/Delete has no rule; add: {Name: "…", Requirement: scopes.All("…"), GRPC: []string{"/o.Orders/Delete"}},
DELETE /orders/{id} has no rule; add: {Name: "…", Requirement: scopes.All("…"), HTTP: []string{"DELETE /orders/{id}"}},`
	if err == nil || err.Error() != want {
		t.Fatalf("got\n%v\nwant\n%s", err, want)
	}
	fixed := append(orders(t).Operations(), []scopes.Operation{
		{Name: "a", Requirement: scopes.All("a"), HTTP: []string{"* /metrics"}},
		{Name: "b", Requirement: scopes.All("b"), GRPC: []string{"/o.Orders/Delete"}},
		{Name: "c", Requirement: scopes.All("c"), HTTP: []string{"DELETE /orders/{id}"}},
	}...)
	if err := policy(t, fixed...).Check(scopes.Surface{HTTP: append([]string{"DELETE /orders/{id}", "/metrics"}, allHTTP...)}); err != nil {
		t.Error(err)
	}
	drift := orders(t).Check(scopes.Surface{HTTP: allHTTP, GRPC: []string{"/o.Orders/List", "/h.Health/Check"}})
	for _, line := range []string{
		`/o.Orders/Get of operation "orders.read" is not registered; register it, or remove it from the policy`,
		`/o.Orders/Create of operation "orders.write" is not registered, though the operation is served over the other transport; register it, or remove it from the policy`,
	} {
		if drift == nil || !strings.Contains(drift.Error(), line) {
			t.Errorf("%v\nlacks %s", drift, line)
		}
	}
}
