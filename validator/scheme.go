package validator

import (
	"errors"
	"slices"
	"strings"
)

// bearer is the authentication scheme of RFC 6750 §2.1.
const bearer = "Bearer"

var errUnsupportedScheme = errors.New("unsupported authentication scheme")

// A Scheme is an authentication scheme beside "Bearer".
type Scheme struct {
	// Name is the scheme's name, "DPoP".
	Name string
	// Algorithms are the JWS algorithms that a challenge offers for proofs (RFC
	// 9449 §7.1).
	Algorithms []string
	// Required says that it takes the place of "Bearer".
	Required bool
}

// schemesOf returns the schemes of bindings.
func schemesOf(bindings []Binding) (schemes []Scheme) {
	for _, b := range bindings {
		if s, ok := b.(SchemeBinding); ok {
			schemes = append(schemes, s.Scheme())
		}
	}
	return schemes
}

// checkScheme wants "Bearer" or one of the schemes. A credential without scheme is
// none. Where a scheme takes the place of "Bearer", its binding says what becomes of
// bearer tokens.
func checkScheme(c Credential, schemes []Scheme) *Error {
	if c.Scheme == bearer || strings.EqualFold(c.Scheme, bearer) {
		return nil
	}
	for i := range schemes {
		if strings.EqualFold(c.Scheme, schemes[i].Name) {
			return nil
		}
	}
	return NewError(CodeCredentialsMissing, errUnsupportedScheme)
}

// mergeSchemes returns what APIs accept together.
func mergeSchemes(validators []*Validator) []Scheme {
	var merged []Scheme
	for _, v := range validators {
		for _, scheme := range v.schemes {
			i := slices.IndexFunc(merged, func(s Scheme) bool { return s.Name == scheme.Name })
			if i < 0 {
				scheme.Algorithms = slices.Clone(scheme.Algorithms)
				merged = append(merged, scheme)
				continue
			}
			for _, name := range scheme.Algorithms {
				if !slices.Contains(merged[i].Algorithms, name) {
					merged[i].Algorithms = append(merged[i].Algorithms, name)
				}
			}
		}
	}
	for i := range merged {
		merged[i].Required = !slices.ContainsFunc(validators, func(v *Validator) bool {
			return !slices.ContainsFunc(v.schemes, func(s Scheme) bool { return s.Name == merged[i].Name && s.Required })
		})
	}
	return merged
}
