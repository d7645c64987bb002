package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// channel is where revocations are announced, after the prefix.
const channel = "revoked"

// lookAgain is how long a revocation can stay unheard of: what is announced while
// there is no connection is lost.
const lookAgain = 10 * time.Second

// Changed returns a channel that is closed when a replica has revoked something,
// when that may have been missed, and at the latest after ten seconds. Whoever
// watches over a token takes the channel first, then asks [Store.Revoked], and
// waits if the answer is no. The first call starts a goroutine with a connection
// of its own, until [Store.Close]; after that nothing closes the channel.
func (s *Store) Changed() <-chan struct{} {
	s.follow.Do(func() { go s.followAnnouncements() })
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Store) announce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

// followAnnouncements passes on what is announced, whatever it says: a message,
// a subscription, which is what comes first on each connection, or that nothing
// could be heard.
func (s *Store) followAnnouncements() {
	ctx, cancel := context.WithCancel(context.Background())
	subscription := s.client.Subscribe(ctx)
	go func() {
		<-s.closing
		cancel()
		_ = subscription.Close() // it ends what waits below
	}()
	_ = subscription.Subscribe(ctx, s.prefix+channel) // if it fails, it is made up for below
	for ctx.Err() == nil {
		message, err := subscription.ReceiveTimeout(ctx, lookAgain)
		if _, pong := message.(*goredis.Pong); pong {
			continue
		}
		s.announce()
		if isTimeout(err) {
			_ = subscription.Ping(ctx) // whether the connection is alive is seen by the next to read
		} else if err != nil {
			s.rest()
		}
	}
}

// rest waits before another attempt to connect.
func (s *Store) rest() {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.closing:
	}
}
