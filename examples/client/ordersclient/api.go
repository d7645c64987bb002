// Package ordersclient calls the orders API, over HTTP or gRPC. What a call is sent
// with, the access token above all, is the business of the [http.Client] or
// [grpc.ClientConn] that it is given.
package ordersclient

import (
	"context"
	"strings"

	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
)

// API is the orders API on one transport. It is safe for concurrent use. A call
// that the API has answered with an error returns a [*Error].
type API interface {
	// Name is that of the transport, http or grpc.
	Name() string
	// List returns how many orders there are. Scope: orders:read.
	List(ctx context.Context) (int, error)
	// Create places an order and returns its id. Scope: orders:write.
	Create(ctx context.Context, item string) (id string, err error)
	// Delete removes an order. Scope: orders:admin.
	Delete(ctx context.Context, id string) error
	// WhoAmI returns what the token says, as the API has understood it. Any valid
	// token.
	WhoAmI(ctx context.Context) (rest.Caller, error)
}

// Error is how an API has refused a call.
type Error struct {
	Status string // such as "403" or "PermissionDenied"
	Reason string // such as "insufficient_scope" or "INSUFFICIENT_SCOPE"; may be empty
}

// Error returns status and reason.
func (e *Error) Error() string { return strings.TrimSpace(e.Status + " " + e.Reason) }
