package devserver

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// maxSigningKeys is how many keys are published at most.
const maxSigningKeys = 8

// keyring holds the server's keys. Tokens are signed and keys published from one
// immutable snapshot, which a rotation replaces.
type keyring struct {
	mu       sync.Mutex // for those who replace it
	snapshot atomic.Pointer[keySet]
}

// keySet is the published keys, oldest first, and which of them signs.
type keySet struct {
	keys    []*signingKey
	signing *signingKey
	jwks    http.HandlerFunc // serves them (RFC 7517 §5)
}

func newKeyring(alg string) (*keyring, error) {
	key, err := newSigningKey(alg)
	if err != nil {
		return nil, err
	}
	k := new(keyring)
	return k, k.replace([]*signingKey{key}, key)
}

func (k *keyring) current() *keySet { return k.snapshot.Load() }

func (k *keyring) replace(keys []*signingKey, signing *signingKey) error {
	public := make([]jwk.Key, len(keys))
	for i, key := range keys {
		public[i] = key.public
	}
	body, err := json.Marshal(map[string]any{"keys": public})
	if err != nil {
		return err
	}
	k.snapshot.Store(&keySet{keys, signing, document(body)})
	return nil
}

// serveKeys serves the key set as it is now.
func (s *Server) serveKeys(w http.ResponseWriter, r *http.Request) { s.keys.current().jwks(w, r) }

// find returns the published key of that id, or nil.
func (s *keySet) find(kid string) *signingKey {
	for _, key := range s.keys {
		if key.public.KeyID() == kid {
			return key
		}
	}
	return nil
}

// SigningKey is one key that the server publishes in its JWKS.
type SigningKey struct {
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	Signs     bool   `json:"signs"` // tokens are signed with this one
}

// SigningKeys returns the published keys, oldest first. It is safe for
// concurrent use.
func (s *Server) SigningKeys() []SigningKey {
	current := s.keys.current()
	var list []SigningKey
	for _, key := range current.keys {
		list = append(list, SigningKey{key.public.KeyID(), key.alg.String(), key == current.signing})
	}
	return list
}

// PublishSigningKey makes a key and publishes it, without signing with it yet:
// the first step of a rotation, after which APIs have time to fetch the key set.
// An empty algorithm means that of the key that signs. At most 8 keys are
// published at a time. The error is a problem with Algorithm, or that of making
// the key. It is safe for concurrent use.
func (s *Server) PublishSigningKey(algorithm string) (kid string, err error) {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	current := s.keys.current()
	if algorithm == "" {
		algorithm = current.signing.alg.String()
	}
	if _, known := signingAlgorithms[algorithm]; !known {
		return "", &configerr.Error{Field: "Algorithm", Reason: algorithmReason}
	}
	if len(current.keys) >= maxSigningKeys {
		return "", &configerr.Error{Field: "KeyID", Reason: "too many keys are published, one has to be retired before"}
	}
	key, err := newSigningKey(algorithm)
	if err != nil {
		return "", err
	}
	return key.public.KeyID(), s.keys.replace(append(slices.Clone(current.keys), key), current.signing)
}

// SwitchSigningKey signs with another published key from now on; an empty kid
// means the newest. The former one stays published, because its tokens are still
// about. An unknown kid is an error. It is safe for concurrent use.
func (s *Server) SwitchSigningKey(kid string) error {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	current := s.keys.current()
	next := current.keys[len(current.keys)-1]
	if kid != "" {
		next = current.find(kid)
	}
	if next == nil {
		return errNoSigningKey
	}
	return s.keys.replace(current.keys, next)
}

// RetireSigningKey takes a key out of the key set, so that its tokens are
// refused once APIs notice; an empty kid means the oldest that does not sign. The
// key that signs cannot be retired, and an unknown one is an error. It is safe
// for concurrent use.
func (s *Server) RetireSigningKey(kid string) error {
	s.keys.mu.Lock()
	defer s.keys.mu.Unlock()
	current := s.keys.current()
	i := slices.IndexFunc(current.keys, func(key *signingKey) bool {
		return key.public.KeyID() == kid || kid == "" && key != current.signing
	})
	switch {
	case i < 0:
		return errNoSigningKey
	case current.keys[i] == current.signing:
		return &configerr.Error{Field: "KeyID", Reason: "signs; another key has to be switched to before"}
	}
	return s.keys.replace(slices.Delete(slices.Clone(current.keys), i, i+1), current.signing)
}

var errNoSigningKey = &configerr.Error{Field: "KeyID", Reason: "is not published"}
