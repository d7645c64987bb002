package measure_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/internal/bench/measure"
)

var sink []byte

func TestRun(t *testing.T) {
	calls := 0
	plan := measure.Plan{Rounds: 5, Slice: time.Millisecond}
	results, err := plan.Run([]measure.Case{
		measure.Repeat("one allocation", func() error { calls++; sink = make([]byte, 4096); return nil }),
		measure.Repeat("none", func() error { return nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	if calls == 0 || len(results) != 2 || len(results[0].Nanoseconds) != 5 || len(results[0].InElapsedTime().Nanoseconds) != 5 {
		t.Fatalf("%d calls, results %+v", calls, results)
	}
	if r := results[0]; math.Round(r.Allocs) != 1 || r.Bytes < 4096 || r.Bytes > 4400 {
		t.Errorf("counted %.2f allocations of %.0f bytes, want one of 4096", r.Allocs, r.Bytes)
	}
	if r := results[1]; r.Allocs > 0.5 {
		t.Errorf("counted %.2f allocations, want none", r.Allocs)
	}
}

// Waiting takes elapsed time and no processor time; work takes both.
func TestClocks(t *testing.T) {
	plan := measure.Plan{Rounds: 3, Slice: time.Millisecond}
	results, err := plan.Run([]measure.Case{measure.Repeat("wait", func() error {
		<-time.After(2 * time.Millisecond)
		return nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	if elapsed := results[0].InElapsedTime().Median(); elapsed < 2e6 || results[0].Median() > elapsed {
		t.Errorf("elapsed %.0f ns, processor time %.0f ns", elapsed, results[0].Median())
	}
}

// One operation that takes long does not make the slices short.
func TestCalibrationSurvivesAnInterruption(t *testing.T) {
	calls := 0
	plan := measure.Plan{Rounds: 1, Slice: 4 * time.Millisecond}
	results, err := plan.Run([]measure.Case{measure.Repeat("quick", func() error {
		if calls++; calls == 2 {
			<-time.After(10 * time.Millisecond)
		}
		return nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	if results[0].Iterations < 1000 {
		t.Errorf("%d operations in 4 ms", results[0].Iterations)
	}
}

func TestRunReportsTheFirstError(t *testing.T) {
	broken := errors.New("broken")
	plan := measure.Plan{Rounds: 1, Slice: time.Millisecond}
	_, err := plan.Run([]measure.Case{measure.Repeat("it", func() error { return broken })})
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "it: ") {
		t.Errorf("got %v", err)
	}
}

// Ratios are taken within a round: a round in which everything was slow does not
// count more than the others.
func TestRatios(t *testing.T) {
	floor := measure.Result{Nanoseconds: []float64{10, 1000, 10}}
	r := measure.Result{Nanoseconds: []float64{15, 1500, 20}}
	if got := r.Ratio(floor); got != 1.5 {
		t.Errorf("Ratio = %v, want 1.5", got)
	}
	if got := r.Over(floor, floor); got != 0.5 {
		t.Errorf("Over = %v, want 0.5", got)
	}
	if got := (measure.Result{Nanoseconds: []float64{4, 1, 3, 2}}).Median(); got != 2.5 {
		t.Errorf("Median = %v, want 2.5", got)
	}
	if got := (measure.Result{}).Median(); !math.IsNaN(got) {
		t.Errorf("Median of nothing = %v, want NaN", got)
	}
}

func TestWriteBenchstat(t *testing.T) {
	var b strings.Builder
	r := measure.Result{Name: "go-jose v4", Nanoseconds: []float64{12.34}, Iterations: 7, Allocs: 3, Bytes: 96}
	if err := measure.WriteBenchstat(&b, "NewToken", []measure.Result{r}); err != nil {
		t.Fatal(err)
	}
	if want := "BenchmarkNewToken/go-jose_v4 7 12.3 ns/op 96 B/op 3 allocs/op\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}
