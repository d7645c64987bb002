package validator

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Token is a verified access token. Only a validator makes one. It is
// immutable, may be shared between requests and is safe for concurrent use. It
// does not hold the token's signature and prints itself without its claims.
type Token struct {
	issuer   string
	subject  string
	clientID string
	id       string
	client   bool
	audience jsontext.Value // as it is in payload; nil: absent
	scopes   scopes.Set
	times    times
	payload  []byte
	judge    *Validator

	introspected bool
	thumbprints  []string // per binding of judge, empty without that member; nil: not bound
	more         moreClaims
}

func (v *Validator) newToken(c *claims, payload []byte, thumbprints []string) *Token {
	t := &Token{
		issuer:   c.issuer,
		subject:  c.subject,
		clientID: c.clientID,
		id:       c.id,
		client:   c.isClient(),
		audience: c.audience,
		times:    c.times,
		payload:  payload,
		judge:    v,
		more:     c.more,

		thumbprints: thumbprints,
	}
	for _, value := range c.scopes {
		t.scopes = t.scopes.Union(value.granted())
	}
	return t
}

// size is what the claims take in memory: the payload, counted twice because a
// string with escapes is a copy, and a string header for each of many.
func (t *Token) size() int {
	return 2*cap(t.payload) + 16*t.scopes.Len() + 64*len(t.thumbprints) + t.more.size()
}

// isClient tells machines from users. RFC 9068 §2.2 has the client id as the
// subject where no resource owner is involved; Auth0 writes "@clients" after it,
// and Auth0 and Entra ID may say it in claims of their own. Where nothing says
// so, it is a user, also without a subject: Keycloak's lightweight tokens leave
// out that of users.
func (c *claims) isClient() bool {
	if c.clientID == "" {
		return false
	}
	return c.subject == c.clientID || c.subject == c.clientID+"@clients" ||
		c.gty == "client-credentials" || c.applicationType == "app"
}

// Issuer returns the issuer (RFC 7519 §4.1.1).
func (t *Token) Issuer() string { return t.issuer }

// Subject returns the subject (RFC 7519 §4.1.2), empty if the token names none.
// It is unique only together with the issuer.
func (t *Token) Subject() string { return t.subject }

// ClientID returns the client that the token was issued to (RFC 8693 §4.3, and
// [Config.ClientIDClaims]), empty if the token names none.
func (t *Token) ClientID() string { return t.clientID }

// IsClient reports whether the token is a client's own, from the client
// credentials grant, and not a user's. It is true only if the token says so: its
// subject is the client itself (RFC 9068 §2.2; Auth0 writes "@clients" after it),
// or it has the mark of Auth0 ("gty") or Entra ID ("idtyp").
func (t *Token) IsClient() bool { return t.client }

// ID returns the token's identifier (RFC 7519 §4.1.7), empty if it has none.
func (t *Token) ID() string { return t.id }

// Audience returns all audiences of the token, not only those of this API
// (RFC 7519 §4.1.3). The slice is the caller's own.
func (t *Token) Audience() (names []string) {
	eachAudience(t.audience, func(name string) { names = append(names, name) })
	return names
}

// Scopes returns what the token was granted, as [Config.ScopeClaims] says.
func (t *Token) Scopes() scopes.Set { return t.scopes }

// IssuedAt returns when the token was issued (RFC 7519 §4.1.6), to the second;
// the zero time if the token does not say.
func (t *Token) IssuedAt() time.Time { return timeOf(t.times.issuedAt) }

// NotBefore returns when the token becomes valid (RFC 7519 §4.1.5), to the
// second and without leeway; the zero time if the token does not say.
func (t *Token) NotBefore() time.Time { return timeOf(t.times.notBefore) }

// ExpiresAt returns when the token expires (RFC 7519 §4.1.4), to the second and
// without leeway. It is never zero.
func (t *Token) ExpiresAt() time.Time { return timeOf(t.times.expiry) }

// grant is all that a requirement can ask for.
func (t *Token) grant() scopes.Grant {
	return scopes.Grant{
		Scopes: t.scopes, Now: t.judge.clock.Now(),
		ACR: t.more.acr, AuthTime: timeOf(t.more.authTime), Details: t.more.details.all(),
	}
}

// again repeats what can have changed since the token was let in, for a request
// that goes on: whether it is in time, and whether it was revoked.
func (t *Token) again(ctx context.Context) *Error {
	if err := t.times.check(t.judge.clock.Now(), t.judge.config.Leeway); err != nil {
		return err
	}
	return t.judge.checkRevocation(ctx, t)
}

func timeOf(seconds int64) time.Time {
	if seconds == absent {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// Claims decodes the verified payload into dst, a pointer. Names are matched
// exactly, case included. A number that goes into an any, at whatever depth,
// becomes a [stdjson.Number] (that of encoding/json), so that nothing is
// rounded. The error names the Go type that a claim did not fit, and holds nothing
// of the claims, so that it can be logged.
func (t *Token) Claims(dst any) error {
	// A copy, because methods of dst get to see it, and the token is shared.
	return claimsError(json.Unmarshal(bytes.Clone(t.payload), dst, exactNumbers))
}

// claimsError returns an error with nothing of the claims in it.
func claimsError(err error) error {
	if err == nil {
		return nil
	}
	if mismatch, ok := errors.AsType[*json.SemanticError](err); ok && mismatch.GoType != nil {
		return fmt.Errorf("claims: a value does not fit the Go type %v", mismatch.GoType)
	}
	return errClaimsDestination
}

var errClaimsDestination = errors.New("claims: cannot be decoded into that destination")

var exactNumbers = json.WithUnmarshalers(json.JoinUnmarshalers(
	json.UnmarshalFromFunc(func(dec *jsontext.Decoder, dst *any) error {
		if dec.PeekKind() != '0' {
			return errors.ErrUnsupported
		}
		number, err := dec.ReadValue()
		*dst = stdjson.Number(number)
		return err
	}),
	json.UnmarshalFromFunc(func(dec *jsontext.Decoder, dst *stdjson.Number) error {
		if dec.PeekKind() != '0' {
			return errClaimType
		}
		number, err := dec.ReadValue()
		*dst = stdjson.Number(number)
		return err
	}),
))

// Format prints the issuer and the client, whatever the verb: claims may be
// personal data, and do not belong in logs by accident.
func (t Token) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "token(issuer=%q client=%q)", t.issuer, t.clientID)
}

// LogValue logs the issuer, the client and the token's identifier.
func (t Token) LogValue() slog.Value {
	return slog.GroupValue(slog.String("issuer", t.issuer), slog.String("client_id", t.clientID), slog.String("jti", t.id))
}
