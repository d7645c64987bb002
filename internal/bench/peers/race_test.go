//go:build race

package peers_test

// racing tells that the race detector is on, which allocates on its own account.
const racing = true
