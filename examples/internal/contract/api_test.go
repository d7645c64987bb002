package contract_test

import (
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
)

// An outcome is how a call ended, in the words of its transport: an HTTP status
// or the name of a gRPC code; the error of the challenge or the reason of the
// ErrorInfo; the scope that is asked for.
type outcome struct{ status, reason, scope string }

// An answer is what a call returned, as far as its operation returns that.
type answer struct {
	orders []orders.Order // list
	order  orders.Order   // get, create
	caller rest.Caller    // who am I
}

// An api is a running program as its callers see it.
type api interface {
	// call performs an operation of the table below; subject is the item or the
	// id that it is about.
	call(t *testing.T, operation, token, subject string) (answer, outcome)
	// watch opens a watch, of which the caller is to read what comes.
	watch(t *testing.T, token string) (watch, outcome)
	// public calls what needs no token, with this credential or none.
	public(t *testing.T, authorization string)
}

// A watch is an open stream of events.
type watch interface {
	// next returns the next event, or ok false and how the stream ended, which is
	// empty for an HTTP stream that ended properly.
	next(t *testing.T) (event orders.Event, ok bool, ended outcome)
	close()
}

// connect returns the api of a program.
func connect(t *testing.T, p *running, from *issuer) api {
	t.Helper()
	if p.name == "orders-grpc" {
		return newGRPC(t, p.addr, from.authority)
	}
	return newHTTP(t, p.addr, from.authority)
}

// An operation and what it needs.
type operation struct {
	name    string
	scope   string // empty: any valid token
	needsID bool
}

var operations = []operation{
	{name: "list", scope: "orders:read"},
	{name: "get", scope: "orders:read", needsID: true},
	{name: "create", scope: "orders:write"},
	{name: "delete", scope: "orders:admin", needsID: true},
	{name: "watch", scope: "orders:read"},
	{name: "whoami"},
}

// patience is how long one call may take.
const patience = 10 * time.Second
