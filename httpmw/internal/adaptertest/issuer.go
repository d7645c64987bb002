// Package adaptertest is what the tests of the HTTP adapters share: an issuer
// that signs real tokens, and the error table as a client sees it over HTTP.
package adaptertest

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
	"github.com/bearerguard/bearerguard/validator"
)

// Who the parties are.
const (
	IssuerURL = "https://auth.example.com"
	Audience  = "https://api.example.com"
	ClientID  = "worker"
)

// keyID names the only key of the issuer.
const keyID = "ed25519-1"

// signingKey is the issuer's key. It is derived from a constant, so that tokens
// are the same in every run.
var signingKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

// Keys returns the issuer's public key as a source.
func Keys() jwks.Source {
	key, err := jwks.NewKey(keyID, "EdDSA", signingKey.Public())
	if err != nil {
		panic(err)
	}
	set, err := jwks.NewSet(key)
	if err != nil {
		panic(err)
	}
	return jwks.Static(set)
}

// NewValidator returns a validator for the issuer's tokens; edit, unless nil,
// changes its configuration.
func NewValidator(edit func(*validator.Config)) *validator.Validator {
	config := validator.Config{Issuer: IssuerURL, Audiences: []string{Audience}, Keys: Keys()}
	if edit != nil {
		edit(&config)
	}
	v, err := validator.New(config)
	if err != nil {
		panic(err)
	}
	return v
}

// An Edit changes what is signed: the header or the claims of a good token. A nil
// value removes a name.
type Edit struct{ Header, Claims map[string]any }

// Token returns a token of the client credentials grant (RFC 9068) with the
// given scope, good for an hour.
func Token(scope string, edits ...Edit) string {
	now := time.Now().Unix()
	header := map[string]any{"alg": "EdDSA", "typ": "at+jwt", "kid": keyID}
	claims := map[string]any{
		"iss": IssuerURL, "aud": Audience, "sub": ClientID, "client_id": ClientID,
		"iat": now, "exp": now + 3600, "jti": "id-1", "scope": scope,
	}
	for _, edit := range edits {
		apply(header, edit.Header)
		apply(claims, edit.Claims)
	}
	signed := encode(header) + "." + encode(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(signingKey, []byte(signed)))
}

// Bearer returns the Authorization value for such a token.
func Bearer(scope string, edits ...Edit) string { return "Bearer " + Token(scope, edits...) }

func apply(to, changes map[string]any) {
	for name, value := range changes {
		if to[name] = value; value == nil {
			delete(to, name)
		}
	}
}

func encode(object map[string]any) string {
	text, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}
