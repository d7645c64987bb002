package jwks

import (
	"context"
	"net/url"

	"github.com/bearerguard/bearerguard/internal/clock"
)

// locate makes sure that keys is known, and by now not older than keys themselves
// may be. In doubt it asks, as the issuer may have moved them; what is wrong with the
// answer is a problem only for those who do not find them where they were.
func (o *origin) locate(ctx context.Context) (problem, err error) {
	if o.finder == nil {
		return nil, nil
	}
	trusted := o.keys != nil && clock.Elapsed(o.found, o.clock.Now()) < o.maxAge
	if trusted && !o.doubtful {
		return nil, nil
	}
	found, err := o.discover(ctx)
	if err != nil {
		if trusted && ctx.Err() == nil {
			return err, nil
		}
		return nil, err
	}
	if o.keys == nil || *found != *o.keys {
		o.etag = ""
	}
	o.keys, o.found = found, o.clock.Now()
	return nil, nil
}

// discover asks the issuer where the keys are. The attempts together take no longer
// than one fetch.
func (o *origin) discover(ctx context.Context) (*url.URL, error) {
	ctx, cancel := o.client.WithTimeout(ctx)
	defer cancel()
	return o.finder.Find(ctx)
}
