package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"runtime"
	"sync"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/internal/bench/measure"
	"github.com/bearerguard/bearerguard/internal/bench/peers"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
)

const (
	keysGroup        = "keys in the set"
	issuersNewGroup  = "issuers, new token"
	issuersHitGroup  = "issuers, known token"
	liveTokensGroup  = "live tokens"
	scalingAlgorithm = "EdDSA" // the cheapest to make many of
)

// scaling measures along the axes on which deployments grow.
func (s *suite) scaling() error {
	t := table{
		title: "Growth",
		note: "Processor time, EdDSA, as a multiple of the first of its row. The tokens of a row are used in turn; " +
			"a thousand or more of them no longer fit the processor's caches, which the hash and lookup alone feel as well.",
		head: []string{"axis", "1", "10", "100", "1,000", "10,000"},
	}
	if err := s.keys(&t); err != nil {
		return err
	}
	if err := s.issuers(&t, issuersNewGroup, true); err != nil {
		return err
	}
	if err := s.issuers(&t, issuersHitGroup, false); err != nil {
		return err
	}
	if err := s.rules(&t); err != nil {
		return err
	}
	if err := s.liveTokens(&t); err != nil {
		return err
	}
	return t.write(s.out)
}

// row adds what a group measured, relative to its first.
func (s *suite) row(t *table, axis, group string, names []string) {
	row := []string{axis}
	for _, name := range names {
		row = append(row, times(s.ratio(group, name, names[0])))
	}
	for len(row) < len(t.head) {
		row = append(row, "")
	}
	t.add(row...)
}

// keys measures new tokens with more and more keys in the set.
func (s *suite) keys(t *table) error {
	token := s.issuer.Token(scalingAlgorithm)
	var cases []measure.Case
	var names []string
	for _, n := range []int{1, 10, 100, 1000} {
		set, err := s.setOf(n)
		if err != nil {
			return err
		}
		v, err := validator.New(validator.Config{Issuer: s.issuer.URL, Audiences: []string{fixture.Audience}, Keys: jwks.Static(set), Cache: validator.CacheConfig{Off: true}})
		if err != nil {
			return err
		}
		verify := peers.VerifyWith(v)
		names = append(names, fmt.Sprint(n))
		cases = append(cases, measure.Repeat(fmt.Sprint(n), func() error { return verify(s.ctx, token) }))
	}
	if err := s.measure(keysGroup, cases); err != nil {
		return err
	}
	s.row(t, keysGroup+", new token", keysGroup, names)
	return nil
}

// setOf returns a set of n keys, of which the last one is the issuer's.
func (s *suite) setOf(n int) (*jwks.Set, error) {
	var keys []*jwks.Key
	for i := range n - 1 {
		public, _, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		key, err := jwks.NewKey(fmt.Sprintf("other-%d", i), scalingAlgorithm, public)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	own, err := jwks.NewKey(scalingAlgorithm, scalingAlgorithm, s.issuer.Signer(scalingAlgorithm).Public())
	if err != nil {
		return nil, err
	}
	return jwks.NewSet(append(keys, own)...)
}

// sending is how many issuers send tokens, at most.
const sending = 10

// issuers measures tokens of up to ten of more and more issuers.
func (s *suite) issuers(t *table, group string, cacheOff bool) error {
	set, err := s.setOf(1)
	if err != nil {
		return err
	}
	var cases []measure.Case
	var names []string
	for _, n := range []int{1, 10, 100, 1000, 10000} {
		var validators []*validator.Validator
		var tokens []string
		for i := range n {
			issuer := fmt.Sprintf("https://issuer-%d.example.com", i)
			v, err := validator.New(validator.Config{
				Issuer: issuer, Audiences: []string{fixture.Audience}, Keys: jwks.Static(set), Cache: validator.CacheConfig{Off: cacheOff, Entries: 100},
			})
			if err != nil {
				return err
			}
			validators = append(validators, v)
			if i%max(1, n/sending) == 0 {
				tokens = append(tokens, s.issuer.Mint(scalingAlgorithm, scalingAlgorithm, map[string]any{"iss": issuer}))
			}
		}
		all, err := validator.ByIssuer(validators...)
		if err != nil {
			return err
		}
		names = append(names, fmt.Sprint(n))
		cases = append(cases, inTurns(fmt.Sprint(n), tokens, func(raw string) error { return peers.VerifyWith(all)(s.ctx, raw) }))
	}
	if err := s.measure(group, cases); err != nil {
		return err
	}
	s.row(t, group, group, names)
	return nil
}

// inTurns is a case that does something with one thing after the other, round and
// round.
func inTurns[T any](name string, things []T, op func(T) error) measure.Case {
	next := 0
	return measure.Repeat(name, func() error {
		thing := things[next]
		if next++; next == len(things) {
			next = 0
		}
		return op(thing)
	})
}

// liveTokens measures known tokens while there are more and more of them, up to
// what the default cache holds, and then more.
func (s *suite) liveTokens(t *table) error {
	sizes := []int{1, 10, 100, 1000, 10000, 100000}
	tokens := s.mintMany(sizes[len(sizes)-1])
	var cases []measure.Case
	var names, least []string
	for _, n := range sizes {
		v, err := peers.NewValidator(s.ctx, s.issuer, validator.CacheConfig{}, scalingAlgorithm)
		if err != nil {
			return err
		}
		verify := peers.VerifyWith(v)
		if err := inParallel(tokens[:n], func(raw string) error { return verify(s.ctx, raw) }); err != nil {
			return err
		}
		names, least = append(names, fmt.Sprint(n)), append(least, fmt.Sprint(n)+", "+lookup)
		floor := peers.KnownFloor(tokens[:n]...)
		cases = append(cases,
			inTurns(fmt.Sprint(n), tokens[:n], func(raw string) error { return verify(s.ctx, raw) }),
			inTurns(fmt.Sprint(n)+", "+lookup, tokens[:n], func(raw string) error { return floor(s.ctx, raw) }))
	}
	library, err := peers.Named(peers.NewToken)
	if err != nil {
		return err
	}
	verify, err := library.New(s.ctx, s.issuer, scalingAlgorithm)
	if err != nil {
		return err
	}
	cases = append(cases, measure.Repeat(peers.NewToken, func() error { return verify(s.ctx, tokens[0]) }))
	if err := s.measure(liveTokensGroup, cases); err != nil {
		return err
	}
	s.row(t, liveTokensGroup+", all known", liveTokensGroup, names[:5])
	s.row(t, liveTokensGroup+", "+lookup, liveTokensGroup, least[:5])
	return nil
}

// mintMany makes n different tokens, on all cores.
func (s *suite) mintMany(n int) []string {
	tokens := make([]string, n)
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() {
			for i := w; i < n; i += workers {
				tokens[i] = s.issuer.Mint(scalingAlgorithm, scalingAlgorithm, map[string]any{"jti": fmt.Sprintf("5f2b0c6e-7a3d-4f0e-9d5c-%012d", i)})
			}
		})
	}
	group.Wait()
	return tokens
}

// inParallel does something with every token, on all cores, and returns one of
// the errors.
func inParallel(tokens []string, op func(raw string) error) error {
	workers := runtime.GOMAXPROCS(0)
	errs := make(chan error, workers)
	for w := range workers {
		go func() {
			for i := w; i < len(tokens); i += workers {
				if err := op(tokens[i]); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	var problem error
	for range workers {
		if err := <-errs; err != nil {
			problem = err
		}
	}
	return problem
}
