package validator

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
)

// What becomes of errors, panics and contexts on the way of a request: each ends as
// an [*Error], and none as a yes.

// outcome is the answer where somebody whom the decision depends on returned an
// error. An [*Error] says itself what it means; another one means code, unless the
// request is over.
func outcome(ctx context.Context, err error, code Code) *Error {
	if _, ok := errors.AsType[*Error](err); ok {
		return asError(err)
	}
	if ctx.Err() != nil {
		return NewInterruptedError(ctx.Err())
	}
	return NewError(code, err)
}

var errNilError = errors.New("a nil *Error was returned as an error")

// asError makes sure that what came back as an error is an [*Error]. A nil
// *Error in an error is a mistake, not a yes.
func asError(err error) *Error {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		return NewError(CodeInternal, err)
	case e == nil:
		return NewError(CodeInternal, errNilError)
	case e.code == 0: // made without NewError
		return NewError(CodeInternal, err)
	}
	return e
}

// panicError is a recovered panic with the stack it came from. A value that is
// not an error of the runtime may hold anything, so only its type is kept.
type panicError struct{ text string }

func newPanicError(value any) *panicError {
	what := fmt.Sprintf("a %T", value)
	if err, ok := value.(runtime.Error); ok {
		what = err.Error()
	}
	return &panicError{fmt.Sprintf("recovered panic: %s\n%s", what, debug.Stack())}
}

func (e *panicError) Error() string { return e.text }

// recovered, deferred, turns a panic into a refusal.
func recovered(refusal **Error) {
	if p := recover(); p != nil {
		*refusal = NewError(CodeInternal, newPanicError(p))
	}
}

// recoveredResult is recovered for what returns a token and an error.
func recoveredResult(token **Token, err *error) {
	if p := recover(); p != nil {
		*token, *err = nil, NewError(CodeInternal, newPanicError(p))
	}
}
