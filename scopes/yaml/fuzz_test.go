package yaml_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/scopes/yaml"
)

// Whatever a file says: what is loaded is a policy that NewPolicy makes of the same
// operations and that can be written down and read again, and what is refused is
// refused with a place in the file.
func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Add(one(requires, http))
	f.Add(one("requires: &r a", "http: [*r]"))
	f.Add("operations: {a: {public: true, grpc: [/s/*, /s/*]}}")
	f.Add(one(requires, "http: [GET /orders", "---"))
	f.Fuzz(func(t *testing.T, text string) {
		policy, err := yaml.Load([]byte(text), "p.yaml")
		if err != nil {
			if _, ok := errors.AsType[*yaml.Error](err); !ok || policy != nil || !strings.HasPrefix(err.Error(), "p.yaml:") {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		operations := policy.Operations()
		if len(operations) == 0 {
			t.Fatal("a policy without operations")
		}
		for i, o := range operations {
			if o.Public {
				continue
			}
			operations[i].Requirement, err = scopes.ParseRequirement(o.Requirement.String())
			if err != nil {
				t.Fatalf("%s: %v", o.Name, err)
			}
		}
		again, err := scopes.NewPolicy(operations...)
		if err != nil {
			t.Fatal(err)
		}
		if d := scopes.Diff(policy, again); len(d) > 0 {
			t.Error(d)
		}
	})
}
