// Package strictjson reads JSON objects that come from outside: one object, no
// duplicate names at any depth, valid UTF-8, bounded depth, nothing after it,
// names compared exactly. (RFC 8725 §2.4 and §3.7, RFC 7515 §4 and RFC 7519 §4
// allow a reader to refuse duplicates; this one always does.)
package strictjson

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"
)

// The errors say what is wrong and hold nothing of the input, because they end
// up in logs.
var (
	ErrSyntax    = errors.New("not valid JSON: a syntax error, a duplicate name or invalid UTF-8")
	ErrNotObject = errors.New("not a JSON object")
	ErrTrailing  = errors.New("data after the JSON object")
	ErrDepth     = errors.New("JSON nested too deeply")
)

// reader is a decoder with the buffer it reads from; both are reused.
type reader struct {
	buf       bytes.Buffer
	dec       jsontext.Decoder
	unescaped []byte
}

var readers = sync.Pool{New: func() any { return new(reader) }}

// Object reads b, which must be exactly one JSON object nested at most maxDepth
// levels (the object itself is the first), and calls member for each of its
// members in order of appearance. The name is unescaped; name and value are
// valid during the call only. Whatever member returns ends the reading and is
// returned. Members may have been delivered before a later error is found, so
// nothing may be used until Object has returned nil.
func Object(b []byte, maxDepth int, member func(name []byte, value jsontext.Value) error) error {
	if depth(b, maxDepth) > maxDepth {
		return ErrDepth
	}
	r := readers.Get().(*reader)
	defer func() {
		r.buf = bytes.Buffer{}
		readers.Put(r)
	}()
	r.buf = *bytes.NewBuffer(b)
	// Both are the defaults of jsontext; they are written out because
	// everything here depends on them.
	r.dec.Reset(&r.buf, jsontext.AllowDuplicateNames(false), jsontext.AllowInvalidUTF8(false))

	if r.dec.PeekKind() != '{' {
		return ErrNotObject
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return ErrSyntax
	}
	for r.dec.PeekKind() != '}' {
		quoted, err := r.dec.ReadValue()
		if err != nil {
			return ErrSyntax
		}
		name := []byte(quoted[1 : len(quoted)-1])
		if bytes.IndexByte(name, '\\') >= 0 {
			if r.unescaped, err = jsontext.AppendUnquote(r.unescaped[:0], quoted); err != nil {
				return ErrSyntax
			}
			name = r.unescaped
		}
		value, err := r.dec.ReadValue()
		if err != nil {
			return ErrSyntax
		}
		if err := member(name, value); err != nil {
			return err
		}
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return ErrSyntax
	}
	if _, err := r.dec.ReadToken(); err != io.EOF {
		return ErrTrailing
	}
	return nil
}

// String returns the string that v is, and whether v is a string.
func String(v jsontext.Value) (string, bool) {
	s, ok := View(v)
	return strings.Clone(s), ok
}

// View is [String] without copying: unless it has escapes, the string shares
// memory with v, which must never change afterwards.
func View(v jsontext.Value) (string, bool) {
	if v.Kind() != '"' {
		return "", false
	}
	if inner := v[1 : len(v)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return unsafe.String(unsafe.SliceData(inner), len(inner)), true
	}
	s, err := jsontext.AppendUnquote(nil, v)
	return string(s), err == nil
}

// Strings returns the elements of v, and whether v is an array of strings only.
func Strings(v jsontext.Value) ([]string, bool) {
	list := []string{}
	ok := EachString(v, func(s string) { list = append(list, strings.Clone(s)) })
	return list, ok
}

// EachString calls f for the elements of v, as [View] returns them, and reports
// whether v is an array of strings only; if it is not, f may have been called. The
// value is one that [Object] delivered, so it is well-formed, and all there is to
// do is to find out where its elements begin and end. A nil f is not called.
func EachString(v jsontext.Value, f func(s string)) bool {
	if v.Kind() != '[' {
		return false
	}
	for i := skipSpace(v, 1); v[i] != ']'; {
		if v[i] != '"' {
			return false
		}
		start := i
		for i++; v[i] != '"'; i++ {
			if v[i] == '\\' {
				i++
			}
		}
		i++
		if f != nil {
			s, ok := View(v[start:i])
			if !ok {
				return false
			}
			f(s)
		}
		if i = skipSpace(v, i); v[i] == ',' {
			i = skipSpace(v, i+1)
		}
	}
	return true
}

func skipSpace(v jsontext.Value, i int) int {
	for v[i] == ' ' || v[i] == '\t' || v[i] == '\r' || v[i] == '\n' {
		i++
	}
	return i
}

// depth returns how deeply b nests if that may be over limit, or else a number up
// to limit.
func depth(b []byte, limit int) int {
	if n := bytes.Count(b, []byte("{")) + bytes.Count(b, []byte("[")); n <= limit {
		return n
	}
	return Depth(b)
}

// Depth counts how deeply the arrays and objects of b nest. It is exact for
// valid JSON and never less than what a parser would reach in invalid JSON.
func Depth(b []byte) int {
	depth, deepest := 0, 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			depth++
			deepest = max(deepest, depth)
		case '}', ']':
			depth--
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		}
	}
	return deepest
}
