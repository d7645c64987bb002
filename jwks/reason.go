package jwks

// A Reason says why a key is not used. It is an error, and a closed set, so that
// it can be a label in a metric.
type Reason string

const (
	// Malformed: not one JSON object without duplicate or null members, or a
	// member of the wrong type.
	Malformed Reason = "malformed key"
	// Unsupported: a key type or curve that no supported algorithm uses.
	Unsupported Reason = "unsupported key type or curve"
	// Private: private key material. Whoever publishes it must not use it again.
	Private Reason = "private key material"
	// Symmetric: a secret, which has no place in a published set.
	Symmetric Reason = "symmetric key"
	// WrongUse: "use" or "key_ops" say the key does not verify signatures
	// (RFC 7517 §4.2, §4.3).
	WrongUse Reason = "not for verifying signatures"
	// WrongAlgorithm: "alg" is not an algorithm of this type of key.
	WrongAlgorithm Reason = "algorithm does not fit the key"
	// BadSize: an RSA modulus below 2048 or above 8192 bits.
	BadSize Reason = "modulus too short or too long"
	// Invalid: numbers that are not properly encoded or make no valid key.
	Invalid Reason = "not a valid key"
	// Ambiguous: a third key for the same id and algorithm.
	Ambiguous Reason = "too many keys with the same id"
)

// Error returns the reason as text.
func (r Reason) Error() string { return string(r) }

// Dropped is a key of a document that is not used.
type Dropped struct {
	Index  int    // its position in "keys", from 0
	ID     string // its "kid", if there is one that can be read
	Reason Reason
}
