package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// veryShort is short in virtual time, and asks less.
var veryShort = settings{step: time.Second, refresh: time.Second, maxStale: 9 * time.Second, clients: 2, pause: 100 * time.Millisecond}

// inProcess sends requests to a handler without a network in between.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// startInMemory is startOnLoopback for a bubble, which sockets do not fit into.
func startInMemory(t *testing.T, s settings) *system {
	issuer := validatortest.Start(t, validatortest.Config{})
	sys, err := newSystem(s, issuer, issuer.Transport())
	if err != nil {
		t.Fatal(err)
	}
	sys.client, sys.url = &http.Client{Transport: inProcess{sys.api}}, "http://api.example.com/orders"
	return sys
}

func TestStory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := startInMemory(t, veryShort)
		var out bytes.Buffer
		asPromised, err := walk(t.Context(), &out, veryShort, sys, phases(veryShort, sys))
		if err != nil || !asPromised {
			t.Errorf("%v, %v\n%s", asPromised, err, &out)
		}
		if strings.Contains(out.String(), "eyJ") {
			t.Errorf("a token in the output:\n%s", &out)
		}
		if n := strings.Count(out.String(), "\n"); n < 14 {
			t.Errorf("%d lines:\n%s", n, &out)
		}
	})
}

// What is not as promised is noticed.
func TestBrokenPromises(t *testing.T) {
	during := func(passed time.Duration) bool { return passed > time.Second }
	served := func(status int) bool { return status == http.StatusOK }
	for want, breakIt := range map[string]func(*system, *phase){
		"valid tokens got an answer": func(sys *system, p *phase) {
			sys.issuer.Switch(sys.issuer.NewKey())
		},
		"forged tokens were let in": func(_ *system, p *phase) {
			p.forge = func(is *validatortest.Issuer, _ int) string { return is.Mint(claims()) }
		},
		"not over after": func(_ *system, p *phase) {
			p.limit, p.over = time.Second, func(time.Duration) bool { return false }
		},
		"nothing was asked": func(_ *system, p *phase) {
			p.over = func(time.Duration) bool { return true }
		},
	} {
		t.Run(want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sys := startInMemory(t, veryShort)
				p := phase{name: "broken", begin: func() {}, over: during, good: served}
				breakIt(sys, &p)
				var out bytes.Buffer
				asPromised, err := walk(t.Context(), &out, veryShort, sys, []phase{p})
				if asPromised || err != nil || !strings.Contains(out.String(), want) {
					t.Errorf("%v, %v:\n%s", asPromised, err, &out)
				}
			})
		})
	}
	var out bytes.Buffer
	if (&report{out: &out}).end() {
		t.Error("nothing at all is as promised")
	}
}

// The same over sockets, as far as it takes no longer than a test may.
func TestOnLoopback(t *testing.T) {
	s := short
	s.step, s.pause = 100*time.Millisecond, 5*time.Millisecond
	sys, err := startOnLoopback(s)
	if err != nil {
		t.Fatal(err)
	}
	defer sys.close()
	plan := phases(s, sys)
	plan[1].over = plan[0].over // killed, but not until the keys are too old
	var out bytes.Buffer
	asPromised, err := walk(t.Context(), &out, s, sys, plan[:2])
	if err != nil || !asPromised {
		t.Errorf("%v, %v\n%s", asPromised, err, &out)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if asPromised, err := run(ctx, new(bytes.Buffer), short); asPromised || err == nil {
		t.Errorf("%v, %v", asPromised, err)
	}
}
