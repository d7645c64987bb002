package validator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/bearerguard/bearerguard/jwks"
)

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

// keyEvents returns the hook for a source that the Validator makes itself: the
// caller's, after the log. It is nil if nobody wants to know.
func (c *Config) keyEvents() func(jwks.Event) {
	logger, hook, issuer := c.Logger, c.OnKeyEvent, c.Issuer
	if logger == nil {
		return hook
	}
	return func(e jwks.Event) {
		logKeyEvent(logger, issuer, e)
		if hook != nil {
			hook(e)
		}
	}
}

// logKeyEvent writes one record: what is routine at debug level, what changes
// which tokens are good at info, what somebody should look at as a warning, and
// at info that it is over.
func logKeyEvent(l *slog.Logger, issuer string, e jwks.Event) {
	level := slog.LevelWarn
	switch e.Kind {
	case jwks.Refreshed:
		if level = slog.LevelDebug; e.Failures > 0 {
			level = slog.LevelInfo
		}
	case jwks.KeyAdded, jwks.KeyRemoved:
		level = slog.LevelInfo
	}
	if !l.Enabled(context.Background(), level) {
		return
	}
	attrs := []slog.Attr{slog.String("issuer", issuer), slog.String("event", string(e.Kind))}
	add := func(present bool, a slog.Attr) {
		if present {
			attrs = append(attrs, a)
		}
	}
	add(e.KeyID != "", slog.String("kid", e.KeyID))
	add(e.Reason != "", slog.String("reason", string(e.Reason)))
	add(e.Keys > 0, slog.Int("keys", e.Keys))
	add(e.Failures > 0, slog.Int("failures", e.Failures))
	add(e.Age > 0, slog.Duration("age", e.Age))
	add(e.Suppressed > 0, slog.Int("suppressed", e.Suppressed))
	if e.Err != nil {
		attrs = append(attrs, slog.String("cause", e.Err.Error()))
	}
	l.LogAttrs(context.Background(), level, "issuer keys", attrs...)
}
