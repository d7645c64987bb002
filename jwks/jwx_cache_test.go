package jwks_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	jwx "github.com/lestrrat-go/jwx/v2/jwk"
)

// keyServer answers with a good set first. What it does from then on is up to
// then, which runs after the request has been counted.
func keyServer(t *testing.T, then func(w http.ResponseWriter)) (url string, requests *atomic.Int32) {
	requests = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) == 1 {
			fmt.Fprint(w, published("k"))
			return
		}
		then(w)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func jwxCache(t *testing.T, url string) *jwx.Cache {
	t.Helper()
	cache := jwx.NewCache(t.Context())
	if err := cache.Register(url); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Refresh(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	return cache
}

func remoteWithSet(t *testing.T, url string) (*jwks.Remote, *jwks.Set) {
	t.Helper()
	r, err := jwks.NewRemote(jwks.Config{URL: url, InsecureLoopbackHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	set, err := r.Current(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r, set
}

// While jwx refreshes, its readers wait, past their deadlines.
func TestJWXCacheBlocksReaders(t *testing.T) {
	release := make(chan struct{})
	url, requests := keyServer(t, func(http.ResponseWriter) { <-release })
	defer close(release)

	cache := jwxCache(t, url)
	go func() { _, _ = cache.Refresh(context.Background(), url) }()
	for requests.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	deadline, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	got := make(chan error, 1)
	go func() { _, err := cache.Get(deadline, url); got <- err }()
	select {
	case err := <-got:
		t.Errorf("jwx answers by now: %v", err)
	case <-time.After(200 * time.Millisecond): // twenty times its deadline
	}

	ours, fetches := keyServer(t, func(http.ResponseWriter) { <-release })
	r, set := remoteWithSet(t, ours)
	ctx, stop := context.WithCancel(t.Context())
	go func() { _, _ = r.Newer(ctx, set) }()
	for fetches.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	if now, err := r.Current(deadline); err != nil || now != set { // the deadline has even passed
		t.Errorf("a reader got %v, %v", now, err)
	}
	stop()
}

// An empty set wipes the good one that jwx had, and it never asks again for a key
// id that it does not know.
func TestJWXCacheLosesKeys(t *testing.T) {
	empty := func(w http.ResponseWriter) { fmt.Fprint(w, `{"keys":[]}`) }
	url, requests := keyServer(t, empty)
	cache := jwxCache(t, url)
	set, err := cache.Get(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if _, found := set.LookupKeyID("new"); found || requests.Load() != 1 {
		t.Errorf("jwx asks for unknown key ids by now: %d requests", requests.Load())
	}
	if _, err := cache.Refresh(t.Context(), url); err != nil {
		t.Errorf("jwx refuses an empty set by now: %v", err)
	}
	if set, err = cache.Get(t.Context(), url); err != nil || set.Len() != 0 {
		t.Errorf("jwx has %d keys, %v", set.Len(), err)
	}

	url, requests = keyServer(t, empty)
	r, ours := remoteWithSet(t, url)
	if _, err := r.Newer(t.Context(), ours); err == nil || requests.Load() != 2 {
		t.Errorf("an unknown key id caused %d requests, error %v", requests.Load(), err)
	}
	if now, err := r.Current(t.Context()); err != nil || now.Len() != 1 {
		t.Errorf("the good set is gone: %v, %v", now, err)
	}
}
