package grpcmw

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// ServerOptions returns both interceptors as options of [grpc.NewServer]. With
// only one of them, the methods of the other kind would be open to everybody. A
// method that the server does not have is guarded too, or gRPC would tell anybody
// that there is none; a [grpc.UnknownServiceHandler] of your own goes after these
// options, and is guarded just so.
func (a *Auth) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(a.Unary()),
		grpc.ChainStreamInterceptor(a.Stream()),
		grpc.UnknownServiceHandler(unknownMethod),
	}
}

// unknownMethod answers those who may call every method of a service, also those that
// it does not have.
func unknownMethod(any, grpc.ServerStream) error {
	return status.Error(codes.Unimplemented, "There is no such method.")
}

// Unary returns the interceptor for unary methods. It belongs before every
// interceptor that does something on behalf of the caller, and after those that
// log, trace or recover: they see refusals, too.
func (a *Auth) Unary() grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		ctx, err := a.intercept(ctx, info.FullMethod, true)
		if err != nil {
			return nil, err
		}
		return handler(ctx, req)
	}
}

// Stream returns the interceptor for streaming methods. It decides before the
// handler is called, and ends the stream when its token is not good any more (see
// [validator.WhileValid]): the context of the stream is done, the handler has
// [Config.StreamGrace] to return, and then the call ends with the status of the
// refusal, whatever the handler does. So the handler runs in a goroutine of its own,
// and may outlive the call by as long as it takes to notice that sending and receiving
// fail; a graceful stop of the server does not wait for it then, and a panic is
// swallowed. Until then its panics are raised again where interceptors outside can
// recover them. For its place see [Auth.Unary].
func (a *Auth) Stream() grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		// What no service has comes without one, for the handler of such methods.
		ctx, err := a.intercept(stream.Context(), info.FullMethod, srv != nil)
		if err != nil {
			return err
		}
		return a.whileValid(srv, &serverStream{ServerStream: stream, ctx: ctx}, handler)
	}
}

// intercept is Authorize for the method that the server has matched. A handler
// knows its own name and tells it in info; where a service is registered under
// another name, or ctx is that of another server's call, the two differ and no
// rule is certain to be meant: the call is refused. The name of a method that is not
// registered is the client's invention, and not repeated: what stands for it is the
// rule, if that is one for a whole service.
func (a *Auth) intercept(ctx context.Context, fullMethod string, registered bool) (context.Context, error) {
	if matched, ok := grpc.Method(ctx); ok && matched != fullMethod {
		return a.authorize(ctx, fullMethod, rule{})
	}
	found, ok := a.rules.find(fullMethod)
	switch {
	case registered || found.name != "":
	case ok:
		found.name = fullMethod[:strings.LastIndexByte(fullMethod, '/')+1] + "*"
	default:
		found.name = unlisted
	}
	return a.authorize(ctx, fullMethod, found)
}

// serverStream is a stream whose context carries the token.
type serverStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *serverStream) Context() context.Context { return s.ctx }
