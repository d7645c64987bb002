package validator

import (
	"context"
	"log/slog"
	"strings"

	"github.com/bearerguard/bearerguard/jwks"
)

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
	add(e.KeyID != "", slog.String("kid", shortened(e.KeyID)))
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

// maxLoggedID is how much of a key id is logged, in bytes: the issuer may have made it
// as long as the whole document.
const maxLoggedID = 128

func shortened(id string) string {
	if len(id) <= maxLoggedID {
		return id
	}
	return strings.ToValidUTF8(id[:maxLoggedID], "") + "…"
}
