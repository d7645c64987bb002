package endtoend_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	ordersv1 "github.com/bearerguard/bearerguard/examples/orders-grpc/orders/v1"
)

// An api calls one program plainly, with a token or none, and tells the status.
type api interface {
	name() string
	call(t *testing.T, operation, token, id string) (status string)
	// created places an order and returns its id.
	created(t *testing.T, token string) (id string)
	ok(operation string) (status string)
	missing() (status string)
	insufficient() (status string)
}

// callers returns an api for each of the programs.
func (d *deployment) callers(t *testing.T) []api {
	t.Helper()
	security := insecure.NewCredentials()
	if d.trust != nil {
		security = credentials.NewTLS(&tls.Config{RootCAs: d.trust})
	}
	_, addr, _ := strings.Cut(d.apis["orders-grpc"], "://")
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(security))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return []api{
		httpAPI{"orders-http", d.apis["orders-http"], d.client},
		httpAPI{"orders-echo", d.apis["orders-echo"], d.client},
		grpcAPI{conn, ordersv1.NewOrderServiceClient(conn)},
	}
}

// httpAPI is orders-http or orders-echo.
type httpAPI struct {
	program, base string
	client        *http.Client
}

func (a httpAPI) name() string         { return a.program }
func (a httpAPI) missing() string      { return `401 Bearer realm="orders"` }
func (a httpAPI) insufficient() string { return "403 insufficient_scope" }
func (a httpAPI) ok(operation string) string {
	switch operation {
	case "create":
		return "201"
	case "delete":
		return "204"
	}
	return "200"
}

func (a httpAPI) request(t *testing.T, operation, token, id string) *http.Response {
	t.Helper()
	route := map[string]string{
		"list": "GET /orders", "get": "GET /orders/" + id, "create": "POST /orders", "delete": "DELETE /orders/" + id,
		"watch": "GET /orders/events", "whoami": "GET /whoami", "health": "GET /healthz",
	}[operation]
	method, path, _ := strings.Cut(route, " ")
	var body io.Reader
	if method == http.MethodPost {
		body = bytes.NewReader([]byte(`{"item":"tea"}`))
	}
	request := must(http.NewRequestWithContext(t.Context(), method, a.base+path, body))
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := a.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func (a httpAPI) call(t *testing.T, operation, token, id string) string {
	t.Helper()
	response := a.request(t, operation, token, id)
	defer response.Body.Close()
	challenge := response.Header.Get("WWW-Authenticate")
	switch {
	case challenge == "":
		return fmt.Sprint(response.StatusCode)
	case strings.Contains(challenge, `error="insufficient_scope"`):
		return fmt.Sprint(response.StatusCode, " insufficient_scope")
	}
	return fmt.Sprint(response.StatusCode, " ", challenge)
}

func (a httpAPI) created(t *testing.T, token string) string {
	t.Helper()
	response := a.request(t, "create", token, "")
	defer response.Body.Close()
	var order struct{ ID string }
	if err := json.NewDecoder(response.Body).Decode(&order); err != nil || order.ID == "" {
		t.Fatalf("%s, %v", response.Status, err)
	}
	return order.ID
}

// grpcAPI is orders-grpc.
type grpcAPI struct {
	conn    *grpc.ClientConn
	service ordersv1.OrderServiceClient
}

func (grpcAPI) name() string         { return "orders-grpc" }
func (grpcAPI) missing() string      { return "Unauthenticated" }
func (grpcAPI) insufficient() string { return "PermissionDenied" }
func (grpcAPI) ok(string) string     { return "OK" }

func (a grpcAPI) with(t *testing.T, token string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	return ctx, cancel
}

func (a grpcAPI) call(t *testing.T, operation, token, id string) string {
	t.Helper()
	ctx, cancel := a.with(t, token)
	defer cancel()
	var err error
	switch operation {
	case "list":
		_, err = a.service.ListOrders(ctx, &ordersv1.ListOrdersRequest{})
	case "get":
		_, err = a.service.GetOrder(ctx, &ordersv1.GetOrderRequest{Id: id})
	case "create":
		_, err = a.service.CreateOrder(ctx, &ordersv1.CreateOrderRequest{Item: "tea"})
	case "delete":
		_, err = a.service.DeleteOrder(ctx, &ordersv1.DeleteOrderRequest{Id: id})
	case "whoami":
		_, err = a.service.WhoAmI(ctx, &ordersv1.WhoAmIRequest{})
	case "health":
		_, err = grpc_health_v1.NewHealthClient(a.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	case "watch":
		var stream grpc.ServerStreamingClient[ordersv1.WatchOrdersResponse]
		if stream, err = a.service.WatchOrders(ctx, &ordersv1.WatchOrdersRequest{}); err == nil {
			// A stream that is open has a header; one that was refused has its status.
			if header, noHeader := stream.Header(); noHeader != nil || header == nil {
				_, err = stream.Recv()
			}
		}
	}
	return status.Code(err).String()
}

func (a grpcAPI) created(t *testing.T, token string) string {
	t.Helper()
	ctx, cancel := a.with(t, token)
	defer cancel()
	response, err := a.service.CreateOrder(ctx, &ordersv1.CreateOrderRequest{Item: "tea"})
	if err != nil {
		t.Fatal(err)
	}
	return response.GetOrder().GetId()
}
