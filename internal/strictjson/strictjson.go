// Package strictjson reads JSON objects that come from outside: one object, no
// duplicate names at any depth, valid UTF-8, bounded depth, nothing after it,
// names compared exactly. (RFC 8725 §2.6 and §3.7, RFC 7515 §4 and RFC 7519 §4
// allow a reader to refuse duplicates; this one always does.)
package strictjson

import (
	"bytes"
	"errors"
	"strings"
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
	i := space(b, 0)
	if i == len(b) || b[i] != '{' {
		return ErrNotObject
	}
	end, err := object(b, i, member)
	if err != nil {
		return err
	}
	if space(b, end) != len(b) {
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
// whether v is an array of strings only; if it is not, f may have been called. A nil f
// is not called. The value is one that [Object] delivered.
func EachString(v jsontext.Value, f func(s string)) bool {
	return EachElement(v, func(element jsontext.Value) bool {
		if f == nil {
			return element.Kind() == '"'
		}
		s, ok := View(element)
		if ok {
			f(s)
		}
		return ok
	})
}

// EachElement calls f for the elements of v until it returns false, and reports
// whether v is an array and f never did. The value is one that [Object] delivered, so
// it is well-formed, and all there is to do is to find out where its elements begin and
// end. They share memory with v.
func EachElement(v jsontext.Value, f func(element jsontext.Value) bool) bool {
	if v.Kind() != '[' {
		return false
	}
	for i := space(v, 1); v[i] != ']'; {
		end := value(v, i)
		if !f(v[i:end:end]) {
			return false
		}
		if i = space(v, end); v[i] == ',' {
			i = space(v, i+1)
		}
	}
	return true
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
