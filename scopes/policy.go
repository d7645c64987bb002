package scopes

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// ConfigError is one problem with one operation. [NewPolicy] returns all that it
// finds, joined (see [errors.Join]).
type ConfigError = configerr.Error

// An Operation is something that an API does, what it needs of a token, and
// where it is reached. It is reached over HTTP, over gRPC or both; wherever that
// is, it needs the same.
type Operation struct {
	_ [0]func() // no unkeyed literals, no ==

	// Name tells the operation apart, in logs and in metrics too, such as
	// "orders.read". Required and unique; printable, at most 128 bytes.
	Name string

	// Requirement is what a token must satisfy. Required unless Public.
	Requirement Requirement

	// Public operations need no token, and a token is not looked at.
	Public bool

	// Optional operations may also be called without a token. One that is there
	// must be as good as Requirement says.
	Optional bool

	// Shadow says that a valid token with too little scope is reported but let
	// in, for introducing a rule. A token that is missing or bad is refused.
	Shadow bool

	// HTTP are routes as a router is told them, each with the method in front:
	// "GET /orders/{id}" (net/http, chi), "GET /orders/:id" (Echo),
	// "GET api.example.com/orders". All methods is a choice of its own and
	// written "* /orders". See [Policy.HTTP] for what a route covers.
	HTTP []string

	// GRPC are methods as gRPC names them, "/pkg.Service/Method". An entry
	// "/pkg.Service/*" stands for the methods of a service that are not named
	// in the policy themselves.
	GRPC []string
}

// Rule returns what the operation needs, without where it is reached.
func (o Operation) Rule() Rule {
	return Rule{Operation: o.Name, Requirement: o.Requirement, Public: o.Public, Optional: o.Optional, Shadow: o.Shadow}
}

// A Rule is what a [Policy] says of one route or method. The fields are those of
// the [Operation]. The zero value is no rule: it is not public and nothing
// satisfies its requirement.
type Rule struct {
	Operation   string
	Requirement Requirement
	Public      bool
	Optional    bool
	Shadow      bool
}

// String returns the rule as a person would write it down, without the name of
// the operation.
func (r Rule) String() string {
	if r.Public {
		return "public"
	}
	text := r.Requirement.String()
	if r.Optional {
		text += ", or no token"
	}
	if r.Shadow {
		text += ", in shadow"
	}
	return text
}

// A Policy says what every operation of an API needs, in every transport. What
// it does not name it does not allow. Only [NewPolicy] makes a Policy that
// allows anything; it is immutable and safe for concurrent use.
type Policy struct {
	operations []Operation
	names      map[string]int // index of operations

	spelled   map[string]*route   // by host and path as they were written
	canonical map[string]*route   // by [canonicalRoute] of these
	methods   map[string]*binding // by "/pkg.Service/Method"
	services  map[string]*binding // by "/pkg.Service/"
	bindings  []*binding
}

// A binding is one entry of HTTP or GRPC.
type binding struct {
	rule  Rule
	field string // where it comes from, such as `Operations["a"].HTTP[0]`
	text  string // as it was written
	route string // the route of HTTP in canonical form; empty: it is of GRPC
	verb  string // the HTTP method; empty: all
	loose string // route, without the regular expressions in it
}

// NewPolicy returns the policy of the operations. The error joins every problem,
// each a [*ConfigError] whose field names the operation, such as
// `Operations["orders.read"].HTTP[0]`: names that are missing or used twice, a
// missing requirement, contradictions, entries that are malformed or that are
// the same route as another, and operations that are reached nowhere. Two
// spellings of one route, "/orders/{id}" and "/orders/:order", are one route.
func NewPolicy(operations ...Operation) (*Policy, error) {
	p := &Policy{
		names:     make(map[string]int, len(operations)),
		spelled:   make(map[string]*route),
		canonical: make(map[string]*route),
		methods:   make(map[string]*binding),
		services:  make(map[string]*binding),
	}
	var problems configerr.List
	for i, o := range operations {
		p.add(&problems, i, o.clone())
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Policy) add(problems *configerr.List, i int, o Operation) {
	field := fmt.Sprintf("Operations[%d]", i)
	if isName(o.Name) {
		field = fmt.Sprintf("Operations[%q]", o.Name)
	}
	problems.Check(isName(o.Name), field+".Name", "required: 1 to 128 bytes, printable, without spaces at the ends")
	if first, duplicate := p.names[o.Name]; duplicate && o.Name != "" {
		problems.Add(field+".Name", fmt.Sprintf("operations %d and %d have this name", first, i))
	}
	o.check(problems, field)
	p.names[o.Name] = i
	p.operations = append(p.operations, o)
	for i, text := range o.HTTP {
		p.bindHTTP(problems, &binding{rule: o.Rule(), field: fmt.Sprintf("%s.HTTP[%d]", field, i), text: text})
	}
	for i, text := range o.GRPC {
		p.bindGRPC(problems, &binding{rule: o.Rule(), field: fmt.Sprintf("%s.GRPC[%d]", field, i), text: text})
	}
}

// check looks at what the operation says by itself.
func (o *Operation) check(problems *configerr.List, field string) {
	if o.Public {
		problems.Check(o.Requirement.IsZero(), field+".Requirement", "a public operation has none")
		problems.Check(!o.Optional, field+".Optional", "a public operation looks at no token, not even if there is one")
		problems.Check(!o.Shadow, field+".Shadow", "a public operation refuses nothing")
	} else {
		problems.Check(!o.Requirement.IsZero(), field+".Requirement", "required: scopes.Authenticated asks for any valid token, Public for none")
	}
	problems.Check(len(o.HTTP)+len(o.GRPC) > 0, field, "reached nowhere: neither HTTP nor GRPC has an entry")
}

func (o Operation) clone() Operation {
	o.HTTP, o.GRPC = slices.Clone(o.HTTP), slices.Clone(o.GRPC)
	return o
}

// isName reports whether s can name an operation in a log or a metric.
func isName(s string) bool {
	return s != "" && len(s) <= 128 && strings.TrimSpace(s) == s &&
		strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) < 0
}

// Operations returns the operations in the order of [NewPolicy]. They are the
// caller's own.
func (p *Policy) Operations() []Operation {
	all := make([]Operation, len(p.operations))
	for i, o := range p.operations {
		all[i] = o.clone()
	}
	return all
}

// Operation returns the operation of that name. It is the caller's own.
func (p *Policy) Operation(name string) (Operation, bool) {
	i, ok := p.names[name]
	if !ok {
		return Operation{}, false
	}
	return p.operations[i].clone(), true
}

// Shadowed returns the names of the operations that are in shadow mode, in the order
// of [NewPolicy]: what an API should say when it starts. Nil has none.
func (p *Policy) Shadowed() (names []string) {
	if p == nil {
		return nil
	}
	for _, o := range p.operations {
		if o.Shadow {
			names = append(names, o.Name)
		}
	}
	return names
}

// Scopes returns every scope that an operation mentions, without duplicates, in
// byte order: what scopes_supported of protected resource metadata lists (RFC
// 9728 §2).
func (p *Policy) Scopes() []string {
	var all []string
	for _, o := range p.operations {
		all = append(all, o.Requirement.Scopes()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
