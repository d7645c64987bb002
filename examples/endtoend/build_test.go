// Package endtoend_test starts the authorization server, the three orders APIs,
// the client and the login program, each as a process of its own, and looks at
// them from outside: what a caller may do, over http on loopback and over TLS; who
// is signed in; and that no call fails while secrets and keys are rotated.
package endtoend_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../.."

var programs = []string{"authserver", "orders-http", "orders-echo", "orders-grpc", "client", "login"}

// binaries is the folder with the programs, built once for all tests.
var binaries string

func TestMain(m *testing.M) {
	folder, err := build()
	code := 1
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		binaries = folder
		// These tests wait for tokens to expire, and not for a processor.
		flag.Parse()
		_ = flag.Set("test.parallel", "8")
		code = m.Run()
	}
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

func build() (string, error) {
	folder, err := os.MkdirTemp("", "endtoend")
	if err != nil {
		return "", err
	}
	args := []string{"build", "-o", folder}
	if raceEnabled { // then a race in a program is an exit status other than 0
		args = append(args, "-race")
	}
	for _, name := range programs {
		args = append(args, "./examples/"+name)
	}
	command := exec.Command("go", args...)
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		return folder, fmt.Errorf("go build: %w\n%s", err, out)
	}
	// The go command knows which files a test looked at, and runs it again when
	// they change. It does not know what a process that the test starts looked at.
	return folder, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".html") || strings.HasPrefix(entry.Name(), "go.")) {
			_, err = os.Stat(path)
		}
		return err
	})
}
