package tokens

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/fetch"
)

// Config says where tokens come from and what they are for.
type Config struct {
	_ [0]func()

	// Issuer is the issuer identifier of the authorization server: https, or http
	// to loopback. It is whom client assertions are for (RFC 7523 §3). Empty: there
	// has to be a TokenURL, and assertions are for that.
	Issuer string

	// TokenURL is the token endpoint: https, or http to loopback. Empty: it is
	// looked up in the metadata of Issuer, once, when the first token is needed.
	TokenURL string

	// ClientID is the client identifier (RFC 6749 §2.2).
	ClientID string

	// Credential is what the client proves its identity with: [Secret],
	// [SecretFile] or [KeyFile].
	Credential Credential

	// Scopes are asked for, and no others. Empty: what the server grants by
	// default.
	Scopes []string

	// Resource is the API that the token is for (RFC 8707 §2). Empty: the request
	// has no such parameter.
	Resource string

	// HTTPClient talks to the token endpoint. Nil: that of [NewHTTPClient].
	HTTPClient *http.Client
}

// New returns a source of tokens, all of whose requests end with ctx, because
// [oauth2.TokenSource] has no context of its own. The error joins every problem
// with the configuration. The credential is read for the first time here, so that
// a file that is not there is found at the start.
func New(ctx context.Context, config Config) (*Source, error) {
	var problems configerr.List
	problems.Check(config.Issuer != "" || config.TokenURL != "", "TokenURL", "required, if there is no Issuer")
	if config.Issuer != "" {
		if err := CheckIssuer(config.Issuer); err != nil {
			problems.Add("Issuer", err.Error())
		}
	}
	if config.TokenURL != "" {
		if _, err := fetch.ParseURL(config.TokenURL, true); err != nil {
			problems.Add("TokenURL", err.Error())
		}
	}
	problems.Check(config.ClientID != "", "ClientID", "required")
	if config.Credential == nil {
		problems.Add("Credential", "required")
	} else if _, err := config.Credential.prove(config.ClientID, config.TokenURL); err != nil {
		problems.Add("Credential", err.Error())
	}
	for _, scope := range config.Scopes {
		problems.Check(isScopeToken(scope), "Scopes", "must be scope tokens (RFC 6749 §3.3)")
	}
	if config.Resource != "" {
		problems.Check(isResource(config.Resource), "Resource", "must be an absolute URI without a fragment (RFC 8707 §2)")
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	config.Scopes = slices.Clone(config.Scopes)
	if config.HTTPClient == nil {
		config.HTTPClient = NewHTTPClient()
	}
	return &Source{ctx: ctx, config: config, tokenURL: config.TokenURL}, nil
}

// isScopeToken reports whether s is 1*( %x21 / %x23-5B / %x5D-7E ) (RFC 6749
// §3.3).
func isScopeToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) < 0
}
