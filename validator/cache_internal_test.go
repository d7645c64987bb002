package validator

import "testing"

// Readers wait for nobody, and could ask for everything again while room is made: when
// the rounds are used up, whoever is next goes, asked for or not.
func TestEvictionDoesNotWaitForReaders(t *testing.T) {
	c := newCache(CacheConfig{Entries: 10, Bytes: DefaultCacheBytes})
	for i := range 20 {
		d := &digest{8: byte(i)}
		c.put(d, verdict{token: &Token{times: times{expiry: 1}}}, 0)
		c.get(d)
	}
	s := &c.shards[0]
	if s.main.n == 0 || s.probation.n > s.maxEntries/probationOf {
		t.Fatalf("%d in the main queue, %d on probation", s.main.n, s.probation.n)
	}
	for _, rounds := range []int{5, 0} {
		steps, before := 0, s.evictions
		for left := rounds; s.evictions == before; steps++ {
			for e := s.main.head; e != nil; e = e.next { // all at once, between two steps
				e.asked.Store(maxAsked)
			}
			if s.evict(&left); steps > 100 {
				t.Fatalf("with %d rounds, %d steps", rounds, steps)
			}
		}
		if steps != rounds+1 {
			t.Errorf("with %d rounds: %d steps", rounds, steps)
		}
	}
}
