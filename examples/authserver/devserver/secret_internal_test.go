package devserver

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"
)

// An unknown client, and one that has no secret, cost as much as a wrong secret
// does. The secret is so long that hashing it dwarfs everything else.
func TestUnknownClientCostsTheSame(t *testing.T) {
	s := new(Server)
	s.clients.add(&client{id: "known", secrets: [][sha256.Size]byte{sha256.Sum256([]byte("right"))}})
	s.clients.add(&client{id: "keys only"})
	wrong := strings.Repeat("x", 1<<20)
	fastest := func(id string) time.Duration {
		best := time.Hour
		for range 20 {
			began := time.Now()
			if c, problem := s.bySecret(id, wrong); c != nil || problem == nil {
				t.Fatal("a wrong secret was accepted")
			}
			best = min(best, time.Since(began))
		}
		return best
	}
	known := fastest("known")
	for _, id := range []string{"unknown", "keys only"} {
		if took := fastest(id); took < known/2 {
			t.Errorf("%s: %v, a known client %v", id, took, known)
		}
	}
}

// Any one of a client's secrets will do, wherever it stands; no hash that is
// compared when there is none does.
func TestAnyOfTheSecrets(t *testing.T) {
	s := new(Server)
	sum := func(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }
	s.clients.add(&client{id: "a", secrets: [][sha256.Size]byte{sum("old"), sum("new")}})
	for secret, ok := range map[string]bool{"old": true, "new": true, "": false, "other": false} {
		if c, _ := s.bySecret("a", secret); (c != nil) != ok {
			t.Errorf("%q: %v", secret, c)
		}
	}
	decoySecret = sum("decoy")
	s.clients.add(&client{id: "keys only"})
	for _, id := range []string{"unknown", "keys only"} {
		if c, problem := s.bySecret(id, "decoy"); c != nil || problem == nil {
			t.Errorf("%s authenticated", id)
		}
	}
}
