package scopes

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A route is what the entries of one host and path say, by method.
type route struct {
	verbs []*binding // few: there are nine methods in common use
	all   *binding   // for every method that has no entry of its own
}

func (r *route) bind(b *binding) {
	if b.verb == "" {
		r.all = b
	} else {
		r.verbs = append(r.verbs, b)
	}
}

// of returns the entry of exactly this method; the empty one is all of them.
func (r *route) of(verb string) *binding {
	if verb == "" {
		return r.all
	}
	for _, b := range r.verbs {
		if b.verb == verb {
			return b
		}
	}
	return nil
}

// find returns the entry that covers a request by this method. GET covers HEAD,
// which is the same without a body (RFC 9110 §9.3.2).
func (r *route) find(verb string) *binding {
	if verb == "" {
		// The method is not known. If it matters, there is no answer.
		if len(r.verbs) == 0 {
			return r.all
		}
		return nil
	}
	b := r.of(verb)
	if b == nil && verb == "HEAD" {
		b = r.of("GET")
	}
	if b == nil {
		b = r.all
	}
	return b
}

// checkRoute says what is wrong with a host and path, or nothing.
func checkRoute(pattern string) string {
	slash := strings.IndexByte(pattern, '/')
	switch {
	case strings.ContainsFunc(pattern, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return "one space stands between method and path, and no other"
	case !utf8.ValidString(pattern):
		return "not UTF-8"
	case slash < 0:
		return "no path: it starts with a slash"
	case strings.ContainsFunc(pattern[:slash], func(r rune) bool {
		return r >= utf8.RuneSelf || !isAlphanumeric(byte(r)) && !strings.ContainsRune(".-:[]", r)
	}):
		return "not a host before the path"
	}
	if _, ok := appendCanonical(nil, pattern, true); !ok {
		return `malformed path: no empty, "." or ".." segments, no query and no fragment; wildcards are {name}, {name...} or * at the end, {$} at the end, {name:expression}, and :name for a whole segment`
	}
	return ""
}

// appendCanonical appends pattern, a host and a path, in the one spelling that
// all spellings of a route have in common: wildcards lose their names, so that
// {id} and :id are "{}", and {rest...} and a final * are "{...}". {$} stays,
// and so does a final slash: what that covers is the business of the router.
//
// A regular expression, as in chi's {id:[0-9]+}, is kept or dropped. Everything
// that is not certain makes it fail. That a colon within a segment is text, as
// in net/http, makes Echo's "/v:id" equal to its own spelling only.
func appendCanonical(dst []byte, pattern string, expressions bool) ([]byte, bool) {
	start := strings.IndexByte(pattern, '/')
	if start < 0 {
		return dst, false
	}
	dst = append(dst, pattern[:start]...)
	for i := start; i < len(pattern); {
		atSegment := i > start && pattern[i-1] == '/'
		var n int
		switch c := pattern[i]; {
		case c == '{':
			dst, n = appendWildcard(dst, pattern[i:], atSegment, expressions)
		case c == '*' && i == len(pattern)-1:
			dst, n = append(dst, "{...}"...), 1
		case c == ':' && atSegment:
			n = segment(pattern[i:])
			if !isWildcardName(pattern[i+1 : i+n]) {
				return dst, false
			}
			dst = append(dst, "{}"...)
		case c == '}' || c == '*' || c == '?' || c == '#' || c == '.' && atSegment && isDots(pattern[i:]) || c == '/' && atSegment:
			return dst, false
		default:
			dst, n = append(dst, c), 1
		}
		if n == 0 {
			return dst, false
		}
		i += n
	}
	return dst, true
}

// appendWildcard appends the canonical form of the wildcard in braces that s
// starts with, and returns the length that it has in s; 0 if it is malformed.
func appendWildcard(dst []byte, s string, atSegment, expressions bool) ([]byte, int) {
	n, depth := 0, 0
	for n < len(s) {
		if s[n] == '{' {
			depth++
		} else if s[n] == '}' {
			depth--
		}
		if n++; depth == 0 {
			break
		}
	}
	if depth != 0 {
		return dst, 0
	}
	name, expression, isExpression := strings.Cut(s[1:n-1], ":")
	last := atSegment && n == len(s)
	if isExpression {
		if expression == "" || !isWildcardName(name) {
			return dst, 0
		}
		if expressions {
			return append(append(append(dst, "{:"...), expression...), '}'), n
		}
		return append(dst, "{}"...), n
	}
	if name == "$" {
		if !last {
			return dst, 0
		}
		return append(dst, "{$}"...), n
	}
	name, multi := strings.CutSuffix(name, "...")
	if !isWildcardName(name) || multi && !last {
		return dst, 0
	}
	if multi {
		return append(dst, "{...}"...), n
	}
	return append(dst, "{}"...), n
}

// segment returns the length of the first segment of s.
func segment(s string) int {
	if i := strings.IndexByte(s, '/'); i >= 0 {
		return i
	}
	return len(s)
}

// isDots reports whether s starts with a segment "." or "..", which no router
// gets to see.
func isDots(s string) bool {
	first := s[:segment(s)]
	return first == "." || first == ".."
}

// isWildcardName reports whether s names a wildcard: in some router, if not in
// all of them.
func isWildcardName(s string) bool {
	for i, r := range s {
		if !unicode.IsLetter(r) && r != '_' && (i == 0 || !unicode.IsDigit(r) && r != '-' && r != '.') {
			return false
		}
	}
	return s != ""
}
