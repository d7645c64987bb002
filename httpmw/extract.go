package httpmw

import (
	"net/http"
	"strings"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// Extract describes r for [Auth.Authorize] with a rule, which must not be public; the
// zero rule is refused. The operation is that of the rule or, if it names none,
// [http.Request.Pattern]; an adapter to a router that keeps its pattern elsewhere
// replaces it (see [Operation]).
//
// Every value of a header field is handed over, so that a repeated Authorization
// is seen and refused. net/http has canonicalized the names of fields, those of
// HTTP/1 as well as the lower-case ones of HTTP/2: no other spelling gets past.
func Extract(r *http.Request, rule scopes.Rule) validator.Request {
	operation := rule.Operation
	if operation == "" {
		operation = r.Pattern
		if strings.IndexByte(operation, ' ') < 0 { // the pattern is for all methods
			operation = Operation(r.Method, operation)
		}
	}
	return validator.Request{
		Operation:     operation,
		Requirement:   rule.Requirement,
		Optional:      rule.Optional,
		Shadow:        rule.Shadow,
		Authorization: r.Header["Authorization"],
		Info:          requestInfo{r},
	}
}

// Operation names an operation by the method of the request and the route that
// the router matched, such as "GET /orders/{id}". An empty route becomes
// "(unrouted)" and a method that no RFC defines "_OTHER", because operations end
// up in logs and metrics, where a caller must not have a say.
func Operation(method, route string) string {
	unrouted, ok := unroutedOperations[method]
	if !ok {
		method, unrouted = otherMethod, otherMethod+unroutedSuffix
	}
	if route == "" {
		return unrouted
	}
	return method + " " + route
}

const (
	otherMethod    = "_OTHER"
	unroutedSuffix = " (unrouted)"
)

// unroutedOperations are the operations without a route, by method.
var unroutedOperations = func() map[string]string {
	operations := map[string]string{}
	for _, method := range []string{
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace,
	} {
		operations[method] = method + unroutedSuffix
	}
	return operations
}()
