package devserver

import (
	"strings"
	"testing"
)

// An answer is signed only for those who name it, and for whoever names nothing
// else.
func FuzzPrefersJWT(f *testing.F) {
	const signed = "application/" + introspectionJWT
	for _, seed := range []string{"", "*/*", signed, signed + ";q=0.5, application/json", "a;q=NaN," + signed, `"a,b"`, signed + ";q=-1", signed + ";q=NaN"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, accept string) {
		if prefersJWT([]string{accept}) && !strings.Contains(strings.ToLower(accept), signed) {
			t.Fatalf("%q asks for no signed answer", accept)
		}
		if !strings.Contains(strings.ToLower(accept), "/json") && !prefersJWT([]string{accept, signed}) {
			t.Fatalf("%q beside it keeps the signed answer away", accept)
		}
	})
}
