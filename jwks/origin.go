package jwks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/discovery"
	"github.com/bearerguard/bearerguard/internal/fetch"
)

// An origin is where the key set document comes from. One fetch at a time uses it.
type origin struct {
	client *fetch.Client
	clock  clock.Clock

	// Without an issuer, keys is configured and never changes. With one, it is
	// what discovery found last.
	finder   *discovery.Finder // nil: without an issuer
	keys     *url.URL
	found    time.Time     // when discovery found it
	maxAge   time.Duration // how long that is trusted
	doubtful bool          // the last fetch of keys failed

	etag  string    // of the last document that was accepted from keys
	whole time.Time // when that came
}

// An answer is the outcome of a fetch that worked.
type answer struct {
	set       *Set // nil: the same as before
	dropped   []Dropped
	fresh     time.Duration // how long the response may be used,
	freshTold bool          // if it says so
	etag      string
}

// fetch gets the key set document, or learns that it is still the one from which
// the caller's set was made, if there is such a set.
func (o *origin) fetch(ctx context.Context, haveSet bool) (answer, error) {
	problem, err := o.locate(ctx)
	if err != nil {
		return answer{}, err
	}
	got, err := o.fetchKeys(ctx, haveSet && !o.doubtful)
	if o.doubtful = err != nil; o.doubtful {
		return answer{}, errors.Join(fmt.Errorf("key set at %s: %w", cmp.Or(o.keys.EscapedPath(), "/"), err), problem)
	}
	o.etag = got.etag
	return got, nil
}

// fetchKeys fetches and reads the key set document.
func (o *origin) fetchKeys(ctx context.Context, conditional bool) (answer, error) {
	header := http.Header{"Accept": {"application/jwk-set+json, application/json"}}
	// Now and then the whole document is asked for: something on the way that
	// answers 304 to everything must not keep withdrawn keys alive for ever.
	conditional = conditional && o.etag != "" && clock.Elapsed(o.whole, o.clock.Now()) < o.maxAge
	if conditional {
		header.Set("If-None-Match", o.etag)
	}
	response, err := o.client.Get(ctx, o.keys, header)
	if err != nil {
		return answer{}, err
	}
	var got answer
	got.fresh, got.freshTold = freshness(response.Header)
	switch {
	case response.Status == http.StatusNotModified && conditional:
		got.etag = o.etag
		return got, nil
	case response.Status != http.StatusOK:
		return answer{}, o.client.Refused(response)
	}
	got.etag, o.whole = entityTag(response.Header), o.clock.Now()
	got.set, got.dropped, err = Parse(response.Body)
	if err != nil {
		return answer{}, &unusableError{err, got.dropped}
	}
	return got, nil
}

// entityTag returns the ETag if it can be sent back (RFC 9110 §8.8.3).
func entityTag(h http.Header) string {
	tag := h.Get("ETag")
	opaque, ok := strings.CutPrefix(strings.TrimPrefix(tag, "W/"), `"`)
	opaque, closed := strings.CutSuffix(opaque, `"`)
	if !ok || !closed || len(tag) > maxTag {
		return ""
	}
	for i := range len(opaque) {
		if c := opaque[i]; c <= ' ' || c == '"' || c == 0x7f {
			return ""
		}
	}
	return tag
}

const maxTag = 256

// An unusableError is a document that makes no set.
type unusableError struct {
	err     error
	dropped []Dropped
}

func (e *unusableError) Error() string { return e.err.Error() }
