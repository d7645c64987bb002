package introspect

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/internal/clientauth"
	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/fetch"
)

var (
	errMediaType = errors.New("answer of another media type than the one asked for")
	errTimeout   = errors.New("no complete answer in time")
)

// An endpoint is where to ask, and as whom.
type endpoint struct {
	client  *fetch.Client
	clock   clock.Clock
	locator locator
	auth    *clientauth.Authenticator
	signed  *SignedResponses // nil: answers are plain JSON
}

// ask asks about one token. The errors hold nothing of what was sent or received,
// except the host.
func (e *endpoint) ask(ctx context.Context, token string) (answer, error) {
	location, err := e.locator.locate(ctx)
	if err != nil {
		return answer{}, err
	}
	request, err := e.request(ctx, location, token)
	if err != nil {
		return answer{}, err
	}
	response, err := e.client.Do(ctx, request)
	if err == nil && response.Status != http.StatusOK {
		err = refusal{e.client.Refused(response)}
	}
	if err != nil {
		if blames(err) {
			e.locator.doubt()
		}
		return answer{}, fmt.Errorf("introspection endpoint: %w", err)
	}
	a, err := e.read(ctx, response)
	if err != nil {
		return answer{}, fmt.Errorf("introspection endpoint: %w", err)
	}
	return a, nil
}

// request makes the request of RFC 7662 §2.1.
func (e *endpoint) request(ctx context.Context, location *url.URL, token string) (*http.Request, error) {
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	header := http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"},
		"Accept":       {e.mediaType()},
		// Not sent. It tells net/http that the request may be sent again if the
		// connection turns out to have been closed while it was idle.
		"Idempotency-Key": nil,
	}
	if err := e.auth.Authenticate(ctx, form, header); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, location.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, errors.New("the request could not be made")
	}
	request.Header = header
	return request, nil
}

func (e *endpoint) mediaType() string {
	if e.signed != nil {
		return "application/token-introspection+jwt" // RFC 9701 §4
	}
	return "application/json"
}

// read reads an answer with status 200. One that was not asked for, HTML above all
// but also an unsigned one where signed ones are wanted, is none.
func (e *endpoint) read(ctx context.Context, response *fetch.Response) (answer, error) {
	mediaType, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || mediaType != e.mediaType() || len(response.Header.Values("Content-Type")) != 1 {
		return answer{}, errMediaType
	}
	body := response.Body
	if len(body) > maxAnswerBytes {
		return answer{}, errAnswerSize
	}
	if e.signed != nil {
		if body, err = e.signed.open(ctx, body, e.clock.Now()); err != nil {
			// Not %w: the status of a key set would pass for one of this endpoint.
			return answer{}, fmt.Errorf("signed answer: %v", err)
		}
	}
	return parseAnswer(body, e.clock.Now())
}

// A refusal is a status of the endpoint itself, and not of the issuer's metadata or
// keys.
type refusal struct{ *fetch.StatusError }

func (r refusal) Unwrap() error { return r.StatusError }

// blames reports whether an error is the endpoint's fault. A status that is about
// one request, and so about one token, is not: anybody can send a strange one, and
// that must not cut off all others. A firewall in front may answer some with 403. What
// is left of the 4xx is about this client, or about an endpoint that has moved.
func blames(err error) bool {
	refused, ok := errors.AsType[refusal](err)
	if !ok || refused.Status < 400 || refused.Status > 499 {
		return true
	}
	switch refused.Status {
	case http.StatusUnauthorized, http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusNotFound, http.StatusGone:
		return true
	}
	return false
}

// withTimeout returns a context that ends after d with errTimeout as its cause.
func withTimeout(ctx context.Context, c clock.Clock, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := c.AfterFunc(d, func() { cancel(errTimeout) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}
