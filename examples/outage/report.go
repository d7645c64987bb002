package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// A report prints the table as it grows and keeps what was not as promised.
type report struct {
	out    io.Writer
	rows   int
	broken []string
}

const (
	headFormat = "%-31s %6s %8s %7s %6s %6s %6s %9s %9s %8s %8s\n"
	rowFormat  = "%-31s %5.1fs %8d %7d %6d %6d %6d %9v %9v %8s %8d\n"
)

func (r *report) header() {
	fmt.Fprintf(r.out, headFormat, "phase", "time", "requests", "200", "401", "503", "other", "p50", "p99", "forged", "fetches")
}

func (r *report) row(p phase, s *sample) {
	r.rows++
	total := 0
	for _, n := range s.valid {
		total += n
	}
	ok, refused, unavailable := s.valid[http.StatusOK], s.valid[http.StatusUnauthorized], s.valid[http.StatusServiceUnavailable]
	forged := "-"
	if p.forge != nil {
		forged = fmt.Sprintf("%d/%d", s.letIn, s.forged)
	}
	fmt.Fprintf(r.out, rowFormat, p.name, s.lasted.Seconds(), total, ok, refused, unavailable, total-ok-refused-unavailable,
		s.percentile(50).Round(10*time.Microsecond), s.percentile(99).Round(10*time.Microsecond), forged, s.fetches)

	if s.bad > 0 {
		r.fail(p, "%d valid tokens got an answer that they should not", s.bad)
	}
	if s.letIn > 0 {
		r.fail(p, "%d forged tokens were let in", s.letIn)
	}
	if s.late {
		r.fail(p, "not over after %v", p.limit)
	}
	if total == 0 {
		r.fail(p, "nothing was asked")
	}
}

func (r *report) fail(p phase, format string, args ...any) {
	r.broken = append(r.broken, p.name+": "+fmt.Sprintf(format, args...))
}

func (r *report) end() (asPromised bool) {
	if r.rows > 0 && len(r.broken) == 0 {
		fmt.Fprintln(r.out, "\nas promised: no valid token was refused before its keys were too old, no forged one was let in")
		return true
	}
	fmt.Fprintf(r.out, "\nnot as promised:\n  %s\n", strings.Join(r.broken, "\n  "))
	return false
}
