package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
	"github.com/bearerguard/bearerguard/validator/introspect"
	"github.com/bearerguard/bearerguard/validator/mtls"
	"github.com/bearerguard/bearerguard/validator/revocation"
)

// bound is an authorization server that speaks TLS and binds tokens to keys, and an
// API behind it that checks that, on all three transports.
type bound struct {
	server      *devserver.Server
	api         *api
	nonces      *dpop.Nonces
	revocations *revocation.List
	secret      string          // of the clients
	prover      *dpop.Prover    // the key of the client "prover"
	certificate tls.Certificate // of the client "certified"
	stranger    tls.Certificate // of nobody
	client      *http.Client    // of the client "certified"
	stop        []func()
}

func startBound() (_ *bound, err error) {
	b := &bound{secret: devserver.NewSecret()}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	own, err := selfSigned()
	if err != nil {
		return nil, err
	}
	if b.certificate, err = selfSigned(); err != nil {
		return nil, err
	}
	if b.stranger, err = selfSigned(); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	if b.prover, err = dpop.NewProver(key); err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(own.Leaf)
	b.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{b.certificate}}}}

	client := func(id string) devserver.Client {
		return devserver.Client{ID: id, Secret: b.secret, Scopes: []string{"orders:read"}, DefaultScopes: []string{"orders:read"}, Audiences: []string{ordersAPI}}
	}
	opaque, proves, certified, api := client("opaque"), client("prover"), client("certified"), client("orders-api")
	opaque.AccessTokenFormat = devserver.FormatOpaque
	proves.DPoPBound = true
	certified.Secret, certified.CertificateBound = "", true
	certified.CertificateThumbprints = []string{mtls.Thumbprint(b.certificate.Leaf)}
	api.Introspection = true
	if b.server, err = devserver.New(devserver.Config{TLSCertificate: &own, Clients: []devserver.Client{opaque, proves, certified, api}}); err != nil {
		return nil, err
	}
	if err := b.server.Start(); err != nil {
		return nil, err
	}
	b.stop = append(b.stop, func() { _ = b.server.Close() })

	v, err := b.newValidator(&tls.Config{RootCAs: roots})
	if err != nil {
		return nil, err
	}
	b.stop = append(b.stop, func() { _ = v.Close() })
	asIs := func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} }
	b.api, err = startAPI(v, asIs, &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequestClientCert, NextProtos: []string{"h2", "http/1.1"}}, roots)
	if err != nil {
		return nil, err
	}
	b.stop = append(b.stop, b.api.close)
	return b, nil
}

func (b *bound) close() {
	for _, stop := range b.stop {
		stop()
	}
}

// newValidator takes JWTs and opaque tokens, bound to a key, to a certificate or to
// nothing, unless they were revoked.
func (b *bound) newValidator(trust *tls.Config) (_ *validator.Validator, err error) {
	keys, err := jwks.NewRemote(jwks.Config{Issuer: b.server.Issuer(), Transport: &http.Transport{TLSClientConfig: trust}})
	if err != nil {
		return nil, err
	}
	b.stop = append(b.stop, func() { _ = keys.Close() })
	introspector, err := introspect.New(introspect.Config{
		Issuer: b.server.Issuer(), TLS: trust,
		Auth:  introspect.ClientAuth{Method: introspect.SecretBasic, ClientID: "orders-api", Secret: b.secret},
		Cache: introspect.CacheConfig{Off: true}, // so that this program need not wait
	})
	if err != nil {
		return nil, err
	}
	b.stop = append(b.stop, func() { _ = introspector.Close() })
	if b.nonces, err = dpop.NewNonces(dpop.NonceConfig{}); err != nil {
		return nil, err
	}
	proofs, err := dpop.New(dpop.Config{Nonces: b.nonces})
	if err != nil {
		return nil, err
	}
	certificates, err := mtls.New(mtls.Config{})
	if err != nil {
		return nil, err
	}
	if b.revocations, err = revocation.New(revocation.Config{}); err != nil {
		return nil, err
	}
	return validator.New(validator.Config{
		Issuer:       b.server.Issuer(),
		Audiences:    []string{ordersAPI},
		Keys:         keys,
		Bindings:     []validator.Binding{proofs, certificates},
		Revocation:   b.revocations,
		Introspector: introspector,
	})
}

// token asks for a token as the client does: with its secret, and a proof or a
// certificate if it has one.
func (b *bound) token(ctx context.Context, client string) (string, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if client == "certified" {
		form.Set("client_id", client) // RFC 8705 §2
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.server.TokenURL(), strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client != "certified" {
		request.SetBasicAuth(client, b.secret)
	}
	if client == "prover" {
		proof, err := b.prover.Proof(dpop.Request{Method: http.MethodPost, URL: b.server.TokenURL()})
		if err != nil {
			return "", err
		}
		request.Header.Set("DPoP", proof)
	}
	response, err := b.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
		Error string `json:"error"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Token == "" {
		return "", fmt.Errorf("the token endpoint refuses %s: %d %s", client, response.StatusCode, answer.Error)
	}
	return answer.Token, nil
}

// boundExchanges are those that need TLS, a proof or an authorization server that is
// asked.
func boundExchanges(ctx context.Context, b *bound) ([]exchange, error) {
	tokens := map[string]string{}
	for _, client := range []string{"opaque", "prover", "certified"} {
		token, err := b.token(ctx, client)
		if err != nil {
			return nil, err
		}
		tokens[client] = token
	}
	revoked, err := b.server.Mint(devserver.TokenSpec{Claims: map[string]any{
		"sub": "opaque", "client_id": "opaque", "aud": ordersAPI, "scope": "orders:read", "jti": "revoked-1",
	}})
	if err != nil {
		return nil, err
	}
	if err := b.revocations.RevokeToken(ctx, b.server.Issuer(), "revoked-1", time.Now().Add(time.Hour)); err != nil {
		return nil, err
	}
	with := func(nonce string) prove {
		return func(method, url string) (string, error) {
			return b.prover.Proof(dpop.Request{Method: method, URL: url, AccessToken: tokens["prover"], Nonce: nonce})
		}
	}
	nonce := b.nonces.Current() // a client has it from the DPoP-Nonce field of an answer
	once := map[string]string{}
	replayed := func(method, url string) (string, error) {
		if once[url] == "" {
			proof, err := with(nonce)(method, url)
			if err != nil {
				return "", err
			}
			once[url] = proof
		}
		return once[url], nil
	}
	elsewhere := func(method, _ string) (string, error) { return with(nonce)(method, "https://elsewhere.example.com/") }
	proved := []string{"DPoP " + tokens["prover"]}
	certified := bearer(tokens["certified"])
	return []exchange{
		{request: "opaque token", authorization: bearer(tokens["opaque"]), op: list},
		{request: "opaque token that nobody knows", authorization: bearer("b3BhcXVl"), op: list, want: validator.CodeTokenInactive},
		{request: "scope is missing, opaque token", authorization: bearer(tokens["opaque"]), op: create, want: validator.CodeInsufficientScope, scope: "orders:write"},
		{request: "revoked token", authorization: bearer(revoked), op: list, want: validator.CodeTokenRevoked},

		{request: "token with a DPoP proof", authorization: proved, op: list, proof: with(nonce)},
		{request: "scope is missing, DPoP", authorization: proved, op: create, proof: with(nonce), want: validator.CodeInsufficientScope, scope: "orders:write"},
		{request: "no DPoP proof", authorization: proved, op: list, want: validator.CodeDPoPProofInvalid},
		{request: "DPoP proof for another URL", authorization: proved, op: list, proof: elsewhere, want: validator.CodeDPoPProofInvalid},
		{request: "DPoP proof, used for the first time", authorization: proved, op: list, proof: replayed},
		{request: "DPoP proof, replayed", authorization: proved, op: list, proof: replayed, want: validator.CodeDPoPProofInvalid},
		{request: "DPoP proof without a nonce", authorization: proved, op: list, proof: with(""), want: validator.CodeDPoPNonceRequired},
		{request: "DPoP token sent as bearer token", authorization: bearer(tokens["prover"]), op: list, want: validator.CodeBindingFailed},

		{request: "certificate-bound token", authorization: certified, op: list, certificate: &b.certificate},
		{request: "certificate-bound token, no certificate", authorization: certified, op: list, want: validator.CodeBindingFailed},
		{request: "certificate-bound token, another one", authorization: certified, op: list, certificate: &b.stranger, want: validator.CodeBindingFailed},
	}, nil
}

// selfSigned makes a certificate for this machine (RFC 8705 §2.2: self-signed ones
// will do for clients).
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes([]byte(rand.Text())),
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:        true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}
