// Package programs builds the example programs for tests that start them as
// processes.
package programs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Build builds programs, by their names in examples, from the module at root into a
// new folder, which the caller removes. Under the race detector they are built with it:
// a race in a program is then an exit status other than 0.
func Build(root string, names ...string) (folder string, err error) {
	folder, err = os.MkdirTemp("", "programs")
	if err != nil {
		return "", err
	}
	if err := errors.Join(build(root, folder, names), watch(root)); err != nil {
		_ = os.RemoveAll(folder)
		return "", err
	}
	return folder, nil
}

func build(root, folder string, names []string) error {
	args := []string{"build", "-o", folder}
	if raceEnabled {
		args = append(args, "-race")
	}
	for _, name := range names {
		args = append(args, "./examples/"+name)
	}
	command := exec.Command("go", args...)
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// watch looks at the files that the programs are made of. The go command knows which
// files a test looked at, and runs it again when they change. It does not know what a
// process that the test starts looked at.
func watch(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".html") || strings.HasPrefix(entry.Name(), "go.")) {
			_, err = os.Stat(path)
		}
		return err
	})
}
