package scopes_test

import (
	"fmt"

	"github.com/bearerguard/bearerguard/scopes"
)

func Example() {
	refund := scopes.All("orders:read", "orders:refund").Or(scopes.All("admin"))

	granted := scopes.Granted("openid orders:read")
	fmt.Println(refund)
	fmt.Println(refund.SatisfiedBy(granted))
	fmt.Println(refund.Shortfall(granted).Missing)
	// Output:
	// (orders:read AND orders:refund) OR admin
	// false
	// [orders:refund]
}

// Scopes that are known only at run time are parsed first, because All and Any
// panic on what is not a scope.
func ExampleParse() {
	configured, err := scopes.Parse("orders:read orders:write")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(scopes.All(configured.Values()...))
	// Output: orders:read AND orders:write
}

// A scope is one value, compared whole: there are no wildcards and no prefixes.
func ExampleSet_Has() {
	granted := scopes.Granted("orders:*")
	fmt.Println(granted.Has("orders:read"), granted.Has("orders:*"))
	// Output: false true
}

// Wrong: one string for two scopes. It panics where the route is wired, not on
// the first request.
func ExampleAll_wrong() {
	defer func() { fmt.Println(recover()) }()
	scopes.All("orders:read orders:write")
	// Output: scopes.All: "orders:read orders:write" is not a scope-token (RFC 6749 §3.3)
}
