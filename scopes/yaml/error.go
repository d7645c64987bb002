package yaml

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"
)

// An Error is one thing that is wrong with a file.
type Error struct {
	// File is the name that the caller gave.
	File string
	// Line and Column start at 1. Zero: the problem has no place in the file.
	Line, Column int
	// Reason is what is wrong and what is expected.
	Reason string
}

// Error returns the place, in the form that editors understand, and the reason.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Reason
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Reason)
}

// problems collects what is wrong with one file.
type problems struct {
	file string
	all  []*Error
}

func (p *problems) add(at *yaml.Node, reason string, args ...any) {
	p.all = append(p.all, &Error{p.file, at.Line, at.Column, fmt.Sprintf(reason, args...)})
}

// err joins everything, in the order of the file; it is nil when there is nothing.
func (p *problems) err() error {
	slices.SortStableFunc(p.all, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	joined := make([]error, len(p.all))
	for i, e := range p.all {
		joined[i] = e
	}
	return errors.Join(joined...)
}
