package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/validator/ledger"
)

// TestMain is the program itself where a test asks for it.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_PROGRAM") != "" {
		main()
	}
	os.Exit(m.Run())
}

// program runs the program as a process of its own.
func program(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	command := exec.CommandContext(t.Context(), executable, args...)
	command.Env = []string{"TEST_PROGRAM=1"}
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &out, &log
	if err := command.Run(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			t.Fatal(err)
		}
	}
	return command.ProcessState.ExitCode(), out.String(), log.String()
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
		status, stdout, stderr := program(t, "", tt.args...)
		if status != want || !strings.Contains(stdout+stderr, tt.out) {
			t.Errorf("%v: status %d\n%s%s", tt.out, status, stdout, stderr)
		}
	}
}
