package jws_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/internal/jws"
)

// What is parsed is spelled in the one way there is: encoded again it is the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"YQ.YWI.YWJj", "YQ.YWI.YWJj.YQ", "YR.YQ.YQ", "YQ==.YQ.YQ", "YQ.Y\nQ.YQ", "YQ..YQ", "..", "", "e30.e30.AA", "+/8.YQ.YQ"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, received string) {
		c, ok := jws.Parse([]byte(received))
		segments := strings.Split(received, ".")
		if !ok {
			if len(segments) == 3 && isCanonical(segments[0]) && isCanonical(segments[1]) && isCanonical(segments[2]) {
				t.Errorf("not parsed: %q", received)
			}
			return
		}
		encode := base64.RawURLEncoding.EncodeToString
		signed := encode(c.Header) + "." + encode(c.Payload)
		if got := signed + "." + encode(c.Signature); got != received || string(c.Signed) != signed {
			t.Errorf("%q is spelled %q, signed %q", received, got, c.Signed)
		}
		if len(c.Header) == 0 || len(c.Payload) == 0 || len(c.Signature) == 0 {
			t.Errorf("an empty segment in %q", received)
		}
	})
}

// isCanonical is another way to tell: decode, encode, compare.
func isCanonical(segment string) bool {
	decoded, err := base64.RawURLEncoding.DecodeString(segment)
	return err == nil && segment != "" && base64.RawURLEncoding.EncodeToString(decoded) == segment
}
