package main

import (
	"cmp"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/examples/client/ordersclient"
	"github.com/bearerguard/bearerguard/examples/client/tokens"
	"github.com/bearerguard/bearerguard/internal/configerr"
)

// settings is what the environment says.
type settings struct {
	issuer, clientID, resource string
	scopes                     []string
	addresses                  ordersclient.Addresses
	timeout                    time.Duration
}

// fromEnv reads the environment. The error joins every problem, each naming its
// variable and none its value.
func fromEnv(getenv func(string) string) (*settings, error) {
	var problems configerr.List
	s := &settings{
		issuer:   getenv("OAUTH2_ISSUER"),
		clientID: getenv("OAUTH2_CLIENT_ID"),
		scopes:   strings.Fields(cmp.Or(getenv("OAUTH2_SCOPE"), "orders:read")),
		resource: getenv("OAUTH2_RESOURCE"),
	}
	if err := tokens.CheckIssuer(s.issuer); err != nil {
		problems.Add("OAUTH2_ISSUER", err.Error())
	}
	problems.Check(s.clientID != "", "OAUTH2_CLIENT_ID", "required")
	s.addresses = ordersclient.AddressesFromEnv(getenv, &problems)
	var err error
	s.timeout, err = time.ParseDuration(cmp.Or(getenv("LOGIN_TIMEOUT"), "5m"))
	problems.Check(err == nil && s.timeout > 0, "LOGIN_TIMEOUT", "must be a duration such as 5m")
	return s, problems.Err()
}
