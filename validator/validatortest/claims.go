package validatortest

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Claims describe a token to be minted. The zero value is a good access token
// (RFC 9068) of a client "client" without scopes, issued now and good for an
// hour. Each method returns a copy with one change, so that a description can be
// shared.
type Claims struct {
	edits []func(*draft)
}

// A draft is a token before it is signed.
type draft struct {
	now            time.Time
	header, claims map[string]any
}

// Client describes a client's own token, as from the client credentials grant:
// the client is the subject, too (RFC 9068 §2.2).
func Client(id string) Claims { return User(id, id) }

// User describes the token of a user whom a client acts for.
func User(subject, client string) Claims {
	return Claims{}.With("sub", subject).With("client_id", client)
}

// Scope sets the granted scopes, each value one or several with spaces between
// them (RFC 6749 §3.3).
func (c Claims) Scope(scopes ...string) Claims { return c.With("scope", strings.Join(scopes, " ")) }

// Audience sets the audience; two or more make an array (RFC 7519 §4.1.3).
func (c Claims) Audience(names ...string) Claims {
	if len(names) == 1 {
		return c.With("aud", names[0])
	}
	return c.With("aud", slices.Clone(names))
}

// ExpiresIn sets exp to so long after minting; a negative duration makes an
// expired token. NumericDates count whole seconds.
func (c Claims) ExpiresIn(d time.Duration) Claims { return c.date("exp", d) }

// IssuedIn sets iat to so long after minting, or before if it is negative.
func (c Claims) IssuedIn(d time.Duration) Claims { return c.date("iat", d) }

// NotBeforeIn sets nbf to so long after minting, or before if it is negative.
func (c Claims) NotBeforeIn(d time.Duration) Claims { return c.date("nbf", d) }

func (c Claims) date(name string, d time.Duration) Claims {
	return c.edit(func(t *draft) { t.claims[name] = t.now.Add(d).Unix() })
}

// With sets a claim to whatever the value is as JSON. Nil takes the claim away.
func (c Claims) With(name string, value any) Claims {
	return c.edit(func(t *draft) { set(t.claims, name, value) })
}

// Header sets a member of the JOSE header, as [Claims.With] does a claim. What
// alg says does not change how the token is signed.
func (c Claims) Header(name string, value any) Claims {
	return c.edit(func(t *draft) { set(t.header, name, value) })
}

func set(object map[string]any, name string, value any) {
	if object[name] = value; value == nil {
		delete(object, name)
	}
}

func (c Claims) edit(f func(*draft)) Claims { return Claims{append(slices.Clip(c.edits), f)} }

// draft fills in what the claims leave open.
func (c Claims) draft(issuer, audience string, key *Key, now time.Time) *draft {
	t := &draft{
		now:    now,
		header: map[string]any{"typ": "at+jwt", "alg": key.algorithm, "kid": key.id},
		claims: map[string]any{
			"iss": issuer, "aud": audience, "sub": "client", "client_id": "client", "jti": rand.Text(),
			"iat": now.Unix(), "exp": now.Add(lifetime).Unix(),
		},
	}
	if key.id == "" {
		delete(t.header, "kid")
	}
	for _, edit := range c.edits {
		edit(t)
	}
	return t
}

const lifetime = time.Hour

func (t *draft) encode() (header, payload []byte, err error) {
	if header, err = json.Marshal(t.header, json.Deterministic(true)); err != nil {
		return nil, nil, err
	}
	payload, err = json.Marshal(t.claims, json.Deterministic(true))
	return header, payload, err
}

// Mint signs a token with the signing key.
func (is *Issuer) Mint(c Claims) string { return is.MintWith(is.SigningKey(), c) }

// MintWith signs a token with a key of one's choice, published or not.
func (is *Issuer) MintWith(k *Key, c Claims) string {
	header, payload, err := c.draft(is.url, is.audience, k, is.clock.Now()).encode()
	if err != nil {
		is.fatal(err)
	}
	token := k.sign(header, payload)
	is.remember(token, payload)
	return token
}
