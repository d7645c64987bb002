package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/internal/bench/measure"
	"github.com/bearerguard/bearerguard/internal/bench/peers"
	"google.golang.org/grpc"
)

const (
	handlerGroup  = "net/http handler, in process"
	echoGroup     = "Echo handler, in process"
	loopbackGroup = "HTTP request over loopback"
	unaryGroup    = "gRPC unary call over loopback"
	streamGroup   = "gRPC stream of one message over loopback"

	unprotected = "unprotected"
	noToken     = "bearerguard, no token"
)

// noWriter is a response writer that costs nothing.
type noWriter struct{ header http.Header }

func (w noWriter) Header() http.Header         { return w.header }
func (w noWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w noWriter) WriteHeader(int)             {}

// inProcess returns a case that sends a request straight to a handler.
func (s *suite) inProcess(name string, handler http.Handler, raw string) measure.Case {
	r := httptest.NewRequestWithContext(s.ctx, http.MethodGet, peers.EchoRoute, nil)
	r.Pattern = "GET " + peers.EchoRoute
	if raw != "" {
		r.Header.Set("Authorization", "Bearer "+raw)
	}
	w := noWriter{http.Header{}}
	return measure.Repeat(name, func() error {
		handler.ServeHTTP(w, r)
		return nil
	})
}

// bare is a handler that does nothing: what a guard costs is all there is to see.
func bare() http.Handler { return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}) }

// guarded returns the bare handler behind every guard, by name and in order.
func (s *suite) guarded() (names []string, handlers []http.Handler, _ error) {
	names, handlers = []string{unprotected}, []http.Handler{bare()}
	for _, guard := range peers.Guards() {
		protect, err := guard.New(s.ctx, s.issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", guard.Name, err)
		}
		names, handlers = append(names, guard.Name), append(handlers, protect(bare()))
	}
	return names, handlers, nil
}

// handlers measures net/http handlers without a transport.
func (s *suite) handlers() error {
	names, handlers, err := s.guarded()
	if err != nil {
		return err
	}
	floor, err := peers.Floor(s.issuer, "RS256", s.issuer.Token("RS256"))
	if err != nil {
		return err
	}
	token := s.issuer.Token("RS256")
	cases := []measure.Case{measure.Repeat(signatureCheck, floor), measure.Repeat(hashAlone, peers.Hash(token))}
	for i, name := range names {
		cases = append(cases, s.inProcess(name, handlers[i], token))
		if name == peers.KnownToken {
			cases = append(cases, s.inProcess(noToken, handlers[i], ""))
		}
	}
	return s.requestTable(handlerGroup, cases)
}

// requestTable measures and writes a table of what guards add to an empty
// handler.
func (s *suite) requestTable(group string, cases []measure.Case) error {
	if err := s.measure(group, cases); err != nil {
		return err
	}
	t := table{
		title: group,
		note:  "Processor time, RS256. What is added is added to the unprotected handler.",
		head:  []string{"guard", "time", "added, × signature check", "added, × SHA-256 of the token", "allocations added", "bytes added"},
	}
	base := s.of(group, unprotected)
	for _, name := range s.order[group] {
		if name == signatureCheck || name == hashAlone {
			continue
		}
		r := s.of(group, name)
		t.add(name, micros(r.Median()), times(r.Over(base, s.of(group, signatureCheck))), times(r.Over(base, s.of(group, hashAlone))),
			count(r.Allocs-base.Allocs), count(r.Bytes-base.Bytes))
	}
	return t.write(s.out)
}

// echo measures Echo without a transport.
func (s *suite) echo() error {
	floor, err := peers.Floor(s.issuer, "RS256", s.issuer.Token("RS256"))
	if err != nil {
		return err
	}
	token := s.issuer.Token("RS256")
	cases := []measure.Case{
		measure.Repeat(signatureCheck, floor),
		measure.Repeat(hashAlone, peers.Hash(token)),
		s.inProcess(unprotected, peers.EchoHandler(nil), token),
	}
	for _, guard := range peers.EchoGuards() {
		middleware, err := guard.New(s.ctx, s.issuer)
		if err != nil {
			return err
		}
		cases = append(cases, s.inProcess(guard.Name, peers.EchoHandler(middleware), token))
	}
	return s.requestTable(echoGroup, cases)
}

// loopback measures real requests. All guards stand on one server, each at its own
// path, and one connection that is kept open leads there: how the scheduler treats
// two ends of a connection differs from one to the next by more than a guard costs.
func (s *suite) loopback() error {
	names, handlers, err := s.guarded()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	server := &http.Server{Handler: mux}
	transport := &http.Transport{}
	defer func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	}()
	token := s.issuer.Token("RS256")
	var cases []measure.Case
	for i, name := range names {
		path := fmt.Sprintf("/%d", i)
		mux.Handle("GET "+path, handlers[i])
		r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, "http://"+listener.Addr().String()+path, nil)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		cases = append(cases, measure.Repeat(name, func() error { return roundTrip(transport, r) }))
	}
	go func() { _ = server.Serve(listener) }() // it ends with Close
	return s.callTable(loopbackGroup, cases)
}

func roundTrip(transport *http.Transport, r *http.Request) error {
	response, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	if err == nil && response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return err
}

// callTable measures and writes a table of calls over loopback.
func (s *suite) callTable(group string, cases []measure.Case) error {
	if err := s.measureLong(group, cases); err != nil {
		return err
	}
	t := table{
		title: group,
		note: "RS256, client and server in one process, which do nothing at the same time: on an idle machine elapsed and processor time " +
			"are much the same, on a busy one only the latter means something.",
		head: []string{"guard", "processor time", "× " + unprotected, "elapsed, × " + unprotected, "allocations added"},
	}
	base := s.of(group, unprotected)
	for _, name := range s.order[group] {
		r := s.of(group, name)
		t.add(name, micros(r.Median()), times(r.Ratio(base)), times(s.elapsedRatio(group, name, unprotected)), count(r.Allocs-base.Allocs))
	}
	return t.write(s.out)
}

// servers is how many of a kind take turns, for the reason that [suite.loopback]
// has: an interceptor belongs to a server, so they cannot share one.
const servers = 6

// grpc measures real calls.
func (s *suite) grpc() error {
	guards := append([]peers.GRPCGuard{{Name: unprotected, New: func(context.Context, *fixture.Issuer) ([]grpc.ServerOption, error) {
		return nil, nil
	}}}, peers.GRPCGuards()...)
	ctx := peers.WithToken(s.ctx, s.issuer.Token("RS256"))
	var unary, stream []measure.Case
	for _, guard := range guards {
		options, err := guard.New(s.ctx, s.issuer)
		if err != nil {
			return err
		}
		var all []*peers.GRPCServer
		for range servers {
			server, err := peers.NewGRPCServer(options...)
			if err != nil {
				return err
			}
			defer server.Close()
			all = append(all, server)
		}
		unary = append(unary, inTurns(guard.Name, all, func(server *peers.GRPCServer) error { return server.Unary(ctx) }))
		stream = append(stream, inTurns(guard.Name, all, func(server *peers.GRPCServer) error { return server.Stream(ctx) }))
	}
	if err := s.callTable(unaryGroup, unary); err != nil {
		return err
	}
	return s.callTable(streamGroup, stream)
}
