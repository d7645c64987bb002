package grpcmw

import (
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// ErrorDomain is the domain of the ErrorInfo in a [Status].
const ErrorDomain = "bearerguard"

// Status returns the status that err is answered with, by the error table of
// package validator: the code, the public description and a
// google.rpc.ErrorInfo, whose reason is the name of the [validator.Code]. For
// [validator.CodeInsufficientScope] the ErrorInfo's metadata has the needed
// scopes, separated by spaces, under "scope"; for
// [validator.CodeInsufficientUserAuthentication] it has "acr_values" and "max_age"
// (RFC 9470 §3) likewise; for a retryable code there is a
// google.rpc.RetryInfo, too. An error that neither is nor wraps a
// [*validator.Error] is an internal one, of which nothing is told. Status(nil)
// is nil.
//
// The interceptors' own errors have this status already. Status is for a handler
// that has a [*validator.Error] to return.
func Status(err error) *status.Status {
	if err == nil {
		return nil
	}
	return statusOf(asError(err))
}

// refusal is an answer of the interceptors: a status for gRPC, and for outer
// interceptors the error it was made from, with its private cause.
type refusal struct {
	err    *validator.Error
	status *status.Status
}

func refuse(err error) error {
	e := asError(err)
	return &refusal{err: e, status: statusOf(e)}
}

func (r *refusal) Error() string              { return r.err.Error() }
func (r *refusal) Unwrap() error              { return r.err }
func (r *refusal) GRPCStatus() *status.Status { return r.status }

func asError(err error) *validator.Error {
	if e, ok := errors.AsType[*validator.Error](err); ok && e != nil {
		return e
	}
	return validator.NewError(validator.CodeInternal, err)
}

// constantStatuses are the statuses of the codes that always have the same one.
var constantStatuses = sync.OnceValue(func() map[validator.Code]*status.Status {
	statuses := make(map[validator.Code]*status.Status)
	for code := range validator.Codes() {
		if !code.Retryable() {
			statuses[code] = newStatus(validator.NewError(code, nil))
		}
	}
	return statuses
})

func statusOf(e *validator.Error) *status.Status {
	if e.Code().Retryable() || needs(e) != nil {
		return newStatus(e)
	}
	if s, ok := constantStatuses()[e.Code()]; ok {
		return s
	}
	return constantStatuses()[validator.CodeInternal] // a code without a row
}

func newStatus(e *validator.Error) *status.Status {
	code := e.Code()
	info := &errdetails.ErrorInfo{Reason: code.String(), Domain: ErrorDomain, Metadata: needs(e)}
	details := []protoadapt.MessageV1{info}
	if code.Retryable() {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter())})
	}
	bare := status.New(codes.Code(code.GRPCStatus()), code.Description())
	s, err := bare.WithDetails(details...)
	if err != nil {
		return bare // details are a courtesy, the code is not
	}
	return s
}

// needs is what the operation needs, under the names of the challenge's parameters
// (RFC 6750 §3, RFC 9470 §3); nil: nothing in particular.
func needs(e *validator.Error) map[string]string {
	maxAge, hasMaxAge := e.MaxAge()
	if len(e.NeededScopes()) == 0 && len(e.ACRValues()) == 0 && !hasMaxAge {
		return nil
	}
	m := make(map[string]string)
	if needed := e.NeededScopes(); len(needed) > 0 {
		m["scope"] = strings.Join(needed, " ")
	}
	if values := e.ACRValues(); len(values) > 0 {
		m["acr_values"] = strings.Join(values, " ")
	}
	if hasMaxAge {
		m["max_age"] = strconv.FormatInt(int64(maxAge/time.Second), 10)
	}
	return m
}
