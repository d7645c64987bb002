package main

import (
	"os"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/internal/programs"
	"github.com/bearerguard/bearerguard/validator/validatortest"
)

// TestMain is the program itself where a test asks for it.
func TestMain(m *testing.M) {
	if programs.IsSelf() {
		main()
	}
	os.Exit(m.Run())
}

// Real processes and their exit status.
func TestProgram(t *testing.T) {
	issuer, flags := offline(t)
	token := issuer.Mint(validatortest.Client("billing").Scope("orders:read"))
	for want, tt := range []struct {
		args []string
		out  string
	}{
		exitAccepted: {append(flags, "-require", "orders:read"), "accepted\n"},
		exitRefused:  {append(flags, "-require", "orders:write"), "refused: INSUFFICIENT_SCOPE"},
		exitUsage:    {append(flags, token), "looks like a token"},
	} {
		status, stdout, stderr, err := programs.Self(t.Context(), token, tt.args...)
		if err != nil {
			t.Fatal(err)
		}
		if status != want || !strings.Contains(stdout+stderr, tt.out) || strings.Contains(stdout+stderr, token) {
			t.Errorf("%v: status %d\n%s%s", tt.out, status, stdout, stderr)
		}
	}
}
