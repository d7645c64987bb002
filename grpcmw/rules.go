package grpcmw

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/scopes"
)

// rule is what one name of a [Config] says. The zero rule refuses.
type rule struct {
	requirement scopes.Requirement
	optional    bool
	public      bool
	shadow      bool
	name        string // of the operation in the policy, or the method itself; empty for a whole service
	field       string // where it comes from, such as `Public[0]`
}

// rules is a [Config] in the form that calls are looked up in.
type rules struct {
	methods  map[string]rule // by "/pkg.Service/Method"
	services map[string]rule // by "/pkg.Service/"
	policy   *scopes.Policy  // in place of both, unless nil
}

// find returns the rule for a method, that of the method before that of its
// service. It does not allocate.
func (r *rules) find(fullMethod string) (rule, bool) {
	if r.policy != nil {
		return fromPolicy(r.policy.GRPC(fullMethod))
	}
	if found, ok := r.methods[fullMethod]; ok {
		return found, true
	}
	// The last slash is where grpc.Server splits, too.
	method := strings.LastIndexByte(fullMethod, '/') + 1
	// The name comes from the client, and what stands behind an
	// UnknownServiceHandler may be a proxy to a server that takes "/s/Delete?x"
	// or "/s/%44elete" for Delete. So "*" stands for well-formed names only.
	if !isName(fullMethod[method:]) {
		return rule{}, false
	}
	found, ok := r.services[fullMethod[:method]]
	return found, ok
}

func fromPolicy(r scopes.Rule, ok bool) (rule, bool) {
	return rule{requirement: r.Requirement, optional: r.Optional, public: r.Public, shadow: r.Shadow, name: r.Operation}, ok
}

// compile checks every name and every requirement of c.
func (c *Config) compile(problems *configerr.List) rules {
	r := rules{methods: make(map[string]rule), services: make(map[string]rule), policy: c.Policy}
	problems.Check(c.Policy == nil || len(c.Rules)+len(c.Optional)+len(c.Public) == 0, "Policy",
		"it takes the place of Rules, Optional and Public: not both")
	for _, name := range slices.Sorted(maps.Keys(c.Rules)) {
		field := fmt.Sprintf("Rules[%q]", name)
		r.add(problems, name, rule{field: field, requirement: c.Rules[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Optional)) {
		field := fmt.Sprintf("Optional[%q]", name)
		r.add(problems, name, rule{field: field, requirement: c.Optional[name], optional: true})
	}
	for i, name := range c.Public {
		r.add(problems, name, rule{field: fmt.Sprintf("Public[%d]", i), public: true})
	}
	return r
}

func (r *rules) add(problems *configerr.List, name string, added rule) {
	problems.Check(added.public || !added.requirement.IsZero(), added.field,
		"the zero Requirement: scopes.Authenticated asks for any valid token")
	service, method, ok := splitName(name)
	if !ok {
		problems.Add(added.field, fmt.Sprintf(`%q is not "/pkg.Service/Method" or "/pkg.Service/*"`, name))
		return
	}
	table, key := r.methods, name
	if method == "*" {
		table, key = r.services, service
	} else {
		added.name = name
	}
	if other, duplicate := table[key]; duplicate {
		problems.Add(added.field, fmt.Sprintf("%q is already in %s", name, other.field))
		return
	}
	table[key] = added
}

// splitName cuts "/pkg.Service/Method" into "/pkg.Service/" and "Method".
func splitName(name string) (service, method string, ok bool) {
	i := strings.LastIndexByte(name, '/') + 1
	service, method = name[:i], name[i:]
	if len(service) < 3 || service[0] != '/' || !isName(service[1:i-1]) {
		return "", "", false
	}
	return service, method, method == "*" || isName(method)
}

// isName reports whether s may be the name of a service or a method. Protocol
// Buffers allow less; services that are written by hand may have a "-".
func isName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return s != ""
}
