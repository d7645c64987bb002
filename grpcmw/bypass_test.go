package grpcmw_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"google.golang.org/grpc"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
)

// reachable is a service, and a handler for unknown ones, that tell which method a
// call has reached.
type reachable struct {
	testgrpc.UnimplementedTestServiceServer
	mu      sync.Mutex
	reached []string
}

func (r *reachable) note(method string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached = append(r.reached, method)
}

func (r *reachable) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.reached
	r.reached = nil
	return taken
}

func (r *reachable) EmptyCall(context.Context, *testgrpc.Empty) (*testgrpc.Empty, error) {
	r.note("EmptyCall")
	return &testgrpc.Empty{}, nil
}

func (r *reachable) UnaryCall(context.Context, *testgrpc.SimpleRequest) (*testgrpc.SimpleResponse, error) {
	r.note("UnaryCall")
	return &testgrpc.SimpleResponse{}, nil
}

func (r *reachable) StreamingOutputCall(_ *testgrpc.StreamingOutputCallRequest, _ grpc.ServerStreamingServer[testgrpc.StreamingOutputCallResponse]) error {
	r.note("StreamingOutputCall")
	return nil
}

func (r *reachable) StreamingInputCall(grpc.ClientStreamingServer[testgrpc.StreamingInputCallRequest, testgrpc.StreamingInputCallResponse]) error {
	r.note("StreamingInputCall")
	return nil
}

func (r *reachable) unknown(_ any, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	r.note("unknown " + method)
	return nil
}

// needs are the scopes of what can be reached; empty for what is public.
func needs(reached string) string {
	switch reached {
	case "EmptyCall":
		return ""
	case "UnaryCall":
		return "unary"
	case "StreamingOutputCall", "StreamingInputCall":
		return "stream"
	case "unknown /proxied.Service/Public":
		return ""
	}
	if rest, ok := strings.CutPrefix(reached, "unknown /proxied.Service/"); ok && rest != "" && strings.Trim(rest, letters) == "" {
		return "proxied"
	}
	return "nobody has this scope"
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

// paths are values of ":path" that a server or what stands behind it may take for
// another method than the one that is written there.
func paths() []string {
	all := []string{"", "*", "/", "//", "x", "/x", "http://x" + unaryMethod, "/" + strings.Repeat("a", 8000)}
	for _, path := range []string{unaryMethod, streamMethod, service + "EmptyCall", service + "StreamingInputCall", "/proxied.Service/Delete", "/proxied.Service/Public", "/absent.Service/Do"} {
		i := strings.LastIndexByte(path, '/')
		prefix, method := path[:i], path[i+1:]
		all = append(all,
			path, path[1:], "/"+path, "//"+path, prefix+"//"+method, prefix+"/./"+method, prefix+"/../"+prefix[1:]+"/"+method, "/."+path, "/.."+path,
			"/proxied.Service/.."+path, service+"EmptyCall/.."+path, service+"EmptyCall/../"+method, service+"EmptyCall"+path, service+"EmptyCall?"+path, service+"EmptyCall#"+path,
			"/proxied.Service/Public/../"+method, "/proxied.Service/Public/%2e%2e/"+method, "/proxied.Service/Public%2f..%2f"+method, "/proxied.Service/Public?/"+method, "/proxied.Service/Public;"+method,
			path+"/", path+"//", path+"?", path+"?a=b", path+"#", path+"#a", path+";a", path+"%00", path+"\x00", path+"%20", path+" ", " "+path, path+"/.", path+"/..",
			prefix+"%2f"+method, "%2f"+path[1:], "/%"+"67"+path[2:], prefix+"/%55"+method[1:], prefix+"\\"+method, "\\"+path[1:], strings.ToLower(path), strings.ToUpper(path),
			prefix+"/*", prefix+"/", prefix, prefix+"."+method, prefix+"/"+method+"/"+method, "https://x"+path, "x"+path, path+"\t", path+"\r\n", prefix+"/\u2025/"+method, path+"\u200b",
		)
	}
	return all
}

// header encodes fields without compression (RFC 7541 §6.2.2, names as literals).
func header(fields ...[2]string) []byte {
	var block []byte
	for _, field := range fields {
		block = append(block, 0)
		for _, text := range field {
			if n := len(text); n < 127 { // RFC 7541 §5.1, a prefix of 7 bits
				block = append(block, byte(n))
			} else {
				block = binary.AppendUvarint(append(block, 127), uint64(n-127))
			}
			block = append(block, text...)
		}
	}
	return block
}

// frame returns a frame of HTTP/2 (RFC 9113 §4.1).
func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	length := uint32(len(payload))
	head := []byte{byte(length >> 16), byte(length >> 8), byte(length), kind, flags}
	return append(binary.BigEndian.AppendUint32(head, stream), payload...)
}

// The types and the flags of frames (RFC 9113 §6).
const (
	data, headers, reset, settings, goaway = 0, 1, 3, 4, 7
	endStream, endHeaders                  = 1, 4
)

// call makes a call with a message of no bytes, and reads until it has ended.
func call(t *testing.T, address string, fields ...[2]string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	must(t, err)
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	raw := append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(settings, 0, 0, nil)...)
	raw = append(raw, frame(headers, endHeaders, 1, header(fields...))...)
	_, _ = conn.Write(append(raw, frame(data, endStream, 1, make([]byte, 5))...))
	for {
		var head [9]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			if e, ok := err.(net.Error); ok && e.Timeout() {
				t.Errorf("no end: %.200q", fields)
			}
			return
		}
		length := int64(head[0])<<16 | int64(head[1])<<8 | int64(head[2])
		if _, err := io.CopyN(io.Discard, conn, length); err != nil {
			return
		}
		switch kind, flags := head[3], head[4]; {
		case kind == goaway, kind == reset, (kind == headers || kind == data) && flags&endStream != 0:
			return
		}
	}
}

// Whatever is written on the wire, no handler is reached without the rule of its own
// method, and what a handler for unknown services gets is what the rule was for.
func TestBypass(t *testing.T) {
	s := newSigner(t)
	policy := newPolicy(t,
		scopes.Operation{Name: "empty", Public: true, GRPC: []string{service + "EmptyCall"}},
		scopes.Operation{Name: "unary", Requirement: scopes.All("unary"), GRPC: []string{unaryMethod}},
		scopes.Operation{Name: "stream", Requirement: scopes.All("stream"), GRPC: []string{service + "*"}},
		scopes.Operation{Name: "proxied", Requirement: scopes.All("proxied"), GRPC: []string{"/proxied.Service/*"}},
		scopes.Operation{Name: "public", Public: true, GRPC: []string{"/proxied.Service/Public"}},
	)
	var r reachable
	auth := newAuth(t, s.validator(t), grpcmw.Config{Policy: policy})
	server := grpc.NewServer(append(auth.ServerOptions(), grpc.UnknownServiceHandler(r.unknown))...)
	testgrpc.RegisterTestServiceServer(server, &r)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	address := listener.Addr().String()

	seen := map[string]int{}
	credentials := map[string]string{"": ""}
	for _, scope := range []string{"unary", "stream", "proxied"} {
		credentials[scope] = s.bearer(t, scope, time.Hour)
	}
	attempt := func(scope, credential string, fields ...[2]string) {
		t.Helper()
		fields = append(fields, [2]string{"content-type", "application/grpc"}, [2]string{"te", "trailers"})
		if credential != "" {
			fields = append(fields, [2]string{"authorization", credential})
		}
		call(t, address, fields...)
		for _, reached := range r.take() {
			seen[needs(reached)]++
			if need := needs(reached); need != "" && need != scope {
				t.Errorf("%.100q was reached with a token for %q by %.200q", reached, scope, fields[:3])
			}
		}
	}
	for scope, credential := range credentials {
		for _, path := range paths() {
			attempt(scope, credential, [2]string{":method", "POST"}, [2]string{":scheme", "http"}, [2]string{":path", path}, [2]string{":authority", "x"})
		}
		for _, method := range []string{"GET", "PUT", "CONNECT", "OPTIONS", "post", ""} {
			attempt(scope, credential, [2]string{":method", method}, [2]string{":scheme", "http"}, [2]string{":path", unaryMethod}, [2]string{":authority", "x"})
		}
		two := [2]string{":path", unaryMethod}
		public := [2]string{":path", service + "EmptyCall"}
		for _, fields := range [][][2]string{ // which of two paths is it?
			{{":method", "POST"}, {":scheme", "http"}, public, two, {":authority", "x"}},
			{{":method", "POST"}, {":scheme", "http"}, two, public, {":authority", "x"}},
			{{":method", "POST"}, {":scheme", "http"}, public, {":authority", "x"}, {"x-http-method-override", "GET"}, two},
			{{":method", "POST"}, {":scheme", "http"}, public, {":authority", "x"}, {":path ", unaryMethod}, {"x-original-url", unaryMethod}},
			{{":method", "POST"}, {":scheme", "http"}, {":authority", "x"}, {"path", unaryMethod}},
		} {
			attempt(scope, credential, fields...)
		}
	}
	for _, scope := range []string{"", "unary", "stream", "proxied"} {
		if seen[scope] == 0 {
			t.Errorf("no attempt reached what needs %q", scope)
		}
	}
	t.Logf("%d paths, reached: %v", len(paths()), seen)
}
