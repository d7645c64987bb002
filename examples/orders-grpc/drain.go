package main

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// drainingServer is a gRPC server that stops gracefully, but not for ever.
type drainingServer struct{ *grpc.Server }

// Shutdown finishes the calls under way. Those that are not finished when ctx
// ends are cut off, and the context's error is returned.
func (s drainingServer) Shutdown(ctx context.Context) error {
	finished := make(chan struct{})
	go func() {
		s.GracefulStop()
		close(finished)
	}()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
		s.Stop() // does not wait for handlers that do not return
		return ctx.Err()
	}
}

var errDraining = status.Error(codes.Unavailable, "The server is shutting down.")

// endStreams cancels every stream when shutdown ends. GracefulStop waits for
// streams, and watches, also those of the health service, do not end by
// themselves. Unary calls are left to finish.
func endStreams(shutdown context.Context) grpc.StreamServerInterceptor {
	return func(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
		ctx, cancel := context.WithCancelCause(stream.Context())
		defer cancel(nil)
		defer context.AfterFunc(shutdown, func() { cancel(errDraining) })()
		err := next(server, endingStream{stream, ctx})
		if err != nil && errors.Is(context.Cause(ctx), errDraining) {
			return errDraining
		}
		return err
	}
}

// endingStream is a stream with another context.
type endingStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s endingStream) Context() context.Context { return s.ctx }
