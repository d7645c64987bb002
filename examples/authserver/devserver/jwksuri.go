package devserver

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bearerguard/bearerguard/internal/fetch"
	"github.com/bearerguard/bearerguard/internal/strictjson"
)

const (
	// remoteKeysFresh is how long fetched keys are used without a look for newer
	// ones: a key that was taken out is good for that long.
	remoteKeysFresh = 5 * time.Minute
	// remoteKeysRetry is the least time between two fetches, whatever arrives.
	remoteKeysRetry = 5 * time.Second
	// maxRemoteKeys is how many keys of one client are read.
	maxRemoteKeys = 32
)

// remoteKeys are the keys that one client publishes at its JWKSURI. It is safe
// for concurrent use; requests of this client wait for each other's fetch.
type remoteKeys struct {
	url   *url.URL
	fetch *fetch.Client

	mu      sync.Mutex
	keys    []ClientKey
	fetched time.Time // when they came; zero: never
	tried   time.Time // the last attempt
}

// newRemoteKeys expects a URI that [Client.check] let pass.
func newRemoteKeys(uri string, client *fetch.Client) *remoteKeys {
	u, err := fetch.ParseURL(uri, true)
	if err != nil {
		panic("devserver: the jwks_uri was not checked")
	}
	return &remoteKeys{url: u, fetch: client}
}

// currentKeys returns the client's keys, of which one should have this id.
func (c *client) currentKeys(ctx context.Context, kid string, now time.Time) ([]ClientKey, *refusal) {
	if c.remoteKeys == nil {
		return c.keys, nil
	}
	return c.remoteKeys.current(ctx, kid, now)
}

// current fetches if the keys are old, or if the kid is not among them, which is
// how a new one is found at its first use. Keys that are old and cannot be
// replaced are not used: the assertion can then not be judged.
func (r *remoteKeys) current(ctx context.Context, kid string, now time.Time) ([]ClientKey, *refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fresh := func() bool { return !r.fetched.IsZero() && now.Before(r.fetched.Add(remoteKeysFresh)) }
	known := kid == "" || slices.ContainsFunc(r.keys, func(key ClientKey) bool { return key.ID == kid })
	if (!fresh() || !known) && !now.Before(r.tried.Add(remoteKeysRetry)) {
		r.tried = now
		// Others wait for this fetch, so it does not end with this request.
		if keys, ok := r.get(context.WithoutCancel(ctx)); ok {
			r.keys, r.fetched = keys, now
		}
	}
	if !fresh() {
		return nil, &refusal{code: unavailable, reason: "the client's jwks_uri cannot be read", retryAfter: remoteKeysRetry}
	}
	return r.keys, nil
}

func (r *remoteKeys) get(ctx context.Context) ([]ClientKey, bool) {
	response, err := r.fetch.Get(ctx, r.url, http.Header{"Accept": {"application/jwk-set+json, application/json"}})
	if err != nil || response.Status != http.StatusOK {
		return nil, false
	}
	return parseRemoteKeys(response.Body)
}

// parseRemoteKeys reads a key set (RFC 7517 §5). A key that is not understood or
// not sound is passed over, and so is everything beyond maxRemoteKeys.
func parseRemoteKeys(body []byte) (keys []ClientKey, ok bool) {
	err := strictjson.Object(body, maxJSONDepth, func(name []byte, value jsontext.Value) error {
		if string(name) != "keys" {
			return nil
		}
		var elements []jsontext.Value
		if value.Kind() != '[' || json.Unmarshal(value, &elements) != nil {
			return malformed{}
		}
		ok = true
		for _, element := range elements {
			key, err := parseClientKey(element)
			if err == nil && clientKeyProblem(key) == "" && len(keys) < maxRemoteKeys {
				keys = append(keys, key)
			}
		}
		return nil
	})
	return keys, ok && err == nil
}
