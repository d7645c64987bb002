package validator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

const timeLayout = time.RFC3339

// The bounds of what an [Explanation] shows of a token.
const (
	maxShownBytes  = 512 // of one value, before it is escaped
	maxShownValues = 64  // of a list
)

// A printer makes text of what comes from outside. It does not print the strings
// that it consists of, wherever they turn up: an authorization server may repeat the
// token in an answer.
type printer []string

// printerWithout does not print the token, nor a part of it.
func printerWithout(token string) printer {
	var p printer
	for _, part := range append(strings.Split(token, "."), token) {
		if len(part) >= minSecret {
			p = append(p, part)
		}
	}
	return p
}

// minSecret is the length from which on a part of a token is one of a kind.
const minSecret = 16

// headerFields are the parameters of a header that are worth showing.
func (p printer) headerFields(header []byte) []ExplainedField {
	return p.fields(header, []string{"alg", "kid", "typ"}, func(_ string, value jsontext.Value) string { return p.shown(value) })
}

// usualScopeClaims are where authorization servers put what they grant. They are
// shown even if nothing is read from them, because that is the most likely mistake.
var usualScopeClaims = []string{"scope", "scp", "permissions", "roles", "realm_access", "resource_access"}

// claimFields are the claims of a payload that the checks look at, and those that
// they should perhaps have looked at for scopes. The subject and
// jti are not among them: no check is about them, the one may be a person, and with
// some authorization servers the other is as good as the token.
func (p printer) claimFields(v *Validator, payload []byte, now time.Time) []ExplainedField {
	names := []string{"active", "iss", "aud"}
	names = append(names, v.config.ClientIDClaims...)
	for i := range v.scopeClaims {
		names = append(names, v.scopeClaims[i].path[0])
	}
	names = append(names, usualScopeClaims...)
	names = append(names, "exp", "nbf", "iat", "typ", "token_use", "token_type", "cnf", "acr", "auth_time", "act", "authorization_details")
	return p.fields(payload, names, func(name string, value jsontext.Value) string {
		switch name {
		case "exp", "nbf", "iat", "auth_time":
			return p.shownDate(value, now)
		case "act", "authorization_details":
			return p.kindOf(value)
		}
		return p.shown(value)
	})
}

// fields reads an object and returns those members that are among names, in the
// order of names. It is empty if the object cannot be read.
func (p printer) fields(object []byte, names []string, text func(name string, value jsontext.Value) string) []ExplainedField {
	found := map[string]string{}
	err := strictjson.Object(object, maxJSONDepth, func(name []byte, value jsontext.Value) error {
		if slices.Contains(names, string(name)) {
			found[string(name)] = text(string(name), value)
		}
		return nil
	})
	if err != nil {
		return nil
	}
	var list []ExplainedField
	for _, name := range names {
		if value, ok := found[name]; ok {
			list = append(list, ExplainedField{p.printable(name), value})
			delete(found, name) // names can have it twice
		}
	}
	return list
}

// shown is a value as text: strings and lists of strings whole, of objects the
// names only.
func (p printer) shown(value jsontext.Value) string {
	if s, ok := strictjson.View(value); ok {
		return p.quoted(s)
	}
	if list, ok := strictjson.Strings(value); ok {
		more := ""
		if len(list) > maxShownValues {
			list, more = list[:maxShownValues], fmt.Sprintf(" and %d more", len(list)-maxShownValues)
		}
		for i := range list {
			list[i] = p.quoted(list[i])
		}
		return "[" + strings.Join(list, " ") + "]" + more
	}
	switch value.Kind() {
	case '0', 't', 'f', 'n':
		return p.printable(string(value))
	}
	return p.kindOf(value)
}

// kindOf says what a value is, and of an object what is in it.
func (p printer) kindOf(value jsontext.Value) string {
	switch value.Kind() {
	case '[':
		return "a list"
	case '{':
		var names []string
		_ = strictjson.Object(value, maxJSONDepth, func(name []byte, _ jsontext.Value) error {
			if len(names) < maxShownValues {
				names = append(names, p.quoted(string(name)))
			}
			return nil
		})
		return "an object with [" + strings.Join(names, " ") + "]"
	}
	return "neither a list nor an object"
}

// shownDate is a NumericDate as a date, and how far it is from now.
func (p printer) shownDate(value jsontext.Value, now time.Time) string {
	seconds, ok := strictjson.NumericDate(value, strictjson.Floor)
	if !ok {
		return p.shown(value)
	}
	at := time.Unix(seconds, 0).UTC()
	if at.Year() > 9999 {
		return p.printable(string(value))
	}
	text := at.Format(timeLayout)
	if d := at.Sub(now).Truncate(time.Second); d > 0 {
		return text + ", in " + d.String()
	} else if d < 0 {
		return text + ", " + (-d).String() + " ago"
	}
	return text + ", now"
}

func (p printer) quoted(s string) string { return `"` + p.printable(s) + `"` }

// printable returns s in printable ASCII, shortened to what a person reads. What
// looks like a token is not shown, wherever it is.
func (p printer) printable(s string) string {
	if p.has(s) || carriesToken(s) {
		return "(looks like a token)"
	}
	more := ""
	if len(s) > maxShownBytes {
		s, more = s[:maxShownBytes], fmt.Sprintf("... (%d bytes)", len(s))
	}
	text := strconv.QuoteToASCII(s)
	return strings.ReplaceAll(text[1:len(text)-1], `\"`, `'`) + more
}

// has reports whether s has something that is not to be printed.
func (p printer) has(s string) bool {
	return slices.ContainsFunc(p, func(secret string) bool { return strings.Contains(s, secret) })
}

// carriesToken reports whether a word of s has the shape of a JWT.
func carriesToken(s string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(s, func(c rune) bool {
		return !isAlphanumeric(byte(min(c, 0x7f))) && c != '-' && c != '_' && c != '.' && c != '='
	}), func(word string) bool { return looksLikeJWT(word) && len(word) > 64 })
}

func (p printer) printables(values []string) []string {
	if len(values) > maxShownValues {
		values = values[:maxShownValues]
	}
	for i := range values {
		values[i] = p.printable(values[i])
	}
	return values
}
