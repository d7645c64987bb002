package devserver

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// maxSecrets is how many secrets of a client are good at the same time: the one
// in use and the one that takes over.
const maxSecrets = 2

// AddClientSecret gives a client a second secret, which is good at once and
// beside the first: the client is moved to it at its own pace, and then the old
// one is removed. The error is a problem with ClientID or Secret, such as a
// client that has two already. It is safe for concurrent use.
func (s *Server) AddClientSecret(clientID, secret string) error {
	if !isSecret(secret) {
		return &configerr.Error{Field: "Secret", Reason: secretReason}
	}
	return s.addSecret(clientID, sha256.Sum256([]byte(secret)))
}

// RemoveClientSecret ends one of a client's secrets. The error is a problem with
// ClientID or Secret, such as one that the client does not have, or has no other
// way to authenticate than. It is safe for concurrent use.
func (s *Server) RemoveClientSecret(clientID, secret string) error {
	return s.removeSecret(clientID, sha256.Sum256([]byte(secret)))
}

// ReplaceClientKeys sets the keys that a client signs its assertions with. A
// rotation without a gap first sets the old and the new one, and once the client
// uses the new one, that alone. The error is a problem with ClientID or Keys. It
// is safe for concurrent use.
func (s *Server) ReplaceClientKeys(clientID string, keys []ClientKey) error {
	var problems configerr.List
	for i, key := range keys {
		if reason := clientKeyProblem(key); reason != "" {
			problems.Add(fmt.Sprintf("Keys[%d]", i), reason)
		}
	}
	if err := problems.Err(); err != nil {
		return err
	}
	return s.clients.update(clientID, func(c *client) error {
		switch {
		case c.public || c.remoteKeys != nil:
			return &configerr.Error{Field: "Keys", Reason: "are not for a client that is public or has a JWKSURI"}
		case len(keys) == 0 && len(c.secrets) == 0 && !c.certified():
			return &configerr.Error{Field: "Keys", Reason: "must not be empty: the client has no secret"}
		}
		c.keys = slices.Clone(keys)
		return nil
	})
}

func (s *Server) addSecret(clientID string, sum [sha256.Size]byte) error {
	return s.clients.update(clientID, func(c *client) error {
		switch {
		case c.public:
			return &configerr.Error{Field: "Secret", Reason: "is not for a public client"}
		case slices.Contains(c.secrets, sum):
			return &configerr.Error{Field: "Secret", Reason: "is one of the client's already"}
		case len(c.secrets) >= maxSecrets:
			return &configerr.Error{Field: "Secret", Reason: "the client has two already, one has to be removed before"}
		}
		c.secrets = append(slices.Clone(c.secrets), sum)
		return nil
	})
}

func (s *Server) removeSecret(clientID string, sum [sha256.Size]byte) error {
	return s.clients.update(clientID, func(c *client) error {
		i := slices.Index(c.secrets, sum)
		switch {
		case i < 0:
			return &configerr.Error{Field: "Secret", Reason: "is not one of the client's"}
		case len(c.secrets) == 1 && len(c.keys) == 0 && c.remoteKeys == nil && !c.certified():
			return &configerr.Error{Field: "Secret", Reason: "is the client's only way to authenticate"}
		}
		c.secrets = slices.Delete(slices.Clone(c.secrets), i, i+1)
		return nil
	})
}
