package devserver

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/internal/fetch"
)

// registrableGrants are the grant types of RFC 7591 §2 that have no security
// problem of their own (RFC 9700 §2.1.2 and §2.4 rule out the other two).
var registrableGrants = []string{grantAuthorizationCode, grantClientCredentials, grantRefreshToken}

// minSecretLength is what 128 random bits take in base64url: RFC 6749 §10.10
// wants a guess to succeed with a probability of at most 2^-128.
const minSecretLength = 22

var secretReason = fmt.Sprintf("must be at least %d printable ASCII characters, chosen at random", minSecretLength)

// check says what is wrong with a client that the configuration calls field.
func (c Client) check(field string, problems *configerr.List) {
	problems.Check(c.ID != "" && len(c.ID) <= 256 && isVSCHAR(c.ID), field+".ID",
		"must be 1 to 256 printable ASCII characters (RFC 6749 appendix A.1)")
	c.checkAuthentication(field, problems)
	checkSecret(field+".", "Secret", c.Secret, c.SecretSHA256, problems)
	checkSecret(field+".", "SecondSecret", c.SecondSecret, c.SecondSecretSHA256, problems)
	for i, key := range c.Keys {
		if reason := clientKeyProblem(key); reason != "" {
			problems.Add(fmt.Sprintf("%s.Keys[%d]", field, i), reason)
		}
	}
	if c.JWKSURI != "" {
		_, err := fetch.ParseURL(c.JWKSURI, true)
		problems.Check(err == nil, field+".JWKSURI", "must be an https URL, or an http URL to a loopback host")
		problems.Check(len(c.Keys) == 0, field+".JWKSURI", "must be empty when there are Keys (RFC 7591 §2)")
	}
	c.checkGrants(field, problems)
	for i, scope := range c.Scopes {
		problems.Check(isScopeToken(scope) && scope != "openid", fmt.Sprintf("%s.Scopes[%d]", field, i),
			`must be a scope-token (RFC 6749 §3.3) other than "openid"`)
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
	problems.Check(c.AccessTokenFormat == "" || c.AccessTokenFormat.known(), field+".AccessTokenFormat", `must be "jwt" or "opaque"`)
	for i, kind := range c.AuthorizationDetailsTypes {
		problems.Check(kind != "", fmt.Sprintf("%s.AuthorizationDetailsTypes[%d]", field, i), "must not be empty")
	}
}

// checkAuthentication checks that a client has a way to authenticate exactly if
// it is not public.
func (c Client) checkAuthentication(field string, problems *configerr.List) {
	first := c.Secret != "" || c.SecretSHA256 != ""
	second := c.SecondSecret != "" || c.SecondSecretSHA256 != ""
	keys := len(c.Keys) > 0 || c.JWKSURI != ""
	certificates := len(c.CertificateThumbprints) > 0 || c.CertificateDNSName != ""
	for i, thumbprint := range c.CertificateThumbprints {
		problems.Check(isThumbprint(thumbprint), fmt.Sprintf("%s.CertificateThumbprints[%d]", field, i),
			"must be a SHA-256 in base64url, 43 characters")
	}
	if c.Public {
		problems.Check(!first && !second && !keys && !certificates, field+".Public",
			"must be false when there is a secret, a key or a certificate")
		// Whoever asks has to be authorized (RFC 7662 §2.1), and a public client
		// is anybody.
		problems.Check(!c.Introspection, field+".Introspection", "must be false when Public")
		return
	}
	problems.Check(first || keys || certificates, field,
		"needs Secret, SecretSHA256, Keys, JWKSURI, CertificateThumbprints or CertificateDNSName, or to be Public")
	problems.Check(first || !second, field+".SecondSecret", "must be empty when there is no first one")
}

// checkGrants checks what the client may do against what it is.
func (c Client) checkGrants(field string, problems *configerr.List) {
	for i, grant := range c.GrantTypes {
		at := fmt.Sprintf("%s.GrantTypes[%d]", field, i)
		problems.Check(slices.Contains(registrableGrants, grant), at,
			"must be one of "+strings.Join(registrableGrants, ", "))
		// RFC 6749 §4.4: "MUST only be used by confidential clients".
		problems.Check(!c.Public || grant != grantClientCredentials, at, "is not for a public client")
	}
	for i, uri := range c.RedirectURIs {
		if reason := redirectURIProblem(uri); reason != "" {
			problems.Add(fmt.Sprintf("%s.RedirectURIs[%d]", field, i), reason)
		}
	}
	byCode := slices.Contains(c.GrantTypes, grantAuthorizationCode) || len(c.GrantTypes) == 0 && c.Public
	problems.Check(byCode || len(c.RedirectURIs) == 0, field+".RedirectURIs",
		"must be empty without the grant type authorization_code")
}

// checkSecret checks one secret that may be given as its hash.
func checkSecret(prefix, name, secret, encoded string, problems *configerr.List) {
	problems.Check(secret == "" || encoded == "", prefix+name+"SHA256", "must be empty when there is a "+name)
	problems.Check(secret == "" || isSecret(secret), prefix+name, secretReason)
	_, ok := parseSecretSHA256(encoded)
	problems.Check(encoded == "" || ok, prefix+name+"SHA256", "must be 64 hexadecimal digits")
}

func isSecret(s string) bool { return len(s) >= minSecretLength && isVSCHAR(s) }

func parseSecretSHA256(encoded string) (sum [sha256.Size]byte, ok bool) {
	decoded, err := hex.DecodeString(encoded)
	if err != nil || len(decoded) != len(sum) {
		return sum, false
	}
	return [sha256.Size]byte(decoded), true
}

// isVSCHAR reports whether s is *VSCHAR (RFC 6749 appendix A).
func isVSCHAR(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7E }) < 0
}
