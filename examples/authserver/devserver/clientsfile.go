package devserver

import (
	"crypto"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// clientsFile is the JSON form of a list of clients.
type clientsFile struct {
	Clients []clientEntry `json:"clients"`
}

// clientEntry is one client. What RFC 7591 §2 has a name for has that name.
type clientEntry struct {
	ID                 string   `json:"client_id"`
	Secret             string   `json:"client_secret"`
	SecretSHA256       string   `json:"client_secret_sha256"`
	SecondSecret       string   `json:"second_client_secret"`
	SecondSecretSHA256 string   `json:"second_client_secret_sha256"`
	JWKS               keySetIn `json:"jwks"`
	JWKSURI            string   `json:"jwks_uri"`
	AuthMethod         string   `json:"token_endpoint_auth_method"`
	GrantTypes         []string `json:"grant_types"`
	RedirectURIs       []string `json:"redirect_uris"`
	Scopes             []string `json:"scopes"`
	DefaultScopes      []string `json:"default_scopes"`
	Audiences          []string `json:"audiences"`
	Profile            Profile  `json:"profile"`
	Introspection      bool     `json:"introspection"`

	CertificateThumbprints    []string    `json:"certificate_thumbprints"`
	CertificateDNSName        string      `json:"tls_client_auth_san_dns"` // RFC 8705 §2.1.2
	AccessTokenFormat         TokenFormat `json:"access_token_format"`
	DPoPBound                 bool        `json:"dpop_bound_access_tokens"`                   // RFC 9449 §5.2
	CertificateBound          bool        `json:"tls_client_certificate_bound_access_tokens"` // RFC 8705 §3.4
	AuthorizationDetailsTypes []string    `json:"authorization_details_types"`                // RFC 9396 §10
}

// keySetIn is a key set (RFC 7517 §5) whose keys are still to be read.
type keySetIn struct {
	Keys []jsontext.Value `json:"keys"`
}

// ParseClients reads a clients file:
//
//	{"clients": [{
//	  "client_id": "billing",
//	  "client_secret": "…",
//	  "scopes": ["orders:read"],
//	  "audiences": ["https://orders.example.com"]
//	}, {
//	  "client_id": "orders-cli",
//	  "token_endpoint_auth_method": "none",
//	  "redirect_uris": ["http://127.0.0.1/callback"],
//	  "scopes": ["orders:read"],
//	  "audiences": ["https://orders.example.com"]
//	}]}
//
// The other members are client_secret_sha256, second_client_secret,
// second_client_secret_sha256, jwks (public keys, RFC 7517 §5), jwks_uri,
// certificate_thumbprints, tls_client_auth_san_dns, grant_types, default_scopes,
// profile, access_token_format, dpop_bound_access_tokens,
// tls_client_certificate_bound_access_tokens, authorization_details_types and
// introspection; [Client] says what they mean. A token_endpoint_auth_method of "none" is a public client; any other
// client may use every method that it has credentials for, and leaves it out. A
// member that is unknown or doubled is an error. The errors tell places, never
// values, because values are secrets; what they mean together is checked by
// [New].
func ParseClients(data []byte) ([]Client, error) {
	var file clientsFile
	// Duplicate names and invalid UTF-8 are refused by default.
	if err := json.Unmarshal(data, &file, json.RejectUnknownMembers(true)); err != nil {
		return nil, place(err)
	}
	var problems configerr.List
	var clients []Client
	for i, entry := range file.Clients {
		clients = append(clients, entry.client(fmt.Sprintf("Clients[%d]", i), &problems))
	}
	problems.Check(len(clients) > 0, "Clients", "must not be empty")
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return clients, nil
}

func (e clientEntry) client(field string, problems *configerr.List) Client {
	problems.Check(e.AuthMethod == "" || e.AuthMethod == methodNone, field+".Public",
		`token_endpoint_auth_method must be "none" or left out`)
	return Client{
		ID:                 e.ID,
		Secret:             e.Secret,
		SecretSHA256:       e.SecretSHA256,
		SecondSecret:       e.SecondSecret,
		SecondSecretSHA256: e.SecondSecretSHA256,
		Keys:               e.JWKS.clientKeys(field+".", problems),
		JWKSURI:            e.JWKSURI,
		Public:             e.AuthMethod == methodNone,
		GrantTypes:         e.GrantTypes,
		RedirectURIs:       e.RedirectURIs,
		Scopes:             e.Scopes,
		DefaultScopes:      e.DefaultScopes,
		Audiences:          e.Audiences,
		Profile:            e.Profile,
		Introspection:      e.Introspection,

		CertificateThumbprints:    e.CertificateThumbprints,
		CertificateDNSName:        e.CertificateDNSName,
		AccessTokenFormat:         e.AccessTokenFormat,
		DPoPBound:                 e.DPoPBound,
		CertificateBound:          e.CertificateBound,
		AuthorizationDetailsTypes: e.AuthorizationDetailsTypes,
	}
}

// clientKeys reads the keys of a set that the configuration has at prefix.
func (set keySetIn) clientKeys(prefix string, problems *configerr.List) (keys []ClientKey) {
	for i, value := range set.Keys {
		key, err := parseClientKey(value)
		if err != nil {
			problems.Add(fmt.Sprintf("%sKeys[%d]", prefix, i), err.Error())
		}
		keys = append(keys, key)
	}
	return keys
}

// parseClientKey reads one JWK (RFC 7517 §4), which has to be public.
func parseClientKey(value jsontext.Value) (ClientKey, error) {
	parsed, err := jwk.ParseKey(value)
	if err != nil {
		return ClientKey{}, errors.New("is not a JWK") // jwx's own words could quote it
	}
	if private, err := jwk.IsPrivateKey(parsed); err != nil || private {
		return ClientKey{}, errors.New("must be a public key: only the client has the private one")
	}
	if use := parsed.KeyUsage(); use != "" && use != "sig" { // RFC 7517 §4.2
		return ClientKey{}, errors.New(`must be for signatures ("use")`)
	}
	var raw any
	if err := parsed.Raw(&raw); err != nil {
		return ClientKey{}, errors.New("is not a usable key")
	}
	key := ClientKey{ID: parsed.KeyID(), Public: crypto.PublicKey(raw)}
	if alg := parsed.Algorithm(); alg != nil {
		key.Algorithm = alg.String()
	}
	return key, nil
}

// place says where a clients file is wrong, without what stands there.
func place(err error) error {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		if errors.Is(err, json.ErrUnknownName) {
			return fmt.Errorf("%s: unknown member", semantic.JSONPointer)
		}
		return fmt.Errorf("%s: not the type expected", semantic.JSONPointer)
	}
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return fmt.Errorf("%s: doubled member", syntactic.JSONPointer)
		}
		return fmt.Errorf("byte %d: not valid JSON", syntactic.ByteOffset)
	}
	return errors.New("not valid JSON")
}
