package revocation_test

import (
	"encoding/hex"
	"testing"

	"github.com/bearerguard/bearerguard/validator/revocation"
)

// Replicas of different versions share what they keep, so the digest stays what
// it is.
func TestDigest(t *testing.T) {
	target := revocation.Target{Kind: revocation.Subject, Issuer: "https://auth.example.com", ID: "alice"}
	digest := target.Digest()
	// printf '\2\0\0\0\0\0\0\0\30https://auth.example.comalice' | sha256sum
	if got := hex.EncodeToString(digest[:]); got != "e9ee738e777f7d998c1aad67ea93ed669863ac7cacba5d4355a6065c5202c196" {
		t.Errorf("Digest() = %s", got)
	}
	seen := map[[32]byte]revocation.Target{digest: target}
	for _, other := range []revocation.Target{
		{Kind: revocation.Client, Issuer: target.Issuer, ID: target.ID},
		{Kind: revocation.Subject, Issuer: target.Issuer + "a", ID: "lice"},
		{Kind: revocation.Subject, Issuer: target.Issuer, ID: "alic"},
	} {
		if same, ok := seen[other.Digest()]; ok {
			t.Errorf("%v and %v have the same digest", same, other)
		}
		seen[other.Digest()] = other
	}
}

func TestTargets(t *testing.T) {
	want := [4]revocation.Target{
		{Kind: revocation.Token, Issuer: issuerURL, ID: "t1"},
		{Kind: revocation.Subject, Issuer: issuerURL, ID: "alice"},
		{Kind: revocation.Client, Issuer: issuerURL, ID: "billing"},
		{Kind: revocation.Session, Issuer: issuerURL, ID: "s1"},
	}
	if got := revocation.Targets(token(t)); got != want {
		t.Errorf("Targets = %v", got)
	}
	want[3] = revocation.Target{}
	if got := revocation.Targets(token(t, without("sid"))); got != want {
		t.Errorf("Targets = %v, without a session", got)
	}
}
