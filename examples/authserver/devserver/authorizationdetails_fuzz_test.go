package devserver

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// Whatever is accepted is an array of objects of the client's types for a lax
// reader, too, means the same in canonical form, and narrows itself to itself.
func FuzzAuthorizationDetails(f *testing.F) {
	for _, seed := range []string{
		`[{"type":"payment","amount":9007199254740993}]`, `[{"type":"account"},{"type":"payment","a":{"b":[1,2.50,null]}}]`,
		`[]`, `null`, `[{"type":"other"}]`, `[{"Type":"payment"}]`, `[{"type":"payment","type":"account"}]`, `[[{"type":"payment"}]]`,
		`[{"\u0074ype":"payment"}]`, `[{"type":"payment","a":"<\u2028"}]`, strings.Repeat("[", 30),
	} {
		f.Add(seed)
	}
	types := []string{"payment", "account"}
	f.Fuzz(func(t *testing.T, parameter string) {
		details, problem := parseAuthorizationDetails(parameter, types)
		if problem != nil || details == nil {
			if details != nil || problem == nil && parameter != "" {
				t.Fatalf("%q: %q, %v", parameter, details, problem)
			}
			return
		}
		var lax, canonical []map[string]any
		encoded, err := json.Marshal(details)
		if err != nil || json.Unmarshal(encoded, &canonical) != nil || json.Unmarshal([]byte(parameter), &lax) != nil ||
			!reflect.DeepEqual(lax, canonical) {
			t.Fatalf("%q has become %q, %v", parameter, encoded, err)
		}
		for _, one := range lax {
			if one["type"] != "payment" && one["type"] != "account" {
				t.Fatalf("%q has another type", parameter)
			}
		}
		if again, problem := details.narrow(string(encoded), types); problem != nil && len(encoded) <= maxAuthorizationDetails ||
			problem == nil && !reflect.DeepEqual(again, details) {
			t.Fatalf("%q: narrowed to %q, %v", parameter, again, problem)
		}
	})
}
