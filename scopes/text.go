package scopes

import (
	"fmt"
	"strings"
)

// String returns the requirement as a person would write it down, and as
// [ParseRequirement] reads it: "orders:read AND (billing:read OR admin)". What
// cannot be read back is the zero value, "no rule", and a [WithDetail], which is
// "authorization_details(type=…)".
func (r Requirement) String() string {
	switch r.op {
	case opAuthenticated:
		return wordAuthenticated
	case opScope:
		return quoteScope(r.scope)
	case opAll:
		return r.join(" AND ")
	case opAny:
		return r.join(" OR ")
	case opACR:
		quoted := make([]string, len(r.extra.acr))
		for i, v := range r.extra.acr {
			quoted[i] = quoteParentheses(v)
		}
		return "acr(" + strings.Join(quoted, " ") + ")"
	case opMaxAge:
		return "max_age(" + r.extra.maxAge.String() + ")"
	case opDetail:
		return r.extra.detail.String()
	}
	return "no rule"
}

func (r Requirement) join(word string) string {
	parts := make([]string, len(r.terms))
	for i, term := range r.terms {
		if parts[i] = term.String(); len(term.terms) > 0 {
			parts[i] = "(" + parts[i] + ")"
		}
	}
	return strings.Join(parts, word)
}

// String returns the detail on one line, without the members that it leaves out.
func (d Detail) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "authorization_details(type=%q", d.Type)
	for i, list := range d.lists() {
		if len(list) > 0 {
			fmt.Fprintf(&b, " %s=%q", [...]string{"locations", "actions", "datatypes", "privileges"}[i], list)
		}
	}
	if d.Identifier != "" {
		fmt.Fprintf(&b, " identifier=%q", d.Identifier)
	}
	b.WriteByte(')')
	return b.String()
}

// The words that are no scopes unless they are quoted.
const (
	wordAnd           = "AND"
	wordOr            = "OR"
	wordAuthenticated = "authenticated"
)

// quoteScope writes a scope so that it is read as one. No scope has a quote in it
// (RFC 6749 §3.3).
func quoteScope(scope string) string {
	switch scope {
	case wordAnd, wordOr, wordAuthenticated:
		return `"` + scope + `"`
	}
	return quoteParentheses(scope)
}

func quoteParentheses(s string) string {
	if strings.ContainsAny(s, "()") {
		return `"` + s + `"`
	}
	return s
}
