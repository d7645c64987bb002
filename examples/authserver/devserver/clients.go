package devserver

import (
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// Client is one client as it is registered with the server. A client needs an
// id, at least one audience, and a secret, keys or both.
type Client struct {
	_ [0]func()

	// ID is the client identifier (RFC 6749 §2.2): printable ASCII.
	ID string

	// Secret lets the client authenticate by client_secret_basic and
	// client_secret_post (RFC 6749 §2.3.1). Only its SHA-256 is kept; it has to
	// have at least 22 characters, see [NewSecret]. Empty: no secret.
	Secret string

	// SecretSHA256 may stand in place of Secret: its SHA-256 in hexadecimal.
	SecretSHA256 string

	// Keys let the client authenticate by private_key_jwt (RFC 7523 §2.2).
	Keys []ClientKey

	// GrantTypes the client may use, under their names of RFC 7591 §2. Empty:
	// client_credentials. A grant type that the server does not offer may be
	// registered all the same.
	GrantTypes []string

	// Scopes the client may ask for (RFC 6749 §3.3). Empty: none; its tokens
	// have no scope.
	Scopes []string

	// DefaultScopes are granted to a request that asks for none. Empty: such a
	// request is answered invalid_scope, unless the client has no Scopes at all.
	DefaultScopes []string

	// Audiences the client may get tokens for: the values that its "resource"
	// parameter (RFC 8707 §2) may have, absolute URIs without fragment. The
	// first is used when a request names none.
	Audiences []string

	// Profile is the kind of token this client gets. Empty: that of the server.
	Profile Profile
}

// ClientKey is one public key that a client signs its assertions with.
type ClientKey struct {
	_ [0]func()

	// ID is compared with the assertion's "kid", if it has one.
	ID string
	// Algorithm is the one algorithm the key may be used with: RS256, PS256,
	// ES256 or EdDSA. Empty: any of these that suits the key's type.
	Algorithm string
	// Public is an *rsa.PublicKey of 2048 to 8192 bits, an *ecdsa.PublicKey on
	// P-256 or an ed25519.PublicKey.
	Public crypto.PublicKey
}

// client is a Client in the form that requests are checked against. It is
// immutable but for the assertions it has used.
type client struct {
	id            string
	secrets       [][sha256.Size]byte
	keys          []ClientKey
	grantTypes    []string
	scopes        []string
	defaultScopes []string
	audiences     []string
	profile       Profile
	used          *replayStore
}

// clients is the registry. It is safe for concurrent use.
type clients struct {
	mu   sync.RWMutex
	byID map[string]*client
}

func (c *clients) get(id string) *client {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.byID[id]
}

// add registers a client and reports whether its id was free.
func (c *clients) add(added *client) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID[added.id] != nil {
		return false
	}
	if c.byID == nil {
		c.byID = map[string]*client{}
	}
	c.byID[added.id] = added
	return true
}

// AddClient registers one more client, which may ask for tokens at once. All
// problems are returned joined, each naming its field; an id that is taken is
// one. It is safe for concurrent use.
func (s *Server) AddClient(c Client) error { return s.addClient("Client", c) }

// addClient registers c, which the configuration calls field.
func (s *Server) addClient(field string, c Client) error {
	var problems configerr.List
	c.check(field, &problems)
	if err := problems.Err(); err != nil {
		return err
	}
	problems.Check(s.clients.add(s.compile(c)), field+".ID", "is already registered")
	return problems.Err()
}

// compile expects a client in which check finds nothing.
func (s *Server) compile(c Client) *client {
	compiled := &client{
		id:            c.ID,
		keys:          slices.Clone(c.Keys),
		grantTypes:    slices.Clone(c.GrantTypes),
		scopes:        slices.Clone(c.Scopes),
		defaultScopes: slices.Clone(c.DefaultScopes),
		audiences:     slices.Clone(c.Audiences),
		profile:       c.Profile,
		used:          newReplayStore(s.config.MaxAssertions),
	}
	if c.Secret != "" {
		compiled.secrets = append(compiled.secrets, sha256.Sum256([]byte(c.Secret)))
	}
	if c.SecretSHA256 != "" {
		var sum [sha256.Size]byte
		hex.Decode(sum[:], []byte(c.SecretSHA256))
		compiled.secrets = append(compiled.secrets, sum)
	}
	if len(c.GrantTypes) == 0 {
		compiled.grantTypes = []string{grantClientCredentials}
	}
	if c.Profile == "" {
		compiled.profile = s.config.Profile
	}
	return compiled
}

// registrableGrants are the grant types of RFC 7591 §2 that have no security
// problem of their own (RFC 9700 §2.1.2 and §2.4 rule out the other two).
var registrableGrants = []string{"authorization_code", "client_credentials", "refresh_token"}

// minSecretLength is what 128 random bits take in base64url: RFC 6749 §10.10
// wants a guess to succeed with a probability of at most 2^-128.
const minSecretLength = 22

func (c Client) check(field string, problems *configerr.List) {
	problems.Check(c.ID != "" && len(c.ID) <= 256 && isVSCHAR(c.ID), field+".ID",
		"must be 1 to 256 printable ASCII characters (RFC 6749 appendix A.1)")
	problems.Check(c.Secret != "" || c.SecretSHA256 != "" || len(c.Keys) > 0, field,
		"needs Secret, SecretSHA256 or Keys")
	problems.Check(c.Secret == "" || c.SecretSHA256 == "", field+".SecretSHA256",
		"must be empty when there is a Secret")
	problems.Check(c.Secret == "" || len(c.Secret) >= minSecretLength && isVSCHAR(c.Secret), field+".Secret",
		fmt.Sprintf("must be at least %d printable ASCII characters, chosen at random", minSecretLength))
	sum, err := hex.DecodeString(c.SecretSHA256)
	problems.Check(c.SecretSHA256 == "" || err == nil && len(sum) == sha256.Size, field+".SecretSHA256",
		"must be 64 hexadecimal digits")
	for i, key := range c.Keys {
		if reason := clientKeyProblem(key); reason != "" {
			problems.Add(fmt.Sprintf("%s.Keys[%d]", field, i), reason)
		}
	}
	for i, grant := range c.GrantTypes {
		problems.Check(slices.Contains(registrableGrants, grant), fmt.Sprintf("%s.GrantTypes[%d]", field, i),
			"must be one of "+strings.Join(registrableGrants, ", "))
	}
	for i, scope := range c.Scopes {
		problems.Check(isScopeToken(scope), fmt.Sprintf("%s.Scopes[%d]", field, i),
			"must be a scope-token (RFC 6749 §3.3)")
	}
	for i, scope := range c.DefaultScopes {
		problems.Check(slices.Contains(c.Scopes, scope), fmt.Sprintf("%s.DefaultScopes[%d]", field, i),
			"must be one of Scopes")
	}
	// RFC 9068 §2.2 requires the claim "aud".
	problems.Check(len(c.Audiences) > 0, field+".Audiences", "must not be empty")
	for i, audience := range c.Audiences {
		u, err := url.Parse(audience)
		problems.Check(err == nil && u.IsAbs() && !strings.Contains(audience, "#"),
			fmt.Sprintf("%s.Audiences[%d]", field, i), "must be an absolute URI without fragment (RFC 8707 §2)")
	}
	problems.Check(c.Profile == "" || c.Profile.known(), field+".Profile", `must be "rfc9068" or "jwt"`)
}

// isVSCHAR reports whether s is *VSCHAR (RFC 6749 appendix A).
func isVSCHAR(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7E }) < 0
}
