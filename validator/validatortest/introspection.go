package validatortest

import (
	"crypto/rand"
	"net/http"

	"github.com/go-json-experiment/json"
)

// A grant is what introspection knows of a token.
type grant struct {
	payload []byte
	revoked bool
}

// IntrospectionURL returns where APIs ask about tokens (RFC 7662); empty without
// [Config].Clients.
func (is *Issuer) IntrospectionURL() string {
	if len(is.secrets) == 0 {
		return ""
	}
	return is.url + introspectionPath
}

// MintOpaque makes a token that says nothing by itself. Its claims are known to
// introspection only.
func (is *Issuer) MintOpaque(c Claims) string {
	_, payload, err := c.draft(is.url, is.audience, is.SigningKey(), is.clock.Now()).encode()
	if err != nil {
		is.fatal(err)
	}
	token := rand.Text()
	is.remember(token, payload)
	return token
}

// Revoke makes a token inactive for introspection (RFC 7009). Its signature stays
// as good as it was.
func (is *Issuer) Revoke(token string) {
	is.mu.Lock()
	defer is.mu.Unlock()
	if g := is.known[token]; g != nil {
		g.revoked = true
	}
}

func (is *Issuer) remember(token string, payload []byte) {
	if len(is.secrets) == 0 {
		return
	}
	is.mu.Lock()
	defer is.mu.Unlock()
	is.known[token] = &grant{payload: payload}
}

// serveIntrospection tells the claims of a token that was minted here and is
// neither expired nor revoked, and of any other nothing (RFC 7662 §2.2).
func (is *Issuer) serveIntrospection(w http.ResponseWriter, r *http.Request) {
	if _, ok := is.authenticate(w, r); !ok {
		return
	}
	claims, active := is.introspect(r.PostFormValue("token"))
	if !active {
		claims = map[string]any{}
	}
	claims["active"] = active
	writeJSON(w, http.StatusOK, claims)
}

func (is *Issuer) introspect(token string) (claims map[string]any, active bool) {
	is.mu.Lock()
	g := is.known[token]
	usable := g != nil && !g.revoked
	is.mu.Unlock()
	if !usable || json.Unmarshal(g.payload, &claims) != nil {
		return nil, false
	}
	now := float64(is.clock.Now().Unix())
	expiry, ok := claims["exp"].(float64)
	notBefore, _ := claims["nbf"].(float64)
	return claims, ok && now < expiry && now >= notBefore
}
