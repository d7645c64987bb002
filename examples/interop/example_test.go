//go:build interop

package interop_test

import (
	"fmt"

	"github.com/bearerguard/bearerguard/validator"
)

// What an API needs to know of oidc-provider.
func Example() {
	config := validator.Config{
		Issuer:    "https://auth.example.com",             // the first argument of new Provider
		Audiences: []string{"https://orders.example.com"}, // the audience of getResourceServerInfo
		Profile:   validator.ProfileRFC9068,
	}
	v, err := validator.New(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer v.Close()
	fmt.Println("configured; nothing is fetched before the first request")
	// Output: configured; nothing is fetched before the first request
}
