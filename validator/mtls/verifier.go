package mtls

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"errors"

	"github.com/bearerguard/bearerguard/internal/proxies"
	"github.com/bearerguard/bearerguard/validator"
)

// member is the member of cnf that has the certificate's thumbprint (RFC 8705
// §3.1).
const member = "x5t#S256"

// A Verifier is the [validator.Binding] of certificate-bound tokens. It is
// immutable and safe for concurrent use. It keeps nothing between requests: the
// SHA-256 of a certificate costs about as much as looking one up.
type Verifier struct {
	required  bool
	proxies   proxies.List
	everyPeer bool
	header    Header
}

var _ validator.Binding = (*Verifier)(nil)

// The refusals. All have one public description, that of the code.
var (
	errUnbound       = refusal("the token is not bound to a certificate")
	errNoCertificate = refusal("no client certificate")
	errNoInfo        = refusal("nothing is known of the request around the token")
	errRepeated      = refusal("the header field of the certificate is repeated")
	errMalformed     = refusal("the header field of the certificate is malformed")
	errMismatch      = refusal("another client certificate than the token's")
)

func refusal(cause string) *validator.Error {
	return validator.NewError(validator.CodeBindingFailed, errors.New(cause))
}

// Member returns "x5t#S256" (RFC 8705 §3.1).
func (v *Verifier) Member() string { return member }

// Verify decides whether the client has shown the certificate with that
// thumbprint. Without a thumbprint it lets the token pass, unless
// [Config.Required]. The error is of [validator.CodeBindingFailed] (RFC 8705 §3:
// "invalid_token" with status 401).
func (v *Verifier) Verify(_ context.Context, c validator.Credential, thumbprint string) error {
	if thumbprint == "" {
		if v.required {
			return errUnbound
		}
		return nil
	}
	if c.Info == nil {
		return errNoInfo
	}
	shown, refused := v.certificate(c.Info)
	if refused != nil {
		return refused
	}
	encoded := encode(shown)
	if subtle.ConstantTimeCompare(encoded[:], []byte(thumbprint)) != 1 {
		return errMismatch
	}
	return nil
}

// digest is the SHA-256 of a certificate in DER.
type digest = [sha256.Size]byte

// certificate returns the digest of the client's certificate.
func (v *Verifier) certificate(info validator.RequestInfo) (digest, *validator.Error) {
	if v.everyPeer || v.proxies.Has(info.RemoteAddr()) {
		return v.forwarded(info.Header(v.header.name))
	}
	if cert := info.PeerCertificate(); cert != nil {
		return sha256.Sum256(cert.Raw), nil
	}
	return digest{}, errNoCertificate
}

// forwarded reads what a trusted proxy tells. A field that is there twice has
// one value from the proxy and one from somebody else, and nothing says which is
// which.
func (v *Verifier) forwarded(values []string) (digest, *validator.Error) {
	switch {
	case len(values) == 0:
		return digest{}, errNoCertificate
	case len(values) > 1:
		return digest{}, errRepeated
	case values[0] == "": // how some proxies say that the client has none
		return digest{}, errNoCertificate
	case len(values[0]) > maxField:
		return digest{}, errMalformed
	}
	shown, ok := v.header.parse(values[0])
	if !ok {
		return digest{}, errMalformed
	}
	return shown, nil
}

// encode returns base64url without padding (RFC 8705 §3.1), 43 characters.
func encode(d digest) (encoded [43]byte) {
	base64.RawURLEncoding.Encode(encoded[:], d[:])
	return encoded
}

// Thumbprint returns the certificate's x5t#S256 (RFC 8705 §3.1): what an
// authorization server writes into cnf.
func Thumbprint(cert *x509.Certificate) string {
	encoded := encode(sha256.Sum256(cert.Raw))
	return string(encoded[:])
}
