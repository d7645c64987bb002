package devserver

import (
	"cmp"
	"crypto"
	"crypto/sha256"
	"maps"
	"slices"
	"sync"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

// Client is one client as it is registered with the server. A client needs an
// id, at least one audience, and either a way to authenticate (a secret, keys, a
// JWKSURI, a certificate) or to be public.
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

	// SecondSecret is as good as Secret, so that the client can move from one to
	// the other without a moment in which it has none; see also
	// [Server.AddClientSecret]. Empty: no second secret.
	SecondSecret string

	// SecondSecretSHA256 may stand in place of SecondSecret.
	SecondSecretSHA256 string

	// Keys let the client authenticate by private_key_jwt (RFC 7523 §2.2); see
	// also [Server.ReplaceClientKeys].
	Keys []ClientKey

	// JWKSURI is where the client publishes these keys itself (RFC 7591 §2), in
	// place of Keys: an https URL, or an http URL whose host is loopback. They
	// are fetched when they are needed, kept for 5 minutes, and fetched again for
	// a kid that is not among them. Empty: none.
	JWKSURI string

	// CertificateThumbprints let the client authenticate by
	// self_signed_tls_client_auth (RFC 8705 §2.2): the x5t#S256 of its
	// certificates, the SHA-256 of each one's DER encoding in base64url. Empty: no
	// such certificates.
	CertificateThumbprints []string

	// CertificateDNSName lets the client authenticate by tls_client_auth (RFC 8705
	// §2.1): a certificate that one of Config.ClientCAs has issued for this DNS
	// name. Empty: it cannot.
	CertificateDNSName string

	// Public says that the client cannot keep a secret (RFC 6749 §2.1), as a
	// command-line program cannot: it has none, no keys, and its id is enough at
	// the token endpoint.
	Public bool

	// GrantTypes the client may use, under their names of RFC 7591 §2:
	// authorization_code, client_credentials (not if Public), refresh_token.
	// Empty: client_credentials, or if Public authorization_code and
	// refresh_token.
	GrantTypes []string

	// RedirectURIs are where the answer to an authorization request may go (RFC
	// 6749 §3.1.2): https, http to a loopback host, or a private-use scheme. They
	// are compared exactly, but for the port of http://127.0.0.1 and http://[::1]
	// (RFC 8252 §7.3). Empty: the client cannot make such requests.
	RedirectURIs []string

	// Scopes the client may ask for (RFC 6749 §3.3). Empty: none; its tokens
	// have no scope. There is no "openid": the server issues no ID tokens.
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

	// AccessTokenFormat is what this client's access tokens look like. Empty:
	// [FormatJWT].
	AccessTokenFormat TokenFormat

	// DPoPBound refuses token requests without a DPoP proof (RFC 9449 §5.2). False:
	// a proof is welcome, and binds the tokens to its key.
	DPoPBound bool

	// CertificateBound binds the client's access tokens to the certificate of its
	// TLS connection, and refuses token requests without one (RFC 8705 §3). False:
	// they are not bound.
	CertificateBound bool

	// AuthorizationDetailsTypes are the types of authorization_details that the
	// client may ask for (RFC 9396 §10). Empty: none.
	AuthorizationDetailsTypes []string

	// Introspection lets the client, which is then a resource server, introspect
	// every access token (RFC 7662). Without it, a client learns about its own
	// tokens only.
	Introspection bool
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
// immutable, replaced as a whole, but for the assertions and proofs it has used
// and the keys that were fetched for it.
type client struct {
	id            string
	public        bool
	secrets       [][sha256.Size]byte
	keys          []ClientKey
	remoteKeys    *remoteKeys // nil: it has no JWKSURI
	grantTypes    []string
	redirectURIs  []string
	scopes        []string
	defaultScopes []string
	audiences     []string
	profile       Profile
	introspection bool
	used          *replayStore
	proofs        *dpop.Verifier

	certificates       []string // their thumbprints
	certificateDNSName string
	format             TokenFormat
	dpopBound          bool
	certificateBound   bool
	detailsTypes       []string
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

// detailsTypes returns the types of authorization_details that any client may use.
func (c *clients) detailsTypes() []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	types := map[string]bool{}
	for _, one := range c.byID {
		for _, kind := range one.detailsTypes {
			types[kind] = true
		}
	}
	return slices.Sorted(maps.Keys(types))
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

// update replaces a client by a copy that change has changed; an error of change
// is returned and leaves everything as it was.
func (c *clients) update(id string, change func(*client) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.byID[id]
	if old == nil {
		return &configerr.Error{Field: "ClientID", Reason: "is not registered"}
	}
	changed := *old
	if err := change(&changed); err != nil {
		return err
	}
	c.byID[id] = &changed
	return nil
}

// AddClient registers one more client, which may ask for tokens at once. All
// problems are returned joined, each naming its field; an id that is taken is
// one. It is safe for concurrent use.
func (s *Server) AddClient(c Client) error { return s.addClient("Client", c) }

// addClient registers c, which the configuration calls field.
func (s *Server) addClient(field string, c Client) error {
	var problems configerr.List
	c.check(field, &problems)
	// RFC 9068 §5: nobody may take a token of a user for one of a client.
	problems.Check(!slices.Contains(s.config.Users, c.ID), field+".ID", "is the name of a user")
	problems.Check(c.CertificateDNSName == "" || s.config.ClientCAs != nil, field+".CertificateDNSName",
		"must be empty without ClientCAs")
	if err := problems.Err(); err != nil {
		return err
	}
	added := s.compile(c)
	var err error
	if added.proofs, err = s.newProofs(); err != nil {
		return err
	}
	problems.Check(s.clients.add(added), field+".ID", "is already registered")
	return problems.Err()
}

// compile expects a client in which check finds nothing.
func (s *Server) compile(c Client) *client {
	compiled := &client{
		id:            c.ID,
		public:        c.Public,
		keys:          slices.Clone(c.Keys),
		grantTypes:    slices.Clone(c.GrantTypes),
		redirectURIs:  slices.Clone(c.RedirectURIs),
		scopes:        slices.Clone(c.Scopes),
		defaultScopes: slices.Clone(c.DefaultScopes),
		audiences:     slices.Clone(c.Audiences),
		profile:       c.Profile,
		introspection: c.Introspection,
		used:          newReplayStore(s.config.MaxAssertions),

		certificates:       slices.Clone(c.CertificateThumbprints),
		certificateDNSName: c.CertificateDNSName,
		format:             cmp.Or(c.AccessTokenFormat, FormatJWT),
		dpopBound:          c.DPoPBound,
		certificateBound:   c.CertificateBound,
		detailsTypes:       slices.Clone(c.AuthorizationDetailsTypes),
	}
	for _, secret := range []string{c.Secret, c.SecondSecret} {
		if secret != "" {
			compiled.secrets = append(compiled.secrets, sha256.Sum256([]byte(secret)))
		}
	}
	for _, encoded := range []string{c.SecretSHA256, c.SecondSecretSHA256} {
		if encoded != "" {
			sum, _ := parseSecretSHA256(encoded)
			compiled.secrets = append(compiled.secrets, sum)
		}
	}
	if c.JWKSURI != "" {
		compiled.remoteKeys = newRemoteKeys(c.JWKSURI, s.fetch)
	}
	switch {
	case len(c.GrantTypes) == 0 && c.Public:
		compiled.grantTypes = []string{grantAuthorizationCode, grantRefreshToken}
	case len(c.GrantTypes) == 0:
		compiled.grantTypes = []string{grantClientCredentials}
	}
	if c.Profile == "" {
		compiled.profile = s.config.Profile
	}
	return compiled
}
