package grpcmw_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Whatever the tests start ends with them.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
