// Package configerr is the one shape that configuration problems have in every
// package of this module.
package configerr

import (
	"errors"
	"reflect"
)

// Error is one problem with one field of a configuration struct.
type Error struct {
	Field  string // the field as the caller wrote it, such as "Audiences[1]"
	Reason string // what is wrong with it and what is expected
}

// Error returns the field and the reason.
func (e *Error) Error() string { return e.Field + ": " + e.Reason }

// List collects problems, so that a constructor can report all of them at once.
// The zero value is an empty list.
type List struct{ problems []error }

// Add records that a field is wrong.
func (l *List) Add(field, reason string) {
	l.problems = append(l.problems, &Error{Field: field, Reason: reason})
}

// Check records the reason unless ok.
func (l *List) Check(ok bool, field, reason string) {
	if !ok {
		l.Add(field, reason)
	}
}

// Err joins everything recorded; it is nil when nothing was.
func (l *List) Err() error { return errors.Join(l.problems...) }

// IsNil reports whether v is nil, or a nil pointer in an interface: a value that
// is there for the compiler only.
func IsNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}

// All returns the problems that err joins, in their order. What is no [*Error]
// is left out.
func All(err error) []*Error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []*Error
		for _, e := range joined.Unwrap() {
			all = append(all, All(e)...)
		}
		return all
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return []*Error{e}
	}
	return nil
}
