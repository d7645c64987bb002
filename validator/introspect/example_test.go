package introspect_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/introspect"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// A client asks about an opaque token; usually a validator does that, as its
// Introspector.
func Example() {
	issuer, err := validatortest.New(validatortest.Config{Clients: map[string]string{"orders-api": "secret"}})
	if err != nil {
		log.Fatal(err)
	}
	defer issuer.Close()

	client, err := introspect.New(introspect.Config{
		Issuer: issuer.URL(),
		Auth: introspect.ClientAuth{
			Method:   introspect.SecretBasic,
			ClientID: "orders-api",
			Secret:   "secret",
		},
		Transport: issuer.Transport(), // only here: the issuer is in memory
	})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	ask := func(token string) {
		claims, err := client.Introspect(context.Background(), token)
		refusal, refused := errors.AsType[*validator.Error](err)
		switch {
		case refused:
			fmt.Println(refusal.Code().HTTPStatus(), refusal.Code())
		default:
			fmt.Println("active, with claims:", len(claims) > 0)
		}
	}
	ask(issuer.MintOpaque(validatortest.Client("billing").Scope("orders:read")))
	ask("made up")
	issuer.Fail(validatortest.ServerError)
	ask("who knows")

	// Output:
	// active, with claims: true
	// 401 TOKEN_INACTIVE
	// 503 DEPENDENCY_UNAVAILABLE
}

// Wrong use: all problems of a configuration come at once.
func Example_configuration() {
	_, err := introspect.New(introspect.Config{
		URL:  "http://auth.example.com/introspect",
		Auth: introspect.ClientAuth{Method: introspect.PrivateKeyJWT, ClientID: "orders-api", Secret: "secret"},
	})
	fmt.Println(err)

	// Output:
	// URL: is not https
	// Auth.Secret: not used by this Method
	// Auth.Key: required by this Method
	// Auth.Audience: required by this Method, if there is no Issuer
}
