package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwt"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

const (
	ordersAPI  = "https://orders.example.com"  // the audience of the API in this program
	billingAPI = "https://billing.example.com" // another API of the same authorization server
)

// authServer is the development authorization server and what its clients keep
// to themselves.
type authServer struct {
	*devserver.Server
	secret string            // of the client "billing"
	key    *ecdsa.PrivateKey // of the client "reports"
}

func startAuthServer() (*authServer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	secret := devserver.NewSecret()
	server, err := devserver.New(devserver.Config{Clients: []devserver.Client{
		{ // authenticates with a secret
			ID: "billing", Secret: secret,
			Scopes: []string{"orders:read", "orders:write"}, DefaultScopes: []string{"orders:read"},
			Audiences: []string{ordersAPI, billingAPI},
		},
		{ // authenticates with a key of its own, which never leaves it
			ID: "reports", Keys: []devserver.ClientKey{{ID: "reports-1", Algorithm: "ES256", Public: key.Public()}},
			Scopes: []string{"orders:read"}, DefaultScopes: []string{"orders:read"},
			Audiences: []string{ordersAPI},
		},
		{ // a client that the API does not accept, see newValidator
			ID: "intern", Secret: secret,
			Scopes: []string{"orders:read"}, DefaultScopes: []string{"orders:read"},
			Audiences: []string{ordersAPI},
		},
		{ // a client that may not use this grant at all
			ID: "webapp", Secret: secret, GrantTypes: []string{"authorization_code"},
			Audiences: []string{ordersAPI},
		},
	}})
	if err != nil {
		return nil, err
	}
	return &authServer{Server: server, secret: secret, key: key}, server.Start()
}

// bySecret is how a service gets tokens with a client secret: the token source
// asks for one, keeps it until it expires and then asks again.
func (a *authServer) bySecret(client string, scopes ...string) *clientcredentials.Config {
	return &clientcredentials.Config{
		ClientID:     client,
		ClientSecret: a.secret,
		TokenURL:     a.TokenURL(),
		Scopes:       scopes,
		AuthStyle:    oauth2.AuthStyleInHeader,
	}
}

// byAssertion is how a service gets tokens with a key of its own. An assertion
// is good once, so each token request gets a fresh one; oauth2.ReuseTokenSource
// around it makes such requests rare.
type byAssertion struct {
	ctx  context.Context
	auth *authServer
}

func (s byAssertion) Token() (*oauth2.Token, error) {
	assertion, err := s.auth.assertion(s.auth.TokenURL(), time.Minute)
	if err != nil {
		return nil, err
	}
	config := clientcredentials.Config{
		ClientID:  "reports",
		TokenURL:  s.auth.TokenURL(),
		Scopes:    []string{"orders:read"},
		AuthStyle: oauth2.AuthStyleInParams,
		EndpointParams: map[string][]string{ // RFC 7523 §2.2
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
			"client_assertion":      {assertion},
		},
	}
	return config.Token(s.ctx)
}

// assertion signs a JWT that authenticates the client "reports" (RFC 7523 §3).
func (a *authServer) assertion(audience string, lifetime time.Duration) (string, error) {
	now := time.Now()
	token, err := jwt.NewBuilder().
		Issuer("reports").Subject("reports").Audience([]string{audience}).
		JwtID(rand.Text()).IssuedAt(now).Expiration(now.Add(lifetime)).
		Build()
	if err != nil {
		return "", err
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.ES256, a.key))
	return string(signed), err
}
