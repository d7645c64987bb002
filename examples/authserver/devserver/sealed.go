package devserver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
)

// sealingKey authenticates what the server gives away and gets back: codes,
// refresh tokens and the tickets of the consent page. It is new at every start.
type sealingKey [32]byte

func newSealingKey() (key sealingKey) {
	rand.Read(key[:])
	return key
}

// A sealed value is of one of these kinds, and good for nothing else.
const (
	sealedCode    = "code"
	sealedRefresh = "refresh token"
	sealedTicket  = "consent ticket"
)

// tag returns the HMAC-SHA256 of the parts, each with its length, so that no two
// lists of parts are the same bytes.
func (k *sealingKey) tag(kind string, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, k[:])
	for _, part := range append([][]byte{[]byte(kind)}, parts...) {
		mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		mac.Write(part)
	}
	return mac.Sum(nil)
}

// handle is what a code or a refresh token stands for: an authorization, and
// which one of its refresh tokens this is (0 for a code). Nothing of the token
// has to be kept, and one that was never issued is told from one that has been
// used: only the latter says that something was stolen.
type handle struct {
	authorization authorizationID
	number        uint32
}

// The bytes of a sealed handle: 128 random bits (RFC 6749 §10.10), the number,
// and the tag.
const (
	handleSize = len(authorizationID{}) + 4
	sealedSize = handleSize + sha256.Size
)

// seal returns the code or refresh token for a handle.
func (k *sealingKey) seal(kind string, h handle) string {
	sealed := binary.BigEndian.AppendUint32(h.authorization[:], h.number)
	return base64.RawURLEncoding.EncodeToString(append(sealed, k.tag(kind, sealed)...))
}

// open is the reverse of seal; it fails for whatever seal has not returned.
func (k *sealingKey) open(kind, token string) (h handle, ok bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	// The decoder skips line breaks; a token has none.
	if err != nil || len(sealed) != sealedSize || strings.ContainsAny(token, "\r\n") {
		return handle{}, false
	}
	if !hmac.Equal(sealed[handleSize:], k.tag(kind, sealed[:handleSize])) {
		return handle{}, false
	}
	copy(h.authorization[:], sealed)
	h.number = binary.BigEndian.Uint32(sealed[len(h.authorization):])
	return h, true
}
