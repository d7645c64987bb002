package programs

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
)

// selfVariable tells a test binary to be the program that it tests.
const selfVariable = "TEST_PROGRAM"

// IsSelf reports whether this process was started by [Self]: then TestMain calls main.
func IsSelf() bool { return os.Getenv(selfVariable) != "" }

// Self runs the program under test as a process of its own, from the test binary, and
// returns how it has ended.
func Self(ctx context.Context, stdin string, args ...string) (status int, stdout, stderr string, _ error) {
	executable, err := os.Executable()
	if err != nil {
		return 0, "", "", err
	}
	var out, log bytes.Buffer
	command := exec.CommandContext(ctx, executable, args...)
	command.Env = []string{selfVariable + "=1"}
	command.Stdin, command.Stdout, command.Stderr = strings.NewReader(stdin), &out, &log
	if err := command.Run(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			return 0, "", "", err
		}
	}
	return command.ProcessState.ExitCode(), out.String(), log.String(), nil
}
