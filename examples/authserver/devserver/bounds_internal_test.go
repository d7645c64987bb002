package devserver

import (
	"fmt"
	"testing"
	"time"
)

var epoch = time.Unix(1_900_000_000, 0)

// Entries end when they should, wherever they stand; a full map takes no new
// keys and forgets none; memory follows the entries.
func TestExpiring(t *testing.T) {
	e := newExpiring[string, int](3)
	at := func(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }
	for i, key := range []string{"c", "a", "b"} {
		if !e.put(key, i, at(map[string]int{"a": 10, "b": 20, "c": 30}[key]), at(0)) {
			t.Fatalf("no room for %s", key)
		}
	}
	if e.put("d", 4, at(40), at(9)) || !e.full(at(9)) || e.untilRoom(at(9)) != time.Second {
		t.Errorf("a fourth key; full %v, until room %v", e.full(at(9)), e.untilRoom(at(9)))
	}
	if !e.put("a", 9, at(25), at(9)) { // is there already, and now ends later
		t.Error("no room for a key that is there")
	}
	if v, ok := e.get("a", at(24)); !ok || v != 9 || len(e.entries) != 2 || len(e.order) != 2 {
		t.Errorf("a: %v %v, %d entries", v, ok, len(e.entries))
	}
	if _, ok := e.get("b", at(24)); ok {
		t.Error("b has not ended")
	}
	if _, ok := e.get("a", at(25)); ok {
		t.Error("a has not ended")
	}
	if e.full(at(25)) || !e.put("d", 4, at(40), at(25)) {
		t.Error("no room after the end")
	}
	if _, ok := e.get("c", at(29)); !ok {
		t.Error("c has ended too early")
	}
	e.expire(at(40))
	if len(e.entries) != 0 || len(e.order) != 0 {
		t.Errorf("%d entries left", len(e.entries))
	}
}

// However many names and addresses fail, memory is bounded, and nobody's
// failures are forgotten for it.
func TestFailuresAreBounded(t *testing.T) {
	counts := newFailureCounts(2)
	for range 2 {
		counts.count("first", epoch)
	}
	for i := range 3 * maxFailing {
		counts.count(fmt.Sprint(i), epoch)
	}
	if len(counts.forgiven.entries) != maxFailing {
		t.Errorf("%d entries", len(counts.forgiven.entries))
	}
	for key, limited := range map[string]bool{"first": true, "0": false, "one without room": true} {
		if wait := counts.wait(key, epoch); (wait > 0) != limited {
			t.Errorf("%s has to wait %v", key, wait)
		}
	}
	later := epoch.Add(2*failureInterval + 1)
	if wait := counts.wait("another", later); wait != 0 {
		t.Errorf("when there is room again, another has to wait %v", wait)
	}
}

// The store keeps nothing of an authorization once all of it has expired.
func TestAuthorizationsAreForgotten(t *testing.T) {
	by := &client{id: "a"}
	for name, test := range map[string]struct {
		redeem bool
		l      lifetimes
		ends   time.Duration
	}{
		"never redeemed": {false, lifetimes{}, time.Minute},
		"access token":   {true, lifetimes{accessEnds: epoch.Add(time.Hour)}, time.Hour},
		"short token":    {true, lifetimes{accessEnds: epoch.Add(time.Second)}, time.Minute},
		"refresh token":  {true, lifetimes{accessEnds: epoch.Add(time.Hour), refreshEnds: epoch.Add(24 * time.Hour)}, 24 * time.Hour},
		"long token":     {true, lifetimes{accessEnds: epoch.Add(time.Hour), refreshEnds: epoch.Add(time.Minute)}, time.Hour},
	} {
		s := newAuthorizations(1)
		id, _ := s.add(consent{client: "a", at: epoch}, epoch.Add(time.Minute))
		if test.redeem {
			if _, problem := s.redeem(id, by, confirmation{}, test.l, epoch, func(consent) *refusal { return nil }); problem != nil {
				t.Fatal(problem.reason)
			}
		}
		if !s.live(id, epoch.Add(test.ends-1)) || s.live(id, epoch.Add(test.ends)) || len(s.byID.entries) != 0 {
			t.Errorf("%s: kept for other than %v", name, test.ends)
		}
	}
}
