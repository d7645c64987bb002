package grpcmw

import (
	"time"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/scopes"
)

// ConfigError is one problem with one field of a configuration. [New] and
// [Auth.CheckServices] return all problems that they find, joined (see
// [errors.Join]).
type ConfigError = configerr.Error

// Config says what the methods of a server need. The zero value refuses every
// method. [New] copies it.
//
// A method is named as gRPC names it on the wire, "/pkg.Service/Method", and
// "/pkg.Service/*" stands for every method of the service that is not named
// itself. Names consist of ASCII letters, digits, ".", "_" and "-", and are
// compared exactly. The same name can be in only one of the three fields; a
// method in one of them can be the exception to a service in another.
type Config struct {
	_ [0]func() // no unkeyed literals, no ==

	// Rules are the methods that need a token, and what they need of it. For
	// any valid token there is [scopes.Authenticated].
	Rules map[string]scopes.Requirement

	// Optional are the methods that may also be called without a token. If there
	// is an "authorization" value, it must be as good as in Rules: a bad token
	// does not turn a caller into an anonymous one.
	Optional map[string]scopes.Requirement

	// Public are the methods that are called without any authentication, such as
	// "/grpc.health.v1.Health/*". A token is not looked at, nor handed on to the
	// handler. A service that is public as a whole makes public what is added to
	// it later.
	Public []string

	// Policy is what the methods need, in place of Rules, Optional and Public. Nil:
	// the three say it. Methods that are in neither are refused all the same. [New]
	// warns of operations in shadow mode (see [validator.Guard.WarnOfShadow]).
	Policy *scopes.Policy

	// StreamGrace is how long the handler of a stream has to end by itself once
	// its token is not good any more, as a duration. Zero: [DefaultStreamGrace].
	StreamGrace time.Duration
}
