package validator

import (
	"context"
	"errors"
	"fmt"

	"github.com/bearerguard/bearerguard/jwks"
)

// Ready waits until there are keys to verify tokens with, for programs that
// would rather not start without them. It returns nil then, or why there are
// none once ctx is done.
func (v *Validator) Ready(ctx context.Context) error {
	if waiter, ok := v.keys.(interface{ Ready(context.Context) error }); ok {
		return waiter.Ready(ctx)
	}
	_, err := v.keys.Current(ctx)
	return err
}

// Healthy says why no token could be verified right now, nil if tokens can be. It
// is for readiness endpoints: it starts the first fetch of keys and waits for
// that no longer than ctx allows, but unlike [Validator.Ready] it does not try
// again. Where there are keys it answers at once.
func (v *Validator) Healthy(ctx context.Context) error {
	_, err := v.keys.Current(ctx)
	return err
}

// Status returns the state of the issuer's keys. It is false for a [Config.Keys]
// that does not tell, such as static keys.
func (v *Validator) Status() (jwks.Status, bool) {
	if s, ok := v.keys.(interface{ Status() jwks.Status }); ok {
		return s.Status(), true
	}
	return jwks.Status{}, false
}

// Healthy joins what [Validator.Healthy] returns for each issuer, with its name.
// Whether one issuer that is out of order makes the whole API unready is for the
// caller to decide; the others' tokens are still served.
func (s *Issuers) Healthy(ctx context.Context) error {
	return s.each(func(v *Validator) error { return v.Healthy(ctx) })
}

// Ready waits until there are keys of every issuer, or ctx is done. It joins what
// [Validator.Ready] returns for each, with its name.
func (s *Issuers) Ready(ctx context.Context) error {
	return s.each(func(v *Validator) error { return v.Ready(ctx) })
}

// each asks all validators at the same time.
func (s *Issuers) each(ask func(*Validator) error) error {
	results := make(chan error, len(s.byIssuer))
	for issuer, v := range s.byIssuer {
		go func() {
			err := ask(v)
			if err != nil {
				err = fmt.Errorf("issuer %s: %w", issuer, err)
			}
			results <- err
		}()
	}
	problems := make([]error, 0, len(s.byIssuer))
	for range s.byIssuer {
		problems = append(problems, <-results)
	}
	return errors.Join(problems...)
}
