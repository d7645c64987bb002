package jwks

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/bearerguard/bearerguard/internal/discovery"
	"github.com/bearerguard/bearerguard/internal/fetch"
)

// discover returns the URL of the key set according to the issuer's metadata. The
// attempts together take no longer than one fetch.
func (o *origin) discover(ctx context.Context) (*url.URL, error) {
	ctx, cancel := o.client.WithTimeout(ctx)
	defer cancel()
	var problems []error
	for i := range o.metadata {
		u := o.metadata[(o.preferred+i)%len(o.metadata)]
		keys, err := o.readMetadata(ctx, u)
		if err == nil {
			return keys, nil
		}
		problems = append(problems, fmt.Errorf("metadata at %s: %w", u.Path, err))
		if errors.Is(err, fetch.ErrTimeout) || ctx.Err() != nil {
			// A document that hangs must not keep the other from ever being
			// asked.
			o.preferred = (o.preferred + i + 1) % len(o.metadata)
			break
		}
	}
	return nil, errors.Join(problems...)
}

// readMetadata fetches one metadata document.
func (o *origin) readMetadata(ctx context.Context, u *url.URL) (*url.URL, error) {
	response, err := o.client.Get(ctx, u, http.Header{"Accept": {"application/json"}})
	if err != nil {
		return nil, err
	}
	if response.Status != http.StatusOK {
		return nil, refused(response, o.clock.Now())
	}
	return discovery.Endpoint(response.Body, o.issuer, "jwks_uri", o.insecureLoopback)
}
