package main

import (
	"strings"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
	"github.com/bearerguard/bearerguard/internal/bench/measure"
	"github.com/bearerguard/bearerguard/internal/bench/peers"
)

const (
	knownGroup   = "known token"
	refusalGroup = "refusals"
)

// The names of what everything is held against.
const (
	signatureCheck = "signature check alone"
	hashAlone      = "SHA-256 of the token alone"
	lookup         = "SHA-256, map lookup, clock"
)

// validation measures one good token, again and again, with every algorithm.
func (s *suite) validation() error {
	t := table{
		title: "One token, verified",
		note: "Processor time as a multiple of the standard library's signature check over the same bytes with everything decoded. " +
			"Only bearerguard knows a token again; for the others each time is like the first.",
		head: append(append([]string{"library"}, fixture.Algorithms...), "allocations, RS256", "bytes, RS256"),
	}
	for _, algorithm := range fixture.Algorithms {
		if err := s.validationOf(algorithm); err != nil {
			return err
		}
	}
	for _, name := range s.order[validationGroup("RS256")] {
		if name == signatureCheck {
			continue // the last row
		}
		row := []string{name}
		for _, algorithm := range fixture.Algorithms {
			row = append(row, times(s.ratio(validationGroup(algorithm), name, signatureCheck)))
		}
		r := s.of(validationGroup("RS256"), name)
		t.add(append(row, count(r.Allocs), count(r.Bytes))...)
	}
	row := []string{signatureCheck}
	for _, algorithm := range fixture.Algorithms {
		row = append(row, micros(s.of(validationGroup(algorithm), signatureCheck).Median()))
	}
	floor := s.of(validationGroup("RS256"), signatureCheck)
	t.add(append(row, count(floor.Allocs), count(floor.Bytes))...)
	return t.write(s.out)
}

func validationGroup(algorithm string) string { return "validation " + algorithm }

func (s *suite) validationOf(algorithm string) error {
	token := s.issuer.Token(algorithm)
	floor, err := peers.Floor(s.issuer, algorithm, token)
	if err != nil {
		return err
	}
	cases := []measure.Case{measure.Repeat(signatureCheck, floor)}
	for _, library := range peers.Libraries() {
		verify, err := library.New(s.ctx, s.issuer, algorithm)
		if err != nil {
			return err
		}
		cases = append(cases, measure.Repeat(library.Name, func() error { return verify(s.ctx, token) }))
	}
	return s.measure(validationGroup(algorithm), cases)
}

// known measures a token that was verified before, against what such a look
// cannot do without.
func (s *suite) known() error {
	library, err := peers.Named(peers.KnownToken)
	if err != nil {
		return err
	}
	verify, err := library.New(s.ctx, s.issuer, "RS256")
	if err != nil {
		return err
	}
	floor, err := peers.Floor(s.issuer, "RS256", s.issuer.Token("RS256"))
	if err != nil {
		return err
	}
	token := s.issuer.Token("RS256")
	least := peers.KnownFloor(token)
	if err := s.measure(knownGroup, []measure.Case{
		measure.Repeat(hashAlone, peers.Hash(token)),
		measure.Repeat(lookup, func() error { return least(s.ctx, token) }),
		measure.Repeat(peers.KnownToken, func() error { return verify(s.ctx, token) }),
		measure.Repeat(signatureCheck, floor),
	}); err != nil {
		return err
	}
	t := table{
		title: "A known token",
		note:  "`Validate` of a token that was verified before. Processor time.",
		head:  []string{"", "time", "× " + lookup, "× " + signatureCheck, "allocations"},
	}
	for _, name := range s.order[knownGroup] {
		r := s.of(knownGroup, name)
		t.add(name, micros(r.Median()), times(s.ratio(knownGroup, name, lookup)), times(s.ratio(knownGroup, name, signatureCheck)), count(r.Allocs))
	}
	return t.write(s.out)
}

// refusals measures bad tokens.
func (s *suite) refusals() error {
	bad := append(s.issuer.Hostiles(),
		fixture.Hostile{Name: "garbage", Token: "garbage"},
		fixture.Hostile{Name: "64 KiB", Token: strings.Repeat("x", 64<<10)})
	floor, err := peers.Floor(s.issuer, "RS256", s.issuer.Token("RS256"))
	if err != nil {
		return err
	}
	cases := []measure.Case{measure.Repeat(signatureCheck, floor)}
	t := table{
		title: "Bad tokens, refused",
		note: "Processor time as a multiple of the RS256 signature check. Libraries that ask the issuer for its keys again because of " +
			"a bad token are charged for both ends of that request.",
		head: []string{"library"},
	}
	for _, hostile := range bad {
		t.head = append(t.head, hostile.Name)
	}
	var names []string
	for _, library := range peers.Libraries() {
		if library.Name == peers.NewToken {
			continue // a bad token is never known: there is no difference
		}
		verify, err := library.New(s.ctx, s.issuer, "RS256")
		if err != nil {
			return err
		}
		for _, hostile := range bad {
			cases = append(cases, measure.Repeat(refusal(library.Name, hostile.Name), func() error {
				_ = verify(s.ctx, hostile.Token) // the conformance check tells who accepts it
				return nil
			}))
		}
		names = append(names, library.Name)
	}
	if err := s.measure(refusalGroup, cases); err != nil {
		return err
	}
	for _, name := range names {
		row := []string{refusingName(name)}
		for _, hostile := range bad {
			row = append(row, times(s.ratio(refusalGroup, refusal(name, hostile.Name), signatureCheck)))
		}
		t.add(row...)
	}
	return t.write(s.out)
}

func refusal(library, hostile string) string { return refusingName(library) + ", " + hostile }

func refusingName(library string) string {
	name, _, _ := strings.Cut(library, ", known token")
	return name
}
