package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/bearerguard/bearerguard/examples/client/tokens"
)

var (
	errNoPKCE     = errors.New("the authorization server does not say that it supports PKCE with S256")
	errNoEndpoint = errors.New("the authorization server has no authorization endpoint")
	errTimeout    = errors.New("nobody has answered in time")
	errTokenType  = errors.New("the token is not a bearer token")
)

// signIn gets a token from the user (RFC 6749 §4.1 with PKCE, RFC 7636). It tells
// show where the user has to go, and waits for the answer.
func (s *settings) signIn(ctx context.Context, show func(address string)) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, errTimeout)
	defer cancel()
	metadata, err := s.discover(ctx)
	if err != nil {
		return nil, err
	}
	state := rand.Text() // nobody else can make an answer (RFC 6749 §10.12)
	answers, err := listen(expected{state: state, issuer: metadata.Issuer, sendsIssuer: metadata.ResponseIssuer})
	if err != nil {
		return nil, err
	}
	defer answers.close()

	client := oauth2.Config{
		ClientID:    s.clientID,
		Scopes:      s.scopes,
		RedirectURL: answers.redirectURI,
		Endpoint: oauth2.Endpoint{
			AuthURL:   metadata.AuthorizationEndpoint,
			TokenURL:  metadata.TokenEndpoint,
			AuthStyle: oauth2.AuthStyleInParams, // a public client has no secret (RFC 8252 §8.5)
		},
	}
	var resource []oauth2.AuthCodeOption // in both requests (RFC 8707 §2.1, §2.2)
	if s.resource != "" {
		resource = append(resource, oauth2.SetAuthURLParam("resource", s.resource))
	}
	verifier := oauth2.GenerateVerifier()
	show(client.AuthCodeURL(state, append(resource, oauth2.S256ChallengeOption(verifier))...))

	code, err := answers.wait(ctx)
	if err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, tokens.NewHTTPClient())
	token, err := client.Exchange(ctx, code, append(resource, oauth2.VerifierOption(verifier))...)
	if err != nil {
		return nil, tokens.Refused(err)
	}
	if !strings.EqualFold(token.TokenType, "Bearer") { // RFC 6749 §7.1
		return nil, errTokenType
	}
	return token, nil
}

// discover finds the endpoints. PKCE is no use with a server that ignores it, and
// one that has it says so (RFC 8414 §2, RFC 9700 §2.1.1).
func (s *settings) discover(ctx context.Context) (*tokens.Metadata, error) {
	metadata, err := tokens.Discover(ctx, s.issuer)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the authorization server cannot be asked: %w", err)
	case metadata.AuthorizationEndpoint == "":
		return nil, errNoEndpoint
	case !slices.Contains(metadata.ChallengeMethods, "S256"):
		return nil, errNoPKCE
	}
	return metadata, nil
}
