package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

func TestQuickstart(t *testing.T) {
	var out bytes.Buffer
	asDocumented, err := run(t.Context(), &out, false)
	if err != nil {
		t.Fatal(err)
	}
	if !asDocumented {
		t.Errorf("not as documented:\n%s", out.String())
	}
	for _, secret := range []string{"eyJ", "client_secret="} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the output holds a token or a secret:\n%s", out.String())
		}
	}
}

func TestReportCountsDifferences(t *testing.T) {
	var out bytes.Buffer
	r := report{out: &out}
	r.row("x", "request", "401", "401", "")
	r.row("x", "request", "401", "200", "")
	if r.end() || !strings.Contains(out.String(), "\n! x ") || !strings.HasSuffix(out.String(), "\n1 of 2 as documented\n") {
		t.Errorf("a difference went unnoticed:\n%s", out.String())
	}
	if (&report{out: &out}).end() {
		t.Error("nothing at all is as documented")
	}
}

func TestServe(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	if ok, err := run(ctx, &out, true); !ok || err != nil {
		t.Fatalf("%v, %v", ok, err)
	}
	for _, want := range []string{"TOKEN=$(curl ", "/oauth2/token", "/orders", "/.well-known/oauth-authorization-server"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}
