package main

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	ordersv1 "github.com/bearerguard/bearerguard/examples/orders-grpc/orders/v1"
	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// nobody lets nobody in; these tests are about servers, not about tokens.
type nobody struct{}

func (nobody) Validate(context.Context, validator.Credential) (*validator.Token, error) {
	return nil, validator.NewError(validator.CodeTokenRefused, nil)
}

// A method without a rule keeps the program from starting, and so does a rule for a
// method that is not there.
func TestPolicyFitsMethods(t *testing.T) {
	start := func(operations []scopes.Operation) error {
		policy, err := scopes.NewPolicy(operations...)
		if err != nil {
			t.Fatal(err)
		}
		auth, err := grpcmw.New(nobody{}, grpcmw.Config{Policy: policy})
		if err != nil {
			t.Fatal(err)
		}
		_, err = newServer(t.Context(), auth, nil, orders.NewStore())
		return err
	}
	complete := orders.Policy.Operations()
	if err := start(complete); err != nil {
		t.Errorf("with every rule: %v", err)
	}
	for i, operation := range complete {
		method := strings.TrimSuffix(operation.GRPC[0], "*")
		if err := start(slices.Delete(slices.Clone(complete), i, i+1)); err == nil || !strings.Contains(err.Error(), method) {
			t.Errorf("without a rule for %s: %v", method, err)
		}
	}
	const archive = "/orders.v1.OrderService/ArchiveOrders"
	more := append(slices.Clone(complete), scopes.Operation{Name: "orders.archive", Requirement: scopes.All("orders:admin"), GRPC: []string{archive}})
	if err := start(more); err == nil || !strings.Contains(err.Error(), archive) {
		t.Errorf("with a rule for %s: %v", archive, err)
	}
}

// slow is a service whose one call under way takes as long as the test wants.
type slow struct {
	ordersv1.UnimplementedOrderServiceServer
	entered, finish chan struct{}
}

func (s slow) ListOrders(context.Context, *ordersv1.ListOrdersRequest) (*ordersv1.ListOrdersResponse, error) {
	close(s.entered)
	<-s.finish
	return &ordersv1.ListOrdersResponse{}, nil
}

// underWay starts a server with a call of service that has begun, and returns
// how that ends.
func underWay(t *testing.T, service slow) (drainingServer, <-chan error) {
	listener := bufconn.Listen(64 << 10)
	server := drainingServer{grpc.NewServer()}
	ordersv1.RegisterOrderServiceServer(server, service)
	go func() { _ = server.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:orders", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		server.Stop()
	})
	ended := make(chan error, 1)
	go func() {
		_, err := ordersv1.NewOrderServiceClient(conn).ListOrders(t.Context(), &ordersv1.ListOrdersRequest{})
		ended <- err
	}()
	<-service.entered
	return server, ended
}

// A call under way is finished, if it does not take for ever.
func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := slow{entered: make(chan struct{}), finish: make(chan struct{})}
		server, ended := underWay(t, service)
		time.AfterFunc(9*time.Second, func() { close(service.finish) })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("the call: %v", err)
		}
	})
}

func TestShutdownIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		service := slow{entered: make(chan struct{}), finish: make(chan struct{})}
		server, ended := underWay(t, service)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != context.DeadlineExceeded || time.Since(began) != 10*time.Second {
			t.Errorf("shutdown: %v after %v", err, time.Since(began))
		}
		if err := <-ended; status.Code(err) != codes.Unavailable || time.Since(began) != 10*time.Second {
			t.Errorf("the call: %v after %v", err, time.Since(began))
		}
		close(service.finish)
	})
}

// What an error says besides is not for the caller.
func TestRefuse(t *testing.T) {
	for err, want := range map[error]codes.Code{
		orders.ErrNotFound: codes.NotFound, orders.ErrItem: codes.InvalidArgument, orders.ErrFull: codes.ResourceExhausted,
		context.Canceled: codes.Internal,
	} {
		if got := refuse(fmt.Errorf("hunter2: %w", err)); status.Code(got) != want || strings.Contains(got.Error(), "hunter2") {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}
