package main

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A sample is what a phase was like for those who sent requests.
type sample struct {
	lasted  time.Duration
	late    bool // longer than it should
	fetches int  // of the key set

	mu      sync.Mutex
	valid   map[int]int // requests with a valid token, by status; 0 is no answer
	bad     int         // those whose answer was not good
	latency []time.Duration
	forged  int // requests with a forged one
	letIn   int // of those
}

// A load sends requests to the API.
type load struct {
	sys    *system
	s      settings
	phase  phase
	sample sample
}

func newLoad(sys *system, s settings, p phase) *load {
	return &load{sys: sys, s: s, phase: p, sample: sample{valid: make(map[int]int)}}
}

// start lets the clients loose, and as many attackers if the phase has any. What
// it returns stops them and waits for that.
func (l *load) start(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	var senders sync.WaitGroup
	for range l.s.clients {
		senders.Go(func() { l.send(ctx, done, l.askValid) })
		if l.phase.forge != nil {
			senders.Go(func() { l.send(ctx, done, l.askForged) })
		}
	}
	return func() {
		close(done)
		senders.Wait()
	}
}

// send asks one time after the other until done.
func (l *load) send(ctx context.Context, done <-chan struct{}, ask func(context.Context)) {
	pause := time.NewTicker(l.s.pause)
	defer pause.Stop()
	for {
		select {
		case <-done:
			return
		case <-pause.C:
			ask(ctx)
		}
	}
}

// askValid sends a valid token, a new one each time, so that each is verified.
func (l *load) askValid(ctx context.Context) {
	token := l.sys.issuer.Mint(claims())
	began := time.Now()
	status := l.request(ctx, token)
	took := time.Since(began)
	good := l.phase.good(status)
	l.sample.mu.Lock()
	defer l.sample.mu.Unlock()
	l.sample.valid[status]++
	l.sample.latency = append(l.sample.latency, took)
	if !good {
		l.sample.bad++
	}
}

func (l *load) askForged(ctx context.Context) {
	l.sample.mu.Lock()
	l.sample.forged++
	n := l.sample.forged
	l.sample.mu.Unlock()
	if l.request(ctx, l.phase.forge(l.sys.issuer, n)) == http.StatusOK {
		l.sample.mu.Lock()
		defer l.sample.mu.Unlock()
		l.sample.letIn++
	}
}

// request returns the status of the answer, zero if there is none.
func (l *load) request(ctx context.Context, token string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.sys.url, nil)
	if err != nil {
		return 0
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := l.sys.client.Do(request)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0
	}
	return response.StatusCode
}

// percentile returns the latency that p percent of the requests were below.
func (s *sample) percentile(p int) time.Duration {
	if len(s.latency) == 0 {
		return 0
	}
	slices.Sort(s.latency)
	return s.latency[min(len(s.latency)*p/100, len(s.latency)-1)]
}
