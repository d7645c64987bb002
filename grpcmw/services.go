package grpcmw

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/bearerguard/bearerguard/scopes"
	"google.golang.org/grpc"
)

// CheckServices holds the configuration against what [grpc.Server.GetServiceInfo]
// says once all services are registered. The error joins, sorted by name, a
// [*ConfigError] for every method without a rule, all calls of which would be
// refused, and for every name in the configuration that no method of the server
// has: a misspelled exception leaves the rule of its service in force. A server
// that forwards unknown methods cannot be checked so.
//
// With [Config.Policy] it is [scopes.Policy.Check] of the [Methods], and the error
// a [*scopes.CoverageError].
func (a *Auth) CheckServices(services map[string]grpc.ServiceInfo) error {
	if a.rules.policy != nil {
		return a.rules.policy.Check(scopes.Surface{GRPC: Methods(services)})
	}
	problems := make(map[string]error) // by the name of the method or the service
	unused := a.rules.fields()
	for service, info := range services {
		for _, method := range info.Methods {
			fullMethod := "/" + service + "/" + method.Name
			delete(unused, fullMethod)
			delete(unused, "/"+service+"/*")
			if _, ok := a.rules.find(fullMethod); !ok {
				problems[fullMethod] = &ConfigError{
					Field:  fmt.Sprintf("Rules[%q]", fullMethod),
					Reason: "missing: the server has this method, and every call of it is refused",
				}
			}
		}
	}
	for name, field := range unused {
		problems[name] = &ConfigError{Field: field, Reason: fmt.Sprintf("%q: the server has no such method", name)}
	}
	var sorted []error
	for _, name := range slices.Sorted(maps.Keys(problems)) {
		sorted = append(sorted, problems[name])
	}
	return errors.Join(sorted...)
}

// Methods returns the full names of the methods of services, sorted, for
// [scopes.Surface]. It is never nil. For an API over HTTP as well:
//
//	policy.Check(scopes.Surface{HTTP: mux.Patterns(), GRPC: grpcmw.Methods(server.GetServiceInfo())})
func Methods(services map[string]grpc.ServiceInfo) []string {
	methods := []string{}
	for service, info := range services {
		for _, method := range info.Methods {
			methods = append(methods, "/"+service+"/"+method.Name)
		}
	}
	slices.Sort(methods)
	return methods
}

// fields returns where each name of the configuration stands.
func (r *rules) fields() map[string]string {
	fields := make(map[string]string, len(r.methods)+len(r.services))
	for name, rule := range r.methods {
		fields[name] = rule.field
	}
	for service, rule := range r.services {
		fields[service+"*"] = rule.field
	}
	return fields
}
