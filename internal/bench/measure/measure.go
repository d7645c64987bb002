// Package measure compares operations in one process. Every round gives each of
// them a slice of time, in an order that changes from round to round, so that
// whatever else the machine is doing befalls all of them alike; ratios are taken
// within a round, and medians over the rounds.
package measure

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"time"
)

// A Case is one operation under one name.
type Case struct {
	Name string
	// Run does the operation n times and returns the first error.
	Run func(n int) error
}

// Repeat returns a Case that calls op again and again.
func Repeat(name string, op func() error) Case {
	return Case{Name: name, Run: func(n int) error {
		for range n {
			if err := op(); err != nil {
				return err
			}
		}
		return nil
	}}
}

// A Plan says how long to measure.
type Plan struct {
	// Rounds is how often every case gets its slice.
	Rounds int
	// Slice is how long that is, about.
	Slice time.Duration
}

// A Result is what one case did.
type Result struct {
	Name string
	// Nanoseconds of processor time per operation, one value per round. It is
	// that of the whole process, garbage collection on other cores included: the
	// fairer measure for work without waiting, and one that other programs on the
	// machine disturb less.
	Nanoseconds []float64
	// Elapsed is the same in elapsed time.
	Elapsed []float64
	// Iterations of one slice.
	Iterations int
	// Allocs and Bytes per operation, of the whole process.
	Allocs, Bytes float64
}

// InElapsedTime returns the result with elapsed time in place of processor time.
func (r Result) InElapsedTime() Result {
	r.Nanoseconds = r.Elapsed
	return r
}

// Run measures the cases. The error is that of an operation.
func (p Plan) Run(cases []Case) ([]Result, error) {
	results := make([]Result, len(cases))
	for i, c := range cases {
		results[i] = Result{Name: c.Name, Nanoseconds: make([]float64, p.Rounds), Elapsed: make([]float64, p.Rounds)}
		if err := p.calibrate(c, &results[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	for round := range p.Rounds {
		for _, i := range rand.Perm(len(cases)) {
			if err := results[i].slice(cases[i], round); err != nil {
				return nil, fmt.Errorf("%s: %w", cases[i].Name, err)
			}
		}
	}
	return results, nil
}

// slice runs a case for one round. The garbage of the case before is collected
// first, or it would be charged to this one; then a few operations go by, because
// a collection empties pools.
func (r *Result) slice(c Case, round int) error {
	runtime.GC()
	if err := c.Run(1 + r.Iterations/20); err != nil {
		return err
	}
	start, used := time.Now(), processTime()
	err := c.Run(r.Iterations)
	r.Nanoseconds[round] = float64(processTime()-used) / float64(r.Iterations)
	r.Elapsed[round] = float64(time.Since(start)) / float64(r.Iterations)
	return err
}

// calibrate finds how many operations fill a slice, and counts what one
// allocates. The first operations are warm-up.
func (p Plan) calibrate(c Case, r *Result) error {
	if err := c.Run(1); err != nil {
		return err
	}
	for r.Iterations = 1; ; r.Iterations *= 2 {
		took, err := quickest(c, r.Iterations)
		if err != nil {
			return err
		}
		if took > p.Slice/4 {
			r.Iterations = max(1, int(float64(r.Iterations)*float64(p.Slice)/float64(took)))
			return r.countAllocations(c)
		}
	}
}

// quickest returns the least time of three that n operations take: one that was
// interrupted would make the slices of a case too short for the whole run.
func quickest(c Case, n int) (time.Duration, error) {
	least := time.Duration(math.MaxInt64)
	for range 3 {
		start := time.Now()
		if err := c.Run(n); err != nil {
			return 0, err
		}
		least = min(least, time.Since(start))
	}
	return least, nil
}

// countAllocations takes the least of three, as other goroutines allocate, too.
func (r *Result) countAllocations(c Case) error {
	n := min(r.Iterations, 2000)
	var before, after runtime.MemStats
	for attempt := range 3 {
		runtime.ReadMemStats(&before)
		if err := c.Run(n); err != nil {
			return err
		}
		runtime.ReadMemStats(&after)
		allocs := float64(after.Mallocs-before.Mallocs) / float64(n)
		bytes := float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
		if attempt == 0 || allocs < r.Allocs {
			r.Allocs, r.Bytes = allocs, bytes
		}
	}
	return nil
}
