package validator

import (
	"context"
	"sync"
	"time"
)

const (
	// DefaultRecheckInterval is that of [Config.RecheckInterval].
	DefaultRecheckInterval = 10 * time.Second
	// maxRecheckFailures is how many times in a row nobody could tell whether a
	// token is still good, before a stream ends for that.
	maxRecheckFailures = 3
	// maxWatch is how long a timer is trusted: timers stand still while a machine is
	// suspended.
	maxWatch = time.Minute
)

// WhileValid returns a context for what goes on after the decision: a gRPC stream, a
// WebSocket, server-sent events. It is done as soon as the token in ctx is not good
// any more; [context.Cause] is then an [*Error] of [CodeTokenExpired],
// [CodeTokenRevoked] or [CodeTokenInactive]. The leeway counts: the stream ends when a
// new request with this token would be refused. Revocation is asked about anew every
// [Config.RecheckInterval], or whenever it says that it has changed (see
// [ChangingRevocation]); the Introspector likewise. If they cannot tell three times in
// a row, the cause is an error of [CodeDependencyUnavailable].
//
// Without a token, behind a public route, the context is that of the request. The
// caller must call the function to release what is behind the context, as for
// [context.WithCancel].
func WhileValid(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	a := authenticationFrom(ctx)
	if a == nil {
		return ctx, func() { cancel(context.Canceled) }
	}
	w := &watch{authentication: a, ctx: ctx, cancel: cancel}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.untilExpiry()
	w.untilRecheck()
	return ctx, w.stop
}

// watch ends a context with its token.
type watch struct {
	*authentication
	ctx    context.Context
	cancel context.CancelCauseFunc

	mu       sync.Mutex
	stopped  bool
	timers   [2]func() bool // expiry, recheck; nil: none
	failures int
}

const (
	expiryTimer = iota
	recheckTimer
)

// untilExpiry looks again when the token expires. The caller holds mu.
func (w *watch) untilExpiry() {
	v := w.token.judge
	now := v.clock.Now()
	if err := w.token.times.check(now, v.config.Leeway); err != nil {
		w.cancel(err)
		return
	}
	left := min(time.Unix(w.token.times.expiry, 0).Add(v.config.Leeway).Sub(now), maxWatch)
	w.timers[expiryTimer] = v.clock.AfterFunc(left, func() { w.locked(w.untilExpiry) })
}

// untilRecheck plans to ask again. The caller holds mu.
func (w *watch) untilRecheck() {
	v := w.token.judge
	if v.config.Revocation == nil && !w.token.introspected {
		return
	}
	if changing, ok := v.config.Revocation.(ChangingRevocation); ok && !w.token.introspected && w.failures == 0 {
		go w.awaitChange(changing.Changed())
		return
	}
	w.timers[recheckTimer] = v.clock.AfterFunc(v.config.RecheckInterval, w.recheck)
}

// awaitChange asks again after a change. It was asked before changed was there, so
// once more right now. Who could not tell is asked again in time: the next change may
// be about somebody else, and far away.
func (w *watch) awaitChange(changed <-chan struct{}) {
	w.recheckNow()
	if w.failures > 0 {
		w.locked(w.untilRecheck)
		return
	}
	select {
	case <-changed:
		w.locked(w.untilRecheck)
	case <-w.ctx.Done():
	}
}

func (w *watch) recheck() {
	w.recheckNow()
	w.locked(w.untilRecheck)
}

// recheckNow asks whether the token is still good. It waits for the network, and so
// does not hold mu.
func (w *watch) recheckNow() {
	err := w.ask()
	switch {
	case err == nil:
		w.failures = 0
		return
	case err.code.Retryable():
		if w.failures++; w.failures < maxRecheckFailures {
			return
		}
	}
	w.cancel(err)
}

func (w *watch) ask() (refusal *Error) {
	defer recovered(&refusal)
	if err := w.token.again(w.ctx); err != nil || !w.token.introspected {
		return err
	}
	_, raw, err := w.guard.parseAuthorization([]string{w.authorization})
	if err == nil {
		_, _, err = w.token.judge.introspected(w.ctx, raw)
	}
	return err
}

// locked calls f, unless the watch is over.
func (w *watch) locked(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped && w.ctx.Err() == nil {
		f()
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.cancel(context.Canceled)
	for _, stop := range w.timers {
		if stop != nil {
			stop()
		}
	}
}
