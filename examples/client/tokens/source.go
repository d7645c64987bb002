package tokens

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// Source gets a new token each time it is asked; a [Cache] around it makes that
// rare. It is safe for concurrent use.
type Source struct {
	ctx    context.Context
	config Config

	mu       sync.Mutex
	tokenURL string // empty until it was discovered
}

// Token asks the token endpoint, with the secret or key as it is now. The error is
// a [*Refusal] if the endpoint has refused.
//
// During a rotation the file of a secret may change, and the old secret end,
// between the reading and the answer. A client that is refused therefore looks
// again, and asks again if there is something new to ask with.
func (s *Source) Token() (*oauth2.Token, error) {
	tokenURL, err := s.endpoint()
	if err != nil {
		return nil, err
	}
	prove := func() (proof, error) {
		return s.config.Credential.prove(s.config.ClientID, cmp.Or(s.config.Issuer, tokenURL))
	}
	first, err := prove()
	if err != nil {
		return nil, fmt.Errorf("%v: %w", s.config.Credential, err)
	}
	token, err := s.request(tokenURL, first)
	if isInvalidClient(err) {
		if now, unreadable := prove(); unreadable == nil && now.madeFrom != first.madeFrom {
			token, err = s.request(tokenURL, now)
		}
	}
	return token, err
}

// endpoint returns the token endpoint. A discovery that fails is made again for
// the next token.
func (s *Source) endpoint() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokenURL == "" {
		metadata, err := Discover(s.ctx, s.config.Issuer)
		if err != nil {
			return "", err
		}
		s.tokenURL = metadata.TokenEndpoint
	}
	return s.tokenURL, nil
}

// request makes one token request (RFC 6749 §4.4.2).
func (s *Source) request(tokenURL string, proof proof) (*oauth2.Token, error) {
	config := clientcredentials.Config{
		ClientID:       s.config.ClientID,
		ClientSecret:   proof.secret,
		TokenURL:       tokenURL,
		Scopes:         s.config.Scopes,
		EndpointParams: url.Values{},
		AuthStyle:      oauth2.AuthStyleInHeader, // every server has it (RFC 6749 §2.3.1)
	}
	if proof.assertion != "" { // RFC 7523 §2.2
		config.AuthStyle = oauth2.AuthStyleInParams
		config.EndpointParams.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		config.EndpointParams.Set("client_assertion", proof.assertion)
	}
	if s.config.Resource != "" {
		config.EndpointParams.Set("resource", s.config.Resource)
	}
	token, err := config.Token(context.WithValue(s.ctx, oauth2.HTTPClient, s.config.HTTPClient))
	if err != nil {
		return nil, Refused(err)
	}
	// RFC 6749 §7.1: a token of a type that is not understood must not be used.
	if !strings.EqualFold(token.TokenType, "Bearer") {
		return nil, errTokenType
	}
	return token, nil
}
