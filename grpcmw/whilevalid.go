package grpcmw

import (
	"context"
	"errors"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"google.golang.org/grpc"
)

// DefaultStreamGrace is how long a handler has to end by itself, where
// [Config.StreamGrace] is zero.
const DefaultStreamGrace = 5 * time.Second

// outcome is how a handler has ended.
type outcome struct {
	err      error
	panicked any
	returned bool // neither a panic nor runtime.Goexit
}

// finish does in this goroutine what the handler did in its own.
func (o outcome) finish() error {
	switch {
	case o.panicked != nil:
		panic(o.panicked)
	case !o.returned:
		return errGone
	}
	return o.err
}

var errGone = refuse(validator.NewError(validator.CodeInternal, errors.New("the handler has left its goroutine")))

// whileValid runs the handler of a stream for as long as its token is good. A
// cancelled context does not unblock a handler that waits for a message, so the
// interceptor does not wait for the handler: when it returns, gRPC ends the stream.
func (a *Auth) whileValid(srv any, stream *serverStream, handler grpc.StreamHandler) error {
	if _, ok := validator.TokenFrom(stream.ctx); !ok {
		return handler(srv, stream)
	}
	ctx, stop := validator.WhileValid(stream.ctx)
	defer stop()
	stream.ctx = ctx
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if !o.returned {
				o.panicked = recover()
			}
			done <- o
		}()
		o.err = handler(srv, stream)
		o.returned = true
	}()
	select {
	case o := <-done:
		return o.finish()
	case <-ctx.Done():
	}
	refusal, ok := errors.AsType[*validator.Error](context.Cause(ctx))
	if !ok { // the client has left, and gRPC unblocks the handler
		return (<-done).finish()
	}
	grace := time.NewTimer(a.grace)
	defer grace.Stop()
	select {
	case o := <-done:
		if o.panicked != nil {
			panic(o.panicked)
		}
	case <-grace.C:
	}
	return refuse(refusal)
}
