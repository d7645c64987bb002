package devserver

import (
	"cmp"
	"crypto/sha256"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/bearerguard/bearerguard/internal/strictjson"
)

// serveRevoke is the revocation endpoint (RFC 7009 §2), where a client ends its
// own tokens. Public clients may use it (§2.1).
func (s *Server) serveRevoke(w http.ResponseWriter, r *http.Request) {
	by, f, problem := s.clientRequest(w, r, true)
	if problem == nil && f.get("token") == "" {
		problem = refuse(invalidRequest, "no token")
	}
	var revoked bool
	if problem == nil {
		// The hint saves nothing here and is ignored (RFC 7009 §2.1).
		revoked, problem = s.revoke(by, f.get("token"))
	}
	if problem != nil {
		s.logRefused(r.Context(), "revocation refused", by, problem)
		problem.write(w)
		return
	}
	s.logDone(r.Context(), "token revoked", by, slog.Bool("known", revoked))
	// A token that is not good anyway is 200, too (RFC 7009 §2.2), and there is
	// nothing to say in the body.
	w.WriteHeader(http.StatusOK)
}

// revoke ends a token, and with a refresh token everything that was issued for the
// same authorization (RFC 7009 §2.1). It reports whether the token was known.
func (s *Server) revoke(by *client, token string) (bool, *refusal) {
	now := s.config.Clock.Now()
	if h, sealed := s.sealing.open(sealedRefresh, token); sealed {
		return s.authorizations.revoke(h.authorization, by, now)
	}
	claims, active := s.activeToken(token, now)
	switch {
	case !active:
		return false, nil
	case claims.text("client_id") != by.id: // RFC 7009 §2.1
		return false, refuse(invalidGrant, "the token was issued to another client")
	}
	expires, _ := numericDate(claims["exp"], strictjson.Floor)
	return true, s.revoked.add(claims.revocationID(token), expires, now)
}

// revocationID returns what a token is remembered by: its id, or, of a minted one
// without, itself.
func (c tokenClaims) revocationID(token string) string { return cmp.Or(c.text("jti"), token) }

// revocations remembers the access tokens that were revoked, until they would have
// expired. It is bounded and forgets none before: a full one refuses. It is safe
// for concurrent use.
type revocations struct {
	mu sync.Mutex
	// Ids are hashed, so that their length costs no memory.
	ids expiring[[sha256.Size]byte, struct{}]
}

func newRevocations(limit int) *revocations {
	return &revocations{ids: newExpiring[[sha256.Size]byte, struct{}](limit)}
}

// add revokes. RFC 7009 §2.2.1 has 503 for what cannot be done now.
func (v *revocations) add(id string, expires, now time.Time) *refusal {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ids.put(sha256.Sum256([]byte(id)), struct{}{}, expires, now) {
		return nil
	}
	return &refusal{code: unavailable, reason: "too many revoked tokens have not expired", retryAfter: v.ids.untilRoom(now)}
}

func (v *revocations) has(id string, now time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, revoked := v.ids.get(sha256.Sum256([]byte(id)), now)
	return revoked
}
