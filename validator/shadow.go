package validator

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"sync"
)

// shadowCounts counts by operation what shadow mode has let in. The zero value is
// ready to use.
type shadowCounts struct {
	mu     sync.Mutex
	counts map[string]uint64
}

// maxShadowed bounds the operations that are counted each by itself. There are no
// more than routes, but for an adapter that lets callers make up names.
const maxShadowed = 10_000

func (s *shadowCounts) add(operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = make(map[string]uint64)
	}
	if _, known := s.counts[operation]; !known && len(s.counts) >= maxShadowed {
		operation = ""
	}
	s.counts[operation]++
}

// ShadowCounts returns how many requests this Guard has let in, by operation, that
// would have been refused but for [Request.Shadow]. The map is the caller's own.
// Of more than 10,000 operations, the later ones are added up under "".
func (g *Guard) ShadowCounts() map[string]uint64 {
	g.shadowed.mu.Lock()
	defer g.shadowed.mu.Unlock()
	counts := maps.Clone(g.shadowed.counts)
	if counts == nil {
		counts = make(map[string]uint64)
	}
	return counts
}

// WarnOfShadow says which operations are in shadow mode, if any: to the logger of the
// authenticator, or else to [slog.Default], so that nobody has it by accident. It is
// for adapters, when they are made.
func (g *Guard) WarnOfShadow(operations []string) {
	if len(operations) == 0 {
		return
	}
	var l *slog.Logger
	if a, ok := g.authenticator.(interface{ logger() *slog.Logger }); ok {
		l = a.logger()
	}
	cmp.Or(l, slog.Default()).LogAttrs(context.Background(), slog.LevelWarn,
		"bearerguard: shadow mode is on: tokens with too little scope are let in", slog.Any("operations", operations))
}

func (v *Validator) logger() *slog.Logger { return v.config.Logger }
func (s *Issuers) logger() *slog.Logger   { return s.first.logger() }
func (s *Tenants) logger() *slog.Logger   { return s.hooks.logger() }
