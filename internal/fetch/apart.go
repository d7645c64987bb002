package fetch

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
)

// apart makes an exchange in a goroutine of its own. A transport that somebody
// else wrote may take no notice of the context, and the caller has to be answered
// all the same.
func (c *Client) apart(ctx context.Context, request *http.Request) (*Response, error) {
	// Whatever does not end must not pile up.
	if err := c.strays.wait(ctx); err != nil {
		return nil, err
	}
	var response *Response
	err := ErrPanic // stays if the transport ends the goroutine
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		response, err = c.exchange(ctx, request)
	}()
	select {
	case <-ended:
		return response, err
	case <-ctx.Done():
		c.strays.add(ended)
		return nil, context.Cause(ctx)
	}
}

// strays are exchanges that go on though nobody waits for them any longer. The
// zero value is none.
type strays struct {
	mu    sync.Mutex
	ended []<-chan struct{} // one for each, closed at its end
}

func (s *strays) add(ended <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, ended)
}

// wait waits until there are none, no longer than ctx allows.
func (s *strays) wait(ctx context.Context) error {
	for {
		next := s.next()
		if next == nil {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return ErrStray
		}
	}
}

// next returns the end of one of them, or nil if all have ended.
func (s *strays) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = slices.DeleteFunc(s.ended, func(ended <-chan struct{}) bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
	if len(s.ended) == 0 {
		return nil
	}
	return s.ended[0]
}

// A timely reader ends with its context, though what it reads from may trickle on
// for ever.
type timely struct {
	ctx context.Context
	io.Reader
}

func (r timely) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
