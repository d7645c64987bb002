package devserver

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/fetch"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

// Server is a development-only authorization server. It is an [http.Handler],
// and listens on loopback by itself when it was configured to (see
// [Server.Start]). All methods are safe for concurrent use.
type Server struct {
	config         Config
	endpoints      endpoints
	keys           *keyring
	clients        clients
	authorizations *authorizations
	sealing        sealingKey
	nonces         *dpop.Nonces // nil: none
	opaque         *opaqueTokens
	revoked        *revocations
	failures       *failures
	controlToken   [sha256.Size]byte // its hash
	lifetime       atomic.Int64      // of access tokens, a time.Duration
	fetch          *fetch.Client
	routes         map[string]http.HandlerFunc

	listener net.Listener // nil: a handler only
	http     *http.Server
	start    sync.Once
	serveErr chan error // closed when serving has ended
}

// New makes a server with a fresh signing key. It binds the configured address,
// so that the issuer is known from here on, and serves it once [Server.Start] is
// called; [Server.Close] releases it. All problems with the configuration are
// returned joined, each naming its field.
func New(config Config) (*Server, error) {
	s := &Server{config: config.withDefaults(), sealing: newSealingKey()}
	s.fetch = fetch.New(nil, s.config.Clock)
	nonces, err := newNonces(s.config)
	if err != nil {
		return nil, err
	}
	s.nonces = nonces
	problems := []error{s.config.check()}
	for i, c := range config.Clients {
		problems = append(problems, s.addClient(fmt.Sprintf("Clients[%d]", i), c))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	s.config.Clients = nil // their secrets are not needed any more
	s.authorizations = newAuthorizations(s.config.MaxAuthorizations)
	s.opaque, s.revoked = newOpaqueTokens(s.config.MaxTokens), newRevocations(s.config.MaxTokens)
	s.failures = newFailures(s.config.MaxFailures)
	s.lifetime.Store(int64(s.config.TokenLifetime))

	keys, err := newKeyring(s.config.Algorithm)
	if err != nil {
		return nil, err
	}
	s.keys = keys
	if err := s.listen(); err != nil {
		return nil, err
	}
	s.route()
	return s, nil
}

// route fixes the endpoints' URLs and which path is which endpoint.
func (s *Server) route() {
	issuer := s.config.Issuer
	switch {
	case issuer == "" && s.config.TLSCertificate != nil:
		issuer = "https://" + s.Addr()
	case issuer == "":
		issuer = "http://" + s.Addr()
	}
	s.endpoints = endpointsOf(issuer)
	s.routes = map[string]http.HandlerFunc{
		s.endpoints.metadataPath:   s.serveMetadata,
		s.endpoints.openIDPath:     s.serveMetadata,
		s.endpoints.jwksPath:       s.serveKeys,
		s.endpoints.authorizePath:  s.serveAuthorize,
		s.endpoints.consentPath:    s.serveConsent,
		s.endpoints.tokenPath:      s.serveToken,
		s.endpoints.introspectPath: s.serveIntrospect,
		s.endpoints.revokePath:     s.serveRevoke,
	}
	if s.config.ControlToken != "" {
		s.controlToken = sha256.Sum256([]byte(s.config.ControlToken))
		s.config.ControlToken = ""
		maps.Copy(s.routes, s.controlRoutes())
	}
}

// Issuer returns the issuer identifier.
func (s *Server) Issuer() string { return s.endpoints.issuer }

// AuthorizeURL returns the URL of the authorization endpoint.
func (s *Server) AuthorizeURL() string { return s.endpoints.authorize }

// TokenURL returns the URL of the token endpoint.
func (s *Server) TokenURL() string { return s.endpoints.token }

// IntrospectionURL returns the URL of the introspection endpoint.
func (s *Server) IntrospectionURL() string { return s.endpoints.introspect }

// RevocationURL returns the URL of the revocation endpoint.
func (s *Server) RevocationURL() string { return s.endpoints.revoke }

// JWKSURL returns the URL of the key set.
func (s *Server) JWKSURL() string { return s.endpoints.jwks }

// SetTokenLifetime changes how long the access tokens issued from now on are
// good: at least a second and at most a day, or the error is a problem with
// TokenLifetime. It is safe for concurrent use.
func (s *Server) SetTokenLifetime(lifetime time.Duration) error {
	if lifetime < time.Second || lifetime > maxTokenLifetime {
		return &configerr.Error{Field: "TokenLifetime", Reason: lifetimeReason}
	}
	s.lifetime.Store(int64(lifetime))
	return nil
}

func (s *Server) tokenLifetime() time.Duration { return time.Duration(s.lifetime.Load()) }

// ServeHTTP serves the metadata, the key set, the endpoints of the protocol and,
// with a ControlToken, the control endpoint. A request that came over plain http
// to an address that is not loopback is refused.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "bearerguard-devserver (development only)")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !local(r) {
		http.Error(w, "development only: plain http is served to loopback only", http.StatusForbidden)
		return
	}
	serve, found := s.routes[r.URL.Path]
	if !found {
		http.NotFound(w, r)
		return
	}
	serve(w, r)
}
