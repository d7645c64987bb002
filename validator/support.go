package validator

import (
	"maps"
	"slices"
)

// Support is what an [Authenticator] can tell about itself, for challenges and
// metadata.
type Support struct {
	// Issuers are the authorization servers whose tokens are accepted, in byte
	// order. Empty: not known at start.
	Issuers []string
	// Schemes are the authentication schemes beside "Bearer".
	Schemes []Scheme
	// CertificateBound tells that tokens can be bound to the client's TLS
	// certificate (RFC 8705 §3).
	CertificateBound bool
}

// Supports returns what v supports. It is the caller's own.
func (v *Validator) Supports() Support {
	return Support{[]string{v.config.Issuer}, cloneSchemes(v.schemes), certificateBound(v.config.Bindings)}
}

// Supports returns what the validators support together. A scheme is required only
// if every validator requires it.
func (s *Issuers) Supports() Support {
	all := Support{Issuers: slices.Sorted(maps.Keys(s.byIssuer)), Schemes: cloneSchemes(s.schemes)}
	for _, v := range s.byIssuer {
		all.CertificateBound = all.CertificateBound || certificateBound(v.config.Bindings)
	}
	return all
}

// Supports returns what all tenants support.
func (s *Tenants) Supports() Support {
	return Support{nil, cloneSchemes(s.schemes), certificateBound(s.config.Bindings)}
}

// certificateBound reports whether one of the bindings is that of RFC 8705 §3.1.
func certificateBound(bindings []Binding) bool {
	return slices.ContainsFunc(bindings, func(b Binding) bool { return b.Member() == "x5t#S256" })
}

func cloneSchemes(schemes []Scheme) []Scheme {
	schemes = slices.Clone(schemes)
	for i := range schemes {
		schemes[i].Algorithms = slices.Clone(schemes[i].Algorithms)
	}
	return schemes
}
