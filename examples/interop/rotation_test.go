//go:build interop

package interop_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
)

// The tests in this file are not parallel: between two providers their port is free
// for anybody.

// The provider's keys change while the API runs: a new one works at its first use,
// and tokens of one that is gone are of no use any more.
func TestKeyRotation(t *testing.T) {
	one, two, three := newKey(t, "1", "ES256"), newKey(t, "2", "ES256"), newKey(t, "3", "ES256")
	with := func(keys ...key) settings {
		s := settings{Resources: bothFormats, Clients: []map[string]any{service("billing", "client_secret_basic", nil)}}
		for _, k := range keys {
			s.Keys = append(s.Keys, k.private(t))
		}
		return s
	}
	billing := withSecret("billing")
	p := start(t, with(one))
	a := serve(t, p.config(t, jwtAPI)) // keys are fetched every 10 minutes, or for a new key
	old := p.clientCredentials(t, billing, jwtAPI, "orders:read").AccessToken
	for _, f := range a.fronts {
		f.want(t, "the first key", bearer(old), 0)
	}

	p = p.restart(t, with(two, one)) // it signs with the first that fits
	middle := p.clientCredentials(t, billing, jwtAPI, "orders:read").AccessToken
	for _, f := range a.fronts {
		f.want(t, "a new key", bearer(middle), 0)
		f.want(t, "the one before it", bearer(old), 0)
	}

	p = p.restart(t, with(three))
	newest := p.clientCredentials(t, billing, jwtAPI, "orders:read").AccessToken
	for _, f := range a.fronts {
		f.want(t, "another new key", bearer(newest), 0)
		f.want(t, "a key that is gone", bearer(old), validator.CodeKeyUnknown)
		f.want(t, "another that is gone", bearer(middle), validator.CodeKeyUnknown)
	}
	p.stop()
	for _, f := range a.fronts {
		f.want(t, "the provider is down", bearer(newest), 0)
	}
}

// A key that is withdrawn without a successor in use is gone after the next refresh.
func TestKeyWithdrawn(t *testing.T) {
	s := settings{Resources: bothFormats, Clients: []map[string]any{service("billing", "client_secret_basic", nil)}}
	s.Keys = []json.RawMessage{newKey(t, "1", "ES256").private(t)}
	p := start(t, s)
	refreshed := make(chan jwks.Event, 100)
	config := p.config(t, jwtAPI)
	config.InsecureLoopbackHTTP = false
	config.Keys = p.keys(t, jwks.Config{RefreshInterval: time.Second, OnEvent: func(e jwks.Event) { refreshed <- e }})
	a := serve(t, config)
	token := p.clientCredentials(t, withSecret("billing"), jwtAPI, "orders:read").AccessToken
	for _, f := range a.fronts {
		f.want(t, "before", bearer(token), 0)
	}
	s.Keys = []json.RawMessage{newKey(t, "2", "ES256").private(t)}
	p.restart(t, s)
	for gone := false; !gone; {
		select {
		case e := <-refreshed:
			gone = e.Kind == jwks.KeyRemoved
		case <-time.After(patience):
			t.Fatal("no refresh")
		}
	}
	for _, f := range a.fronts {
		f.want(t, "after", bearer(token), validator.CodeKeyUnknown)
	}
}
