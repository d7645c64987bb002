package dpop_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// The examples of RFC 9449, letter by letter; the line breaks are the document's.
const (
	figure2 = `eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik
 VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR
 nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE
 QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIj
 oiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwia
 WF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg
 4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg`
	figure12 = `eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik
 VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR
 nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE
 QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIj
 oiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0Z
 WRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNF
 c05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71E
 OptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA`
	figure8JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" // §6.1
)

func joined(figure string) string { return strings.ReplaceAll(figure, "\n ", "") }

// The protected resource request of §7.1.
func TestExampleOfSection7(t *testing.T) {
	v := newVerifier(t, func(c *dpop.Config) { c.Clock = validatortest.NewClock(time.Unix(1562262618, 0)) })
	credential := func(method, url string) validator.Credential {
		r := httptest.NewRequest(method, url, nil)
		r.Header.Set("DPoP", joined(figure12))
		return validator.Credential{Scheme: "DPoP", Token: token, Info: request{r}}
	}
	const resource = "https://resource.example.org/protectedresource"
	refused(t, v.Verify(t.Context(), credential("POST", resource), figure8JKT), validator.CodeDPoPProofInvalid, "htm")
	refused(t, v.Verify(t.Context(), credential("GET", resource+"s"), figure8JKT), validator.CodeDPoPProofInvalid, "htu")
	refused(t, v.Verify(t.Context(), credential("GET", resource), jkt), validator.CodeBindingFailed, "another key")
	if err := v.Verify(t.Context(), credential("GET", resource), figure8JKT); err != nil {
		t.Fatal(err, err.(*validator.Error).Unwrap())
	}
	refused(t, v.Verify(t.Context(), credential("GET", resource), figure8JKT), validator.CodeDPoPProofInvalid, "used before")
}

// The token request of §5.
func TestExampleOfSection5(t *testing.T) {
	v := newVerifier(t, func(c *dpop.Config) { c.Clock = validatortest.NewClock(time.Unix(1562262616, 0)) })
	r := httptest.NewRequest("POST", "https://server.example.com/token", nil)
	r.Header.Set("DPoP", joined(figure2))
	got, err := v.Proof(t.Context(), request{r}, nil)
	if err != nil || got != figure8JKT {
		t.Fatalf("%q %v", got, err)
	}
	_, err = v.Proof(t.Context(), request{r}, nil)
	refused(t, err, validator.CodeDPoPProofInvalid, "used before")
	_, err = v.Proof(t.Context(), nil, nil)
	refused(t, err, validator.CodeBindingFailed, "nothing is known")
}
