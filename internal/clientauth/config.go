// Package clientauth authenticates a client to the endpoints of its authorization
// server (RFC 6749 §2.3, RFC 7523, RFC 8705 §2).
package clientauth

import (
	"context"
	"crypto"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/bearerguard/bearerguard/internal/clock"
	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/jws"
)

// A Method is a way to authenticate, by its registered name (RFC 8414 §2,
// token_endpoint_auth_methods_supported).
type Method string

// The methods.
const (
	SecretBasic   Method = "client_secret_basic"         // RFC 6749 §2.3.1
	SecretPost    Method = "client_secret_post"          // RFC 6749 §2.3.1
	PrivateKeyJWT Method = "private_key_jwt"             // RFC 7523 §2.2
	TLS           Method = "tls_client_auth"             // RFC 8705 §2.1
	SelfSignedTLS Method = "self_signed_tls_client_auth" // RFC 8705 §2.2
	Bearer        Method = "bearer"                      // RFC 7662 §2.1; not a registered name
)

// Config says who the client is. Fields that the Method does not use must be
// zero.
type Config struct {
	Method   Method
	ClientID string
	Secret   string

	Key       crypto.Signer
	KeyID     string
	Algorithm string // empty: by the type of Key
	Audience  string // of assertions: the authorization server

	Token func(context.Context) (string, error) // for Bearer
}

// An Authenticator authenticates requests. It is safe for concurrent use.
type Authenticator struct {
	config Config
	alg    *jws.Algorithm
	clock  clock.Clock
}

// New returns an Authenticator. Problems go to the list, with field in front of
// the names of fields; with any, the result is of no use.
func New(c Config, source clock.Clock, field string, problems *configerr.List) *Authenticator {
	a := &Authenticator{config: c, clock: clock.Or(source)}
	at := func(name string) string { return field + "." + name }
	secret, key, bearer := false, false, false
	switch c.Method {
	case SecretBasic, SecretPost:
		secret = true
	case PrivateKeyJWT:
		key = true
	case TLS, SelfSignedTLS:
	case Bearer:
		bearer = true
	case "":
		problems.Add(at("Method"), "required")
		return a
	default:
		problems.Add(at("Method"), "not a known method")
		return a
	}
	problems.Check(c.ClientID != "" || bearer, at("ClientID"), "required")
	problems.Check(utf8.ValidString(c.ClientID), at("ClientID"), "not UTF-8")

	problems.Check(c.Secret != "" || !secret, at("Secret"), "required by this Method")
	problems.Check(c.Secret == "" || secret, at("Secret"), "not used by this Method")
	problems.Check(utf8.ValidString(c.Secret), at("Secret"), "not UTF-8")

	problems.Check(!configerr.IsNil(c.Key) || !key, at("Key"), "required by this Method")
	problems.Check(configerr.IsNil(c.Key) || key, at("Key"), "not used by this Method")
	problems.Check(c.KeyID == "" || key, at("KeyID"), "not used by this Method")
	problems.Check(c.Algorithm == "" || key, at("Algorithm"), "not used by this Method")
	problems.Check(c.Audience == "" || key, at("Audience"), "not used by this Method")
	problems.Check(c.Audience != "" || !key, at("Audience"), "required by this Method, if there is no Issuer")

	problems.Check(c.Token != nil || !bearer, at("Token"), "required by this Method")
	problems.Check(c.Token == nil || bearer, at("Token"), "not used by this Method")

	if key && !configerr.IsNil(c.Key) {
		var reason string
		if a.alg, reason = algorithmFor(c.Key.Public(), c.Algorithm); reason != "" {
			name := "Key"
			if c.Algorithm != "" {
				name = "Algorithm"
			}
			problems.Add(at(name), reason)
		}
	}
	return a
}

// Format prints a constant, whatever the verb: there are secrets in it.
func (Config) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "client authentication(redacted)")
}
