package contract_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// What a body may be, over HTTP; every refusal is JSON that says why. gRPC has
// the grammar of its messages instead.
func TestBodies(t *testing.T) {
	from := onLoopback(t)
	for _, program := range names[:2] {
		t.Run(program, func(t *testing.T) {
			p := start(t, program, from)
			api := newHTTP(t, p.addr, nil)
			writer := bearer(from.token(t, "orders:write"))
			for _, test := range []struct {
				name, body string
				status     int
				reason     string
			}{
				{"good", `{"item":"tea"}`, 201, ""},
				{"the longest, escaped", `{"item":"` + strings.Repeat(`\ud83d\ude00`, 200) + `"}`, 201, ""},
				{"too long", `{"item":"` + strings.Repeat("x", 201) + `"}`, 400, "invalid_item"},
				{"blank", `{"item":" "}`, 400, "invalid_item"},
				{"unknown member", `{"item":"tea","price":1}`, 400, "invalid_json"},
				{"other case", `{"Item":"tea"}`, 400, "invalid_json"},
				{"no JSON", `item=tea`, 400, "invalid_json"},
				{"nothing", ``, 400, "invalid_json"},
				{"too large", `{"item":"` + strings.Repeat("x", 5<<10) + `"}`, 413, "too_large"},
			} {
				response := api.send(t, http.MethodPost, "/orders", test.body, writer)
				var got struct{ ID, Error, Error_Description string }
				if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
					t.Errorf("%s: %v", test.name, err)
				}
				if response.StatusCode != test.status || got.Error != test.reason || (got.Error == "") != (got.Error_Description == "") {
					t.Errorf("%s: %d, %+v; want %d, %q", test.name, response.StatusCode, got, test.status, test.reason)
				}
				location := response.Header.Get("Location")
				if created := test.status == 201; created != (got.ID != "" && location == "/orders/"+got.ID) {
					t.Errorf("%s: id %q at %q", test.name, got.ID, location)
				}
				if kind := response.Header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
					t.Errorf("%s: content type %q", test.name, kind)
				}
			}
			reader := bearer(from.token(t, "orders:read"))
			var got struct{ Error string }
			response := api.send(t, http.MethodGet, "/orders/none", "", reader)
			if err := json.NewDecoder(response.Body).Decode(&got); err != nil || response.StatusCode != 404 || got.Error != "not_found" {
				t.Errorf("an order that is not there: %d, %+v, %v", response.StatusCode, got, err)
			}
		})
	}
}
