//go:build !race

package validator_test

const raceFactor = 1
