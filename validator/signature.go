package validator

import (
	"errors"

	"github.com/bearerguard/bearerguard/internal/jws"
	"github.com/bearerguard/bearerguard/jwks"
)

var errSignature = errors.New("no signature of a key of this issuer")

// AlgorithmNames returns the names of all algorithms that [Config.Algorithms]
// can list; they are also its default.
func AlgorithmNames() []string { return jws.Names() }

// verifySignature returns the one of the keys that made the signature over the
// received bytes (RFC 7515 §5.2 step 8).
func verifySignature(token *compactJWS, alg string, keys []*jwks.Key) (*jwks.Key, *Error) {
	a, ok := jws.Named(alg)
	if !ok {
		return nil, NewError(CodeAlgorithmNotAllowed, errAlgorithm)
	}
	scratch := token.signature[len(token.signature):] // what is left behind it
	digest := a.Digest(scratch, token.signed)
	for _, key := range keys {
		// jwks.Set.Find has matched them with the algorithm (RFC 8725 §3.1).
		if a.Verify(key.Public(), digest, token.signature) {
			return key, nil
		}
	}
	return nil, NewError(CodeSignatureInvalid, errSignature)
}
