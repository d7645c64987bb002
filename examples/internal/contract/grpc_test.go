package contract_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
	ordersv1 "github.com/bearerguard/bearerguard/examples/orders-grpc/orders/v1"
)

// grpcAPI is orders-grpc.
type grpcAPI struct {
	conn    *grpc.ClientConn
	service ordersv1.OrderServiceClient
}

func newGRPC(t *testing.T, addr string, authority *x509.Certificate) *grpcAPI {
	t.Helper()
	security := insecure.NewCredentials()
	if authority != nil {
		pool := x509.NewCertPool()
		pool.AddCert(authority)
		security = credentials.NewTLS(&tls.Config{RootCAs: pool})
	}
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(security))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &grpcAPI{conn: conn, service: ordersv1.NewOrderServiceClient(conn)}
}

// with returns a context for a call with this credential or none.
func with(t *testing.T, authorization string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	if authorization != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", authorization)
	}
	return ctx, cancel
}

func (a *grpcAPI) call(t *testing.T, operation, token, subject string) (result answer, _ outcome) {
	t.Helper()
	ctx, cancel := with(t, bearer(token))
	defer cancel()
	var err error
	switch operation {
	case "list":
		var response *ordersv1.ListOrdersResponse
		response, err = a.service.ListOrders(ctx, &ordersv1.ListOrdersRequest{})
		for _, order := range response.GetOrders() {
			result.orders = append(result.orders, orderOf(order))
		}
	case "get":
		var response *ordersv1.GetOrderResponse
		response, err = a.service.GetOrder(ctx, &ordersv1.GetOrderRequest{Id: subject})
		result.order = orderOf(response.GetOrder())
	case "create":
		var response *ordersv1.CreateOrderResponse
		response, err = a.service.CreateOrder(ctx, &ordersv1.CreateOrderRequest{Item: subject})
		result.order = orderOf(response.GetOrder())
	case "delete":
		_, err = a.service.DeleteOrder(ctx, &ordersv1.DeleteOrderRequest{Id: subject})
	case "watch":
		_, got := a.watch(t, token)
		return result, got
	case "whoami":
		var r *ordersv1.WhoAmIResponse
		r, err = a.service.WhoAmI(ctx, &ordersv1.WhoAmIRequest{})
		result.caller = rest.Caller{Issuer: r.GetIssuer(), Subject: r.GetSubject(), ClientID: r.GetClientId(), Scopes: r.GetScopes()}
	}
	return result, statusOf(err)
}

func orderOf(o *ordersv1.Order) orders.Order { return orders.Order{ID: o.GetId(), Item: o.GetItem()} }

func statusOf(err error) outcome {
	s := status.Convert(err)
	got := outcome{status: s.Code().String()}
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == "bearerguard" {
			got.reason, got.scope = info.GetReason(), info.GetMetadata()["scope"]
		}
	}
	return got
}

// public calls the health service and reflection in the version that tools try
// first, and in the one before.
func (a *grpcAPI) public(t *testing.T, authorization string) {
	t.Helper()
	ctx, cancel := with(t, authorization)
	defer cancel()
	health, err := grpc_health_v1.NewHealthClient(a.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil || health.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", health, err)
	}
	stream, err := grpc_reflection_v1.NewServerReflectionClient(a.conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{},
	}); err != nil {
		t.Fatal(err)
	}
	response, err := stream.Recv()
	var names []string
	for _, service := range response.GetListServicesResponse().GetService() {
		names = append(names, service.GetName())
	}
	if err != nil || len(names) != 4 || names[3] != "orders.v1.OrderService" {
		t.Errorf("reflection: %q, %v", names, err)
	}
}

func (a *grpcAPI) watch(t *testing.T, token string) (watch, outcome) {
	t.Helper()
	ctx, cancel := with(t, bearer(token))
	stream, err := a.service.WatchOrders(ctx, &ordersv1.WatchOrdersRequest{})
	if err != nil {
		t.Fatal(err)
	}
	// A call that is refused has no header; what it has is its status.
	if header, err := stream.Header(); err != nil || header == nil {
		_, err = stream.Recv()
		return &grpcStream{stream, cancel}, statusOf(err)
	}
	return &grpcStream{stream, cancel}, outcome{status: codes.OK.String()}
}

type grpcStream struct {
	stream grpc.ServerStreamingClient[ordersv1.WatchOrdersResponse]
	cancel func()
}

func (s *grpcStream) close() { s.cancel() }

func (s *grpcStream) next(t *testing.T) (event orders.Event, ok bool, ended outcome) {
	t.Helper()
	response, err := s.stream.Recv()
	if err != nil {
		if status.Code(err) == codes.DeadlineExceeded {
			t.Fatal("no event")
		}
		return event, false, statusOf(err)
	}
	switch response.GetKind() {
	case ordersv1.WatchOrdersResponse_KIND_CREATED:
		event.Kind = orders.Created
	case ordersv1.WatchOrdersResponse_KIND_DELETED:
		event.Kind = orders.Deleted
	}
	event.Order = orderOf(response.GetOrder())
	return event, true, outcome{}
}
