package jwks

import (
	"context"
	"errors"
)

// Static returns a Source that always has this one set. With nil it never has any.
func Static(set *Set) Source { return static{set} }

type static struct{ set *Set }

func (s static) Current(context.Context) (*Set, error) {
	if s.set == nil {
		return nil, &UnavailableError{Err: errNoSet}
	}
	return s.set, nil
}

func (s static) Newer(ctx context.Context, _ *Set) (*Set, error) { return s.Current(ctx) }

var errNoSet = errors.New("no key set configured")
