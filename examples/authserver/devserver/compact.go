package devserver

import (
	"encoding/base64"
	"strings"
)

// maxJSONDepth is how deep the JSON of a JWT may nest.
const maxJSONDepth = 16

// compactJWS is a JWS in compact form (RFC 7515 §7.1), taken apart and not yet
// believed.
type compactJWS struct {
	header, payload, signature []byte
	input                      []byte // what is signed
}

// parseCompact takes a JWS apart, strictly.
func parseCompact(compact string) (jws compactJWS, ok bool) {
	segments := strings.Split(compact, ".")
	if len(segments) != 3 {
		return jws, false
	}
	var decoded [3][]byte
	for i, segment := range segments {
		var err error
		decoded[i], err = base64.RawURLEncoding.Strict().DecodeString(segment)
		// The decoder skips line breaks; RFC 7515 §2 has none.
		if err != nil || segment == "" || strings.ContainsAny(segment, "\r\n") {
			return jws, false
		}
	}
	return compactJWS{decoded[0], decoded[1], decoded[2], []byte(segments[0] + "." + segments[1])}, true
}
