package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

// sendHTTP sends an exchange to net/http or Echo.
func sendHTTP(ctx context.Context, address string, e exchange) (expected, got, challenge string, _ error) {
	target := e.api.scheme() + "://" + address + e.op.path
	request, err := http.NewRequestWithContext(ctx, e.op.method, target, nil)
	if err != nil {
		return "", "", "", err
	}
	request.Header["Authorization"] = e.authorization
	if e.proof != nil {
		proof, err := e.proof(e.op.method, target)
		if err != nil {
			return "", "", "", err
		}
		request.Header.Set("DPoP", proof)
	}
	transport := &http.Transport{TLSClientConfig: e.clientTLS()}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return "", "", "", err
	}
	defer response.Body.Close()
	challenge = response.Header.Get("WWW-Authenticate")
	if e.want == 0 {
		return "2xx", fmt.Sprint(response.StatusCode/100, "xx"), challenge, nil
	}
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		body.Error = "no JSON"
	}
	got = line(fmt.Sprint(response.StatusCode), body.Error, response.Header.Get("Retry-After") != "")
	expected = line(fmt.Sprint(e.want.HTTPStatus()), e.want.OAuthError(), e.want.Retryable())
	// The body, the challenge and the headers say the same, or it is a
	// difference.
	switch {
	case body.Description != e.want.Description():
		got += ", other description"
	case challenge != wantChallenge(e):
		got += ", other challenge"
	case response.Header.Get("Cache-Control") != "no-store":
		got += ", may be cached"
	case (response.Header.Get("DPoP-Nonce") == "") == (e.want == validator.CodeDPoPNonceRequired):
		got += ", nonce where there should be none, or none"
	}
	return expected, got, challenge, nil
}

// clientTLS is what the client brings along.
func (e exchange) clientTLS() *tls.Config {
	config := &tls.Config{RootCAs: e.api.roots}
	if e.certificate != nil {
		config.Certificates = []tls.Certificate{*e.certificate}
	}
	return config
}

// wantChallenge writes down RFC 6750 §3, RFC 9449 §7.1 and RFC 9470 §3 for the table.
func wantChallenge(e exchange) string {
	switch {
	case e.want == validator.CodeCredentialsMissing:
		return `Bearer realm="api"`
	case e.want.OAuthError() == "":
		return ""
	}
	scheme, algs := "Bearer", ""
	if len(e.authorization) > 0 && strings.HasPrefix(e.authorization[0], "DPoP ") {
		scheme, algs = "DPoP", fmt.Sprintf(`, algs="%s"`, strings.Join(dpop.DefaultAlgorithms(), " "))
	}
	challenge := fmt.Sprintf(`%s realm="api", error="%s", error_description="%s"%s`, scheme, e.want.OAuthError(), e.want.Description(), algs)
	if e.scope != "" {
		challenge += fmt.Sprintf(`, scope="%s"`, e.scope)
	}
	if e.want == validator.CodeInsufficientUserAuthentication {
		challenge += `, acr_values="urn:example:phr", max_age="300"`
	}
	return challenge
}

// sendGRPC sends an exchange to gRPC.
func sendGRPC(ctx context.Context, address string, e exchange) (expected, got, details string, _ error) {
	transport := insecure.NewCredentials()
	if e.api.tls != nil {
		transport = credentials.NewTLS(e.clientTLS())
	}
	conn, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(transport))
	if err != nil {
		return "", "", "", err
	}
	defer conn.Close()
	md := metadata.MD{}
	md.Append("authorization", e.authorization...)
	if e.proof != nil {
		proof, err := e.proof(http.MethodPost, e.api.scheme()+"://"+address+e.op.rpc)
		if err != nil {
			return "", "", "", err
		}
		md.Append("dpop", proof)
	}
	var header metadata.MD
	var request, reply proto.Message = new(emptypb.Empty), new(wrapperspb.StringValue)
	if e.op == healthz {
		request, reply = new(grpc_health_v1.HealthCheckRequest), new(grpc_health_v1.HealthCheckResponse)
	}
	err = conn.Invoke(metadata.NewOutgoingContext(ctx, md), e.op.rpc, request, reply, grpc.Header(&header))

	s := status.Convert(err)
	reason, retry := "", false
	for _, detail := range s.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			reason = d.GetReason()
			details = d.GetDomain()
			if scope := d.GetMetadata()["scope"]; scope != "" {
				details += fmt.Sprintf(` scope="%s"`, scope)
			}
			if d.GetMetadata()["scope"] != e.scope {
				reason += ", other scope"
			}
			if maxAge := d.GetMetadata()["max_age"]; maxAge != "" {
				details += fmt.Sprintf(` acr_values="%s" max_age="%s"`, d.GetMetadata()["acr_values"], maxAge)
			}
		case *errdetails.RetryInfo:
			retry = d.GetRetryDelay().AsDuration() > 0
		}
	}
	got = line(s.Code().String(), reason, retry)
	if e.want == 0 {
		return codes.OK.String(), got, details, nil
	}
	if s.Message() != e.want.Description() {
		got += ", other message"
	}
	if (len(header["dpop-nonce"]) == 0) == (e.want == validator.CodeDPoPNonceRequired) {
		got += ", nonce where there should be none, or none"
	}
	return line(codes.Code(e.want.GRPCStatus()).String(), e.want.String(), e.want.Retryable()), got, details, nil
}

func line(status, code string, retry bool) string {
	parts := []string{status}
	if code != "" {
		parts = append(parts, code)
	}
	if retry {
		parts = append(parts, "+ retry")
	}
	return strings.Join(parts, " ")
}
