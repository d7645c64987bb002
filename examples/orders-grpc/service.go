package main

import (
	"context"
	"errors"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	ordersv1 "github.com/bearerguard/bearerguard/examples/orders-grpc/orders/v1"
	"github.com/bearerguard/bearerguard/validator"
)

// service is the API itself. Nothing in it decides who may call.
type service struct {
	ordersv1.UnimplementedOrderServiceServer
	store *orders.Store
}

func (s service) ListOrders(context.Context, *ordersv1.ListOrdersRequest) (*ordersv1.ListOrdersResponse, error) {
	response := &ordersv1.ListOrdersResponse{}
	for _, order := range s.store.List() {
		response.Orders = append(response.Orders, message(order))
	}
	return response, nil
}

func (s service) GetOrder(_ context.Context, r *ordersv1.GetOrderRequest) (*ordersv1.GetOrderResponse, error) {
	order, err := s.store.Get(r.GetId())
	if err != nil {
		return nil, refuse(err)
	}
	return &ordersv1.GetOrderResponse{Order: message(order)}, nil
}

func (s service) CreateOrder(_ context.Context, r *ordersv1.CreateOrderRequest) (*ordersv1.CreateOrderResponse, error) {
	order, err := s.store.Create(r.GetItem())
	if err != nil {
		return nil, refuse(err)
	}
	return &ordersv1.CreateOrderResponse{Order: message(order)}, nil
}

func (s service) DeleteOrder(_ context.Context, r *ordersv1.DeleteOrderRequest) (*ordersv1.DeleteOrderResponse, error) {
	if err := s.store.Delete(r.GetId()); err != nil {
		return nil, refuse(err)
	}
	return &ordersv1.DeleteOrderResponse{}, nil
}

var errWatchOver = status.Error(codes.Unavailable, "This watch is over: list the orders and watch again.")

var kinds = map[string]ordersv1.WatchOrdersResponse_Kind{
	orders.Created: ordersv1.WatchOrdersResponse_KIND_CREATED,
	orders.Deleted: ordersv1.WatchOrdersResponse_KIND_DELETED,
}

// WatchOrders was let in once, for a stream that may be long. The context of the
// stream ends with the token, and the interceptor answers why.
func (s service) WatchOrders(_ *ordersv1.WatchOrdersRequest, stream grpc.ServerStreamingServer[ordersv1.WatchOrdersResponse]) error {
	events, stop := s.store.Watch()
	defer stop()
	if err := stream.SendHeader(metadata.MD{}); err != nil { // from here on nothing is missed
		return err
	}
	for {
		select {
		case event, ok := <-events:
			if !ok {
				return errWatchOver
			}
			if err := stream.Send(&ordersv1.WatchOrdersResponse{Kind: kinds[event.Kind], Order: message(event.Order)}); err != nil {
				return err
			}
		case <-stream.Context().Done():
			return status.FromContextError(stream.Context().Err()).Err()
		}
	}
}

// WhoAmI always finds a token: its method is guarded.
func (s service) WhoAmI(ctx context.Context, _ *ordersv1.WhoAmIRequest) (*ordersv1.WhoAmIResponse, error) {
	token, _ := validator.TokenFrom(ctx)
	return &ordersv1.WhoAmIResponse{
		Issuer:   token.Issuer(),
		Subject:  token.Subject(),
		ClientId: token.ClientID(),
		Scopes:   token.Scopes().Values(),
	}, nil
}

func message(o orders.Order) *ordersv1.Order { return &ordersv1.Order{Id: o.ID, Item: o.Item} }

func refuse(err error) error {
	switch {
	case errors.Is(err, orders.ErrNotFound):
		return status.Error(codes.NotFound, "There is no such order.")
	case errors.Is(err, orders.ErrItem):
		return status.Error(codes.InvalidArgument, "The item must be a text of 1 to 200 characters.")
	case errors.Is(err, orders.ErrFull):
		return status.Error(codes.ResourceExhausted, "There is no room for another order.")
	default:
		return status.Error(codes.Internal, "Internal error.")
	}
}
