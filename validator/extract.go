package validator

import (
	"errors"
	"strings"
)

var (
	errRepeated  = errors.New("more than one Authorization value")
	errNoScheme  = errors.New("the Authorization value names no scheme")
	errNotBearer = errors.New("not the scheme, one or more spaces and a b64token")
)

// parseAuthorization reads every value that a request has for Authorization, in
// HTTP or in gRPC metadata: exactly one, of the form
//
//	"Bearer" 1*SP b64token    (RFC 6750 §2.1)
//
// or the same with another scheme that is supported (RFC 9449 §7.1 has the same
// characters), the scheme in any case (RFC 9110 §11.1), which comes back as it was
// received. Tokens anywhere else (RFC 6750 §2.2 and §2.3: form and query) are never
// looked for.
func (g *Guard) parseAuthorization(values []string) (scheme, token string, _ *Error) {
	switch len(values) {
	case 0:
		return "", "", NewError(CodeCredentialsMissing, nil)
	case 1:
	default:
		return "", "", NewError(CodeMalformedCredentials, errRepeated)
	}
	scheme, rest, _ := strings.Cut(values[0], " ")
	if scheme != bearer && !isAuthScheme(scheme) {
		return "", "", NewError(CodeMalformedCredentials, errNoScheme)
	}
	if g.canonical(scheme) == "" {
		return "", "", NewError(CodeCredentialsMissing, errUnsupportedScheme)
	}
	token = strings.TrimLeft(rest, " ")
	if !g.refusesOthers && !isB64Token(token) {
		return scheme, "", NewError(CodeMalformedCredentials, errNotBearer)
	}
	return scheme, token, nil
}

// canonical returns a scheme as its standard spells it, empty if it is not
// supported.
func (g *Guard) canonical(scheme string) string {
	if scheme == bearer || strings.EqualFold(scheme, bearer) {
		return bearer
	}
	for i := range g.support.Schemes {
		if name := g.support.Schemes[i].Name; strings.EqualFold(scheme, name) {
			return name
		}
	}
	return ""
}

// isAuthScheme reports whether s is an auth-scheme: a token (RFC 9110 §5.6.2
// and §11.1).
func isAuthScheme(s string) bool {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) && strings.IndexByte("!#$%&'*+-.^_`|~", s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

// isB64Token reports whether s is a b64token (RFC 6750 §2.1):
// 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=".
func isB64Token(s string) bool {
	s = strings.TrimRight(s, "=")
	if s == "" {
		return false
	}
	// Tokens are long and nearly all are well-formed: no early exit, and several
	// characters in each step.
	var bad byte
	for ; len(s) >= 4; s = s[4:] {
		bad |= notB64[s[0]] | notB64[s[1]] | notB64[s[2]] | notB64[s[3]]
	}
	for i := range len(s) {
		bad |= notB64[s[i]]
	}
	return bad == 0
}

// notB64 is 1 for characters that a b64token does not have.
var notB64 = func() (table [256]byte) {
	for c := range table {
		if !isAlphanumeric(byte(c)) && strings.IndexByte("-._~+/", byte(c)) < 0 {
			table[c] = 1
		}
	}
	return table
}()

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
