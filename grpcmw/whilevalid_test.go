package grpcmw_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/revocation"
	"google.golang.org/grpc"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

// duplex is a service with one handler that a test writes down.
type duplex struct {
	testgrpc.UnimplementedTestServiceServer
	handle func(grpc.BidiStreamingServer[testgrpc.StreamingOutputCallRequest, testgrpc.StreamingOutputCallResponse]) error
}

func (s *duplex) FullDuplexCall(stream grpc.BidiStreamingServer[testgrpc.StreamingOutputCallRequest, testgrpc.StreamingOutputCallResponse]) error {
	return s.handle(stream)
}

type duplexStream = grpc.BidiStreamingServer[testgrpc.StreamingOutputCallRequest, testgrpc.StreamingOutputCallResponse]

// open calls the handler with a token that lives for a minute, leeway included, and
// returns the client's side.
func open(t *testing.T, config grpcmw.Config, options []grpc.ServerOption, handle func(duplexStream) error, edits ...func(*validator.Config)) testgrpc.TestService_FullDuplexCallClient {
	t.Helper()
	s := newSigner(t)
	config.Rules = map[string]scopes.Requirement{service + "*": scopes.Authenticated()}
	auth := newAuth(t, s.validator(t, edits...), config)
	server := grpc.NewServer(append(options, auth.ServerOptions()...)...)
	testgrpc.RegisterTestServiceServer(server, &duplex{handle: handle})
	stream, err := testgrpc.NewTestServiceClient(dial(t, server)).FullDuplexCall(with(t, s.bearer(t, "", 30*time.Second)))
	must(t, err)
	return stream
}

const lifetime = time.Minute

// A handler that waits for a message does not notice that its context is done. Its
// call ends all the same.
func TestStreamEndsWithItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unblocked := make(chan error, 1)
		start := time.Now()
		stream := open(t, grpcmw.Config{}, nil, func(stream duplexStream) error {
			_, err := stream.Recv()
			unblocked <- err
			return err
		})
		_, err := stream.Recv()
		if got := reason(t, err); got != "TOKEN_EXPIRED" {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(start); took < lifetime || took > lifetime+grpcmw.DefaultStreamGrace+time.Second {
			t.Errorf("after %v", took)
		}
		if err := <-unblocked; err == nil {
			t.Error("the handler got a message from nowhere")
		}
	})
}

// A call ends as soon as its token is revoked.
func TestStreamEndsWithRevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		revoked, err := revocation.New(revocation.Config{})
		must(t, err)
		start := time.Now()
		stream := open(t, grpcmw.Config{}, nil, func(stream duplexStream) error {
			token, _ := validator.TokenFrom(stream.Context())
			time.Sleep(time.Second)
			must(t, revoked.RevokeSubject(stream.Context(), token.Issuer(), token.Subject(), time.Now(), time.Now().Add(time.Hour)))
			_, err := stream.Recv()
			return err
		}, func(c *validator.Config) { c.Revocation = revoked })
		_, err = stream.Recv()
		if got := reason(t, err); got != "TOKEN_REVOKED" {
			t.Errorf("ended with %v", err)
		}
		if took := time.Since(start); took < time.Second || took > time.Second+grpcmw.DefaultStreamGrace+time.Second {
			t.Errorf("after %v", took)
		}
	})
}

// A handler that heeds its context ends the call at once, with the status of the
// refusal whatever it returns.
func TestStreamHandlerLeavesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, returned := range map[string]error{"nil": nil, "an error": errors.New("mine")} {
			start := time.Now()
			stream := open(t, grpcmw.Config{StreamGrace: time.Hour}, nil, func(stream duplexStream) error {
				<-stream.Context().Done()
				if e, ok := errors.AsType[*validator.Error](context.Cause(stream.Context())); !ok || e.Code() != validator.CodeTokenExpired {
					t.Errorf("%s: cause %v", name, context.Cause(stream.Context()))
				}
				must(t, stream.Send(&testgrpc.StreamingOutputCallResponse{})) // a last word
				return returned
			})
			if _, err := stream.Recv(); err != nil {
				t.Errorf("%s: the last word is lost: %v", name, err)
			}
			if _, err := stream.Recv(); reason(t, err) != "TOKEN_EXPIRED" {
				t.Errorf("%s: ended with %v", name, err)
			}
			if took := time.Since(start); took > lifetime+time.Second {
				t.Errorf("%s: after %v", name, took)
			}
		}
	})
}

func TestStreamGraceIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		leave := make(chan struct{})
		defer close(leave)
		start := time.Now()
		stream := open(t, grpcmw.Config{StreamGrace: 3 * time.Second}, nil, func(duplexStream) error {
			<-leave
			return nil
		})
		_, err := stream.Recv()
		if took := time.Since(start); reason(t, err) != "TOKEN_EXPIRED" || took < lifetime+2*time.Second || took > lifetime+4*time.Second {
			t.Errorf("ended with %v after %v", err, took)
		}
	})
}

// What the handler returns while its token is good is what the client gets.
func TestStreamEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := open(t, grpcmw.Config{}, nil, func(stream duplexStream) error {
			_, err := stream.Recv()
			if err != io.EOF {
				t.Errorf("got %v", err)
			}
			return validator.NewError(validator.CodeInsufficientScope, nil)
		})
		must(t, stream.CloseSend())
		if _, err := stream.Recv(); err == nil || reason(t, err) == "TOKEN_EXPIRED" {
			t.Errorf("ended with %v", err)
		}
	})
}

// An interceptor outside that recovers panics sees those of stream handlers, before
// and after the token's end.
func TestStreamPanicsAreRaisedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, late := range map[string]bool{"at once": false, "in the grace": true} {
			recovered := make(chan any, 1)
			options := []grpc.ServerOption{grpc.ChainStreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
				defer func() {
					p := recover()
					recovered <- p
					if p != nil {
						err = io.ErrUnexpectedEOF
					}
				}()
				return next(srv, stream)
			})}
			stream := open(t, grpcmw.Config{}, options, func(stream duplexStream) error {
				if late {
					<-stream.Context().Done()
				}
				panic("mine")
			})
			if _, err := stream.Recv(); err == nil {
				t.Errorf("%s: no error", name)
			}
			if p := <-recovered; p != "mine" {
				t.Errorf("%s: recovered %v", name, p)
			}
		}
	})
}

// A handler that leaves by runtime.Goexit leaves nobody waiting.
func TestStreamGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stream := open(t, grpcmw.Config{}, nil, func(duplexStream) error {
			runtime.Goexit()
			return nil
		})
		if _, err := stream.Recv(); reason(t, err) != "INTERNAL" {
			t.Errorf("ended with %v", err)
		}
	})
}

// When the client goes away, the interceptor does not return before its handler.
func TestStreamWaitsForItsHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := make(chan struct{})
		done := make(chan struct{})
		options := []grpc.ServerOption{grpc.ChainStreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			defer close(done)
			return next(srv, stream)
		})}
		s := newSigner(t)
		auth := newAuth(t, s.validator(t), grpcmw.Config{Rules: map[string]scopes.Requirement{service + "*": scopes.Authenticated()}})
		server := grpc.NewServer(append(options, auth.ServerOptions()...)...)
		testgrpc.RegisterTestServiceServer(server, &duplex{handle: func(stream duplexStream) error {
			<-stream.Context().Done()
			time.Sleep(time.Second)
			close(left)
			return nil
		}})
		ctx, cancel := context.WithCancel(with(t, s.bearer(t, "", 30*time.Second)))
		_, err := testgrpc.NewTestServiceClient(dial(t, server)).FullDuplexCall(ctx)
		must(t, err)
		synctest.Wait()
		cancel()
		<-done
		select {
		case <-left:
		default:
			t.Error("the interceptor has left its handler behind")
		}
	})
}
