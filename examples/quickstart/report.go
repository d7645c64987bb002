package main

import (
	"fmt"
	"io"
	"strings"
)

// report prints the table as it grows and counts.
type report struct {
	out       io.Writer
	total, ok int
}

const tableFormat = "%-9s %-41s %-46s %-46s %s\n"

func (r *report) section(title string) {
	fmt.Fprintf(r.out, "\n%s\n\n", title)
	fmt.Fprintf(r.out, "  "+tableFormat, "", "request", "expected", "got", "challenge")
}

// row prints one exchange. Nothing printed here is a token or a secret.
func (r *report) row(where, request, expected, got, challenge string) {
	r.total++
	mark := "  "
	if expected == got {
		r.ok++
	} else {
		mark = "! "
	}
	line := fmt.Sprintf(mark+tableFormat, where, request, expected, got, challenge)
	fmt.Fprintln(r.out, strings.TrimRight(line, " \n"))
}

func (r *report) end() (asDocumented bool) {
	fmt.Fprintf(r.out, "\n%d of %d as documented\n", r.ok, r.total)
	return r.ok == r.total && r.total > 0
}
