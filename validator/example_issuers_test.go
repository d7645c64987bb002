package validator_test

import (
	"context"
	"fmt"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
)

// A move from one issuer to another: both are accepted for a while, each by its
// own rules, and Retiring tells when nobody uses the old one any more.
func ExampleByIssuer() {
	keys, clock := jwks.Static(publishedKeys()), &testClock{now: epoch}
	old, err := validator.New(validator.Config{
		Issuer: "https://old.example.com", Audiences: []string{"https://api.example.com"}, Keys: keys, Clock: clock,
		AcceptUntil: epoch.Add(30 * 24 * time.Hour),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	current, err := validator.New(validator.Config{
		Issuer: "https://auth.example.com", Audiences: []string{"https://api.example.com"}, Keys: keys, Clock: clock,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	both, err := validator.ByIssuer(current, old) // give this to httpmw.New or grpcmw.New
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, issuer := range []string{"https://auth.example.com", "https://old.example.com", "https://evil.example.com"} {
		_, err := both.Validate(context.Background(), validator.Credential{Scheme: "Bearer", Token: mint("ES256", "at+jwt", object{"iss": issuer})})
		fmt.Println(issuer, err)
	}
	fmt.Println("uses of the old one:", old.Retiring()[0].Uses)
	// Output:
	// https://auth.example.com <nil>
	// https://old.example.com <nil>
	// https://evil.example.com ISSUER_NOT_ALLOWED: The issuer of the access token is not accepted.
	// uses of the old one: 1
}

// Tenants bring issuers of their own, which the API looks up in its own records.
func ExampleByTenant() {
	registered := map[string]string{"https://login.acme.example": "orders-of-acme"} // issuer → audience
	tenants, err := validator.ByTenant(validator.TenantsConfig{
		Allow: func(_ context.Context, issuer string) (*validator.Config, error) {
			audience, ok := registered[issuer]
			if !ok {
				return nil, nil // not a tenant: refused, and nobody is asked for keys
			}
			return &validator.Config{
				Audiences: []string{audience},
				Keys:      jwks.Static(publishedKeys()), // leave it out to discover the issuer's keys
				Clock:     &testClock{now: epoch},       // leave it out, too
			}, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = tenants.Close() }()
	for _, issuer := range []string{"https://login.acme.example", "https://login.evil.example"} {
		token := mint("ES256", "at+jwt", object{"iss": issuer, "aud": "orders-of-acme"})
		_, err := tenants.Validate(context.Background(), validator.Credential{Scheme: "Bearer", Token: token})
		fmt.Println(issuer, err)
	}
	// Output:
	// https://login.acme.example <nil>
	// https://login.evil.example ISSUER_NOT_ALLOWED: The issuer of the access token is not accepted.
}
