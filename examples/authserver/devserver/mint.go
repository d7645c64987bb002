package devserver

import (
	"maps"
	"time"
)

// TokenSpec describes a token for [Server.Mint].
type TokenSpec struct {
	_ [0]func()

	// Claims are laid over iss, iat, exp and jti as an issued token has them. A
	// nil value takes a claim away; a time.Time becomes a NumericDate.
	Claims map[string]any

	// Header is laid over typ "at+jwt", alg and kid in the same way. It does not
	// change how the token is signed: another alg here is a lie.
	Header map[string]any

	// Unpublished signs with a key of the same algorithm that is not in the
	// JWKS, while kid still names the published one: a forged signature.
	Unpublished bool
}

// Mint signs whatever it is asked to: tokens that are expired, meant for another
// audience, of another type, bound to a key, and so on. It exists because this
// is a development server; a real one has no such thing. The error is that of
// encoding the claims. It is safe for concurrent use.
func (s *Server) Mint(spec TokenSpec) (string, error) {
	key := s.keys.current().signing
	header := overlay(key.header("at+jwt"), spec.Header)
	claims := overlay(s.timesAndID(), spec.Claims)
	if spec.Unpublished {
		var err error
		if key, err = key.forger(); err != nil {
			return "", err
		}
	}
	return key.sign(header, claims)
}

// overlay changes base, which it returns, as TokenSpec describes.
func overlay(base, changes map[string]any) map[string]any {
	maps.Copy(base, changes)
	for name, value := range base {
		switch value := value.(type) {
		case nil:
			delete(base, name)
		case time.Time:
			base[name] = value.Unix()
		}
	}
	return base
}
