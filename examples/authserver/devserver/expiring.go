package devserver

import (
	"container/heap"
	"time"
)

// expiring is a map of bounded size whose entries end at a time of their own.
// It never drops an entry before that: a full one takes no new keys. It is not
// safe for concurrent use.
type expiring[K comparable, V any] struct {
	limit   int
	entries map[K]expiringEntry[V]
	// order has one element for each entry, so that the expired ones are found
	// without a walk over the rest. An element may be out of date, see put.
	order expiryHeap[K]
}

type expiringEntry[V any] struct {
	value   V
	expires time.Time
}

func newExpiring[K comparable, V any](limit int) expiring[K, V] {
	return expiring[K, V]{limit: limit, entries: map[K]expiringEntry[V]{}}
}

// get returns the entry of a key, unless it has expired.
func (e *expiring[K, V]) get(key K, now time.Time) (V, bool) {
	e.expire(now)
	entry, found := e.entries[key]
	return entry.value, found
}

// put sets the entry of a key and reports whether there was room. An entry that
// is there already may get a later end, never an earlier one.
func (e *expiring[K, V]) put(key K, value V, expires, now time.Time) bool {
	e.expire(now)
	if _, known := e.entries[key]; !known {
		if len(e.entries) >= e.limit {
			return false
		}
		heap.Push(&e.order, expiry[K]{key, expires})
	}
	e.entries[key] = expiringEntry[V]{value, expires}
	return true
}

// full reports whether a new key would find no room.
func (e *expiring[K, V]) full(now time.Time) bool {
	e.expire(now)
	return len(e.entries) >= e.limit
}

// untilRoom tells how long a full map stays full at the least.
func (e *expiring[K, V]) untilRoom(now time.Time) time.Duration {
	if len(e.order) == 0 {
		return 0
	}
	return e.order[0].expires.Sub(now)
}

// expire drops what has ended.
func (e *expiring[K, V]) expire(now time.Time) {
	for len(e.order) > 0 && !now.Before(e.order[0].expires) {
		first := heap.Pop(&e.order).(expiry[K])
		if ends := e.entries[first.key].expires; now.Before(ends) {
			heap.Push(&e.order, expiry[K]{first.key, ends}) // it was put again since
			continue
		}
		delete(e.entries, first.key)
	}
}

type expiry[K comparable] struct {
	key     K
	expires time.Time
}

// expiryHeap implements [heap.Interface]: what expires first is on top.
type expiryHeap[K comparable] []expiry[K]

func (h expiryHeap[K]) Len() int           { return len(h) }
func (h expiryHeap[K]) Less(i, j int) bool { return h[i].expires.Before(h[j].expires) }
func (h expiryHeap[K]) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *expiryHeap[K]) Push(x any)        { *h = append(*h, x.(expiry[K])) }
func (h *expiryHeap[K]) Pop() any {
	last := len(*h) - 1
	popped := (*h)[last]
	*h = (*h)[:last]
	return popped
}
