package main

import (
	"fmt"
	"runtime"

	"github.com/bearerguard/bearerguard/internal/bench/measure"
	"github.com/bearerguard/bearerguard/internal/bench/peers"
)

const coresGroup = "one core and two"

// cores measures how much more two cores do than one. The signature check alone,
// which shares nothing, tells what the machine can give at the moment. Processor
// time tells of contention even where other programs want the second core.
func (s *suite) cores() error {
	floor, err := peers.Floor(s.issuer, "RS256", s.issuer.Token("RS256"))
	if err != nil {
		return err
	}
	token := s.issuer.Token("RS256")
	cases := []measure.Case{onCores(signatureCheck, 1, floor), onCores(signatureCheck, 2, floor)}
	names := []string{signatureCheck}
	for _, library := range peers.Libraries() {
		verify, err := library.New(s.ctx, s.issuer, "RS256")
		if err != nil {
			return err
		}
		op := func() error { return verify(s.ctx, token) }
		cases = append(cases, onCores(library.Name, 1, op), onCores(library.Name, 2, op))
		names = append(names, library.Name)
	}
	if err := s.measureLong(coresGroup, cases); err != nil {
		return err
	}
	t := table{
		title: "Two cores",
		note: "How many more tokens two cores verify than one, in elapsed time, and how much more processor time one token takes then. " +
			"All goroutines use the same token and the same verifier, the worst case for what they share.",
		head: []string{"", "throughput of two cores, × one core", "processor time of a token on two cores, × on one"},
	}
	for _, name := range names {
		t.add(name, times(s.speedup(name)), times(s.ratio(coresGroup, coreName(name, 2), coreName(name, 1))))
	}
	return t.write(s.out)
}

func (s *suite) speedup(name string) float64 {
	return s.elapsedRatio(coresGroup, coreName(name, 1), coreName(name, 2))
}

func coreName(name string, cores int) string { return fmt.Sprintf("%s, %d", name, cores) }

// onCores is a case whose operations are shared by as many goroutines as cores.
func onCores(name string, cores int, op func() error) measure.Case {
	return measure.Case{Name: coreName(name, cores), Run: func(n int) error {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		errs := make(chan error, cores)
		for range cores {
			go func() {
				for range (n + cores - 1) / cores {
					if err := op(); err != nil {
						errs <- err
						return
					}
				}
				errs <- nil
			}()
		}
		var problem error
		for range cores {
			if err := <-errs; err != nil {
				problem = err
			}
		}
		return problem
	}}
}
