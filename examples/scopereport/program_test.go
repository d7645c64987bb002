package main

import (
	"os"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/internal/programs"
	"github.com/bearerguard/bearerguard/validator/ledger"
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
	one, two := twoReplicas(t)
	for want, tt := range []struct {
		args []string
		out  string
	}{
		exitNothing: {[]string{newReplica(t, ledger.Config{}).file()}, "by 1 replica"},
		exitToDo:    {[]string{one.file(), two.file()}, "billing-cron: granted 6, used 2\n"},
		exitUsage:   {nil, "not a snapshot"},
	} {
		status, stdout, stderr, err := programs.Self(t.Context(), "", tt.args...)
		if err != nil {
			t.Fatal(err)
		}
		if status != want || !strings.Contains(stdout+stderr, tt.out) {
			t.Errorf("%v: status %d\n%s%s", tt.out, status, stdout, stderr)
		}
	}
}
