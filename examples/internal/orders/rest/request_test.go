package rest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bearerguard/bearerguard/examples/internal/orders"
	"github.com/bearerguard/bearerguard/examples/internal/orders/rest"
)

func read(body io.Reader) (string, error) {
	return rest.ReadItem(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/orders", body))
}

var bodies = []struct {
	body, item string
	status     int // of the refusal
}{
	{`{"item":"tea"}`, "tea", 0},
	{" {\n\"item\" : \"\\u0074ea\" }\n", "tea", 0},
	{`{"\u0069tem":"tea"}`, "tea", 0},
	{`{"item":""}`, "", 0}, // what an item may be is the store's business
	{``, "", 400},
	{`{}`, "", 400},
	{`[]`, "", 400},
	{`"item"`, "", 400},
	{`{"item":null}`, "", 400},
	{`{"item":1}`, "", 400},
	{`{"item":["tea"]}`, "", 400},
	{`{"item":{"item":{"item":"tea"}}}`, "", 400},
	{`{"item":"tea","item":"milk"}`, "", 400},
	{`{"item":"tea","price":1}`, "", 400},
	{`{"Item":"tea"}`, "", 400},
	{`{"item":"tea"`, "", 400},
	{`{"item":"tea"} {}`, "", 400},
	{`{"item":"` + "\xff" + `"}`, "", 400},
	{`{"item":"\ud800"}`, "", 400},
	{`{"item":"` + strings.Repeat("x", 4<<10) + `"}`, "", 413},
	{strings.Repeat("[", 4<<10), "", 400},
}

func TestReadItem(t *testing.T) {
	for _, tt := range bodies {
		item, err := read(strings.NewReader(tt.body))
		if (err != nil) != (tt.status != 0) || item != tt.item {
			t.Errorf("%.60q: %q, %v", tt.body, item, err)
			continue
		}
		if err == nil {
			continue
		}
		if status, body := rest.Refuse(err); status != tt.status || body.Error == "" || body.Description == "" {
			t.Errorf("%.60q: %d, %+v; want %d", tt.body, status, body, tt.status)
		}
	}
}

// A body that breaks off is the caller's mistake, and not an item.
func TestReadItemBrokenOff(t *testing.T) {
	item, err := read(io.MultiReader(strings.NewReader(`{"item":"tea"}`), broken{}))
	if status, _ := rest.Refuse(err); err == nil || item != "" || status != 400 {
		t.Errorf("%q, %v, %d", item, err, status)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// What an error says besides is not for the caller.
func TestRefuse(t *testing.T) {
	for err, want := range map[error]int{orders.ErrNotFound: 404, orders.ErrItem: 400, orders.ErrFull: 507, errors.New("x"): 400} {
		status, body := rest.Refuse(fmt.Errorf("hunter2: %w", err))
		if status != want || body.Error == "" || body.Description == "" || strings.Contains(body.Error+body.Description, "hunter2") {
			t.Errorf("%v: %d, %+v; want %d", err, status, body, want)
		}
	}
}

// Whatever is accepted is one object with one member to encoding/json, too, and
// what is an item there and written plainly is accepted.
func FuzzReadItem(f *testing.F) {
	for _, tt := range bodies {
		f.Add([]byte(tt.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		item, err := read(bytes.NewReader(body))
		var theirs map[string]json.RawMessage
		ok := json.Unmarshal(body, &theirs) == nil && len(theirs) == 1
		var theirItem *string
		ok = ok && json.Unmarshal(theirs["item"], &theirItem) == nil && theirItem != nil
		if err == nil && (!ok || *theirItem != item) {
			t.Errorf("accepted %q, which is %v to encoding/json", item, theirs)
		}
		if ok && err != nil && utf8.Valid(body) && bytes.Count(body, []byte(":")) == 1 && !bytes.Contains(body, []byte(`\`)) && len(body) <= 4<<10 {
			t.Errorf("refused with %v: %q", err, *theirItem)
		}
	})
}
