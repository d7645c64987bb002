package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/internal/bench/measure"
)

// suite is one run: the issuer that everything is measured with, and what was
// measured so far, by group and name.
type suite struct {
	ctx      context.Context
	issuer   *fixture.Issuer
	rounds   int
	slice    time.Duration
	tokens   int // of the test with very many
	out      io.Writer
	progress io.Writer

	results map[string]map[string]measure.Result
	order   map[string][]string
	memory  memory
}

// memory is what the test with very many tokens found out.
type memory struct {
	bound    int   // of the default cache
	used     int64 // by it, after all tokens
	entries  int
	perEntry float64 // beside the claims
}

// measure runs a group of cases and keeps its results.
func (s *suite) measure(group string, cases []measure.Case) error {
	return s.measureBy(group, measure.Plan{Rounds: s.rounds, Slice: s.slice}, cases)
}

// measureLong is measure in fewer and longer slices, for what goes through a scheduler:
// it takes some time to find out who wakes whom, and where.
func (s *suite) measureLong(group string, cases []measure.Case) error {
	return s.measureBy(group, measure.Plan{Rounds: (s.rounds + 2) / 3, Slice: 10 * s.slice}, cases)
}

func (s *suite) measureBy(group string, plan measure.Plan, cases []measure.Case) error {
	_, _ = fmt.Fprintf(s.progress, "%s …\n", group)
	results, err := plan.Run(cases)
	if err != nil {
		return fmt.Errorf("%s: %w", group, err)
	}
	s.results[group] = map[string]measure.Result{}
	for _, r := range results {
		s.results[group][r.Name] = r
		s.order[group] = append(s.order[group], r.Name)
	}
	return nil
}

// of returns a result. It panics for one that does not exist, a mistake in this
// program.
func (s *suite) of(group, name string) measure.Result {
	r, ok := s.results[group][name]
	if !ok {
		panic(fmt.Sprintf("no result %q in %q", name, group))
	}
	return r
}

// ratio is what a case takes ÷ what a floor of the same group takes, in processor
// time.
func (s *suite) ratio(group, name, floor string) float64 {
	return s.of(group, name).Ratio(s.of(group, floor))
}

// elapsedRatio is ratio in elapsed time.
func (s *suite) elapsedRatio(group, name, floor string) float64 {
	return s.of(group, name).InElapsedTime().Ratio(s.of(group, floor).InElapsedTime())
}

// writeBenchstat writes all results, group after group.
func (s *suite) writeBenchstat(w io.Writer) error {
	for _, group := range slices.Sorted(maps.Keys(s.results)) {
		results := make([]measure.Result, 0, len(s.order[group]))
		for _, name := range s.order[group] {
			results = append(results, s.results[group][name])
		}
		if err := measure.WriteBenchstat(w, benchstatName(group), results); err != nil {
			return err
		}
	}
	return nil
}
