package grpcmw

import (
	"context"

	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/grpc/metadata"
)

// newRequest describes a call to the guard. The values of the metadata are handed
// over as they are: how many there may be and what they may look like is the
// guard's business.
func newRequest(ctx context.Context, fullMethod string, r rule) validator.Request {
	name := r.name
	if name == "" {
		name = operation(fullMethod)
	}
	return validator.Request{
		Operation:     name,
		Requirement:   r.requirement,
		Optional:      r.optional,
		Shadow:        r.shadow,
		Authorization: metadata.ValueFromIncomingContext(ctx, "authorization"),
		Info:          &requestInfo{ctx, fullMethod},
	}
}

// operation returns the name of a method for logs and hooks. Behind a
// [grpc.UnknownServiceHandler] the client makes names up, so one that could not
// be a method's, or is far too long for one, is not repeated.
func operation(fullMethod string) string {
	service, method, ok := splitName(fullMethod)
	if !ok || method == "*" || len(service)+len(method) > maxOperation {
		return unlisted
	}
	return fullMethod
}

const (
	maxOperation = 200
	unlisted     = "(unlisted)"
)
