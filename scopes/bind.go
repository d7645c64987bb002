package scopes

import (
	"fmt"
	"strings"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// bindHTTP enters one route, under its own spelling, that of another router, and the
// canonical one.
func (p *Policy) bindHTTP(problems *configerr.List, b *binding) {
	verb, pattern, ok := strings.Cut(b.text, " ")
	if !ok {
		problems.Add(b.field, fmt.Sprintf("%q has no method: write \"GET %s\" for one, or \"* %[2]s\" for all of them", b.text, strings.TrimSpace(b.text)))
		return
	}
	if verb == "*" {
		verb = ""
	} else if !isVerb(verb) {
		problems.Add(b.field, fmt.Sprintf("%q: a method is upper-case letters, or \"*\" for all of them", b.text))
		return
	}
	if reason := checkRoute(pattern); reason != "" {
		problems.Add(b.field, fmt.Sprintf("%q: %s", b.text, reason))
		return
	}
	full, _ := appendCanonical(nil, pattern, true)
	loose, _ := appendCanonical(nil, pattern, false)
	b.verb, b.route, b.loose = verb, string(full), string(loose)

	r := p.canonical[b.route]
	if r == nil {
		r = new(route)
		p.canonical[b.route] = r
	}
	if other := r.of(verb); other != nil {
		problems.Add(b.field, fmt.Sprintf("%q is the same route as %q of %s", b.text, other.text, other.field))
		return
	}
	p.spelled[pattern] = r
	if other := respelled(pattern); other != pattern {
		if same, ok := appendCanonical(nil, other, true); ok && string(same) == b.route {
			p.spelled[other] = r
		}
	}
	r.bind(b)
	p.bindings = append(p.bindings, b)
}

// respelled returns a pattern of net/http as Echo has it, and the reverse, with the
// same names: what is entered like that too is found without a look at its letters.
// It says nothing about whether the two are one route.
func respelled(pattern string) string {
	segments := strings.Split(pattern, "/")
	for i, s := range segments[1:] {
		if name, ok := strings.CutPrefix(s, ":"); ok {
			segments[1+i] = "{" + name + "}"
		} else if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "...}") {
			segments[1+i] = "*"
		} else if strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") {
			segments[1+i] = ":" + s[1:len(s)-1]
		}
	}
	return strings.Join(segments, "/")
}

// bindGRPC enters one method, or a whole service.
func (p *Policy) bindGRPC(problems *configerr.List, b *binding) {
	service, method, ok := splitMethod(b.text)
	if !ok {
		problems.Add(b.field, fmt.Sprintf(`%q is not "/pkg.Service/Method" or "/pkg.Service/*"`, b.text))
		return
	}
	table, key := p.methods, b.text
	if method == "*" {
		table, key = p.services, service
	}
	if other := table[key]; other != nil {
		problems.Add(b.field, fmt.Sprintf("%q is %s already", b.text, other.field))
		return
	}
	table[key] = b
	p.bindings = append(p.bindings, b)
}

// splitMethod cuts "/pkg.Service/Method" into "/pkg.Service/" and "Method".
func splitMethod(fullMethod string) (service, method string, ok bool) {
	i := strings.LastIndexByte(fullMethod, '/') + 1
	service, method = fullMethod[:i], fullMethod[i:]
	if len(service) < 3 || service[0] != '/' || !isIdentifier(service[1:i-1]) {
		return "", "", false
	}
	return service, method, method == "*" || isIdentifier(method)
}

// isIdentifier reports whether s may be the name of a gRPC service or method.
// Protocol Buffers allow less; services written by hand may have a "-".
func isIdentifier(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !isAlphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return s != ""
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// isVerb reports whether s is an HTTP method as they are written in practice.
// Methods are case-sensitive (RFC 9110 §9.1), so "get" is a mistake.
func isVerb(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return s != "" && s[0] != '-'
}
