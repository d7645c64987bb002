package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/pprof"
	"time"

	"github.com/bearerguard/bearerguard/internal/bench/peers"
)

const (
	profileFile = "cpu.prof"
	profileTime = 5 * time.Second
)

// profile runs one path under the profiler.
func (s *suite) profile(path string) (err error) {
	op, err := s.profiled(path)
	if err != nil {
		return err
	}
	file, err := os.Create(profileFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	for start := time.Now(); time.Since(start) < profileTime; {
		for range 1000 {
			op()
		}
	}
	return nil
}

func (s *suite) profiled(path string) (func(), error) {
	name, raw := peers.KnownToken, s.issuer.Token("RS256")
	switch path {
	case "new":
		name = peers.NewToken
	case "refused":
		raw = s.issuer.Hostiles()[0].Token
	case "known":
	case "handler":
		for _, guard := range peers.Guards() {
			if guard.Name != name {
				continue
			}
			protect, err := guard.New(s.ctx, s.issuer)
			if err != nil {
				return nil, err
			}
			handler, w := protect(bare()), noWriter{http.Header{}}
			r := httptest.NewRequestWithContext(s.ctx, http.MethodGet, peers.EchoRoute, nil)
			r.Pattern = "GET " + peers.EchoRoute
			r.Header.Set("Authorization", "Bearer "+raw)
			return func() { handler.ServeHTTP(w, r) }, nil
		}
	default:
		return nil, fmt.Errorf("no path %q to profile", path)
	}
	library, err := peers.Named(name)
	if err != nil {
		return nil, err
	}
	verify, err := library.New(s.ctx, s.issuer, "RS256")
	if err != nil {
		return nil, err
	}
	return func() { _ = verify(s.ctx, raw) }, nil
}
