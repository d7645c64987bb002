package process

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

var discard = slog.New(slog.NewJSONHandler(io.Discard, nil))

// What somebody might log by mistake, in whatever form, comes out without the
// secret and with the rest.
func TestRedactor(t *testing.T) {
	const (
		jws    = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZS5jb20ifQ.c2lnbmF0dXJlLW9mLXRoaXM"
		spaced = "eyAiYWxnIjoiRVMyNTYifQ.cGF5bG9hZC1vZi10aGlz.c2lnbmF0dXJlLW9mLXRoaXM"
		jwe    = "eyJhbGciOiJSU0EifQ.ZW5jcnlwdGVkLWtleQ.aXYtaXYtaXY.Y2lwaGVydGV4dA.dGFnLXRhZw"
		opaque = "2YotnFZFEjr1zCsicMWpAA"
	)
	for _, attribute := range []slog.Attr{
		slog.String("token", jws),
		slog.String("url", "/orders?access_token="+jws+"&x=kept"),
		slog.Any("error", errors.New("bad token "+spaced+" (kept)")),
		slog.Any("header", http.Header{"Authorization": {"Bearer " + jws}}),
		slog.Any("metadata", map[string][]string{"authorization": {"bearer " + opaque}}),
		slog.Group("request", slog.String("authorization", "DPoP  "+opaque)),
		slog.String("authorization", "Basic "+opaque+"=="),
		slog.String("panic", "line one\nBearer "+jwe+"\nkept"),
	} {
		log := new(bytes.Buffer)
		logger := slog.New(slog.NewJSONHandler(redactor{log}, nil))
		logger.Info("a message with "+jws, attribute, "status", 401)
		for _, part := range append(strings.FieldsFunc(jws+"."+spaced+"."+jwe, func(r rune) bool { return r == '.' }), opaque) {
			if strings.Contains(log.String(), part) {
				t.Errorf("%v: %s", attribute.Key, log)
			}
		}
		if !strings.Contains(log.String(), `"status":401`) || strings.Contains(attribute.String(), "kept") != strings.Contains(log.String(), "kept") {
			t.Errorf("%v: too much is gone: %s", attribute.Key, log)
		}
	}
}

// What is no secret stays as it is.
func TestRedactorLeavesTheRest(t *testing.T) {
	const record = `{"operation":"GET /orders","code":"TOKEN_EXPIRED","issuer":"https://keycloak-prod.eywa.auth.example.com","client_id":"billing"}` + "\n"
	log := new(bytes.Buffer)
	if n, err := (redactor{log}).Write([]byte(record)); n != len(record) || err != nil || log.String() != record {
		t.Errorf("%d, %v, %s", n, err, log)
	}
	// A record gets shorter or longer, which is nothing for whoever wrote it to know.
	if n, err := (redactor{log}).Write([]byte("Bearer x")); n != len("Bearer x") || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := (redactor{full{}}).Write([]byte("x")); err == nil {
		t.Error("a write that failed went unnoticed")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
