package devserver

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"testing"
)

// fixedKey makes fuzz seeds stay valid.
var fixedKey = sealingKey(bytes.Repeat([]byte{7}, 32))

func TestSealed(t *testing.T) {
	h := handle{authorizationID{1, 2, 3}, 70000}
	token := fixedKey.seal(sealedRefresh, h)
	if got, ok := fixedKey.open(sealedRefresh, token); !ok || got != h {
		t.Errorf("got %v, %v", got, ok)
	}
	other := newSealingKey()
	for name, open := range map[string]func() (handle, bool){
		"of another kind":   func() (handle, bool) { return fixedKey.open(sealedCode, token) },
		"by another key":    func() (handle, bool) { return other.open(sealedRefresh, token) },
		"cut":               func() (handle, bool) { return fixedKey.open(sealedRefresh, token[:len(token)-1]) },
		"empty":             func() (handle, bool) { return fixedKey.open(sealedRefresh, "") },
		"with a line break": func() (handle, bool) { return fixedKey.open(sealedRefresh, token[:9]+"\n"+token[9:]) },
		"padded":            func() (handle, bool) { return fixedKey.open(sealedRefresh, token+"=") },
	} {
		if _, ok := open(); ok {
			t.Errorf("%s: opened", name)
		}
	}
	if other == newSealingKey() {
		t.Error("two keys are one")
	}
	// Parts are kept apart.
	if bytes.Equal(fixedKey.tag("a", []byte("b"), []byte("cd")), fixedKey.tag("a", []byte("bc"), []byte("d"))) ||
		bytes.Equal(fixedKey.tag("a", []byte("bc")), fixedKey.tag("ab", []byte("c"))) {
		t.Error("two lists of parts have one tag")
	}
}

// FuzzSealed holds open against a reader of its own: it opens what seal returns
// and nothing else.
func FuzzSealed(f *testing.F) {
	good := fixedKey.seal(sealedCode, handle{authorizationID{1}, 0})
	f.Add(good)
	f.Add(fixedKey.seal(sealedRefresh, handle{authorizationID{1}, 1}))
	f.Add(good[:69] + string(good[69]+1)) // the same bytes for a lax decoder
	f.Add(strings.Repeat("A", 70))
	f.Add(good + "\n")
	f.Fuzz(func(t *testing.T, token string) {
		h, ok := fixedKey.open(sealedCode, token)
		if ok != referenceSealed(token) {
			t.Fatalf("opened: %v", ok)
		}
		if ok && fixedKey.seal(sealedCode, h) != token {
			t.Fatal("sealed again, it is another")
		}
	})
}

// referenceSealed is written from the comments of this package.
func referenceSealed(token string) bool {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(sealed) != 52 || base64.RawURLEncoding.EncodeToString(sealed) != token {
		return false
	}
	message := append([]byte{0, 0, 0, 0, 0, 0, 0, 4}, "code"...)
	message = binary.BigEndian.AppendUint64(message, 20)
	mac := hmac.New(sha256.New, bytes.Repeat([]byte{7}, 32))
	mac.Write(append(message, sealed[:20]...))
	return bytes.Equal(mac.Sum(nil), sealed[20:])
}

// FuzzVerifier holds the challenge of PKCE against RFC 7636 §4.1, §4.2 and §4.6.
func FuzzVerifier(f *testing.F) {
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	f.Add(verifier, challenge)
	f.Add(verifier[1:], challenge)
	f.Add(verifier, challenge[:42]+"N")
	f.Add(strings.Repeat("~", 128), strings.Repeat("A", 43))
	f.Fuzz(func(t *testing.T, verifier, encoded string) {
		sum := sha256.Sum256([]byte(verifier))
		own := base64.RawURLEncoding.EncodeToString(sum[:])
		inGrammar := len(verifier) >= 43 && len(verifier) <= 128
		for _, b := range []byte(verifier) {
			inGrammar = inGrammar && strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", b) >= 0
		}
		for _, text := range []string{encoded, own} {
			c, ok := parseChallenge(text)
			if got := ok && c.matches(verifier); got != (inGrammar && text == own) {
				t.Fatalf("matches: %v", got)
			}
		}
	})
}
