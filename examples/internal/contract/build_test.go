// Package contract_test starts the orders programs as processes, and holds all
// three to one contract: who may do what, how they are configured, how they
// start, log and end. Their tokens come from a development authorization server
// in this process.
package contract_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/bearerguard/bearerguard/examples/internal/programs"
)

const root = "../../.."

var names = []string{"orders-http", "orders-echo", "orders-grpc"}

// binaries is the folder with the programs, built once for all tests.
var binaries string

func TestMain(m *testing.M) {
	folder, err := programs.Build(root, names...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binaries = folder
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}
