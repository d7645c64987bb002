package notes_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/examples/mcp/notes"
)

// token is one for the API, but for what the edits say.
func (w *world) token(t *testing.T, scope string, claims map[string]any) string {
	t.Helper()
	all := map[string]any{"sub": "raw", "client_id": "raw", "aud": w.base + notes.Path, "scope": scope}
	for name, value := range claims {
		all[name] = value
	}
	token, err := w.auth.Mint(devserver.TokenSpec{Claims: all})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// post sends a message as it is.
func (w *world) post(t *testing.T, token, message string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.base+notes.Path, strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

const (
	addMilk  = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{"text":"milk"}}}`
	listAll  = `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list"}}`
	noNotes  = `{"notes":[]}`
	oneNotes = `{"notes":["milk"]}`
)

// However the call of a tool is written, it takes the scopes of that tool.
func TestToolsNeedTheirScopes(t *testing.T) {
	w := newWorld(t, "")
	read, both := w.token(t, notes.Read, nil), w.token(t, notes.Read+" "+notes.Write, nil)
	for name, message := range map[string]string{
		"plain":                addMilk,
		"a notification":       `{"jsonrpc":"2.0","method":"tools/call","params":{"name":"add","arguments":{"text":"milk"}}}`,
		"escaped":              strings.Replace(addMilk, `"add"`, `"\u0061dd"`, 1),
		"a batch":              "[" + addMilk + "]",
		"a batch behind list":  "[" + listAll + "," + addMilk + "]",
		"a name twice":         strings.Replace(addMilk, `"name":"add"`, `"name":"add","name":"list"`, 1),
		"a name twice, turned": strings.Replace(addMilk, `"name":"add"`, `"name":"list","name":"add"`, 1),
		"another case":         strings.Replace(addMilk, `"name":"add"`, `"name":"add","Name":"list"`, 1),
		"another case, turned": strings.Replace(addMilk, `"name":"add"`, `"Name":"list","name":"add"`, 1),
		"a method twice":       strings.Replace(addMilk, `"method"`, `"method":"ping","method"`, 1),
		"params twice":         strings.Replace(addMilk, `"params"`, `"params":{"name":"list"},"params"`, 1),
		"something after it":   addMilk + addMilk,
		"a mark before it":     "\ufeff" + addMilk,
	} {
		t.Run(name, func(t *testing.T) {
			w.post(t, read, message)
			if _, body := w.post(t, read, listAll); !strings.Contains(body, noNotes) {
				t.Errorf("the note was added: %s", body)
			}
		})
	}
	if _, body := w.post(t, both, addMilk); !strings.Contains(body, oneNotes) {
		t.Errorf("with both scopes: %s", body)
	}
}

// What is refused before the server sees it, and what the server answers itself.
func TestGate(t *testing.T) {
	w := newWorld(t, "")
	read, both := w.token(t, notes.Read, nil), w.token(t, notes.Read+" "+notes.Write, nil)
	insufficient := w.insufficient(notes.Read + " " + notes.Write)
	for _, test := range []struct {
		name, token, message string
		status               int
		challenge, body      string // body: a part of it
	}{
		{"no token", "", listAll, 401, w.missing().challenge, "required"},
		{"no token and a long request", "", strings.Repeat(" ", 1<<20), 401, w.missing().challenge, "required"},
		{"for another resource", w.token(t, notes.Read, map[string]any{"aud": w.base + "/other"}), listAll, 401,
			w.missing().challenge + `, error="invalid_token", error_description="The access token was issued for a different audience."`, "different audience"},
		{"neither scope", w.token(t, "other", nil), listAll, 403, w.insufficient(notes.Read).challenge, "insufficient_scope"},
		{"one of two scopes", read, addMilk, 403, insufficient.challenge, "insufficient_scope"},
		{"the other of two", w.token(t, notes.Write, nil), addMilk, 403, w.insufficient(notes.Read).challenge, "insufficient_scope"},
		{"enough", read, listAll, 200, "", noNotes},
		{"a tool that is not there", both, strings.Replace(addMilk, `"add"`, `"drop"`, 1), 200, "", "call one tool per request"},
		{"a batch", both, "[" + listAll + "]", 200, "", "call one tool per request"},
		{"too large", both, strings.Repeat(" ", 64<<10) + listAll, 413, "", "too large"},
		{"not JSON", both, "x", 400, "", ""},
		{"params of another kind", both, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[1]}`, 200, "", "error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, body := w.post(t, test.token, test.message)
			if got := response.Header.Get("WWW-Authenticate"); response.StatusCode != test.status || got != test.challenge || !strings.Contains(body, test.body) {
				t.Errorf("%d %q %q\nwant %d %q %q", response.StatusCode, got, body, test.status, test.challenge, test.body)
			}
		})
	}
	// Nothing but POST has a rule.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.base+notes.Path, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := w.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != 401 {
		t.Errorf("GET: %d", response.StatusCode)
	}
}
