// Command scopereport prints what an administrator can take away from clients: the
// scopes that their tokens have and their calls have never needed, and tokens that
// are larger than they should be.
//
//	scopereport replica-1.json replica-2.json
//	curl -s https://orders.internal/ledger | scopereport -json
//
// It reads snapshots of package validator/ledger from files, or from standard input
// ("-"), and adds them up. There can be several in a file, one after the other. Of
// several snapshots of one replica the latest counts.
//
// Those that module validator/redis keeps are compressed, and redis-cli ends each
// with a newline. What cannot be read must not be left out in silence:
//
//	for key in $(redis-cli --scan --pattern 'bearerguard:ledger:*'); do
//		redis-cli --raw get "$key" | head -c -1 | gunzip || echo broken
//	done | scopereport
//
//	-idle DURATION      a scope that was used, but for so long not any more, can be taken away too; and one that no
//	                    token has had for so long is not granted any more. Without it, ever counts.
//	-observed DURATION  a client that was observed for a shorter time is shown, but nothing is taken away from it
//	-json               the report as JSON
//
// Durations are Go's, such as 720h. The exit status is 0 if there is nothing to do,
// 1 if there is, for scripts, and 2 if the program was called wrongly or a snapshot
// cannot be read.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/bearerguard/bearerguard/validator/ledger"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	exitNothing = 0
	exitToDo    = 1
	exitUsage   = 2
)

var errDuration = errors.New("-idle and -observed must not be negative")

// settings are the flags.
type settings struct {
	idle, observed time.Duration
	json           bool
}

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the program with everything from outside as an argument. It returns the
// exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var s settings
	flags := flag.NewFlagSet("scopereport", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.DurationVar(&s.idle, "idle", 0, "take away what was not used for so long")
	flags.DurationVar(&s.observed, "observed", 0, "take nothing away from clients that were observed for less")
	flags.BoolVar(&s.json, "json", false, "print JSON")
	if flags.Parse(args) != nil {
		return exitUsage
	}
	sum, err := add(flags.Args(), stdin)
	if s.idle < 0 || s.observed < 0 {
		err = errDuration
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitUsage
	}
	r := newReport(sum, s)
	if err := write(stdout, r, s.json); err != nil {
		fmt.Fprintln(stderr, "writing failed:", err)
		return exitUsage
	}
	if r.ToDo {
		return exitToDo
	}
	return exitNothing
}

// add adds up the snapshots in the files.
func add(files []string, stdin io.Reader) (ledger.Snapshot, error) {
	if len(files) == 0 {
		files = []string{"-"}
	}
	var snapshots []ledger.Snapshot
	for _, name := range files {
		some, err := readFile(name, stdin)
		if err != nil {
			return ledger.Snapshot{}, fmt.Errorf("%s: %w", shown(name), err)
		}
		snapshots = append(snapshots, some...)
	}
	return ledger.Merge(snapshots...)
}

func readFile(name string, stdin io.Reader) ([]ledger.Snapshot, error) {
	if name == "-" {
		return ledger.ReadSnapshots(stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return ledger.ReadSnapshots(file)
}

func write(w io.Writer, r *report, asJSON bool) error {
	if !asJSON {
		_, err := io.WriteString(w, r.String())
		return err
	}
	text, err := json.Marshal(r, jsontext.WithIndent("  "))
	if err == nil {
		_, err = fmt.Fprintf(w, "%s\n", text)
	}
	return err
}
