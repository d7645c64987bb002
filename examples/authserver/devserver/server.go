package devserver

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
)

// Server is a development-only authorization server. It is an [http.Handler],
// and listens on loopback by itself when it was configured to (see
// [Server.Start]). All methods are safe for concurrent use.
type Server struct {
	config    Config
	endpoints endpoints
	keys      *keyring
	clients   clients
	routes    map[string]http.HandlerFunc

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
	s := &Server{config: config.withDefaults()}
	problems := []error{s.config.check()}
	for i, c := range config.Clients {
		problems = append(problems, s.addClient(fmt.Sprintf("Clients[%d]", i), c))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	s.config.Clients = nil // their secrets are not needed any more

	keys, err := newKeyring(s.config.Algorithm)
	if err != nil {
		return nil, err
	}
	s.keys = keys
	if err := s.listen(); err != nil {
		return nil, err
	}
	if err := s.route(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// route fixes the endpoints' URLs and which path is which endpoint.
func (s *Server) route() error {
	issuer := s.config.Issuer
	if issuer == "" {
		issuer = "http://" + s.Addr()
	}
	s.endpoints = endpointsOf(issuer)
	about, err := s.metadata()
	if err != nil {
		return err
	}
	keys, err := s.keys.jwks()
	if err != nil {
		return err
	}
	s.routes = map[string]http.HandlerFunc{
		s.endpoints.metadataPath: document(about),
		s.endpoints.openIDPath:   document(about),
		s.endpoints.jwksPath:     document(keys),
		s.endpoints.tokenPath:    s.serveToken,
	}
	return nil
}

// Issuer returns the issuer identifier.
func (s *Server) Issuer() string { return s.endpoints.issuer }

// TokenURL returns the URL of the token endpoint.
func (s *Server) TokenURL() string { return s.endpoints.token }

// JWKSURL returns the URL of the key set.
func (s *Server) JWKSURL() string { return s.endpoints.jwks }

// ServeHTTP serves the metadata, the key set and the token endpoint. A request
// that came over plain http to an address that is not loopback is refused.
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
