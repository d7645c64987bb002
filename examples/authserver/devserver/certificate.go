package devserver

import (
	"crypto/x509"
	"net/http"
	"slices"
)

// The ways to authenticate by a certificate (RFC 8705 §2.1.1 and §2.2.1). They
// are there with TLS only.
const (
	methodTLSClientAuth = "tls_client_auth"
	methodSelfSigned    = "self_signed_tls_client_auth"
)

// certified reports whether a client can authenticate by a certificate.
func (c *client) certified() bool { return len(c.certificates) > 0 || c.certificateDNSName != "" }

// byCertificate authenticates a client by mutual TLS (RFC 8705 §2). The handshake
// has proved that the client has the key, so what is left is whether the
// certificate is one of its own.
func (s *Server) byCertificate(found *client, chain []*x509.Certificate) *refusal {
	switch {
	// §2.2: registered by itself, nobody else has to vouch for it.
	case slices.Contains(found.certificates, certificateThumbprint(chain[0])):
		return nil
	case found.certificateDNSName != "" && slices.Contains(chain[0].DNSNames, found.certificateDNSName) && s.vouchedFor(chain):
		return nil
	}
	return refuse(invalidClient, "the certificate is not one of this client")
}

// vouchedFor reports whether an authority of the configuration has issued the
// certificate, for a client and for now (RFC 8705 §2.1, §7.1).
func (s *Server) vouchedFor(chain []*x509.Certificate) bool {
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         s.config.ClientCAs, // never nil here, which would mean those of the system
		Intermediates: intermediates,
		CurrentTime:   s.config.Clock.Now(),
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err == nil
}

// certificateChain returns what the client has shown in the handshake.
func certificateChain(r *http.Request) []*x509.Certificate {
	if r.TLS == nil {
		return nil
	}
	return r.TLS.PeerCertificates
}
