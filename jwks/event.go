package jwks

import (
	"sync"
	"time"
)

// An EventKind says what happened.
type EventKind string

const (
	// Refreshed: the issuer's keys were fetched or confirmed. Keys is their
	// number, Failures how many fetches in a row had failed before.
	Refreshed EventKind = "refreshed"
	// RefreshFailed: a fetch failed, for the reason Err. Failures counts those in
	// a row.
	RefreshFailed EventKind = "refresh failed"
	// StaleServed follows a RefreshFailed: keys that were last confirmed Age ago
	// go on being used.
	StaleServed EventKind = "stale served"
	// CacheRestored follows the RefreshFailed of the first fetch: there is a set
	// of Keys keys from the CacheFile, last confirmed Age ago.
	CacheRestored EventKind = "cache restored"
	// CacheFailed: the CacheFile could not be read or written, or has nothing that
	// may be used, for the reason Err. It is told once until the next success.
	CacheFailed EventKind = "cache failed"
	// KeyAdded, KeyRemoved: the key KeyID is new in the set, or gone from it.
	KeyAdded   EventKind = "key added"
	KeyRemoved EventKind = "key removed"
	// KeyReplaced: the id KeyID now stands for another key. Tokens signed with
	// the former one are refused from now on; a new key should have a new id.
	KeyReplaced EventKind = "key replaced under the same id"
	// KeyDropped: the issuer publishes a key that is not used, for Reason.
	KeyDropped EventKind = "key dropped"
	// NoOverlap: not one key of the former set is in the new one, so that all
	// tokens still around are refused from now on.
	NoOverlap EventKind = "rotation without overlap"
	// FloodSuppressed: unknown key ids were not looked up, because there are too
	// many of them. Suppressed is their number since the last such event.
	FloodSuppressed EventKind = "flood suppressed"
)

// Event tells what happened to the keys of one issuer. Fields that its kind does
// not mention are zero.
type Event struct {
	Kind EventKind
	Time time.Time

	Keys       int
	KeyID      string
	Reason     Reason
	Err        error
	Failures   int
	Age        time.Duration
	Suppressed int
}

// maxPendingEvents leaves room for a set that changes completely.
const maxPendingEvents = 4 * MaxKeys

// A notifier hands events to a function, in order, without making anybody wait. Its
// goroutine exists only as long as there are events.
type notifier struct {
	notify func(Event) // nil: nobody wants to know

	mu      sync.Mutex
	pending []Event
	active  bool
	closed  bool
	work    sync.WaitGroup
}

// send queues events. What does not fit is lost.
func (n *notifier) send(events ...Event) {
	if n.notify == nil || len(events) == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	room := maxPendingEvents - len(n.pending)
	n.pending = append(n.pending, events[:min(room, len(events))]...)
	if !n.active {
		n.active = true
		n.work.Go(n.deliver)
	}
}

func (n *notifier) deliver() {
	for {
		n.mu.Lock()
		if len(n.pending) == 0 {
			n.pending, n.active = nil, false
			n.mu.Unlock()
			return
		}
		event := n.pending[0]
		n.pending = n.pending[1:]
		n.mu.Unlock()
		n.call(event)
	}
}

func (n *notifier) call(event Event) {
	defer func() { _ = recover() }()
	n.notify(event)
}

// close drops what is pending and waits for the call under way.
func (n *notifier) close() {
	n.mu.Lock()
	n.closed, n.pending = true, nil
	n.mu.Unlock()
	n.work.Wait()
}

// changes lists what the step from one set to the next means for tokens. Before
// the first set, from is empty.
func changes(from, to *Set) []Event {
	var events []Event
	kept := false
	materials := make(map[[32]byte]bool, to.Len())
	for _, k := range to.keys {
		materials[k.material] = true
	}
	replaced := make(map[string]bool)
	for _, k := range from.keys {
		kept = kept || materials[k.material]
		if k.id != "" && len(to.byID[k.id]) > 0 && !materials[k.material] {
			replaced[k.id] = true
		}
	}
	told := make(map[string]bool)
	for _, k := range to.keys {
		switch {
		case from.Contains(k):
		case !replaced[k.id]:
			events = append(events, Event{Kind: KeyAdded, KeyID: k.id})
		case !told[k.id]:
			told[k.id] = true
			events = append(events, Event{Kind: KeyReplaced, KeyID: k.id})
		}
	}
	for _, k := range from.keys {
		if !to.Contains(k) && !told[k.id] {
			events = append(events, Event{Kind: KeyRemoved, KeyID: k.id})
		}
	}
	if from.Len() > 0 && !kept {
		events = append(events, Event{Kind: NoOverlap})
	}
	return events
}
