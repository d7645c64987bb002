package mtls

import (
	"crypto/sha256"
	"encoding/pem"
	"net/url"
	"strings"
)

const pemBegin = "-----BEGIN "

// parseEscapedPEM reads one certificate in PEM (RFC 7468 §5), percent-encoded
// (RFC 3986 §2.1). A plus sign is one, not a space: not every proxy encodes it.
func parseEscapedPEM(value string) (digest, bool) {
	text, err := url.PathUnescape(value)
	if err != nil {
		return digest{}, false
	}
	// The decoder passes over what it does not understand, up to the next block.
	// So there is one, and it comes first.
	if !strings.HasPrefix(text, pemBegin+"CERTIFICATE-----") || strings.Count(text, pemBegin) != 1 {
		return digest{}, false
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(block.Headers) > 0 || len(block.Bytes) == 0 {
		return digest{}, false
	}
	if strings.Trim(string(rest), "\r\n") != "" {
		return digest{}, false
	}
	return sha256.Sum256(block.Bytes), true
}
