package orders

// The kinds of an [Event].
const (
	Created = "created"
	Deleted = "deleted"
)

// An Event is something that happened to an order.
type Event struct {
	Kind  string // Created or Deleted
	Order Order
}

// maxLag is how many events a watcher may fall behind. Events are not kept
// without limit for somebody who does not read them.
const maxLag = 64

// Watch returns what happens from now on. The channel is closed when the Store
// is closed, and for a watcher that has fallen too far behind, who may list the
// orders and watch again. Whoever calls Watch calls stop in the end; twice is
// fine.
func (s *Store) Watch() (events <-chan Event, stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	watcher := make(chan Event, maxLag)
	s.watchers[watcher] = struct{}{}
	if s.closed {
		s.drop(watcher)
	}
	return watcher, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.drop(watcher)
	}
}

// Close ends every watch, those that are yet to begin too, so that a server can
// drain. The orders stay. Twice is fine.
func (s *Store) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for watcher := range s.watchers {
		s.drop(watcher)
	}
}

// publish never waits: it is called with the lock held.
func (s *Store) publish(event Event) {
	for watcher := range s.watchers {
		select {
		case watcher <- event:
		default:
			s.drop(watcher)
		}
	}
}

func (s *Store) drop(watcher chan Event) {
	if _, there := s.watchers[watcher]; there {
		delete(s.watchers, watcher)
		close(watcher)
	}
}
