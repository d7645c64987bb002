package jwks

import (
	"bytes"
	"errors"
	"io"

	"github.com/bearerguard/bearerguard/internal/strictjson"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth is how deeply a document may nest, itself and "keys" included.
const maxDepth = 16

var (
	errNotKeySet  = errors.New(`not a JSON object with one "keys" array`)
	errAllDropped = errors.New("the key set has keys but none that can be used")
)

// Parse reads a JWK Set document (RFC 7517 §5). One bad key does not spoil the
// others: it is left out of the set and reported. The error says that there is
// no key at all: the document is not a key set, is empty, has more than
// [MaxKeys] keys, or none of them can be used.
//
// A key is used if it is a strictly well-formed JWK with a public RSA, P-256,
// P-384, P-521 or Ed25519 key that [NewKey] accepts, its "use" is absent or "sig",
// its "key_ops" are absent or contain "verify", and its "alg" is absent or one of
// its type's. An empty "kid" counts as none. Certificates ("x5c", "x5u", "x5t") are
// ignored: the document is trusted because of where it came from.
func Parse(document []byte) (*Set, []Dropped, error) {
	elements, err := split(document)
	if err != nil {
		return nil, nil, err
	}
	if len(elements) == 0 {
		return nil, nil, errNoKeys
	}
	set := new(Set)
	var dropped []Dropped
	for i, element := range elements {
		id, key, err := admit(element)
		if err == nil {
			err = set.add(key)
		}
		if err != nil {
			reason := Malformed
			errors.As(err, &reason)
			dropped = append(dropped, Dropped{Index: i, ID: id, Reason: reason})
		}
	}
	if set.Len() == 0 {
		return nil, dropped, errAllDropped
	}
	return set, dropped, nil
}

// split returns the elements of the document's "keys" as they stand there. It is
// lenient about what is inside them, a repeated name for example: that is the
// problem of one key and no reason to lose the others.
func split(document []byte) ([]jsontext.Value, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(document),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if token, err := dec.ReadToken(); err != nil || token.Kind() != '{' {
		return nil, errNotKeySet
	}
	var keys []jsontext.Value
	names := make(map[string]bool)
	for dec.PeekKind() != '}' {
		quoted, err := dec.ReadValue()
		if err != nil {
			return nil, errNotKeySet
		}
		name, ok := strictjson.String(quoted)
		if !ok || names[name] {
			return nil, errNotKeySet
		}
		names[name] = true
		if name == "keys" {
			keys, err = elements(dec)
		} else {
			// RFC 7517 §5: members that are not understood are ignored.
			err = skip(dec)
		}
		if err != nil {
			return nil, err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, errNotKeySet
	}
	if _, err := dec.ReadToken(); err != io.EOF || !names["keys"] {
		return nil, errNotKeySet
	}
	return keys, nil
}

// elements reads the array that comes next.
func elements(dec *jsontext.Decoder) ([]jsontext.Value, error) {
	if dec.PeekKind() != '[' {
		return nil, errNotKeySet
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, errNotKeySet
	}
	var list []jsontext.Value
	for dec.PeekKind() != ']' {
		element, err := dec.ReadValue()
		if err != nil {
			return nil, errNotKeySet
		}
		if len(list) == MaxKeys {
			return nil, errTooManyKeys
		}
		list = append(list, element.Clone())
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, errNotKeySet
	}
	return list, nil
}

// skip passes over the value that comes next.
func skip(dec *jsontext.Decoder) error {
	value, err := dec.ReadValue()
	if err != nil || strictjson.Depth(value) > maxDepth-1 {
		return errNotKeySet
	}
	return nil
}
