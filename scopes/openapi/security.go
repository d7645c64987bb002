package openapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/getkin/kin-openapi/openapi3"
)

// secure sets what o needs (OpenAPI 3.1 §4.8.10.1, security).
func (r *reader) secure(o *scopes.Operation, place string, own *openapi3.SecurityRequirements) {
	security := r.doc.Security
	if own != nil {
		security = *own
	}
	if security == nil {
		r.problems.Add(place, "no security, neither its own nor that of the document: [] makes it public")
		return
	}
	var alternatives []scopes.Requirement
	ignored := false
	for _, together := range security {
		switch {
		case together == nil:
			r.problems.Add(place, "security: null in the list: {} makes the token optional")
		case len(together) == 0:
			o.Optional = true
		case r.ignores(together):
			ignored = true
		default:
			alternatives = append(alternatives, r.alternative(place, together))
		}
	}
	switch {
	case len(alternatives) > 0:
		o.Requirement = alternatives[0].Or(alternatives[1:]...)
	case ignored:
		r.problems.Add(place, "security: nothing but schemes that are ignored")
	default:
		o.Public, o.Optional = true, false
	}
}

// ignores reports whether nothing is needed but schemes that are ignored.
func (r *reader) ignores(together openapi3.SecurityRequirement) bool {
	for name := range together {
		if !slices.Contains(r.config.IgnoreSchemes, name) {
			return false
		}
	}
	return true
}

// alternative returns what is needed together (OpenAPI 3.1 §4.8.30, Security
// Requirement Object).
func (r *reader) alternative(place string, together openapi3.SecurityRequirement) scopes.Requirement {
	var needed []string
	for _, name := range slices.Sorted(maps.Keys(together)) {
		if slices.Contains(r.config.IgnoreSchemes, name) {
			continue
		}
		if reason := r.checkScheme(name, together[name]); reason != "" {
			r.problems.Add(place, fmt.Sprintf("security scheme %q: %s", name, reason))
			continue
		}
		needed = append(needed, together[name]...)
	}
	if len(needed) == 0 {
		return scopes.Authenticated()
	}
	return scopes.All(needed...)
}

// scheme returns a security scheme of the document; nil: there is none.
func (r *reader) scheme(name string) *openapi3.SecurityScheme {
	if r.doc.Components == nil || r.doc.Components.SecuritySchemes[name] == nil {
		return nil
	}
	return r.doc.Components.SecuritySchemes[name].Value
}

// checkScheme says why a scheme cannot be asked for with these scopes, or nothing.
func (r *reader) checkScheme(name string, needed []string) string {
	scheme := r.scheme(name)
	switch {
	case scheme == nil:
		return "not in the components of the document"
	case needed == nil:
		return "null in place of a list of scopes"
	case scheme.Type == "http" && strings.EqualFold(scheme.Scheme, "bearer"):
		if len(needed) > 0 {
			return "http has no scopes, and a policy knows no roles"
		}
		return ""
	case scheme.Type != "oauth2" && scheme.Type != "openIdConnect":
		return fmt.Sprintf("a policy cannot ask for %s %s: ignore it if something else checks it", scheme.Type, scheme.Scheme)
	}
	for _, scope := range needed {
		if set, err := scopes.Parse(scope); err != nil || !set.Has(scope) {
			return fmt.Sprintf("%q is not a scope-token (RFC 6749 §3.3)", scope)
		}
		if scheme.Type == "oauth2" && !declares(scheme.Flows, scope) {
			return fmt.Sprintf("scope %q is declared in none of its flows", scope)
		}
	}
	return ""
}

func declares(flows *openapi3.OAuthFlows, scope string) bool {
	if flows == nil {
		return false
	}
	return slices.ContainsFunc([]*openapi3.OAuthFlow{flows.Implicit, flows.Password, flows.ClientCredentials, flows.AuthorizationCode},
		func(flow *openapi3.OAuthFlow) bool {
			if flow == nil {
				return false
			}
			_, ok := flow.Scopes[scope]
			return ok
		})
}
