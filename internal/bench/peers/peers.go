// Package peers sets up bearerguard and other libraries for the same job: accept
// the access tokens of one issuer for one API, fetch its keys from loopback, and
// hand the claims over as a struct. Each is configured as its documentation
// tells, with everything that it can check switched on.
package peers

import (
	"context"
	"fmt"
	"time"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
)

// Verify decides on one token. A nil error accepts it.
type Verify func(ctx context.Context, raw string) error

// A Library verifies tokens.
type Library struct {
	Name string
	// New sets it up for the tokens of an issuer that are signed with one
	// algorithm. What it starts ends with ctx.
	New func(ctx context.Context, i *fixture.Issuer, algorithm string) (Verify, error)
}

// leeway is the same for all that have one.
const leeway = 30 * time.Second

// fetchInterval is how often keys are fetched again, where that is to be chosen.
const fetchInterval = 10 * time.Minute

// Claims are what an application wants to know.
type Claims struct {
	ClientID string   `json:"client_id"`
	Scope    string   `json:"scope"`
	Tenant   string   `json:"tenant"`
	Roles    []string `json:"roles"`
}

// Libraries returns all, bearerguard first: once as it verifies a token that it
// has not seen, once as it does by default, with its cache of verified tokens.
// The others have no such cache: to them every token is new.
func Libraries() []Library {
	return []Library{
		{NewToken, bearerguard(true)},
		{KnownToken, bearerguard(false)},
		{GolangJWT, newGolangJWT},
		{"go-oidc v3", newOIDC},
		{"jwx v2", newJWX2},
		{"jwx v3", newJWX3},
		{"go-jose v4", newGoJose},
		{"auth0 v2", newAuth0v2},
		{"auth0 v3", newAuth0v3},
	}
}

// The names that tables and limits refer to.
const (
	NewToken   = "bearerguard, new token"
	KnownToken = "bearerguard, known token"
	GolangJWT  = "golang-jwt + keyfunc"
)

// Named returns a library by its name.
func Named(name string) (Library, error) {
	for _, l := range Libraries() {
		if l.Name == name {
			return l, nil
		}
	}
	return Library{}, fmt.Errorf("no library %q", name)
}
