package measure

import (
	"math"
	"slices"
)

// Median returns the median of the rounds, in nanoseconds per operation.
func (r Result) Median() float64 { return median(r.Nanoseconds) }

// Ratio returns the median of r ÷ floor, each taken within one round.
func (r Result) Ratio(floor Result) float64 {
	ratios := make([]float64, len(r.Nanoseconds))
	for i := range ratios {
		ratios[i] = r.Nanoseconds[i] / floor.Nanoseconds[i]
	}
	return median(ratios)
}

// Over returns the median of (r − base) ÷ unit, each taken within one round: how
// many units r costs more than base.
func (r Result) Over(base, unit Result) float64 {
	multiples := make([]float64, len(r.Nanoseconds))
	for i := range multiples {
		multiples[i] = (r.Nanoseconds[i] - base.Nanoseconds[i]) / unit.Nanoseconds[i]
	}
	return median(multiples)
}

// median is NaN for no values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
