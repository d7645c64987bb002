package measure

import (
	"fmt"
	"io"
	"strings"
)

// WriteBenchstat writes the results in the format of go test -bench, one line
// per round, for the benchstat command.
func WriteBenchstat(w io.Writer, group string, results []Result) error {
	for _, r := range results {
		name := strings.NewReplacer(" ", "_", "/", "_").Replace(r.Name)
		for _, ns := range r.Nanoseconds {
			if _, err := fmt.Fprintf(w, "Benchmark%s/%s %d %.1f ns/op %.0f B/op %.0f allocs/op\n",
				group, name, r.Iterations, ns, r.Bytes, r.Allocs); err != nil {
				return err
			}
		}
	}
	return nil
}
