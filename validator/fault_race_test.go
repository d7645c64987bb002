//go:build race

package validator_test

// The race detector makes everything many times slower, so the longest loops
// are shorter under it.
const raceFactor = 40
