package devserver

import (
	"encoding/json"
	"testing"
)

// FuzzRemoteKeys reads key sets of clients: what is read is a set for a lax
// reader, too, and every key in it is sound.
func FuzzRemoteKeys(f *testing.F) {
	const ed25519 = `{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"rwaj4ykXFOTzVsGcmxXNGVHsbmZiqne-B1R_KJODNB0"}`
	f.Add([]byte(`{"keys":[` + ed25519 + `]}`))
	f.Add([]byte(`{"keys":[1,null,{"kty":"oct","k":"AQ"},{"kty":"RSA","n":"AQ","e":"AQAB"},` + ed25519 + `]}`))
	f.Add([]byte(`{"keys":[],"keys":[` + ed25519 + `]}`))
	f.Add([]byte(`{"keys":{}}`))
	f.Add([]byte(`{"Keys":[` + ed25519 + `]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		keys, ok := parseRemoteKeys(body)
		if !ok {
			return
		}
		var members map[string]json.RawMessage
		var elements []json.RawMessage
		if err := json.Unmarshal(body, &members); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(members["keys"], &elements); err != nil {
			t.Fatal(err)
		}
		if len(keys) > min(maxRemoteKeys, len(elements)) {
			t.Fatalf("%d keys of %d", len(keys), len(elements))
		}
		for _, key := range keys {
			if problem := clientKeyProblem(key); problem != "" {
				t.Fatal(problem)
			}
		}
	})
}
