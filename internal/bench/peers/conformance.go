package peers

import (
	"context"
	"fmt"

	"github.com/bearerguard/bearerguard/internal/bench/fixture"
)

// A Verdict is what one column made of the good token and of each bad one.
type Verdict struct {
	Column string
	// AcceptsGood tells whether the good token was accepted, twice in a row.
	AcceptsGood bool
	// Accepts tells for each of the hostile tokens, in their order, whether it
	// was accepted.
	Accepts []bool
}

// Conforms reports whether everything is as it should be.
func (v Verdict) Conforms() bool {
	for _, accepted := range v.Accepts {
		if accepted {
			return false
		}
	}
	return v.AcceptsGood
}

// Conformance tries every column with the good token and with every bad one.
func Conformance(ctx context.Context, i *fixture.Issuer) ([]Verdict, error) {
	good, hostiles := i.Token("RS256"), i.Hostiles()
	var verdicts []Verdict
	for _, column := range Columns() {
		verify, err := column.New(ctx, i)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", column.Name, err)
		}
		v := Verdict{Column: column.Name, AcceptsGood: true}
		for range 2 { // new, then known
			v.AcceptsGood = v.AcceptsGood && verify(ctx, good) == nil
		}
		for _, hostile := range hostiles {
			v.Accepts = append(v.Accepts, verify(ctx, hostile.Token) == nil)
		}
		verdicts = append(verdicts, v)
	}
	return verdicts, nil
}
