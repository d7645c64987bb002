package validator_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
)

// A Validator is all that is needed to check a token where none of the adapters
// fits, in a message consumer for example.
func Example() {
	v, err := validator.New(validator.Config{
		Issuer:    "https://auth.example.com",
		Audiences: []string{"https://api.example.com"},
		Keys:      jwks.Static(publishedKeys()), // leave it out to discover the issuer's keys
		Clock:     &testClock{now: epoch},       // leave it out, too
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = v.Close() }()

	token, err := v.Validate(context.Background(), validator.Credential{Scheme: "Bearer", Token: mint("ES256", "at+jwt", nil)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.ClientID(), token.IsClient(), token.Scopes())

	_, err = v.Validate(context.Background(), validator.Credential{Scheme: "Bearer", Token: mint("ES256", "at+jwt", object{"aud": "https://other.example.com"})})
	if refused, ok := errors.AsType[*validator.Error](err); ok {
		fmt.Println(refused.Code(), refused.Code().HTTPStatus())
	}
	// Output:
	// billing true orders:read orders:write
	// AUDIENCE_NOT_ALLOWED 401
}

// New reports everything that is wrong with a configuration, by field.
func ExampleNew_problems() {
	_, err := validator.New(validator.Config{
		Issuer:     "https://auth.example.com",
		Algorithms: []string{"RS256", "HS256"},
		Leeway:     -1,
	})
	fmt.Println(err)
	// Output:
	// Audiences: required: the names of this API that its tokens have in aud
	// Algorithms[1]: symmetric: whoever can verify such a signature can also make it; known are RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519
	// Leeway: negative
}

// Check is for rules of your own. They see verified tokens only.
func ExampleConfig_check() {
	config := validator.Config{
		Issuer:    "https://auth.example.com",
		Audiences: []string{"https://api.example.com"},
		Keys:      jwks.Static(publishedKeys()),
		Clock:     &testClock{now: epoch},
		Check: func(_ context.Context, t *validator.Token) error {
			var mine struct {
				Tenant string `json:"tenant"`
			}
			if err := t.Claims(&mine); err != nil || mine.Tenant != "acme" {
				return errors.New("not a tenant of ours")
			}
			return nil
		},
	}
	v, err := validator.New(config)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, tenant := range []string{"acme", "evil"} {
		_, err := v.Validate(context.Background(), validator.Credential{Scheme: "Bearer", Token: mint("ES256", "at+jwt", object{"tenant": tenant})})
		fmt.Println(tenant, err)
	}
	// Output:
	// acme <nil>
	// evil TOKEN_REFUSED: The access token was refused by this API.
}

// Wrong: a client id as the audience. The API would take the ID tokens of that
// client for access tokens, as far as nothing else marks them as what they are.
// Give the API a name of its own, or let only the RFC 9068 form pass.
func ExampleConfig_clientIDAsAudience() {
	_, err := validator.New(validator.Config{
		Issuer:    "https://auth.example.com",
		Audiences: []string{"0oa1gjh63g214q0Hq0g4"},
		Profile:   validator.ProfileRFC9068, // without this line it would be a hole
	})
	fmt.Println(err)
	// Output: <nil>
}
