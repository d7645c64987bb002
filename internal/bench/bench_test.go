package main

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/internal/bench/measure"
	"github.com/bearerguard/bearerguard/internal/bench/peers"
)

// newSuite measures next to nothing, but everything works as in a real run.
func newSuite(t *testing.T) (*suite, *bytes.Buffer) {
	t.Helper()
	i, err := fixture.NewIssuer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Close() })
	var out bytes.Buffer
	return &suite{
		ctx: t.Context(), issuer: i, rounds: 1, slice: 100 * time.Microsecond, tokens: 100, out: &out, progress: io.Discard,
		results: map[string]map[string]measure.Result{}, order: map[string][]string{},
	}, &out
}

func TestTablesHaveEveryColumn(t *testing.T) {
	s, out := newSuite(t)
	names := slices.DeleteFunc(stepNames(), func(name string) bool { return name == "growth" }) // of many tokens and issuers
	if err := s.some(names); err != nil {
		t.Fatal(err)
	}
	if err := s.some([]string{"none"}); err == nil {
		t.Error("there is no such table, and no error")
	}
	for _, library := range peers.Libraries() {
		if got := strings.Count(out.String(), "| "+library.Name+" |"); got < 2 {
			t.Errorf("%s is in %d rows", library.Name, got)
		}
	}
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, "NaN") || strings.Contains(line, "Inf") {
			t.Errorf("no number: %s", line)
		}
	}
	if !strings.Contains(out.String(), "| Echo: echo-jwt + keyfunc | accepted | refused | **accepted** | **accepted** |") {
		t.Error("what a column accepts wrongly is not shown")
	}
	var stat bytes.Buffer
	if err := s.writeBenchstat(&stat); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"BenchmarkValidationRS256/jwx_v3 ", "BenchmarkRefusals/bearerguard,_expired "} {
		if !strings.Contains(stat.String(), want) {
			t.Errorf("no %q in the benchstat lines", want)
		}
	}
}

// A shortfall is shown as plainly as what is met.
func TestReachSaysNo(t *testing.T) {
	var g goals
	g.most("just", 1.10, 1.10)
	g.most("over", 1.11, 1.10)
	g.most("nothing", math.NaN(), 1.10)
	g.aim("allocations", "≤ 4", false, "%d", 5)
	g.cores("busy", 1.2, 1.3)
	g.cores("idle", 1.2, 1.9)
	want := [][]string{
		{"just", "≤ 1.10×", "1.100×", "yes"},
		{"over", "≤ 1.10×", "1.110×", "**no**"},
		{"nothing", "≤ 1.10×", "NaN×", "**no**"},
		{"allocations", "≤ 4", "5", "**no**"},
		{"busy, two cores", "≥ 1.80×", "1.20× (the signature check alone: 1.30×)", "**cannot be told**"},
		{"idle, two cores", "≥ 1.80×", "1.20× (the signature check alone: 1.90×)", "**no**"},
	}
	if !reflect.DeepEqual(g.rows, want) {
		t.Errorf("got %q, want %q", g.rows, want)
	}
}

func TestReplaceTables(t *testing.T) {
	path := filepath.Join(t.TempDir(), "README.md")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n" + tablesBegin + "old\n" + tablesEnd + "after\n")
	if err := replaceTables(path, []byte("new\n")); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "before\n" + tablesBegin + "\nnew\n" + tablesEnd + "after\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	write("no markers")
	if err := replaceTables(path, []byte("new\n")); !errors.Is(err, errMarkers) {
		t.Errorf("got %v, want %v", err, errMarkers)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(readme, []byte(tablesBegin)) || !bytes.Contains(readme, []byte(tablesEnd)) {
		t.Error(errMarkers)
	}
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{times(0.0123), "0.012×"}, {times(1.005), "1.00×"}, {times(123.4), "123×"},
		{micros(1234), "1.23 µs"}, {mebibytes(3 << 19), "1.5 MiB"},
		{answer(true, true), "accepted"}, {answer(true, false), "**accepted**"}, {answer(false, true), "**refused**"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestRules(t *testing.T) {
	s, _ := newSuite(t)
	rules := table{head: []string{"axis", "1", "10", "100", "1,000", "10,000"}}
	if err := s.rules(&rules); err != nil {
		t.Fatal(err)
	}
	if len(rules.rows) != 2 {
		t.Fatalf("%d rows", len(rules.rows))
	}
	for _, row := range rules.rows {
		if len(row) != len(rules.head) || slices.Contains(row, "") {
			t.Errorf("row %q", row)
		}
	}
}
