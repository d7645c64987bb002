package introspect

import (
	"context"
	"crypto"
	"fmt"
	"io"
	"log/slog"

	"github.com/bearerguard/bearerguard/internal/clientauth"
)

// An AuthMethod is a way for this API to authenticate to the authorization
// server, by its registered name (RFC 8414 §2,
// introspection_endpoint_auth_methods_supported).
type AuthMethod string

// The methods.
const (
	// SecretBasic sends id and secret as HTTP Basic authentication, each
	// form-urlencoded before (RFC 6749 §2.3.1).
	SecretBasic AuthMethod = "client_secret_basic"
	// SecretPost sends id and secret in the form (RFC 6749 §2.3.1).
	SecretPost AuthMethod = "client_secret_post"
	// PrivateKeyJWT sends a new assertion each time, signed with a private key
	// and good for one minute (RFC 7523 §2.2).
	PrivateKeyJWT AuthMethod = "private_key_jwt"
	// TLSClientAuth shows a certificate that a CA has issued (RFC 8705 §2.1): that
	// of [Config].TLS, or of [Config].Transport.
	TLSClientAuth AuthMethod = "tls_client_auth"
	// SelfSignedTLSClientAuth shows a certificate that is registered itself (RFC
	// 8705 §2.2).
	SelfSignedTLSClientAuth AuthMethod = "self_signed_tls_client_auth"
	// BearerToken sends an access token of this API's own (RFC 7662 §2.1). It is
	// not a registered name.
	BearerToken AuthMethod = "bearer"
)

// ClientAuth is how this API authenticates to the authorization server. Fields
// that the Method does not use must be empty. It prints itself without secrets.
type ClientAuth struct {
	_ [0]func()

	// Method is required.
	Method AuthMethod
	// ClientID is the client identifier of this API. Only BearerToken does without.
	ClientID string
	// Secret is for SecretBasic and SecretPost.
	Secret string

	// Key is for PrivateKeyJWT: RSA of at least 2048 bits, ECDSA on P-256, P-384
	// or P-521, or Ed25519. It may be in a hardware module; it is used for several
	// requests at the same time.
	Key crypto.Signer
	// KeyID names Key in the header of assertions. Empty: they name none.
	KeyID string
	// Algorithm is the JWS algorithm of assertions. Empty: RS256, ES256, ES384,
	// ES512 or EdDSA, by the type of Key.
	Algorithm string
	// Audience is the aud of assertions. Empty: [Config].Issuer. The issuer
	// identifier is the only value that is good at no other server; some servers
	// want the URL of their token endpoint instead (RFC 7523 §3).
	Audience string

	// Token is for BearerToken. It returns an access token that is good at the
	// authorization server; golang.org/x/oauth2 has sources of them that get a
	// new one in time. It is called for each request, several at the same time.
	Token func(context.Context) (string, error)
}

func (a *ClientAuth) showsCertificate() bool {
	return a.Method == TLSClientAuth || a.Method == SelfSignedTLSClientAuth
}

// internal returns what it is for package clientauth.
func (a ClientAuth) internal(issuer string) clientauth.Config {
	if a.Audience == "" && a.Method == PrivateKeyJWT {
		a.Audience = issuer
	}
	return clientauth.Config{
		Method: clientauth.Method(a.Method), ClientID: a.ClientID, Secret: a.Secret,
		Key: a.Key, KeyID: a.KeyID, Algorithm: a.Algorithm, Audience: a.Audience,
		Token: a.Token,
	}
}

const redactedAuth = "client authentication(redacted)"

// Format prints a constant, whatever the verb.
func (ClientAuth) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedAuth) }

// LogValue logs a constant.
func (ClientAuth) LogValue() slog.Value { return slog.StringValue(redactedAuth) }

// MarshalText marshals a constant.
func (ClientAuth) MarshalText() ([]byte, error) { return []byte(redactedAuth), nil }
