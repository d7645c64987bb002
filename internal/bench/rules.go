package main

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/internal/bench/measure"
	"github.com/bearerguard/bearerguard/internal/bench/peers"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

const (
	rulesHTTPGroup = "rules, HTTP route, known token"
	rulesGRPCGroup = "rules, gRPC method, known token"
)

var errNoRule = errors.New("no rule")

// rules measures what an adapter does with a request, on up to ten of more and more
// operations: the rule of the route or of the method is looked up in the policy,
// the token validated and held against the rule.
func (s *suite) rules(t *table) error {
	v, err := peers.NewValidator(s.ctx, s.issuer, validator.CacheConfig{}, scalingAlgorithm)
	if err != nil {
		return err
	}
	guard := validator.NewGuard(v)
	authorization := []string{"Bearer " + s.issuer.Token(scalingAlgorithm)}
	authorize := func(rule scopes.Rule, found bool) error {
		if !found {
			return errNoRule
		}
		_, _, err := guard.Authorize(s.ctx, validator.Request{Operation: rule.Operation, Requirement: rule.Requirement, Authorization: authorization})
		return err
	}
	var overHTTP, overGRPC []measure.Case
	var names []string
	for _, n := range []int{1, 10, 100, 1000, 10000} {
		policy, routes, methods, err := policyOf(n)
		if err != nil {
			return err
		}
		name := fmt.Sprint(n)
		names = append(names, name)
		overHTTP = append(overHTTP, inTurns(name, routes, func(route string) error { return authorize(policy.HTTP(http.MethodGet, route)) }))
		overGRPC = append(overGRPC, inTurns(name, methods, func(method string) error { return authorize(policy.GRPC(method)) }))
	}
	for _, group := range []struct {
		name  string
		cases []measure.Case
	}{{rulesHTTPGroup, overHTTP}, {rulesGRPCGroup, overGRPC}} {
		if err := s.measure(group.name, group.cases); err != nil {
			return err
		}
		s.row(t, group.name, group.name, names)
	}
	return nil
}

// policyOf returns a policy of n operations, each reached over HTTP and gRPC, and
// up to ten of the routes and methods, from all over it.
func policyOf(n int) (_ *scopes.Policy, routes, methods []string, _ error) {
	var operations []scopes.Operation
	for i := range n {
		route, method := fmt.Sprintf("GET /resource-%d/{id}", i), fmt.Sprintf("/example.v1.Resource%d/Get", i)
		operations = append(operations, scopes.Operation{
			Name: fmt.Sprintf("resource-%d.read", i), Requirement: scopes.All(fixture.Scope), HTTP: []string{route}, GRPC: []string{method},
		})
		if i%max(1, n/sending) == 0 {
			routes, methods = append(routes, route), append(methods, method)
		}
	}
	policy, err := scopes.NewPolicy(operations...)
	return policy, routes, methods, err
}
