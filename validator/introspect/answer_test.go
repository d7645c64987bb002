package introspect_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/introspect"
)

func TestAnswers(t *testing.T) {
	now := start.Unix()
	filler := func(size int) string {
		head, tail := `{"active":true,"x":"`, `"}`
		return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
	}
	nested := func(depth int) string {
		return `{"active":true,"x":` + strings.Repeat("[", depth-1) + strings.Repeat("]", depth-1) + `}`
	}
	const inactive = validator.CodeTokenInactive
	tests := []struct {
		name, body string
		want       validator.Code
	}{
		{"active without exp", `{"active":true}`, 0},
		{"active", fmt.Sprintf(`{"active":true,"exp":%d}`, now+1), 0},
		{"expires now", fmt.Sprintf(`{"active":true,"exp":%d}`, now), inactive},
		{"expired", fmt.Sprintf(`{"exp":%d,"active":true}`, now-1), inactive},
		{"a fraction does not prolong", fmt.Sprintf(`{"active":true,"exp":%d.9999999999999999}`, now), inactive},
		{"a fraction does not prolong, with an exponent either", fmt.Sprintf(`{"active":true,"exp":%d.9999999999999999e0}`, now), inactive},
		{"a fraction", fmt.Sprintf(`{"active":true,"exp":%d.5}`, now+1), 0},
		{"an exponent", `{"active":true,"exp":1.9e9}`, 0},
		{"white space", " {\n\t\"active\" : true }\r\n", 0},
		{"name with an escape", `{"\u0061ctive":true}`, 0},
		{"inactive", `{"active":false}`, inactive},
		{"inactive, whatever else is said", `{"active":false,"exp":"x","scope":1}`, inactive},
		{"largest", filler(64 << 10), 0},
		{"deepest", nested(16), 0},

		{"too large", filler(64<<10 + 1), unavailable},
		{"too deep", nested(17), unavailable},
		{"no active", `{"exp":9999999999}`, unavailable},
		{"empty object", `{}`, unavailable},
		{"active is a string", `{"active":"true"}`, unavailable},
		{"active is a number", `{"active":1}`, unavailable},
		{"active is null", `{"active":null}`, unavailable},
		{"inactive as a string", `{"active":"false"}`, unavailable},
		{"another case", `{"Active":true}`, unavailable},
		{"active twice", `{"active":false,"active":true}`, unavailable},
		{"active twice by escape", `{"active":true,"\u0061ctive":false}`, unavailable},
		{"duplicate deep down", `{"active":true,"cnf":{"jkt":"a","jkt":"b"}}`, unavailable},
		{"duplicate though inactive", `{"active":false,"a":1,"a":1}`, unavailable},
		{"exp is a string", fmt.Sprintf(`{"active":true,"exp":"%d"}`, now+1), unavailable},
		{"exp is null", `{"active":true,"exp":null}`, unavailable},
		{"exp is zero", `{"active":true,"exp":0}`, unavailable},
		{"exp is negative", `{"active":true,"exp":-1}`, unavailable},
		{"exp is huge", `{"active":true,"exp":9007199254740992}`, unavailable},
		{"exp is infinite", `{"active":true,"exp":1e999}`, unavailable},
		{"array", `[{"active":true}]`, unavailable},
		{"nothing", ``, unavailable},
		{"null", `null`, unavailable},
		{"truncated", `{"active":true`, unavailable},
		{"two objects", `{"active":true}{}`, unavailable},
		{"invalid UTF-8", "{\"active\":true,\"x\":\"\xff\"}", unavailable},
		{"HTML", `<html>`, unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			s.say(tt.body)
			c := s.client(t)
			if claims := ask(t, c, "token", tt.want); tt.want == 0 && string(claims) != tt.body {
				t.Errorf("claims %.60s", claims)
			}
			want := uint64(1)
			if tt.want == unavailable {
				want = 2 // not remembered
			}
			ask(t, c, "token", tt.want)
			if got := c.Stats(); got.Fetches != want {
				t.Errorf("%+v", got)
			}
		})
	}
}

// What is not an answer is 503 and never 401.
func TestResponses(t *testing.T) {
	good := active(time.Hour)
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   validator.Code
	}{
		{"JSON", write(200, "application/json", good), 0},
		{"with charset", write(200, "Application/JSON; charset=utf-8", good), 0},
		{"HTML", write(200, "text/html", good), unavailable},
		{"text", write(200, "text/plain", good), unavailable},
		{"a JWT that nobody wanted", write(200, "application/token-introspection+jwt", good), unavailable},
		{"related JSON", write(200, "application/problem+json", good), unavailable},
		{"bad media type", write(200, "application/json; x", good), unavailable},
		{"no media type", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = w.Write([]byte(good))
		}, unavailable},
		{"two media types", func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{"application/json", "text/html"}
			_, _ = w.Write([]byte(good))
		}, unavailable},
		{"201", write(201, "application/json", good), unavailable},
		{"204", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, unavailable},
		{"400 with an answer", write(400, "application/json", `{"active":false}`), unavailable},
		{"this client is not accepted", write(401, "application/json", `{"error":"invalid_client"}`), unavailable},
		{"403", write(403, "application/json", `{"active":false}`), unavailable},
		{"404", write(404, "application/json", `{"active":false}`), unavailable},
		{"500", write(500, "application/json", good), unavailable},
		{"503", write(503, "application/json", good), unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t)
			s.does(tt.answer)
			c := s.client(t)
			ask(t, c, "token", tt.want)
			if tt.want == 0 {
				return
			}
			_, err := c.Introspect(t.Context(), "token")
			if refusal, _ := errors.AsType[*validator.Error](err); refusal.RetryAfter() < time.Second {
				t.Errorf("RetryAfter %v", refusal.RetryAfter())
			}
			if c.Stats().Entries != 0 {
				t.Error("remembered")
			}
			s.say(good)
			ask(t, c, "token", 0)
		})
	}
}

// Nothing of the token, the secret or the answer is in what is logged.
func TestErrorsHoldNoSecrets(t *testing.T) {
	s := newServer(t)
	var told []introspect.Event
	c := s.client(t, func(c *introspect.Config) { c.OnEvent = func(e introspect.Event) { told = append(told, e) } })
	for i, answer := range []http.HandlerFunc{
		write(200, "application/json", `{"active":"ANSWER"}`),
		write(200, "ANSWER", `{"active":true}`),
		write(200, "application/json", `{"active":true,"exp":"ANSWER"}`),
		write(500, "application/json", `ANSWER`),
	} {
		s.does(answer)
		_, err := c.Introspect(t.Context(), fmt.Sprintf("TOKEN%d", i))
		for e := err; e != nil; e = errors.Unwrap(e) {
			for _, secret := range []string{"TOKEN", "ANSWER", "s3cret"} {
				if strings.Contains(e.Error(), secret) {
					t.Errorf("%v", e)
				}
			}
		}
	}
	_ = c.Close() // waits for the events
	if len(told) != 4 {
		t.Errorf("%d events", len(told))
	}
	if all := fmt.Sprint(told); strings.Contains(all, "TOKEN") || strings.Contains(all, "ANSWER") || strings.Contains(all, "s3cret") {
		t.Error(all)
	}
}
