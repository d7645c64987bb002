package ordersclient_test

import (
	"context"
	"fmt"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/bearerguard/bearerguard/examples/client/ordersclient"
	ordersv1 "github.com/bearerguard/bearerguard/examples/orders-grpc/orders/v1"
	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/validator"
)

// answering answers what the tests ask it.
type answering struct {
	ordersv1.UnimplementedOrderServiceServer
	err error
}

func (a answering) ListOrders(context.Context, *ordersv1.ListOrdersRequest) (*ordersv1.ListOrdersResponse, error) {
	return &ordersv1.ListOrdersResponse{Orders: []*ordersv1.Order{{Id: "1"}, {Id: "2"}}}, a.err
}

func (a answering) CreateOrder(_ context.Context, r *ordersv1.CreateOrderRequest) (*ordersv1.CreateOrderResponse, error) {
	return &ordersv1.CreateOrderResponse{Order: &ordersv1.Order{Id: "of " + r.GetItem()}}, a.err
}

func (a answering) DeleteOrder(_ context.Context, r *ordersv1.DeleteOrderRequest) (*ordersv1.DeleteOrderResponse, error) {
	if r.GetId() != "7" {
		return nil, status.Error(codes.NotFound, "no such order")
	}
	return &ordersv1.DeleteOrderResponse{}, a.err
}

func (a answering) WhoAmI(context.Context, *ordersv1.WhoAmIRequest) (*ordersv1.WhoAmIResponse, error) {
	return &ordersv1.WhoAmIResponse{Issuer: "i", Subject: "s", ClientId: "c", Scopes: []string{"x", "y"}}, a.err
}

func newGRPC(t *testing.T, err error) ordersclient.API {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	server := grpc.NewServer()
	ordersv1.RegisterOrderServiceServer(server, answering{err: err})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, dialErr := grpc.NewClient("passthrough:///orders", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if dialErr != nil {
		t.Fatal(dialErr)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return ordersclient.NewGRPC(conn)
}

// What is made of answers, and of refusals with and without an ErrorInfo.
func TestGRPC(t *testing.T) {
	refused := grpcmw.Status(validator.NewError(validator.CodeInsufficientScope, nil)).Err()
	for name, test := range map[string]struct {
		err  error
		call func(ordersclient.API) (any, error)
		want string
	}{
		"list":      {nil, func(a ordersclient.API) (any, error) { return a.List(t.Context()) }, "2 <nil>"},
		"create":    {nil, func(a ordersclient.API) (any, error) { return a.Create(t.Context(), "tea") }, "of tea <nil>"},
		"delete":    {nil, func(a ordersclient.API) (any, error) { return "", a.Delete(t.Context(), "7") }, " <nil>"},
		"not there": {nil, func(a ordersclient.API) (any, error) { return "", a.Delete(t.Context(), "8") }, " NotFound no such order"},
		"whoami":    {nil, func(a ordersclient.API) (any, error) { return a.WhoAmI(t.Context()) }, "{i s c [x y]} <nil>"},
		"refused":   {refused, func(a ordersclient.API) (any, error) { return a.List(t.Context()) }, "0 PermissionDenied INSUFFICIENT_SCOPE"},
	} {
		value, err := test.call(newGRPC(t, test.err))
		if got := fmt.Sprint(value, " ", err); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
