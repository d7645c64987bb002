package validatortest

import (
	"errors"
	"fmt"
	"slices"
)

// NewKey makes a key with an id that the issuer has not used yet. It is not
// published.
func (is *Issuer) NewKey() *Key {
	is.mu.Lock()
	is.made++
	id := fmt.Sprintf("key-%d", is.made)
	is.mu.Unlock()
	return NewKey(id, is.algorithm)
}

// SigningKey returns the key that [Issuer.Mint] signs with.
func (is *Issuer) SigningKey() *Key {
	is.mu.Lock()
	defer is.mu.Unlock()
	return is.signing
}

// Publish adds keys to the set, or, if none is given, a new one, and returns the
// last. It is the first step of a rotation: nothing is signed with them yet.
func (is *Issuer) Publish(keys ...*Key) *Key {
	if len(keys) == 0 {
		keys = []*Key{is.NewKey()}
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	is.keys = append(is.keys, keys...)
	return keys[len(keys)-1]
}

// Switch makes [Issuer.Mint] sign with k from now on, published or not. It is the
// second step of a rotation.
func (is *Issuer) Switch(k *Key) {
	is.mu.Lock()
	defer is.mu.Unlock()
	is.signing = k
}

// Retire takes keys out of the set, the last step of a rotation. A set without
// any key is [EmptySet].
func (is *Issuer) Retire(keys ...*Key) {
	is.mu.Lock()
	defer is.mu.Unlock()
	for _, k := range keys {
		if !slices.Contains(is.keys, k) {
			is.fatal(errNotPublished)
		}
	}
	is.keys = slices.DeleteFunc(is.keys, func(k *Key) bool { return slices.Contains(keys, k) })
}

// errNotPublished keeps a test from passing because of a rotation that did not
// take place.
var errNotPublished = errors.New("the key is not published")

// Swap puts a new key in the place of the signing key under the same id, signs
// with it from now on and returns it. An issuer should not do so, but some do.
func (is *Issuer) Swap() *Key {
	is.mu.Lock()
	defer is.mu.Unlock()
	if !slices.Contains(is.keys, is.signing) {
		is.fatal(errNotPublished)
	}
	swapped := NewKey(is.signing.id, is.signing.algorithm)
	for i, k := range is.keys {
		if k == is.signing {
			is.keys[i] = swapped
		}
	}
	is.signing = swapped
	return swapped
}
