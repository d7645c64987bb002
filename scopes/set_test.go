package scopes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/scopes"
)

func TestParse(t *testing.T) {
	tests := []struct {
		in   string
		want []string // nil: refused
	}{
		{"a", []string{"a"}},
		{"b a", []string{"a", "b"}},
		{"a a", []string{"a"}},
		{"orders:read https://api.example.com/x !#[]^~", []string{"!#[]^~", "https://api.example.com/x", "orders:read"}},
		{"", nil},
		{" ", nil},
		{" a", nil},
		{"a ", nil},
		{"a  b", nil},
		{"a\tb", nil},
		{"a\u00a0b", nil},
		{"a\nb", nil},
		{`a"`, nil},
		{`a\`, nil},
		{"a\x7f", nil},
		{"ä", nil},
	}
	for _, tt := range tests {
		got, err := scopes.Parse(tt.in)
		if tt.want == nil {
			if err == nil {
				t.Errorf("Parse(%q) = %q, want an error", tt.in, got)
			}
			continue
		}
		if err != nil || !slices.Equal(got.Values(), tt.want) {
			t.Errorf("Parse(%q) = %q, %v, want %q", tt.in, got.Values(), err, tt.want)
		}
	}
}

func TestGranted(t *testing.T) {
	tests := []struct {
		in        string
		has, lack []string
	}{
		{"", nil, []string{"", "a"}},
		{"a b", []string{"a", "b"}, []string{"", "A", "a b", "ab"}},
		{"  a   b ", []string{"a", "b"}, []string{""}},
		{"a\tb", []string{"a\tb"}, []string{"a", "b"}},
		{"a\u00a0b\u2003c", nil, []string{"a", "b", "c"}},
		{"orders:readx", nil, []string{"orders:read", "orders"}},
		{"orders:*", nil, []string{"orders:read"}},
	}
	for _, tt := range tests {
		got := scopes.Granted(tt.in)
		for _, v := range tt.has {
			if !got.Has(v) {
				t.Errorf("Granted(%q) lacks %q", tt.in, v)
			}
		}
		for _, v := range tt.lack {
			if got.Has(v) {
				t.Errorf("Granted(%q) has %q", tt.in, v)
			}
		}
	}
}

func TestSetOfManyValues(t *testing.T) {
	var list []string
	for i := range 1000 {
		list = append(list, fmt.Sprint("s", i))
	}
	set := scopes.NewSet(append(list, list...)...)
	if set.Len() != 1000 {
		t.Errorf("Len = %d", set.Len())
	}
	for _, v := range list {
		if !set.Has(v) {
			t.Errorf("lacks %s", v)
		}
	}
	if set.Has("s1000") || set.Has("") {
		t.Error("has what it was not given")
	}
}

func TestSetIsImmutable(t *testing.T) {
	values := []string{"b", "a"}
	set := scopes.NewSet(values...)
	values[0] = "x"
	set.Values()[0] = "y"
	if got := set.String(); got != "a b" {
		t.Errorf("the set became %q", got)
	}
	if got := set.Union(scopes.NewSet("c", "a")).String(); got != "a b c" || set.Len() != 2 {
		t.Errorf("union is %q, the set has %d values", got, set.Len())
	}
	if got := (scopes.Set{}).Union(set).Union(scopes.Set{}).String(); got != "a b" {
		t.Errorf("union with the empty set is %q", got)
	}
	if scopes.NewSet("a b").Has("a") {
		t.Error("a value with a space in it was split")
	}
}

func FuzzGranted(f *testing.F) {
	for _, s := range []string{"", "a", "a b", " a  b ", "a\tb", "a\"b", "ä b"} {
		f.Add(s)
	}
	// The reference is written from RFC 6749 §3.3, a character at a time.
	reference := func(s string) (tokens map[string]bool, grammar bool) {
		tokens, grammar = map[string]bool{}, true
		current := ""
		for _, r := range s + " " {
			switch {
			case r == ' ':
				if current == "" {
					grammar = false
				} else {
					tokens[current] = true
				}
				current = ""
				continue
			case r == 0x21, r >= 0x23 && r <= 0x5b, r >= 0x5d && r <= 0x7e:
			default:
				grammar = false
			}
			current += string(r)
		}
		return tokens, grammar
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ToValidUTF8(s, "") != s {
			return // a claim is valid UTF-8 when it comes here
		}
		tokens, grammar := reference(s)
		granted := scopes.Granted(s)
		if granted.Len() != len(tokens) {
			t.Fatalf("Granted(%q) has %d values, want %d", s, granted.Len(), len(tokens))
		}
		for token := range tokens {
			if !granted.Has(token) {
				t.Fatalf("Granted(%q) lacks %q", s, token)
			}
		}
		parsed, err := scopes.Parse(s)
		if (err == nil) != grammar {
			t.Fatalf("Parse(%q) = %v, the grammar says %v", s, err, grammar)
		}
		if err == nil && parsed.String() != granted.String() {
			t.Fatalf("Parse(%q) is %q, Granted is %q", s, parsed, granted)
		}
	})
}
