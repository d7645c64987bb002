package ledger

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
)

// A table is a map that only grows, up to a bound. Finding what is there takes no
// lock: readers load one immutable map, which is replaced when something is added.
// That is rare, and the price of copying is bounded as the map is.
type table[K comparable, V any] struct {
	entries atomic.Pointer[map[K]*V]
	adding  sync.Mutex
	limit   int
	keep    func(K) (_ K, ok bool) // a copy of a key to be kept, unless it is too long
	lost    atomic.Uint64          // times that something did not fit
}

func (t *table[K, V]) all() map[K]*V {
	if m := t.entries.Load(); m != nil {
		return *m
	}
	return nil
}

// find returns the entry of a key, a fresh one if there is none, and nil if
// it does not fit.
func (t *table[K, V]) find(key K, fresh func(limits *Config) *V, limits *Config) *V {
	if v := t.all()[key]; v != nil {
		return v
	}
	if len(t.all()) >= t.limit {
		t.lost.Add(1)
		return nil
	}
	kept, ok := t.keep(key)
	if !ok {
		t.lost.Add(1)
		return nil
	}
	t.adding.Lock()
	defer t.adding.Unlock()
	known := t.all()
	if v := known[kept]; v != nil {
		return v
	}
	if len(known) >= t.limit {
		t.lost.Add(1)
		return nil
	}
	more := make(map[K]*V, len(known)+1)
	maps.Copy(more, known)
	v := fresh(limits)
	more[kept] = v
	t.entries.Store(&more)
	return v
}

// keepName returns a copy, because the names in a token share its memory.
func keepName(name string) (string, bool) {
	return strings.Clone(name), len(name) <= MaxNameBytes
}

// A party is whom an entry is about. A client id is unique only together with its
// issuer.
type party struct{ issuer, client string }

func keepParty(p party) (party, bool) {
	issuer, ok1 := keepName(p.issuer)
	client, ok2 := keepName(p.client)
	return party{issuer, client}, ok1 && ok2
}
