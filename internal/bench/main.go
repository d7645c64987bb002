// Command bench compares bearerguard with the bare cryptography and with other
// libraries, and writes what it found as tables in Markdown.
//
//	go run . -write README.md
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/internal/bench/measure"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	rounds := flags.Int("rounds", 30, "how often each case is measured")
	slice := flags.Duration("slice", 20*time.Millisecond, "for how long each time")
	tokens := flags.Int("tokens", 1_000_000, "how many different tokens for the test of memory")
	write := flags.String("write", "", "put the tables into this Markdown `file`, between its two markers")
	benchstat := flags.String("benchstat", "", "also write all rounds to this `file`, in the format of go test -bench")
	only := flags.String("only", "", "only these `tables`, separated by commas, without the summary: "+strings.Join(stepNames(), ", "))
	profile := flags.String("profile", "", "only one `path` (new, known, handler, refused), under the profiler, which writes cpu.prof")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *only != "" && *write != "" {
		return errors.New("-only and -write: the tables of a README are all of them")
	}

	issuer, err := fixture.NewIssuer()
	if err != nil {
		return err
	}
	defer func() { _ = issuer.Close() }()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var tables bytes.Buffer
	s := &suite{
		ctx: ctx, issuer: issuer, rounds: *rounds, slice: *slice, tokens: *tokens, out: &tables, progress: stderr,
		results: map[string]map[string]measure.Result{}, order: map[string][]string{},
	}
	if *profile != "" {
		return s.profile(*profile)
	}
	if *only != "" {
		err = s.some(strings.Split(*only, ","))
	} else {
		err = s.all(strings.Join(append([]string{"go run ."}, args...), " "))
	}
	if err != nil {
		return err
	}
	if *benchstat != "" {
		if err := s.saveBenchstat(*benchstat); err != nil {
			return err
		}
	}
	if *write != "" {
		return replaceTables(*write, tables.Bytes())
	}
	_, err = stdout.Write(tables.Bytes())
	return err
}

// all does everything. The summary is made last; in the output it comes first.
func (s *suite) all(command string) error {
	final := s.out
	var details bytes.Buffer
	s.out = &details
	for _, step := range steps() {
		if err := s.do(step); err != nil {
			return err
		}
	}
	s.out = final
	if _, err := fmt.Fprintf(s.out, "`%s`, %s, %s/%s, %s, %d cores.\n\nCompared: %s.\n\n",
		command, runtime.Version(), runtime.GOOS, runtime.GOARCH, processor(), runtime.NumCPU(), versions()); err != nil {
		return err
	}
	if err := s.reach(); err != nil {
		return err
	}
	_, err := details.WriteTo(s.out)
	return err
}

// processor returns the model of the processor, where Linux tells.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

func (s *suite) saveBenchstat(path string) error {
	var b bytes.Buffer
	if err := s.writeBenchstat(&b); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
