package validator

import (
	"context"
	"log/slog"

	"github.com/bearerguard/bearerguard/scopes"
)

// A Decision is what came of one request. It never holds the token, nor anything
// of a token that was not verified.
type Decision struct {
	// Operation is the route pattern or the full method that was asked for.
	Operation string
	// Requirement is what the operation needs.
	Requirement scopes.Requirement
	// Err is why the request was refused, nil if it was let in. Its code says it
	// in public, its cause in private.
	Err *Error
	// Shadow says that the request was let in although Err is not nil, because
	// the rule is in shadow mode (see [Request.Shadow]).
	Shadow bool
	// Token is the verified token, nil without one.
	Token *Token
	// Issuer and ClientID are those of the verified token, empty without one.
	Issuer, ClientID string

	judge *Validator // whose hooks learn of it, where there are several
}

// Code returns the code of the refusal, zero for a request that was let in.
func (d Decision) Code() Code {
	if d.Err == nil {
		return 0
	}
	return d.Err.code
}

// An Observer learns of every decision of the [Guard] in front of it, once per
// guarded operation. [Validator] is one. An [Authenticator] that wraps another
// should pass decisions on.
type Observer interface {
	Observe(ctx context.Context, d Decision)
}

// Observe writes the decision to [Config.Logger] and calls [Config.OnDecision].
func (v *Validator) Observe(ctx context.Context, d Decision) {
	if v.config.Logger != nil {
		logDecision(ctx, v.config.Logger, d)
	}
	if v.config.OnDecision != nil {
		v.config.OnDecision(ctx, d)
	}
}

// logDecision writes one record: requests let in at debug level, refusals that
// the client can mend at info, the others at error level.
func logDecision(ctx context.Context, l *slog.Logger, d Decision) {
	level, message := slog.LevelDebug, "request authorized"
	if d.Shadow {
		level, message = slog.LevelWarn, "request authorized in shadow mode: it would be refused"
	} else if d.Err != nil {
		level, message = slog.LevelInfo, "request refused"
		if d.Err.code.HTTPStatus() >= 500 {
			level = slog.LevelError
		}
	}
	if !l.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{slog.String("operation", d.Operation), slog.String("code", d.Code().String())}
	if d.Issuer != "" {
		attrs = append(attrs, slog.String("issuer", d.Issuer))
	}
	if d.ClientID != "" {
		attrs = append(attrs, slog.String("client_id", d.ClientID))
	}
	if d.Err != nil && d.Err.cause != nil {
		attrs = append(attrs, slog.String("cause", d.Err.cause.Error()))
	}
	if d.Err != nil && len(d.Err.missing) > 0 {
		attrs = append(attrs, slog.Any("missing_scopes", d.Err.missing))
	}
	l.LogAttrs(ctx, level, message, attrs...)
}
