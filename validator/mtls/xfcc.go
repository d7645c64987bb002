package mtls

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// parseXFCC reads the one element of an x-forwarded-client-cert field (Envoy,
// "HTTP header manipulation"): pairs of key and value with semicolons between
// them. Hash and Cert may each be there once. They come before the names that a
// client chooses, and those cannot add a second one.
func parseXFCC(value string) (digest, bool) {
	var hash, cert string
	for rest := value; ; {
		key, pairValue, after, ok := cutPair(rest)
		if !ok {
			return digest{}, false
		}
		var slot *string
		switch {
		case strings.EqualFold(key, "Hash"):
			slot = &hash
		case strings.EqualFold(key, "Cert"):
			slot = &cert
		}
		if slot != nil {
			if *slot != "" || pairValue == "" {
				return digest{}, false
			}
			*slot = pairValue
		}
		if after == "" {
			return agreed(hash, cert)
		}
		rest = after[1:] // the semicolon
	}
}

// agreed returns the digest that Hash and Cert tell of, of which one may be
// empty.
func agreed(hash, cert string) (shown digest, ok bool) {
	if hash != "" {
		if len(hash) != hex.EncodedLen(sha256.Size) {
			return digest{}, false
		}
		if _, err := hex.Decode(shown[:], []byte(hash)); err != nil {
			return digest{}, false
		}
		ok = true
	}
	if cert != "" {
		computed, certOK := parseEscapedPEM(cert)
		if !certOK || ok && computed != shown {
			return digest{}, false
		}
		return computed, true
	}
	return shown, ok
}

// cutPair cuts the first pair off. What is after it is empty or begins with a
// semicolon: a comma would begin another element, and there is only one.
func cutPair(s string) (key, value, after string, ok bool) {
	key, s, ok = strings.Cut(s, "=")
	if !ok || !isToken(key) {
		return "", "", "", false
	}
	if strings.HasPrefix(s, `"`) {
		value, after, ok = cutQuoted(s[1:])
	} else {
		end := strings.IndexByte(s, ';')
		if end < 0 {
			end = len(s)
		}
		value, after = s[:end], s[end:]
		ok = !strings.ContainsAny(value, `,"`)
	}
	return key, value, after, ok && (after == "" || after[0] == ';')
}

// cutQuoted cuts off what is before the closing quotation mark. A backslash takes
// the meaning away from the character after it: from quotation marks as Envoy's
// documentation has it, and from others in a Subject (RFC 4514 §2.4). The values
// that count have none, so nothing needs to be unescaped.
func cutQuoted(s string) (value, after string, ok bool) {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[:i], s[i+1:], true
		}
	}
	return "", "", false
}
