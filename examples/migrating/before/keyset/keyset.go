// Package keyset fetches an issuer's keys, as programs do that have no library
// for it.
package keyset

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// A Cache keeps the RSA keys of one URL for five minutes.
type Cache struct {
	URL string

	mu      sync.Mutex
	keys    map[string]*rsa.PublicKey
	fetched time.Time
}

// Key is a jwt.Keyfunc.
func (c *Cache) Key(token *jwt.Token) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.fetched) > 5*time.Minute {
		keys, err := fetch(c.URL)
		if err != nil {
			return nil, err
		}
		c.keys, c.fetched = keys, time.Now()
	}
	id, _ := token.Header["kid"].(string)
	key, ok := c.keys[id]
	if !ok {
		return nil, errors.New("unknown kid")
	}
	return key, nil
}

func fetch(url string) (map[string]*rsa.PublicKey, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	var document struct {
		Keys []struct{ Kid, Kty, N, E string }
	}
	if err := json.NewDecoder(response.Body).Decode(&document); err != nil {
		return nil, err
	}
	keys := map[string]*rsa.PublicKey{}
	for _, k := range document.Keys {
		n, errN := base64.RawURLEncoding.DecodeString(k.N)
		e, errE := base64.RawURLEncoding.DecodeString(k.E)
		if k.Kty == "RSA" && errN == nil && errE == nil {
			keys[k.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		}
	}
	return keys, nil
}
