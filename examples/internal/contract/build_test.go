// Package contract_test starts the orders programs as processes, and holds all
// three to one contract: who may do what, how they are configured, how they
// start, log and end. Their tokens come from a development authorization server
// in this process.
package contract_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

var programs = []string{"orders-http", "orders-echo", "orders-grpc"}

// binaries is the folder with the programs, built once for all tests.
var binaries string

func TestMain(m *testing.M) {
	folder, err := build()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binaries = folder
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

func build() (string, error) {
	folder, err := os.MkdirTemp("", "orders")
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
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	// The go command knows which files a test looked at, and runs it again when
	// they change. It does not know what a process that the test starts looked at.
	return folder, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(path, ".go") || strings.HasPrefix(entry.Name(), "go.")) {
			_, err = os.Stat(path)
		}
		return err
	})
}
