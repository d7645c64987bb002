//go:build !unix

package measure

import "time"

// processTime is elapsed time where the system has no getrusage.
func processTime() time.Duration { return time.Since(epoch) }

var epoch = time.Now()
