//go:build unix

package measure

import (
	"syscall"
	"time"
)

// processTime returns the processor time that this process has used so far, in
// user and in system mode.
func processTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used) // it cannot fail for the process itself
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
