package devserver

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/url"
	"strings"
)

// NewSecret returns a fresh client secret: 256 random bits in base64url.
func NewSecret() string {
	var secret [32]byte
	rand.Read(secret[:])
	return base64.RawURLEncoding.EncodeToString(secret[:])
}

// decoySecret is compared when there is no client to compare with. Nobody knows
// a secret that has this hash.
var decoySecret = func() (sum [sha256.Size]byte) {
	rand.Read(sum[:])
	return sum
}()

// bySecret authenticates a client by its secret. An unknown client costs what a
// known one costs, so that the time of an answer does not tell them apart.
//
// Secrets are kept as plain SHA-256: they are random and long (minSecretLength),
// so that a slow, salted password hash would add cost to every token request and
// nothing against whoever reads the hashes. For the same reason a comparison in
// constant time is all that the hashes need.
func (s *Server) bySecret(id, secret string) (*client, *refusal) {
	presented := sha256.Sum256([]byte(secret))
	stored := [][sha256.Size]byte{decoySecret}
	found := s.clients.get(id)
	known := found != nil && len(found.secrets) > 0
	if known {
		stored = found.secrets
	}
	matches := 0
	for _, sum := range stored { // all of them, whichever matches
		matches |= subtle.ConstantTimeCompare(presented[:], sum[:])
	}
	if !known || matches != 1 {
		return nil, refuse(invalidClient, "unknown client or wrong secret")
	}
	return found, nil
}

// parseBasic reads client_secret_basic: HTTP Basic (RFC 7617 §2) over the id and
// the secret, each form-encoded (RFC 6749 §2.3.1).
func parseBasic(authorization string) (id, secret string, problem *refusal) {
	scheme, credentials, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Basic") { // RFC 9110 §11.1
		return "", "", refuse(invalidClient, "unsupported authentication scheme")
	}
	credentials = strings.TrimLeft(credentials, " ")
	decoded, err := base64.StdEncoding.Strict().DecodeString(credentials)
	// The decoder skips line breaks; the grammar (RFC 9110 §11.4) has none.
	if err != nil || strings.ContainsAny(credentials, "\r\n") {
		return "", "", refuse(invalidClient, "Basic credentials are not base64")
	}
	id, secret, found := strings.Cut(string(decoded), ":")
	id, errID := url.QueryUnescape(id)
	secret, errSecret := url.QueryUnescape(secret)
	if !found || errID != nil || errSecret != nil {
		return "", "", refuse(invalidClient, "Basic credentials are not form-encoded")
	}
	return id, secret, nil
}
