package clientauth

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// The errors hold nothing of what they are about.
var (
	errAssertion   = errors.New("the client assertion could not be signed")
	errBearerToken = errors.New("no bearer token to authenticate with")
)

// Authenticate adds to a request's form and header what authenticates the client.
// What it adds is for one request only.
func (a *Authenticator) Authenticate(ctx context.Context, form url.Values, header http.Header) error {
	c := &a.config
	switch c.Method {
	case SecretBasic:
		// RFC 6749 §2.3.1: both are form-urlencoded first, so that a colon in
		// one of them does no harm.
		pair := url.QueryEscape(c.ClientID) + ":" + url.QueryEscape(c.Secret)
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	case SecretPost:
		form.Set("client_id", c.ClientID)
		form.Set("client_secret", c.Secret)
	case PrivateKeyJWT: // RFC 7521 §4.2: no client_id, the assertion names the client
		assertion, err := a.assertion()
		if err != nil {
			return errAssertion
		}
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion)
	case TLS, SelfSignedTLS:
		form.Set("client_id", c.ClientID) // RFC 8705 §2; the rest is the connection's
	case Bearer:
		token, err := c.Token(ctx)
		if err != nil || !isVisible(token) {
			return errBearerToken
		}
		header.Set("Authorization", "Bearer "+token)
	}
	return nil
}

// isVisible reports whether a token has visible ASCII characters only: blanks and line
// breaks would make something else of the header field (RFC 9110 §5.5). Whether it is
// a b64token (RFC 6750 §2.1) is for the authorization server to say.
func isVisible(token string) bool {
	for i := range len(token) {
		if c := token[i]; c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return token != ""
}
