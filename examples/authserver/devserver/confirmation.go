package devserver

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
)

// confirmation names the keys that a token is bound to (RFC 7800 §3.1), each by
// its thumbprint; an empty one is none.
type confirmation struct {
	jkt string // of a key that has signed a DPoP proof (RFC 9449 §6.1)
	x5t string // of a certificate in a TLS handshake (RFC 8705 §3.1)
}

// members returns the claim "cnf", nil if the token is a bearer token.
func (c confirmation) members() map[string]string {
	var cnf map[string]string
	for name, thumbprint := range map[string]string{"jkt": c.jkt, "x5t#S256": c.x5t} {
		if thumbprint != "" {
			if cnf == nil {
				cnf = map[string]string{}
			}
			cnf[name] = thumbprint
		}
	}
	return cnf
}

// tokenType returns the token_type of a token that is bound like this: one with a
// certificate alone is "Bearer" (RFC 9449 §5, RFC 8705 §3).
func (c confirmation) tokenType() string {
	if c.jkt != "" {
		return "DPoP"
	}
	return "Bearer"
}

// covers reports whether all keys of bound are among these.
func (c confirmation) covers(bound confirmation) bool {
	return (bound.jkt == "" || bound.jkt == c.jkt) && (bound.x5t == "" || bound.x5t == c.x5t)
}

// confirm finds the keys that a token request proves: that of a DPoP proof if
// there is one, and the certificate if the client wants its tokens bound to it.
func (s *Server) confirm(w http.ResponseWriter, r *http.Request, by *client) (c confirmation, problem *refusal) {
	if by.certificateBound {
		certificate := peerCertificate(r)
		if certificate == nil {
			return c, refuse(invalidRequest, "no client certificate, and the client's tokens are bound to one")
		}
		c.x5t = certificateThumbprint(certificate)
	}
	if c.jkt, problem = s.proofKey(w, r, by); problem == nil && c.jkt == "" && by.dpopBound {
		problem = refuse(invalidDPoPProof, "no DPoP proof, and the client's tokens are bound to one") // RFC 9449 §5.2
	}
	return c, problem
}

// peerCertificate returns the certificate that the client has shown in the TLS
// handshake, in which it has proved to have the key; nil if there is none.
func peerCertificate(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}

// certificateThumbprint returns the x5t#S256 of a certificate (RFC 8705 §3.1).
func certificateThumbprint(certificate *x509.Certificate) string {
	sum := sha256.Sum256(certificate.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// isThumbprint reports whether s is a SHA-256 in base64url.
func isThumbprint(s string) bool {
	_, ok := parseChallenge(s) // the same form (RFC 7636 §4.2)
	return ok
}
