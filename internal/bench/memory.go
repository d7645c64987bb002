package main

import (
	"fmt"
	"runtime"

	"github.com/bearerguard/bearerguard/internal/bench/measure"
	"github.com/bearerguard/bearerguard/internal/bench/peers"
	"github.com/bearerguard/bearerguard/validator"
)

const millionGroup = "very many live tokens"

// manyTokens sends very many different tokens through the default cache and
// through one that has room for all of them.
func (s *suite) manyTokens() error {
	_, _ = fmt.Fprintf(s.progress, "memory: %d tokens …\n", s.tokens)
	tokens := s.mintMany(s.tokens)
	if err := s.entrySize(tokens[:min(len(tokens), 10000)]); err != nil {
		return err
	}
	before := heap()
	v, err := peers.NewValidator(s.ctx, s.issuer, validator.CacheConfig{}, scalingAlgorithm)
	if err != nil {
		return err
	}
	verify := peers.VerifyWith(v)
	if err := inParallel(tokens, func(raw string) error { return verify(s.ctx, raw) }); err != nil {
		return err
	}
	s.memory.bound, s.memory.used, s.memory.entries = validator.DefaultCacheBytes, heap()-before, v.CacheStats().Entries
	runtime.KeepAlive(v)
	t := table{title: "Memory", head: []string{"", ""}}
	t.add("different tokens sent", fmt.Sprint(s.tokens))
	t.add("bound of the default cache", mebibytes(int64(s.memory.bound)))
	t.add("heap it took, after garbage collection", mebibytes(s.memory.used))
	t.add("tokens it holds", fmt.Sprint(s.memory.entries))
	t.add("heap of an entry beside its claims", fmt.Sprintf("%.0f B", s.memory.perEntry))
	if err := s.roomForAll(tokens, &t); err != nil {
		return err
	}
	return t.write(s.out)
}

// roomForAll measures known tokens in a cache that holds all.
func (s *suite) roomForAll(tokens []string, t *table) error {
	v, err := peers.NewValidator(s.ctx, s.issuer, validator.CacheConfig{Entries: 2 * len(tokens), Bytes: 4096 * len(tokens)}, scalingAlgorithm)
	if err != nil {
		return err
	}
	verify := peers.VerifyWith(v)
	if err := inParallel(tokens, func(raw string) error { return verify(s.ctx, raw) }); err != nil {
		return err
	}
	floor := peers.KnownFloor(tokens...)
	one := peers.KnownFloor(tokens[0])
	// Few rounds: the heap is large, and it is collected before each slice.
	plan := measure.Plan{Rounds: (s.rounds + 5) / 6, Slice: s.slice}
	if err := s.measureBy(millionGroup, plan, []measure.Case{
		inTurns("one known", tokens[:1], func(raw string) error { return verify(s.ctx, raw) }),
		inTurns("all known", tokens, func(raw string) error { return verify(s.ctx, raw) }),
		inTurns("one, "+lookup, tokens[:1], func(raw string) error { return one(s.ctx, raw) }),
		inTurns("all, "+lookup, tokens, func(raw string) error { return floor(s.ctx, raw) }),
	}); err != nil {
		return err
	}
	t.add("a known token among all, with room for all, × one alone", times(s.ratio(millionGroup, "all known", "one known")))
	t.add("the same for "+lookup, times(s.ratio(millionGroup, "all, "+lookup, "one, "+lookup)))
	return nil
}

// entrySize measures what the cache takes for an entry beside the Token: the heap
// with Tokens in a cache, less the heap with the same Tokens in a slice.
func (s *suite) entrySize(tokens []string) error {
	off, err := peers.NewValidator(s.ctx, s.issuer, validator.CacheConfig{Off: true}, scalingAlgorithm)
	if err != nil {
		return err
	}
	kept := make([]*validator.Token, len(tokens))
	before := heap()
	for i, raw := range tokens {
		if kept[i], err = off.Validate(s.ctx, validator.Credential{Scheme: "Bearer", Token: raw}); err != nil {
			return err
		}
	}
	alone := heap() - before
	runtime.KeepAlive(kept)
	kept = nil

	before = heap()
	v, err := peers.NewValidator(s.ctx, s.issuer, validator.CacheConfig{Entries: 2 * len(tokens), Bytes: 4096 * len(tokens)}, scalingAlgorithm)
	if err != nil {
		return err
	}
	verify := peers.VerifyWith(v)
	for _, raw := range tokens {
		if err := verify(s.ctx, raw); err != nil {
			return err
		}
	}
	cached := heap() - before
	if entries := v.CacheStats().Entries; entries != len(tokens) {
		return fmt.Errorf("the cache holds %d of %d tokens", entries, len(tokens))
	}
	s.memory.perEntry = float64(cached-alone) / float64(len(tokens))
	return nil
}

// heap returns the bytes in use after a garbage collection.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what sync.Pool has kept goes with the second
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
