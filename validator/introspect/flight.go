package introspect

import (
	"context"
	"errors"

	"github.com/bearerguard/bearerguard/internal/fetch"
	"github.com/bearerguard/bearerguard/validator"
)

var (
	errAborted = errors.New("the request did not come to an end")
	errPanic   = errors.New("panic while asking")
)

// A flight is one request, shared by all who want to know of the same token.
type flight struct {
	done    chan struct{} // closed when the others are there
	answer  answer
	failure *validator.Error
}

// landed returns a flight that has an answer.
func landed(a answer) *flight {
	f := &flight{done: make(chan struct{}), answer: a}
	close(f.done)
	return f
}

// join returns the request under way about a token, or begins it.
func (c *Client) join(d digest, token string) (*flight, *validator.Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return nil, unavailable(ErrClosed, 0)
	}
	if f := c.flights[d]; f != nil {
		c.shared.Add(1)
		return f, nil
	}
	if a, ok := c.remembered(&d); ok {
		return landed(a), nil // it has just come
	}
	if len(c.flights) >= c.maxFlights {
		c.rejected.Add(1)
		return nil, unavailable(errTooMany, 0)
	}
	if wait, reason := c.breaker.allow(c.clock.Now()); reason != nil {
		c.rejected.Add(1)
		return nil, unavailable(reason, wait)
	}
	c.fetches.Add(1)
	f := &flight{done: make(chan struct{})}
	c.flights[d] = f
	c.running.Go(func() { c.fly(f, d, token) })
	return f, nil
}

// fly makes the request. Its context is not a caller's: others wait for the same
// answer, and it is remembered when the first one has lost patience.
func (c *Client) fly(f *flight, d digest, token string) {
	began := c.clock.Now()
	var a answer
	err := errAborted
	defer func() {
		if recover() != nil { // the value may hold anything, so it is not told
			err = errPanic
		}
		var events []Event
		if err == nil {
			c.remember(&d, a, began)
			f.answer, events = a, c.succeed()
		} else {
			f.failure, events = c.fail(err)
		}
		c.tell(events) // within the limit of requests, so that events do not pile up
		c.land(d, f)
	}()
	ctx, cancel := withTimeout(c.ctx, c.clock, c.timeout)
	defer cancel()
	a, err = c.endpoint.ask(ctx, token)
	if err != nil && errors.Is(context.Cause(ctx), errTimeout) && fetch.HoldOff(err) == 0 {
		err = errTimeout // whatever that has looked like on the way, but for Retry-After
	}
}

func (c *Client) land(d digest, f *flight) {
	c.mu.Lock()
	delete(c.flights, d)
	c.mu.Unlock()
	close(f.done)
}

func (c *Client) succeed() []Event {
	if !c.breaker.succeeded() {
		return nil
	}
	return []Event{{Kind: Recovered}}
}

// fail returns what callers are told of a request that failed.
func (c *Client) fail(err error) (*validator.Error, []Event) {
	if c.ctx.Err() != nil {
		return unavailable(ErrClosed, 0), nil
	}
	c.failures.Add(1)
	events := []Event{{Kind: Failed, Err: err}}
	wait := min(fetch.HoldOff(err), lastBreak)
	if !blames(err) {
		return unavailable(err, wait), append(events, c.succeed()...)
	}
	if open := c.breaker.failed(c.clock.Now(), wait, err); open > 0 {
		wait = open
		events = append(events, Event{Kind: Opened, Err: err, RetryAfter: open})
	}
	if errors.Is(err, errPanic) {
		return validator.NewError(validator.CodeInternal, err), events
	}
	return unavailable(err, wait), events
}
