package tokens

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/bearerguard/bearerguard/internal/fetch"
)

// Metadata is what an authorization server says of itself, as far as clients here
// want to know (RFC 8414 §2). URLs are as they were received, and have been
// checked: https, or http to loopback.
type Metadata struct {
	Issuer                string   `json:"issuer"`
	TokenEndpoint         string   `json:"token_endpoint"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	ResponseIssuer        bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
}

var (
	errMetadata = errors.New("the authorization server's metadata cannot be used")
	errIssuer   = fmt.Errorf("%w: it is that of another issuer", errMetadata)
	errNotFound = fmt.Errorf("%w: there is none", errMetadata)
	errMember   = fmt.Errorf("%w: not JSON, or not of the right types", errMetadata)
	errEndpoint = fmt.Errorf("%w: it has no token endpoint, or an endpoint that is neither https nor on loopback", errMetadata)
)

// CheckIssuer returns what is wrong with an issuer identifier, or nil: it has to be
// https, or http to loopback, without query and fragment (RFC 8414 §2).
func CheckIssuer(issuer string) error {
	u, err := fetch.ParseURL(issuer, true)
	if err != nil {
		return err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return errors.New("has a query")
	}
	return nil
}

// Discover gets the metadata of an issuer that [CheckIssuer] let pass, at the path
// of RFC 8414 §3.1 or else at OpenID's. The errors hold nothing of the answer.
func Discover(ctx context.Context, issuer string) (*Metadata, error) {
	base, err := fetch.ParseURL(issuer, true)
	if err != nil {
		return nil, err
	}
	client := fetch.New(nil, nil)
	defer client.Close()
	ctx, cancel := client.WithTimeout(ctx)
	defer cancel()
	for _, place := range places(base) {
		response, err := client.Get(ctx, place, http.Header{"Accept": {"application/json"}})
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errMetadata, err)
		}
		if response.Status == http.StatusOK {
			return parseMetadata(response.Body, issuer)
		}
	}
	return nil, errNotFound
}

// places returns where the metadata of an issuer may be.
func places(issuer *url.URL) []*url.URL {
	path := strings.TrimSuffix(issuer.EscapedPath(), "/")
	at := func(path string) *url.URL {
		unescaped, _ := url.PathUnescape(path) // it was parsed before
		return &url.URL{Scheme: issuer.Scheme, Host: issuer.Host, Path: unescaped, RawPath: path}
	}
	return []*url.URL{
		at("/.well-known/oauth-authorization-server" + path), // RFC 8414 §3.1
		at(path + "/.well-known/openid-configuration"),       // OpenID Connect Discovery §4.1
	}
}

func parseMetadata(document []byte, issuer string) (*Metadata, error) {
	var m Metadata
	if err := json.Unmarshal(document, &m); err != nil { // refuses duplicate names
		return nil, errMember
	}
	if m.Issuer != issuer { // RFC 8414 §3.3: identical
		return nil, errIssuer
	}
	if _, err := fetch.ParseURL(m.TokenEndpoint, true); err != nil {
		return nil, errEndpoint
	}
	if m.AuthorizationEndpoint != "" {
		if _, err := fetch.ParseURL(m.AuthorizationEndpoint, true); err != nil {
			return nil, errEndpoint
		}
	}
	return &m, nil
}
