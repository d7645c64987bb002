package main

import (
	"fmt"
	"net"
	"net/http"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// A system is an API, the issuer of its tokens, and what clients reach the API by.
type system struct {
	issuer *validatortest.Issuer
	keys   *jwks.Remote
	api    http.Handler
	client *http.Client
	url    string // of the operation that is asked for
	close  func()
}

// newSystem puts an API in front of an issuer. With a nil transport the keys are
// fetched as they are in production.
func newSystem(s settings, issuer *validatortest.Issuer, transport http.RoundTripper) (*system, error) {
	sys := &system{issuer: issuer}
	sys.keys = issuer.Keys(func(c *jwks.Config) {
		c.RefreshInterval, c.MaxStale, c.Transport = s.refresh, s.maxStale, transport
	})
	v := issuer.Validator(func(c *validator.Config) { c.Keys = sys.keys })
	auth, err := httpmw.New(v, httpmw.Config{})
	if err != nil {
		return nil, err
	}
	mux := auth.NewMux()
	mux.HandleFunc("GET /orders", scopes.All("orders:read"), func(w http.ResponseWriter, r *http.Request) {
		token, _ := validator.TokenFrom(r.Context())
		_, _ = fmt.Fprintln(w, "orders for", token.ClientID())
	})
	sys.api = mux
	return sys, nil
}

func startOnLoopback(s settings) (*system, error) {
	issuer, err := validatortest.New(validatortest.Config{Loopback: true})
	if err != nil {
		return nil, err
	}
	sys, err := newSystem(s, issuer, nil)
	if err != nil {
		issuer.Close()
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		issuer.Close()
		return nil, err
	}
	server := &http.Server{Handler: sys.api}
	go func() { _ = server.Serve(listener) }()
	transport := &http.Transport{MaxIdleConnsPerHost: 4 * s.clients}
	sys.client = &http.Client{Transport: transport}
	sys.url = "http://" + listener.Addr().String() + "/orders"
	sys.close = func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		issuer.Close()
	}
	return sys, nil
}
