package dpop_test

import (
	"bytes"
	"regexp"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

var (
	oldKey = bytes.Repeat([]byte{1}, dpop.MinNonceKey)
	newKey = bytes.Repeat([]byte{2}, dpop.MinNonceKey)
)

func newNonces(t *testing.T, clock validator.Clock, keys ...[]byte) *dpop.Nonces {
	t.Helper()
	n, err := dpop.NewNonces(dpop.NonceConfig{Keys: keys, Period: time.Minute, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The conversation of RFC 9449 §9, and its going on as nonces change.
func TestNonce(t *testing.T) {
	clock := validatortest.NewClock(start)
	nonces := newNonces(t, clock, newKey)
	v := newVerifier(t, func(c *dpop.Config) { c.Nonces, c.Clock = nonces, clock })
	send := func(nonce string) (string, error) {
		c := newCraft()
		c.claims["iat"] = clock.Now().Unix()
		if nonce != "" {
			c.claims["nonce"] = nonce
		}
		var reply validator.Reply
		err := v.Verify(t.Context(), c.credential(&reply), jkt)
		return reply.DPoPNonce, err
	}
	first, err := send("")
	refused(t, err, validator.CodeDPoPNonceRequired, "nonce")
	if first != nonces.Current() || !regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`).MatchString(first) { // §8.1
		t.Fatalf("nonce %q", first)
	}
	if again, err := send(first); err != nil || again != "" {
		t.Fatalf("the current nonce: %q %v", again, err)
	}
	clock.Advance(time.Minute)
	second, err := send(first)
	if err != nil || second == first || second != nonces.Current() {
		t.Fatalf("the nonce before: %q %v", second, err)
	}
	clock.Advance(time.Minute)
	third, err := send(first)
	refused(t, err, validator.CodeDPoPNonceRequired, "nonce")
	if third == first || third == second || third == "" {
		t.Errorf("nonce %q", third)
	}
	for _, wrong := range []string{"x", third[1:], third + "x", "\x00"} {
		got, err := send(wrong)
		refused(t, err, validator.CodeDPoPNonceRequired, "nonce")
		if got != third {
			t.Errorf("nonce %q", got)
		}
	}
	c := newCraft() // nowhere to put one
	c.claims["iat"] = clock.Now().Unix()
	refused(t, c.verify(t, v), validator.CodeDPoPNonceRequired, "nonce")
}

func TestNoncesOfReplicas(t *testing.T) {
	clock, ahead := validatortest.NewClock(start), validatortest.NewClock(start.Add(time.Minute))
	one := newNonces(t, clock, newKey)
	for name, tt := range map[string]struct {
		other         *dpop.Nonces
		good, current bool
	}{
		"the same key":       {newNonces(t, clock, newKey), true, true},
		"a key to come":      {newNonces(t, clock, newKey, oldKey), true, true},
		"a key put in front": {newNonces(t, clock, oldKey, newKey), true, false},
		"another key":        {newNonces(t, clock, oldKey), false, false},
		"a random key":       {newNonces(t, clock), false, false},
		"a clock ahead":      {newNonces(t, ahead, newKey), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			if good, current := tt.other.Check(one.Current()); good != tt.good || current != tt.current {
				t.Errorf("there: %v %v", good, current)
			}
		})
	}
	if good, current := one.Check(newNonces(t, ahead, newKey).Current()); !good || current {
		t.Errorf("from a clock ahead: %v %v", good, current)
	}
	far := newNonces(t, validatortest.NewClock(start.Add(2*time.Minute)), newKey)
	if good, _ := one.Check(far.Current()); good {
		t.Error("a nonce of the far future")
	}
	if good, _ := newNonces(t, clock).Check(newNonces(t, clock).Current()); good {
		t.Error("random keys are the same")
	}
	keys := [][]byte{bytes.Clone(newKey)}
	copied := newNonces(t, clock, keys...)
	keys[0][0]++
	if copied.Current() != one.Current() {
		t.Error("the key was not copied")
	}
}
