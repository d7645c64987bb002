package main

import (
	"context"
	"fmt"
	"slices"
)

// A step measures and writes one table, or a few that belong together.
type step struct {
	name string
	run  func(*suite) error
}

// steps are all of them, the conformance check first.
func steps() []step {
	return []step{
		{"conformance", (*suite).conformance},
		{"new", (*suite).validation},
		{"known", (*suite).known},
		{"refused", (*suite).refusals},
		{"handler", (*suite).handlers},
		{"echo", (*suite).echo},
		{"http", (*suite).loopback},
		{"grpc", (*suite).grpc},
		{"cores", (*suite).cores},
		{"growth", (*suite).scaling},
		{"memory", (*suite).manyTokens},
	}
}

func stepNames() (names []string) {
	for _, step := range steps() {
		names = append(names, step.name)
	}
	return names
}

// do does one step and ends what it has started, so that the caches and key sets of
// one do not lie about in the heap of the next.
func (s *suite) do(step step) error {
	outer := s.ctx
	ctx, cancel := context.WithCancel(outer)
	defer func() { cancel(); s.ctx = outer }()
	s.ctx = ctx
	return step.run(s)
}

// some does the steps that are asked for.
func (s *suite) some(names []string) error {
	for _, name := range names {
		i := slices.IndexFunc(steps(), func(step step) bool { return step.name == name })
		if i < 0 {
			return fmt.Errorf("no table %q: want one of %q", name, stepNames())
		}
		if err := s.do(steps()[i]); err != nil {
			return err
		}
	}
	return nil
}
