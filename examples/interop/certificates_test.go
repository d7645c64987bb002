//go:build interop

package interop_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// An authority is a certificate authority of one test.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pool        *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool()}
	root := a.issue(t, &x509.Certificate{
		Subject:  pkix.Name{CommonName: "interop CA"},
		IsCA:     true,
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true,
	})
	a.certificate, a.key = root.Leaf, root.PrivateKey.(crypto.Signer)
	a.pool.AddCert(a.certificate)
	return a
}

// server issues a certificate for loopback.
func (a *authority) server(t *testing.T) tls.Certificate {
	t.Helper()
	return a.issue(t, &x509.Certificate{
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

// client issues a client certificate with a name.
func (a *authority) client(t *testing.T, name string) *tls.Certificate {
	t.Helper()
	certificate := a.issue(t, &x509.Certificate{
		DNSNames:    []string{name},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return &certificate
}

// selfSigned makes a client certificate that nobody else vouches for (RFC 8705 §2.2).
func selfSigned(t *testing.T) *tls.Certificate {
	t.Helper()
	certificate := (&authority{}).issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "self"}})
	return &certificate
}

// issue signs a certificate for a new key, which signs it itself if there is no
// authority yet.
func (a *authority) issue(t *testing.T, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := template, crypto.Signer(key)
	if a.certificate != nil {
		parent, signer = a.certificate, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// clientTLS is the client's side of a connection to a server of an authority, with a
// certificate unless that is nil. It is shown whatever the server says it trusts:
// tls.Config.Certificates would hold back one that is self-signed.
func clientTLS(a *authority, certificate *tls.Certificate) *tls.Config {
	config := &tls.Config{RootCAs: a.pool}
	if certificate != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	return config
}

// pems returns a certificate and its key as Node.js wants them.
func pems(t *testing.T, c tls.Certificate) (certificate, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	var one, two bytes.Buffer
	if err := pem.Encode(&one, &pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}); err != nil {
		t.Fatal(err)
	}
	if err := pem.Encode(&two, &pem.Block{Type: "PRIVATE KEY", Bytes: der}); err != nil {
		t.Fatal(err)
	}
	return one.String(), two.String()
}

// x5c is a certificate as a JWK has it (RFC 7517 §4.7).
func x5c(c *tls.Certificate) []string {
	return []string{base64.StdEncoding.EncodeToString(c.Certificate[0])}
}
