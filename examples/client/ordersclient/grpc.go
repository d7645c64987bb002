package ordersclient

import (
	"context"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
	ordersv1 "github.com/bearerguard/bearerguard/examples/orders-grpc/orders/v1"
)

// NewGRPC returns the API behind a connection.
func NewGRPC(conn grpc.ClientConnInterface) API {
	return grpcAPI{ordersv1.NewOrderServiceClient(conn)}
}

type grpcAPI struct {
	service ordersv1.OrderServiceClient
}

func (grpcAPI) Name() string { return "grpc" }

func (a grpcAPI) List(ctx context.Context) (int, error) {
	response, err := a.service.ListOrders(ctx, &ordersv1.ListOrdersRequest{})
	return len(response.GetOrders()), errorOf(err)
}

func (a grpcAPI) Create(ctx context.Context, item string) (string, error) {
	response, err := a.service.CreateOrder(ctx, &ordersv1.CreateOrderRequest{Item: item})
	return response.GetOrder().GetId(), errorOf(err)
}

func (a grpcAPI) Delete(ctx context.Context, id string) error {
	_, err := a.service.DeleteOrder(ctx, &ordersv1.DeleteOrderRequest{Id: id})
	return errorOf(err)
}

func (a grpcAPI) WhoAmI(ctx context.Context) (rest.Caller, error) {
	r, err := a.service.WhoAmI(ctx, &ordersv1.WhoAmIRequest{})
	return rest.Caller{Issuer: r.GetIssuer(), Subject: r.GetSubject(), ClientID: r.GetClientId(), Scopes: r.GetScopes()}, errorOf(err)
}

// errorOf returns the code, and the reason of the ErrorInfo or else the message,
// which for a call that was never sent says why.
func errorOf(err error) error {
	if err == nil {
		return nil
	}
	s := status.Convert(err)
	problem := &Error{Status: s.Code().String(), Reason: s.Message()}
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			problem.Reason = info.GetReason()
		}
	}
	return problem
}
