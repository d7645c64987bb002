// Package strictjson reads JSON objects that come from outside: one object, no
// duplicate names at any depth, valid UTF-8, bounded depth, nothing after it,
// names compared exactly. (RFC 8725 §2.4 and §3.7, RFC 7515 §4 and RFC 7519 §4
// allow a reader to refuse duplicates; this one always does.)
package strictjson

import (
	"bytes"
	"errors"
	"io"
	"sync"

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
	buf bytes.Buffer
	dec jsontext.Decoder
}

var readers = sync.Pool{New: func() any { return new(reader) }}

// Object reads b, which must be exactly one JSON object nested at most maxDepth
// levels (the object itself is the first), and calls member for each of its
// members in order of appearance. The name is unescaped; name and value are
// valid during the call only. Whatever member returns ends the reading and is
// returned. Members may have been delivered before a later error is found, so
// nothing may be used until Object has returned nil.
func Object(b []byte, maxDepth int, member func(name []byte, value jsontext.Value) error) error {
	if Depth(b) > maxDepth {
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
	var unescaped [64]byte
	for r.dec.PeekKind() != '}' {
		quoted, err := r.dec.ReadValue()
		if err != nil {
			return ErrSyntax
		}
		name := []byte(quoted[1 : len(quoted)-1])
		if bytes.IndexByte(name, '\\') >= 0 {
			if name, err = jsontext.AppendUnquote(unescaped[:0], quoted); err != nil {
				return ErrSyntax
			}
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
	if v.Kind() != '"' {
		return "", false
	}
	if inner := v[1 : len(v)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), true
	}
	s, err := jsontext.AppendUnquote(nil, v)
	return string(s), err == nil
}

// Strings returns the elements of v, and whether v is an array of strings only.
func Strings(v jsontext.Value) ([]string, bool) {
	if v.Kind() != '[' {
		return nil, false
	}
	dec := jsontext.NewDecoder(bytes.NewReader(v))
	if _, err := dec.ReadToken(); err != nil {
		return nil, false
	}
	list := []string{}
	for dec.PeekKind() != ']' {
		element, err := dec.ReadValue()
		if err != nil {
			return nil, false
		}
		s, ok := String(element)
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
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
