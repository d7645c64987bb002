package jws_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/bearerguard/bearerguard/internal/jws"
)

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		in, header, payload, signature string
		ok                             bool
	}{
		{"a.b.c", "a", "b", "c", true},
		{"..", "", "", "", true},           // decoding refuses empty segments
		{"a.b.c.d", "a", "b", "c.d", true}, // decoding refuses a dot
		{"", "", "", "", false},
		{"a", "", "", "", false},
		{"a.b", "", "", "", false},
	} {
		h, p, s, ok := jws.Split([]byte(tt.in))
		if string(h) != tt.header || string(p) != tt.payload || string(s) != tt.signature || ok != tt.ok {
			t.Errorf("%q: %q %q %q %v", tt.in, h, p, s, ok)
		}
	}
}

func TestParse(t *testing.T) {
	c, ok := jws.Parse([]byte("YQ.YWI.YWJj"))
	if !ok || string(c.Header) != "a" || string(c.Payload) != "ab" || string(c.Signature) != "abc" || string(c.Signed) != "YQ.YWI" {
		t.Errorf("%+v %v", c, ok)
	}
	for _, in := range []string{"", "YQ", "YQ.YQ", "YQ.YQ.YQ.YQ", ".YQ.YQ", "YQ..YQ", "YQ.YQ.", "YR.YQ.YQ", "YQ.YR.YQ", "YQ.YQ.YR", "YQ.Y\nQ.YQ", "YQ.YQ.YQ=="} {
		if _, ok := jws.Parse([]byte(in)); ok {
			t.Errorf("parsed %q", in)
		}
	}
}

func TestAppendDecoded(t *testing.T) {
	for in, want := range map[string]string{
		"YQ": "xa", "YWI": "xab", "YWJj": "xabc", "_-8": "x\xff\xef",
		"": "", "Y": "", "YQ==": "", "YR": "", "YW\nI": "", "YWJ\n": "", "+/8": "", "Y.Q": "", "YWJjY": "",
	} {
		got, ok := jws.AppendDecoded([]byte("x"), []byte(in))
		if ok != (want != "") || ok && string(got) != want {
			t.Errorf("%q: %q %v", in, got, ok)
		}
	}
}

func TestAlgorithms(t *testing.T) {
	if len(jws.Names()) != 11 {
		t.Errorf("%q", jws.Names())
	}
	for i, name := range jws.Names() {
		a, ok := jws.Named(name)
		if !ok || a.Name != name || jws.Index(name) != i || jws.At(i) != a {
			t.Errorf("%s: %+v %v", name, a, ok)
		}
		// No algorithm takes a key of another kind for its own, nor no key at all.
		for _, key := range []any{nil, []byte("secret"), "secret", ed25519.PublicKey{1, 2, 3}} {
			if a.Verify(key, make([]byte, 32), make([]byte, 64)) {
				t.Errorf("%s verifies with %T", name, key)
			}
		}
	}
	for _, name := range []string{"", "none", "HS256", "rs256"} {
		if _, ok := jws.Named(name); ok || jws.Index(name) != -1 {
			t.Errorf("there is %q", name)
		}
	}
}

// RFC 8037 §3.1: the message itself is signed, not a digest of it.
func TestEd25519(t *testing.T) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	message := []byte{0x72}
	a, _ := jws.Named("EdDSA")
	signature := ed25519.Sign(private, message)
	if !a.Verify(private.Public(), a.Digest(nil, message), signature) {
		t.Error("a good signature")
	}
	signature[0] ^= 1
	if a.Verify(private.Public(), a.Digest(nil, message), signature) {
		t.Error("a bad signature")
	}
}
