package scopes

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Bounds of what [ParseRequirement] reads.
const (
	maxText  = 4096 // bytes
	maxDepth = 16   // parentheses within each other
)

// ParseRequirement reads a requirement as [Requirement.String] writes it, for
// configuration files:
//
//	orders:read
//	orders:read AND (billing:read OR admin)
//	authenticated
//	payments:write AND acr(urn:example:gold urn:example:silver) AND max_age(5m)
//
// AND, OR and authenticated are words of the language in this spelling only; a
// scope of that name, or one with a parenthesis in it, stands in double quotes.
// AND and OR are not mixed without parentheses. acr takes classes in order of
// preference, as [ACR] does, and max_age a duration in Go's notation (see
// [time.ParseDuration]). The text has at most 4096 bytes, and 16 parentheses within
// each other. The error tells the offset of the mistake in bytes.
func ParseRequirement(text string) (Requirement, error) {
	if len(text) > maxText {
		return Requirement{}, fmt.Errorf("scopes: a requirement of more than %d bytes", maxText)
	}
	p := parser{text: text}
	p.next()
	r, err := p.expression(0)
	if err == nil && p.token != "" {
		err = errors.New("expected AND, OR or the end")
	}
	if err != nil {
		return Requirement{}, fmt.Errorf("scopes: requirement, at offset %d: %w", p.start, err)
	}
	return r, nil
}

// A parser reads one token ahead. A token is "(", ")", a word, a word in quotes
// with both of them, or empty at the end.
type parser struct {
	text  string
	start int // of token
	end   int
	token string
}

func (p *parser) next() {
	p.start = p.end + len(p.text[p.end:]) - len(strings.TrimLeft(p.text[p.end:], " \t\r\n"))
	rest := p.text[p.start:]
	n := strings.IndexAny(rest, " \t\r\n()")
	switch {
	case rest == "" || n < 0:
		n = len(rest)
	case n == 0:
		n = 1
	}
	if strings.HasPrefix(rest, `"`) {
		if i := strings.IndexByte(rest[1:], '"'); i >= 0 {
			n = i + 2
		}
	}
	p.token, p.end = rest[:n], p.start+n
}

// expression = term *( "AND" term ) / term *( "OR" term )
func (p *parser) expression(depth int) (Requirement, error) {
	first, err := p.term(depth)
	if err != nil || p.token != wordAnd && p.token != wordOr {
		return first, err
	}
	word, terms := p.token, []Requirement{}
	for p.token == word {
		p.next()
		term, err := p.term(depth)
		if err != nil {
			return Requirement{}, err
		}
		terms = append(terms, term)
	}
	if p.token == wordAnd || p.token == wordOr {
		return Requirement{}, errors.New("AND and OR are mixed: parentheses tell what belongs together")
	}
	if word == wordAnd {
		return first.And(terms...), nil
	}
	return first.Or(terms...), nil
}

// term = "(" expression ")" / "authenticated" / "acr(" 1*word ")" /
// "max_age(" duration ")" / word
func (p *parser) term(depth int) (Requirement, error) {
	token := p.token
	switch token {
	case "(":
		if depth == maxDepth {
			return Requirement{}, fmt.Errorf("more than %d parentheses within each other", maxDepth)
		}
		p.next()
		r, err := p.expression(depth + 1)
		if err != nil {
			return Requirement{}, err
		}
		return r, p.close()
	case wordAuthenticated:
		p.next()
		return Authenticated(), nil
	case "", ")", wordAnd, wordOr:
		return Requirement{}, errors.New("expected a scope")
	}
	scope, ok := unquote(token)
	if !ok {
		return Requirement{}, fmt.Errorf("%q is not a scope-token (RFC 6749 §3.3)", token)
	}
	p.next()
	if p.token == "(" {
		return p.call(token)
	}
	return All(scope), nil
}

// call reads what stands in the parentheses of a name.
func (p *parser) call(name string) (Requirement, error) {
	if name != "acr" && name != "max_age" {
		return Requirement{}, errors.New("expected AND, OR or the end; only acr and max_age have parentheses")
	}
	p.next()
	var values []string
	for p.token != ")" {
		value, ok := unquote(p.token)
		if !ok {
			return Requirement{}, fmt.Errorf("%s: expected a value or a parenthesis", name)
		}
		values = append(values, value)
		p.next()
	}
	switch {
	case len(values) == 0:
		return Requirement{}, fmt.Errorf("%s: no value", name)
	case name == "acr":
		return ACR(values...), p.close()
	}
	d, err := time.ParseDuration(values[0])
	if err != nil || len(values) > 1 || d <= 0 || d%time.Second != 0 {
		return Requirement{}, errors.New(`max_age: expected one positive duration of whole seconds, such as "5m"`)
	}
	return MaxAge(d), p.close()
}

func (p *parser) close() error {
	if p.token != ")" {
		return errors.New("expected a closing parenthesis")
	}
	p.next()
	return nil
}

// unquote returns what a word stands for, if that can be a scope or a class.
func unquote(token string) (string, bool) {
	if len(token) > 1 && token[0] == '"' && token[len(token)-1] == '"' {
		token = token[1 : len(token)-1]
	} else if strings.ContainsAny(token, "()") {
		return "", false
	}
	return token, isToken(token)
}
