// Package endtoend_test starts the authorization server, the three orders APIs,
// the client and the login program, each as a process of its own, and looks at
// them from outside: what a caller may do, over http on loopback and over TLS; who
// is signed in; and that no call fails while secrets and keys are rotated.
package endtoend_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/bearerguard/bearerguard/examples/internal/programs"
)

const root = "../.."

var names = []string{"authserver", "orders-http", "orders-echo", "orders-grpc", "client", "login"}

// binaries is the folder with the programs, built once for all tests.
var binaries string

func TestMain(m *testing.M) {
	folder, err := programs.Build(root, names...)
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
