package validator_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// Why was this token refused? Both of the reasons are told, and what can be done.
func ExampleExplain() {
	issuer := must(validatortest.New(validatortest.Config{}))
	defer issuer.Close()
	token := issuer.Mint(validatortest.Client("billing").Audience("https://other.example.com").IssuedIn(-time.Hour).ExpiresIn(-time.Minute).Scope("orders:read"))

	e := validator.Explain(context.Background(), issuer.Validator(), validator.Credential{Scheme: "Bearer", Token: token}, scopes.All("orders:read"))
	fmt.Println(e.Code, e.Verified)
	for _, check := range e.Checks {
		if check.Outcome == validator.Failed {
			fix, _, _ := strings.Cut(check.Fix, ".")
			fmt.Printf("%s (%s): %s\n  %s\n", check.Name, check.Source, check.Finding, fix)
		}
	}
	// Output:
	// AUDIENCE_NOT_ALLOWED true
	// audience (RFC 7519 §4.1.3, RFC 9068 §4): no configured audience in aud
	//   Client: ask for a token for this API (RFC 8707 resource, or audience)
	// times (RFC 7519 §4.1.4–§4.1.6): exp has passed
	//   Client: get a new token before exp, by expires_in of the token response
}
