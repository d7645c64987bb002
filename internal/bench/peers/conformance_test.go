package peers_test

import (
	"context"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/internal/bench/peers"
)

func newIssuer(t *testing.T) *fixture.Issuer {
	t.Helper()
	i, err := fixture.NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() })
	return i
}

// What is compared must do the same job. The exceptions are known, and shown as
// such in the tables.
func TestConformance(t *testing.T) {
	i := newIssuer(t)
	hostiles := i.Hostiles()
	if len(hostiles) < 6 {
		t.Fatalf("only %d hostile tokens", len(hostiles))
	}
	lax := map[string]map[string]bool{
		// It has no setting for them.
		"Echo: echo-jwt + keyfunc": {"wrong audience": true, "wrong issuer": true},
	}
	verdicts, err := peers.Conformance(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	own := 0
	for _, v := range verdicts {
		if strings.Contains(v.Column, "bearerguard") {
			own++
			if !v.Conforms() {
				t.Errorf("%s does not conform: %+v", v.Column, v)
			}
		}
		if !v.AcceptsGood {
			t.Errorf("%s refuses the good token", v.Column)
		}
		for n, accepted := range v.Accepts {
			if name := hostiles[n].Name; accepted != lax[v.Column][name] {
				t.Errorf("%s: %s: accepted = %v", v.Column, name, accepted)
			}
		}
	}
	if own != 8 {
		t.Errorf("%d columns of bearerguard, want 8", own)
	}
}

// Every algorithm that a table shows works, and a token of one algorithm is not
// accepted where another one is configured.
func TestAlgorithms(t *testing.T) {
	i := newIssuer(t)
	for _, library := range peers.Libraries() {
		for n, algorithm := range fixture.Algorithms {
			t.Run(library.Name+"/"+algorithm, func(t *testing.T) {
				verify, err := library.New(t.Context(), i, algorithm)
				if err != nil {
					t.Fatal(err)
				}
				if err := verify(t.Context(), i.Token(algorithm)); err != nil {
					t.Errorf("good token: %v", err)
				}
				other := fixture.Algorithms[(n+1)%len(fixture.Algorithms)]
				if err := verify(t.Context(), i.Mint(algorithm, other, nil)); err == nil {
					t.Error("accepted with the key id of another algorithm")
				}
			})
		}
	}
}

// A floor that does not check anything would make every ratio meaningless.
func TestFloors(t *testing.T) {
	i, other := newIssuer(t), newIssuer(t)
	for _, algorithm := range fixture.Algorithms {
		for _, issuer := range []*fixture.Issuer{i, other} {
			verify, err := peers.Floor(i, algorithm, issuer.Token(algorithm))
			if err != nil {
				t.Fatal(err)
			}
			if err := verify(); (err == nil) != (issuer == i) {
				t.Errorf("%s: token of another issuer %v: %v", algorithm, issuer == other, err)
			}
		}
	}
	token := i.Token("EdDSA")
	known := peers.KnownFloor(token)
	if err := known(context.Background(), token); err != nil {
		t.Errorf("known token: %v", err)
	}
	if err := known(context.Background(), other.Token("EdDSA")); err == nil {
		t.Error("accepted a token that is not known")
	}
}
