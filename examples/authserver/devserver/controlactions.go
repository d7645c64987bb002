package devserver

import (
	"crypto/sha256"
	"time"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// signingKeyRequest rotates the signing key.
type signingKeyRequest struct {
	Action    string `json:"action"` // publish, switch, retire or list
	KeyID     string `json:"kid"`
	Algorithm string `json:"alg"` // for publish
}

// signingKeyAnswer is the state after it, oldest key first.
type signingKeyAnswer struct {
	KeyID string       `json:"kid,omitempty"` // of the key just published
	Keys  []SigningKey `json:"keys"`
}

func (s *Server) controlSigningKey(request signingKeyRequest) (any, error) {
	var published string
	var err error
	switch request.Action {
	case "publish":
		published, err = s.PublishSigningKey(request.Algorithm)
	case "switch":
		err = s.SwitchSigningKey(request.KeyID)
	case "retire":
		err = s.RetireSigningKey(request.KeyID)
	case "list":
	default:
		err = &configerr.Error{Field: "action", Reason: "must be publish, switch, retire or list"}
	}
	return signingKeyAnswer{published, s.SigningKeys()}, err
}

// clientSecretRequest adds or removes one of a client's two secrets, given as it
// is or as its hash.
type clientSecretRequest struct {
	Action       string `json:"action"` // add or remove
	ClientID     string `json:"client_id"`
	Secret       string `json:"client_secret"`
	SecretSHA256 string `json:"client_secret_sha256"`
}

// clientSecretAnswer has the secret only if the server has made it.
type clientSecretAnswer struct {
	ClientID string `json:"client_id"`
	Secret   string `json:"client_secret,omitempty"`
}

func (s *Server) controlClientSecret(request clientSecretRequest) (any, error) {
	answer := clientSecretAnswer{ClientID: request.ClientID}
	if request.Action == "add" && request.Secret == "" && request.SecretSHA256 == "" {
		answer.Secret = NewSecret()
		request.Secret = answer.Secret
	}
	var problems configerr.List
	checkSecret("", "Secret", request.Secret, request.SecretSHA256, &problems)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	sum, hashed := parseSecretSHA256(request.SecretSHA256)
	if !hashed {
		sum = sha256.Sum256([]byte(request.Secret))
	}
	switch request.Action {
	case "add":
		return answer, s.addSecret(request.ClientID, sum)
	case "remove":
		return answer, s.removeSecret(request.ClientID, sum)
	}
	return nil, &configerr.Error{Field: "action", Reason: "must be add or remove"}
}

// clientKeysRequest replaces a client's keys.
type clientKeysRequest struct {
	ClientID string   `json:"client_id"`
	JWKS     keySetIn `json:"jwks"`
}

// clientKeysAnswer counts the keys that are good now.
type clientKeysAnswer struct {
	ClientID string `json:"client_id"`
	Keys     int    `json:"keys"`
}

func (s *Server) controlClientKeys(request clientKeysRequest) (any, error) {
	var problems configerr.List
	keys := request.JWKS.clientKeys("", &problems)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return clientKeysAnswer{request.ClientID, len(keys)}, s.ReplaceClientKeys(request.ClientID, keys)
}

// tokenLifetimeRequest changes the lifetime of tokens issued from now on; the
// answer repeats it.
type tokenLifetimeRequest struct {
	Seconds int `json:"seconds"`
}

func (s *Server) controlTokenLifetime(request tokenLifetimeRequest) (any, error) {
	// Whatever does not fit a Duration is out of bounds, too.
	seconds := min(max(request.Seconds, 0), int(maxTokenLifetime/time.Second)+1)
	return request, s.SetTokenLifetime(time.Duration(seconds) * time.Second)
}
