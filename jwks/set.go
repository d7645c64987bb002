package jwks

import (
	"errors"
	"fmt"
)

// MaxKeys is how many keys a [Set] may have.
const MaxKeys = 1024

// A Set is an immutable snapshot of an issuer's keys. The zero value has none.
// Sets are safe for concurrent use.
type Set struct {
	keys    []*Key // in the order of the document
	members map[fingerprint]*Key
	byID    map[string][]*Key // keys without an id are not in it
	byAlg   map[string][]*Key // for tokens that name no key
}

// NewSet returns the set of the given keys, which must be at least one and at
// most [MaxKeys]. Equal keys count once. Two keys may share an id; a third one that
// fits the same algorithm is an error, as [Set.Find] returns no more than two.
func NewSet(keys ...*Key) (*Set, error) {
	if len(keys) == 0 {
		return nil, errNoKeys
	}
	if len(keys) > MaxKeys {
		return nil, errTooManyKeys
	}
	s := new(Set)
	for i, k := range keys {
		if k == nil {
			return nil, fmt.Errorf("key %d is nil", i)
		}
		if err := s.add(k); err != nil {
			return nil, fmt.Errorf("key %d: %w", i, err)
		}
	}
	return s, nil
}

var (
	errNoKeys      = errors.New("the key set is empty")
	errTooManyKeys = fmt.Errorf("the key set has more than %d keys", MaxKeys)
)

// add puts k into a set that nobody else has seen yet.
func (s *Set) add(k *Key) error {
	if s.members == nil {
		s.members = make(map[fingerprint]*Key)
		s.byID = make(map[string][]*Key)
		s.byAlg = make(map[string][]*Key)
	}
	if s.members[k.fingerprint()] != nil {
		return nil
	}
	if k.id != "" {
		namesakes := s.byID[k.id]
		// RFC 7517 §4.5 wants distinct ids but allows equal ones for different
		// key types. Trying every namesake would let an issuer's mistake
		// multiply the work for each token, so there are at most two.
		for _, alg := range k.algorithms {
			if len(fitting(namesakes, alg)) == maxCandidates {
				return Ambiguous
			}
		}
		s.byID[k.id] = append(namesakes, k)
	}
	s.keys = append(s.keys, k)
	s.members[k.fingerprint()] = k
	for _, alg := range k.algorithms {
		s.byAlg[alg] = append(s.byAlg[alg], k)
	}
	return nil
}

const maxCandidates = 2

// adopt returns the set with the keys that old has, too, replaced by old's, or
// old itself if it has the same keys.
func (s *Set) adopt(old *Set) *Set {
	adopted, same := new(Set), len(s.keys) == len(old.keys)
	for i, k := range s.keys {
		if known := old.members[k.fingerprint()]; known != nil {
			k = known
		}
		same = same && k == old.keys[i]
		_ = adopted.add(k) // it fits, as it did in s
	}
	if same {
		return old
	}
	return adopted
}

// Len returns the number of keys.
func (s *Set) Len() int { return len(s.keys) }

// Contains reports whether this very key is in the set.
func (s *Set) Contains(k *Key) bool {
	return k != nil && s.members[k.fingerprint()] == k
}

// Find returns the keys that may have signed a token whose header names the key
// id kid and the algorithm alg; an empty kid stands for a header without one.
// There are at most two, and without a kid exactly one. When there are none,
// known tells why: the set has keys for this kid but none that fits the
// algorithm, or, without a kid, more than one key fits (asking the issuer again
// would not help); or nothing at all is known under that kid (it might).
func (s *Set) Find(kid, alg string) (keys []*Key, known bool) {
	if kid == "" {
		if fit := s.byAlg[alg]; len(fit) != 1 {
			return nil, len(fit) > 1
		}
		return s.byAlg[alg][:1:1], true
	}
	namesakes := s.byID[kid]
	return fitting(namesakes, alg), len(namesakes) > 0
}

// fitting returns the keys that support alg. It does not allocate in the usual
// case, in which all of them do.
func fitting(keys []*Key, alg string) []*Key {
	for i, k := range keys {
		if k.Supports(alg) {
			continue
		}
		fit := append([]*Key(nil), keys[:i]...)
		for _, k := range keys[i+1:] {
			if k.Supports(alg) {
				fit = append(fit, k)
			}
		}
		return fit
	}
	return keys[:len(keys):len(keys)]
}
