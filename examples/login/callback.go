package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const callbackPath = "/callback"

var (
	errIssuer = errors.New("the answer is from another authorization server")
	errAnswer = errors.New("the answer has neither a code nor an error")
)

// expected is what the answer to an authorization request has to have.
type expected struct {
	state       string
	issuer      string
	sendsIssuer bool // whether the server says that its answers have "iss"
}

// answers waits on loopback for the answer to an authorization request (RFC 8252
// §7.3).
type answers struct {
	redirectURI string

	expected expected
	server   *http.Server
	first    chan answer // has room for the one that counts
}

type answer struct {
	code string
	err  error
}

// listen takes a free port of 127.0.0.1, by its address: what "localhost" is, is up
// to the machine (RFC 8252 §8.3).
func listen(expected expected) (*answers, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	a := &answers{
		redirectURI: "http://" + listener.Addr().String() + callbackPath,
		expected:    expected,
		first:       make(chan answer, 1),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+callbackPath, a.serve)
	a.server = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      5 * time.Second,
		MaxHeaderBytes:    32 << 10,
	}
	go func() { _ = a.server.Serve(listener) }() // until close
	return a, nil
}

// wait returns the code, or why there is none.
func (a *answers) wait(ctx context.Context) (string, error) {
	select {
	case got := <-a.first:
		return got.code, got.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// close stops listening, once the page that is on its way has arrived.
func (a *answers) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if a.server.Shutdown(ctx) != nil {
		_ = a.server.Close()
	}
}

// serve takes an answer. Only the first one with the right state counts; whoever
// else finds this port, such as a page in the user's browser, ends nothing.
func (a *answers) serve(w http.ResponseWriter, r *http.Request) {
	// The code stays out of caches and Referer headers (RFC 9700 §4.2).
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	got, ours := a.expected.read(r.URL.RawQuery)
	if !ours {
		http.Error(w, "This is not the answer that is waited for.", http.StatusBadRequest)
		return
	}
	select {
	case a.first <- got:
	default:
		http.Error(w, "There was an answer before.", http.StatusBadRequest)
		return
	}
	if got.err != nil {
		fmt.Fprintln(w, "You are not signed in. The program says why; you can close this window.")
		return
	}
	fmt.Fprintln(w, "Thank you. Go back to the program; you can close this window.")
}

// read reads an answer (RFC 6749 §4.1.2), and reports whether it is one to our
// request.
func (e expected) read(query string) (answer, bool) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return answer{}, false
	}
	for _, name := range []string{"state", "iss", "code", "error"} {
		if len(values[name]) > 1 { // RFC 6749 §3.1: not more than once
			return answer{}, false
		}
	}
	if subtle.ConstantTimeCompare([]byte(values.Get("state")), []byte(e.state)) != 1 {
		return answer{}, false
	}
	code, problem := values.Get("code"), values.Get("error")
	switch {
	// RFC 9207 §2.4: compared before anything else is believed, an error, too.
	case (e.sendsIssuer || values.Has("iss")) && values.Get("iss") != e.issuer:
		return answer{err: errIssuer}, true
	case problem != "":
		return answer{err: fmt.Errorf("the authorization server says %q", printable(problem))}, true
	case code == "":
		return answer{err: errAnswer}, true
	}
	return answer{code: code}, true
}

// printable returns an error code, or that it is none by the grammar (RFC 6749
// §4.1.2.1).
func printable(code string) string {
	if len(code) > 64 || strings.IndexFunc(code, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) >= 0 {
		return "something else"
	}
	return code
}
