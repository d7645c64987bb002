package devserver

import (
	"testing"
	"time"
)

// A fraction that a float64 would round up does not prolong an assertion.
func TestFractionDoesNotProlong(t *testing.T) {
	var a assertion
	if err := a.claim([]byte("exp"), []byte("1800000000.99999999999")); err != nil || !a.expires.Equal(time.Unix(1_800_000_000, 0)) {
		t.Errorf("%v, %v", a.expires, err)
	}
}
