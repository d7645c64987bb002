package main

import (
	"fmt"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/internal/bench/peers"
)

// goals is the table of what was aimed at.
type goals struct{ table }

// aim adds a goal, what was measured, and whether that is met.
func (g *goals) aim(path, reach string, met bool, format string, measured ...any) {
	verdict := "yes"
	if !met {
		verdict = "**no**"
	}
	g.add(path, reach, fmt.Sprintf(format, measured...), verdict)
}

// most adds a ratio with its upper limit.
func (g *goals) most(path string, measured, limit float64) {
	g.aim(path, "≤ "+times(limit), measured <= limit, "%.3f×", measured)
}

// cores adds the gain by a second core. Where even the signature check alone, which
// shares nothing, does not gain that much, the machine had no second core to give.
func (g *goals) cores(name string, gain, control float64) {
	measured := fmt.Sprintf("%s (the signature check alone: %s)", times(gain), times(control))
	if gain < 1.8 && control < 1.8 {
		g.add(name+", two cores", "≥ 1.80×", measured, "**cannot be told**")
		return
	}
	g.aim(name+", two cores", "≥ 1.80×", gain >= 1.8, "%s", measured)
}

// reach holds what was measured against what was aimed at.
func (s *suite) reach() error {
	g := goals{table{
		title: "Reach",
		note:  "What was aimed at, what this run measured, and whether that is met.",
		head:  []string{"path", "reach", "measured", "met"},
	}}
	s.reachNew(&g)
	s.reachKnown(&g)
	s.reachRefusals(&g)
	s.reachGrowth(&g)
	return g.write(s.out)
}

func (s *suite) reachNew(g *goals) {
	for _, algorithm := range fixture.Algorithms {
		group := validationGroup(algorithm)
		limit := 1.10
		if algorithm == "ES256" || algorithm == "EdDSA" {
			limit = 1.07
		}
		g.most("new token, "+algorithm+", of the signature check", s.ratio(group, peers.NewToken, signatureCheck), limit)
		if limit == 1.10 {
			r := s.of(group, peers.NewToken)
			g.aim("new token, "+algorithm, "≤ 40 allocations, ≤ 4096 B", r.Allocs <= 40 && r.Bytes <= 4096, "%.0f, %.0f B", r.Allocs, r.Bytes)
		}
	}
}

func (s *suite) reachKnown(g *goals) {
	known := s.of(knownGroup, peers.KnownToken)
	g.most("known token, `Validate`, of "+lookup, s.ratio(knownGroup, peers.KnownToken, lookup), 1.25)
	g.aim("known token, `Validate`", "0 allocations", known.Allocs < 0.5, "%.0f", known.Allocs)
	g.aim("known token, an entry beside its claims", "≤ 200 B", s.memory.perEntry <= 200, "%.0f B", s.memory.perEntry)
	guarded, base := s.of(handlerGroup, peers.KnownToken), s.of(handlerGroup, unprotected)
	g.most("known token, net/http handler in process, over the bare one, of SHA-256", guarded.Over(base, s.of(handlerGroup, hashAlone)), 2)
	g.aim("known token, net/http handler in process", "≤ 4 allocations more", guarded.Allocs-base.Allocs < 4.5, "%.0f", guarded.Allocs-base.Allocs)
	for _, group := range []string{loopbackGroup, unaryGroup} {
		ratio := s.ratio(group, peers.KnownToken, unprotected)
		g.aim("known token, "+group+", of the unprotected one", "≤ 1.05×", ratio <= 1.05,
			"%.3f× (elapsed: %.3f×)", ratio, s.elapsedRatio(group, peers.KnownToken, unprotected))
	}
}

func (s *suite) reachRefusals(g *goals) {
	name := refusingName(peers.KnownToken)
	for _, hostile := range []string{"expired", "wrong audience", "unknown kid"} {
		g.most("refused, "+hostile+", of the signature check", s.ratio(refusalGroup, refusal(name, hostile), signatureCheck), 0.12)
	}
	for _, hostile := range []string{"garbage", "64 KiB"} {
		g.most("refused, "+hostile+", of the signature check", s.ratio(refusalGroup, refusal(name, hostile), signatureCheck), 0.05)
	}
	g.most("refused, no token, whole handler, of the signature check", s.ratio(handlerGroup, noToken, signatureCheck), 0.05)
}

func (s *suite) reachGrowth(g *goals) {
	for _, name := range []string{peers.NewToken, peers.KnownToken} {
		g.cores(name, s.speedup(name), s.speedup(signatureCheck))
	}
	g.most("1,000 keys, of one", s.ratio(keysGroup, "1000", "1"), 1.25)
	g.most("10,000 issuers, new token, of one", s.ratio(issuersNewGroup, "10000", "1"), 1.25)
	g.most("10,000 issuers, known token, of one", s.ratio(issuersHitGroup, "10000", "1"), 1.25)
	g.most("10,000 rules, HTTP, known token, of ten", s.ratio(rulesHTTPGroup, "10000", "10"), 1.25)
	g.most("10,000 rules, gRPC, known token, of ten", s.ratio(rulesGRPCGroup, "10000", "10"), 1.25)
	g.most("10,000 live tokens, of one", s.ratio(liveTokensGroup, "10000", "1"), 1.25)
	g.most(fmt.Sprintf("%d live tokens with room for all, of one", s.tokens), s.ratio(millionGroup, "all known", "one known"), 1.25)
	g.most("100,000 live tokens, beyond the bound, of a new token", s.ratio(liveTokensGroup, "100000", peers.NewToken), 1.25)
	g.aim(fmt.Sprintf("%d different tokens, heap", s.tokens), "≤ "+mebibytes(int64(s.memory.bound)), s.memory.used <= int64(s.memory.bound), "%s", mebibytes(s.memory.used))
}
