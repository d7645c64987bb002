package mtls

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// parseClientCert reads an Item of Structured Fields that is a Byte Sequence
// (RFC 9440 §2.1, RFC 8941 §3.3.5). Parameters are refused: RFC 9440 defines none.
func parseClientCert(value string) (digest, bool) {
	inner, ok := strings.CutPrefix(value, ":")
	if !ok {
		return digest{}, false
	}
	if inner, ok = strings.CutSuffix(inner, ":"); !ok || inner == "" {
		return digest{}, false
	}
	// Go's decoder skips line breaks, of which the grammar has none.
	if strings.ContainsAny(inner, "\r\n") {
		return digest{}, false
	}
	// "parsers SHOULD NOT fail when "=" padding is not present" (RFC 8941 §4.2.7).
	encoding := base64.StdEncoding
	if len(inner)%4 != 0 {
		encoding = base64.RawStdEncoding
	}
	der, err := encoding.DecodeString(inner)
	if err != nil {
		return digest{}, false
	}
	return sha256.Sum256(der), true
}
