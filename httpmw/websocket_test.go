package httpmw_test

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/httpmw"
	"github.com/bearerguard/bearerguard/httpmw/internal/adaptertest"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// policyViolation is the status of a close frame for whoever is not let in any more
// (RFC 6455 §7.4.1).
const policyViolation = 1008

// webSocket is a handler that says nothing until its token is not good any more, and
// then why (RFC 6455 §4.2.2 and §5.5.1).
func webSocket(w http.ResponseWriter, r *http.Request) {
	accept := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer func() { _ = conn.Close() }()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Accept: "+base64.StdEncoding.EncodeToString(accept[:])+"\r\n\r\n")
	<-r.Context().Done()
	refusal, _ := errors.AsType[*validator.Error](context.Cause(r.Context()))
	reason := refusal.Code().String()
	frame := binary.BigEndian.AppendUint16([]byte{0x88, byte(2 + len(reason))}, policyViolation)
	_, _ = conn.Write(append(frame, reason...))
}

// A WebSocket ends with a close frame that tells why.
func TestWebSocketEndsWithItsToken(t *testing.T) {
	revocation := newList()
	auth := newAuth(t, adaptertest.NewValidator(func(c *validator.Config) { c.Revocation = revocation }), httpmw.Config{StreamGrace: time.Hour})
	mux := auth.NewMux()
	mux.Handle("GET /socket", scopes.All("a"), auth.WhileValid(http.HandlerFunc(webSocket)))
	server := httptest.NewServer(mux)
	defer server.Close()
	dial := func(token string) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/socket", nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Authorization": token,
		} {
			request.Header.Set(name, value)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = response.Body.Close() })
		return response
	}
	if refused := dial(adaptertest.Bearer("b")); refused.StatusCode != http.StatusForbidden {
		t.Errorf("without the scope: %d", refused.StatusCode)
	}
	response := dial(adaptertest.Bearer("a"))
	// The key and the answer to it are those of RFC 6455 §1.3.
	if response.StatusCode != http.StatusSwitchingProtocols || response.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("%d %v", response.StatusCode, response.Header)
	}
	revocation.revoke()
	got, err := io.ReadAll(response.Body)
	if want := "\x88\x0f\x03\xf0TOKEN_REVOKED"; string(got) != want || err != nil {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}
