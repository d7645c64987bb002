package tokens

import "crypto/sha256"

// Credential is what a client proves its identity with at the token endpoint. It
// prints itself redacted and is safe for concurrent use.
type Credential interface {
	// prove returns the proof for one token request, made from the secret or key
	// as it is now.
	prove(clientID, audience string) (proof, error)
	String() string
}

// proof authenticates one token request, by secret or by assertion.
type proof struct {
	secret    string
	assertion string
	madeFrom  [sha256.Size]byte // the hash of the secret or key
}
