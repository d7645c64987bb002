//go:build interop

package interop_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
	ordersv1 "github.com/bearerguard/bearerguard/examples/orders-grpc/orders/v1"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

// A front is one server of an [api].
type front struct {
	*api
	name, method, url string
	ca                *authority
	send              func(*testing.T, front, http.Header, *tls.Config) answer
}

// A shown is what a client shows to an API.
type shown struct {
	scheme, token string
	prover        *dpop.Prover // nil: no proof
	nonce         string
	certificate   *tls.Certificate // nil: none
}

func bearer(token string) shown { return shown{scheme: "Bearer", token: token} }

// An answer is what a server has answered.
type answer struct {
	code   validator.Code // zero: let in
	nonce  string         // for the next proof
	caller rest.Caller    // of whoever was let in
	proof  string         // that was sent
}

// call makes one request. What is on the wire must be what the error table has for
// the code that the validator has decided on.
func (f front) call(t *testing.T, s shown) answer {
	t.Helper()
	proof := ""
	if s.prover != nil {
		proof = prove(t, s.prover, dpop.Request{Method: f.method, URL: f.url, AccessToken: s.token, Nonce: s.nonce})
	}
	return f.callWith(t, s, proof)
}

// callWith is call with a proof at hand.
func (f front) callWith(t *testing.T, s shown, proof string) answer {
	t.Helper()
	header := http.Header{"Authorization": {s.scheme + " " + s.token}}
	if proof != "" {
		header.Set("DPoP", proof)
	}
	out := f.send(t, f, header, clientTLS(f.ca, s.certificate))
	out.proof = proof
	return out
}

// want makes a request that is to be refused with a code, or let in with zero.
func (f front) want(t *testing.T, what string, s shown, code validator.Code) answer {
	t.Helper()
	out := f.call(t, s)
	if out.code != code {
		t.Errorf("%s, %s: %v, want %v", f.name, what, out.code, code)
	}
	return out
}

func sendHTTP(t *testing.T, f front, header http.Header, config *tls.Config) (out answer) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), f.method, f.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	response, err := (&http.Client{Transport: transport, Timeout: patience}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	out.code, out.nonce = f.decision().Code(), response.Header.Get("DPoP-Nonce")
	wantStatus := http.StatusOK
	if out.code != 0 {
		wantStatus = out.code.HTTPStatus()
	} else if err := json.NewDecoder(response.Body).Decode(&out.caller); err != nil {
		t.Errorf("%s: %v", f.name, err)
	}
	if response.StatusCode != wantStatus {
		t.Errorf("%s: status %d, want %d", f.name, response.StatusCode, wantStatus)
	}
	return out
}

func sendGRPC(t *testing.T, f front, header http.Header, config *tls.Config) (out answer) {
	t.Helper()
	target, err := url.Parse(f.url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient("passthrough:///"+target.Host, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	sent, got := metadata.MD{}, metadata.MD{}
	for name, values := range header {
		sent.Append(name, values...)
	}
	reply, err := ordersv1.NewOrderServiceClient(conn).
		WhoAmI(metadata.NewOutgoingContext(ctx, sent), &ordersv1.WhoAmIRequest{}, grpc.Header(&got))
	out.code = f.decision().Code()
	if nonces := got.Get("dpop-nonce"); len(nonces) == 1 {
		out.nonce = nonces[0]
	}
	if out.code == 0 && err == nil {
		out.caller = rest.Caller{Issuer: reply.Issuer, Subject: reply.Subject, ClientID: reply.ClientId, Scopes: reply.Scopes}
		return out
	}
	s := status.Convert(err)
	reason := ""
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			reason = info.Reason
		}
	}
	if out.code == 0 || s.Code() != codes.Code(out.code.GRPCStatus()) || reason != out.code.String() {
		t.Errorf("%s: %v with reason %q, want that of %v", f.name, s.Code(), reason, out.code)
	}
	return out
}

// whoAmI tells the caller what its token says.
type whoAmI struct {
	ordersv1.UnimplementedOrderServiceServer
}

func (whoAmI) WhoAmI(ctx context.Context, _ *ordersv1.WhoAmIRequest) (*ordersv1.WhoAmIResponse, error) {
	token, _ := validator.TokenFrom(ctx)
	c := rest.NewCaller(token)
	return &ordersv1.WhoAmIResponse{Issuer: c.Issuer, Subject: c.Subject, ClientId: c.ClientID, Scopes: c.Scopes}, nil
}

// listen serves gRPC on loopback until the test ends.
func listen(t *testing.T, server *grpc.Server) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}
