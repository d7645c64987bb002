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

// clientsFile is the JSON form of a list of clients. What RFC 7591 §2 has a name
// for has that name.
type clientsFile struct {
	Clients []struct {
		ID            string   `json:"client_id"`
		Secret        string   `json:"client_secret"`
		SecretSHA256  string   `json:"client_secret_sha256"`
		GrantTypes    []string `json:"grant_types"`
		Scopes        []string `json:"scopes"`
		DefaultScopes []string `json:"default_scopes"`
		Audiences     []string `json:"audiences"`
		Profile       Profile  `json:"profile"`
		JWKS          struct {
			Keys []jsontext.Value `json:"keys"`
		} `json:"jwks"`
	} `json:"clients"`
}

// ParseClients reads a clients file:
//
//	{"clients": [{
//	  "client_id": "billing",
//	  "client_secret": "…",
//	  "scopes": ["orders:read"],
//	  "audiences": ["https://orders.example.com"]
//	}]}
//
// The other members are client_secret_sha256, jwks (public keys, RFC 7517 §5),
// grant_types, default_scopes and profile; [Client] says what they mean. A member
// that is unknown or doubled is an error. The errors tell places, never values,
// because values are secrets; what they mean together is checked by [New].
func ParseClients(data []byte) ([]Client, error) {
	var file clientsFile
	// Duplicate names and invalid UTF-8 are refused by default.
	if err := json.Unmarshal(data, &file, json.RejectUnknownMembers(true)); err != nil {
		return nil, place(err)
	}
	var problems configerr.List
	var clients []Client
	for i, entry := range file.Clients {
		c := Client{
			ID:            entry.ID,
			Secret:        entry.Secret,
			SecretSHA256:  entry.SecretSHA256,
			GrantTypes:    entry.GrantTypes,
			Scopes:        entry.Scopes,
			DefaultScopes: entry.DefaultScopes,
			Audiences:     entry.Audiences,
			Profile:       entry.Profile,
		}
		for j, value := range entry.JWKS.Keys {
			key, err := parseClientKey(value)
			if err != nil {
				problems.Add(fmt.Sprintf("Clients[%d].Keys[%d]", i, j), err.Error())
			}
			c.Keys = append(c.Keys, key)
		}
		clients = append(clients, c)
	}
	problems.Check(len(clients) > 0, "Clients", "must not be empty")
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return clients, nil
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
