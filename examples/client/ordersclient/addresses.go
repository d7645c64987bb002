package ordersclient

import (
	"net/url"
	"strings"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/fetch"
)

// The environment variables that [AddressesFromEnv] reads.
const (
	envHTTP = "ORDERS_HTTP_URL"
	envGRPC = "ORDERS_GRPC_URL"
)

// Addresses is where orders APIs are: https, or http on loopback.
type Addresses struct {
	HTTP []*url.URL
	GRPC *url.URL // nil: none; with a port, and neither path nor query
}

// AddressesFromEnv reads ORDERS_HTTP_URL, one or more URLs that are separated by
// spaces, and ORDERS_GRPC_URL, such as https://orders.example.com:443. There has to
// be one at least. Problems are added under the names of the variables.
func AddressesFromEnv(getenv func(string) string, problems *configerr.List) Addresses {
	var a Addresses
	for _, raw := range strings.Fields(getenv(envHTTP)) {
		u, err := fetch.ParseURL(raw, true)
		if err != nil {
			problems.Add(envHTTP, err.Error())
		} else {
			problems.Check(u.RawQuery == "", envHTTP, "has a query")
		}
		a.HTTP = append(a.HTTP, u)
	}
	if raw := getenv(envGRPC); raw != "" {
		u, err := fetch.ParseURL(raw, true)
		if err != nil {
			problems.Add(envGRPC, err.Error())
		} else {
			problems.Check(u.Port() != "" && u.RawQuery == "" && (u.Path == "" || u.Path == "/"), envGRPC,
				"must have a port, and neither path nor query")
		}
		a.GRPC = u
	}
	problems.Check(len(a.HTTP) > 0 || getenv(envGRPC) != "", envHTTP, "required, if there is no "+envGRPC)
	return a
}
