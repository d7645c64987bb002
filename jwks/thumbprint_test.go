package jwks_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/bearerguard/bearerguard/jwks"
)

// The examples of RFC 7638 §3.1, RFC 8037 appendix A.3 and RFC 9449 §6.1, whose
// members come in other orders and with others beside them.
func TestThumbprint(t *testing.T) {
	for _, tt := range []struct{ jwk, canonical, thumbprint string }{
		{
			`{"kty": "RSA", "n": "` + modulusOfRFC7638 + `", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}`,
			`{"e":"AQAB","kty":"RSA","n":"` + modulusOfRFC7638 + `"}`,
			"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
		},
		{
			`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
			`{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`,
			"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
		},
		{
			`{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}`,
			`{"crv":"P-256","kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}`,
			"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
		},
	} {
		key, err := jwks.ParseKey([]byte(tt.jwk))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(key.JWK()); got != tt.canonical {
			t.Errorf("%s, want %s", got, tt.canonical)
		}
		if got := key.Thumbprint(); got != tt.thumbprint {
			t.Errorf("%s, want %s", got, tt.thumbprint)
		}
	}
}

// ParseKey admits what Parse admits, for the same reasons.
func TestParseKey(t *testing.T) {
	for _, tt := range admissionTests() {
		set, dropped, _ := jwks.Parse([]byte(document(tt.key)))
		key, err := jwks.ParseKey([]byte(fmt.Sprint(tt.key)))
		var reason jwks.Reason
		switch {
		case set != nil && (err != nil || key.Thumbprint() == ""):
			t.Errorf("%s: refused: %v", tt.key, err)
		case set == nil && len(dropped) == 1 && (!errors.As(err, &reason) || reason != dropped[0].Reason):
			t.Errorf("%s: %v, want %v", tt.key, err, dropped[0].Reason)
		}
	}
	for _, broken := range []string{"", "{", "[]", "null", `{"kty":"EC"} {}`} {
		if key, err := jwks.ParseKey([]byte(broken)); key != nil || !errors.Is(err, jwks.Malformed) {
			t.Errorf("%q: %v %v", broken, key, err)
		}
	}
}

const modulusOfRFC7638 = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
