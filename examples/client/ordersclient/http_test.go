package ordersclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/client/ordersclient"
	"github.com/bearerguard/bearerguard/internal/configerr"
)

// Example lists orders over HTTP.
func ExampleNewHTTP() {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"orders":[{"id":"1","item":"tea"},{"id":"2","item":"milk"}]}`)
	}))
	defer site.Close()
	base, _ := url.Parse(site.URL)
	api := ordersclient.NewHTTP(base, site.Client())

	n, err := api.List(context.Background())
	fmt.Println(n, err)
	// Output: 2 <nil>
}

// What is sent for each call, and what is made of the answer.
func TestHTTP(t *testing.T) {
	for name, test := range map[string]struct {
		call   func(ordersclient.API) (any, error)
		sent   string
		status int
		answer string
		want   string
	}{
		"list":   {func(a ordersclient.API) (any, error) { return a.List(t.Context()) }, "GET /v1/orders ", 200, `{"orders":[{"id":"1"}]}`, "1"},
		"create": {func(a ordersclient.API) (any, error) { return a.Create(t.Context(), `"tea"`) }, `POST /v1/orders {"item":"\"tea\""}`, 201, `{"id":"7"}`, "7"},
		"delete": {func(a ordersclient.API) (any, error) { return "", a.Delete(t.Context(), "a/b") }, "DELETE /v1/orders/a%2Fb ", 204, "", ""},
		"whoami": {func(a ordersclient.API) (any, error) { return a.WhoAmI(t.Context()) }, "GET /v1/whoami ", 200,
			`{"issuer":"i","subject":"s","client_id":"c","scopes":["x","y"]}`, "{i s c [x y]}"},
		"refused":       {func(a ordersclient.API) (any, error) { return a.List(t.Context()) }, "GET /v1/orders ", 403, `{"error":"insufficient_scope"}`, "403 insufficient_scope"},
		"not available": {func(a ordersclient.API) (any, error) { return a.List(t.Context()) }, "GET /v1/orders ", 503, `<html>`, "503"},
		"elsewhere":     {func(a ordersclient.API) (any, error) { return a.List(t.Context()) }, "GET /v1/orders ", 302, ``, "302"},
		"something else": {func(a ordersclient.API) (any, error) { return a.List(t.Context()) }, "GET /v1/orders ", 200, `<html>`,
			"the answer is not what an orders API sends"},
	} {
		t.Run(name, func(t *testing.T) {
			var sent string
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				sent = r.Method + " " + r.URL.EscapedPath() + " " + string(body)
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.answer)
			}))
			defer site.Close()
			base, err := url.Parse(site.URL + "/v1")
			if err != nil {
				t.Fatal(err)
			}
			client := site.Client()
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			value, err := test.call(ordersclient.NewHTTP(base, client))
			got := fmt.Sprint(value)
			if err != nil {
				got = err.Error()
				if _, refused := errors.AsType[*ordersclient.Error](err); refused != (test.status >= 300) {
					t.Errorf("%T", err)
				}
			}
			if sent != test.sent || got != test.want {
				t.Errorf("sent %q, got %q; want %q, %q", sent, got, test.sent, test.want)
			}
		})
	}
}

func TestAddressesFromEnv(t *testing.T) {
	for name, test := range map[string]struct{ http, grpc, want string }{
		"https":          {"https://a.example https://b.example/v1", "https://c.example:443", ""},
		"loopback":       {"http://127.0.0.1:8080", "http://[::1]:50051/", ""},
		"only gRPC":      {"", "https://c.example:443", ""},
		"only HTTP":      {"https://a.example", "", ""},
		"nothing":        {" ", "", "ORDERS_HTTP_URL"},
		"plain http":     {"https://a.example http://b.example", "", "ORDERS_HTTP_URL"},
		"with a query":   {"https://a.example?x", "", "ORDERS_HTTP_URL"},
		"plain gRPC":     {"", "http://c.example:50051", "ORDERS_GRPC_URL"},
		"gRPC, no port":  {"", "https://c.example", "ORDERS_GRPC_URL"},
		"gRPC, a path":   {"", "https://c.example:443/v1", "ORDERS_GRPC_URL"},
		"gRPC, no URL":   {"", "c.example:443", "ORDERS_GRPC_URL"},
		"both are wrong": {"a", "b", "ORDERS_HTTP_URL ORDERS_GRPC_URL"},
	} {
		var problems configerr.List
		environment := map[string]string{"ORDERS_HTTP_URL": test.http, "ORDERS_GRPC_URL": test.grpc}
		a := ordersclient.AddressesFromEnv(func(name string) string { return environment[name] }, &problems)
		var named []string
		for _, problem := range configerr.All(problems.Err()) {
			named = append(named, problem.Field)
		}
		if got := strings.Join(named, " "); got != test.want {
			t.Errorf("%s: %v, want %q", name, problems.Err(), test.want)
		}
		if test.want == "" && (len(a.HTTP) != len(strings.Fields(test.http)) || (a.GRPC != nil) != (test.grpc != "")) {
			t.Errorf("%s: %+v", name, a)
		}
	}
}
