package dpop

import (
	"strings"

	"github.com/bearerguard/bearerguard/validator"
)

// A seen is what a proxy says that its client sees; empty: nothing.
type seen struct{ proto, host string }

// forwarded returns what the proxy in front says. It is not ok if that can be
// read in two ways: a field is there twice or lists several proxies, or the two
// kinds of field contradict each other.
func forwarded(r validator.RequestInfo) (seen, bool) {
	standard, ok1 := parseForwarded(r.Header("Forwarded"))
	proto, ok2 := single(r.Header("X-Forwarded-Proto"))
	host, ok3 := single(r.Header("X-Forwarded-Host"))
	proto, ok4 := agree(standard.proto, proto)
	host, ok5 := agree(standard.host, host)
	return seen{proto, host}, ok1 && ok2 && ok3 && ok4 && ok5
}

// single returns the one value of a field, empty if there is none. A list is no
// scheme and no host, and refused as such.
func single(values []string) (string, bool) {
	switch {
	case len(values) == 0:
		return "", true
	case len(values) > 1 || values[0] == "":
		return "", false
	}
	return values[0], true
}

// agree returns the one of two values that is there.
func agree(a, b string) (string, bool) {
	if a == "" || strings.EqualFold(a, b) {
		return b, true
	}
	return a, b == ""
}

// parseForwarded reads a Forwarded field of one element (RFC 7239 §4).
func parseForwarded(values []string) (s seen, ok bool) {
	if len(values) == 0 {
		return seen{}, true
	}
	if len(values) > 1 {
		return seen{}, false
	}
	for rest := values[0]; ; {
		var name, value string
		name, value, rest, ok = forwardedPair(rest)
		if !ok {
			return seen{}, false
		}
		into := new(string) // for=, by= and extensions
		switch strings.ToLower(name) {
		case "proto":
			into = &s.proto
		case "host":
			into = &s.host
		}
		if *into != "" || value == "" { // §4: each parameter once
			return seen{}, false
		}
		*into = value
		if rest == "" {
			return s, true
		}
		if rest[0] != ';' { // a comma: the next element
			return seen{}, false
		}
		rest = rest[1:]
	}
}

// forwardedPair reads one token "=" value, where value is a token or a
// quoted-string (RFC 7239 §4, RFC 9110 §5.6.4), and returns what follows.
func forwardedPair(s string) (name, value, rest string, ok bool) {
	name, s, ok = strings.Cut(strings.TrimLeft(s, " \t"), "=")
	if !ok || name == "" || strings.ContainsAny(name, " \t,;\"") {
		return "", "", "", false
	}
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ";, \t\"")
		if end < 0 {
			end = len(s)
		}
		return name, s[:end], strings.TrimLeft(s[end:], " \t"), true
	}
	var unquoted strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return name, unquoted.String(), strings.TrimLeft(s[i+1:], " \t"), true
		case '\\':
			if i++; i == len(s) {
				return "", "", "", false
			}
		}
		unquoted.WriteByte(s[i])
	}
	return "", "", "", false
}
