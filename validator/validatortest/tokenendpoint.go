package validatortest

import (
	"crypto/subtle"
	"net/http"
	"net/url"
)

// TokenURL returns where clients get tokens; empty without [Config].Clients.
func (is *Issuer) TokenURL() string {
	if len(is.secrets) == 0 {
		return ""
	}
	return is.url + tokenPath
}

// serveToken is a token endpoint for the client credentials grant (RFC 6749 §4.4).
func (is *Issuer) serveToken(w http.ResponseWriter, r *http.Request) {
	client, ok := is.authenticate(w, r)
	if !ok {
		return
	}
	switch r.PostFormValue("grant_type") {
	case "client_credentials":
	case "":
		oauthError(w, http.StatusBadRequest, "invalid_request")
		return
	default:
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type")
		return
	}
	scope := r.PostFormValue("scope")
	writeJSON(w, http.StatusOK, map[string]any{ // RFC 6749 §5.1
		"access_token": is.Mint(Client(client).Scope(scope)),
		"token_type":   "Bearer",
		"expires_in":   int(lifetime.Seconds()),
		"scope":        scope,
	})
}

// authenticate finds out which client sends a request, by client_secret_basic or
// client_secret_post (RFC 6749 §2.3.1), and answers if it is none.
func (is *Issuer) authenticate(w http.ResponseWriter, r *http.Request) (client string, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if r.Method != http.MethodPost || r.ParseForm() != nil {
		oauthError(w, http.StatusBadRequest, "invalid_request")
		return "", false
	}
	client, secret, basic := r.BasicAuth()
	if basic {
		var errID, errSecret error
		client, errID = url.QueryUnescape(client)
		secret, errSecret = url.QueryUnescape(secret)
		ok = errID == nil && errSecret == nil
	} else {
		client, secret, ok = r.PostFormValue("client_id"), r.PostFormValue("client_secret"), true
	}
	want, known := is.secrets[client]
	if !ok || !known || subtle.ConstantTimeCompare([]byte(secret), []byte(want)) != 1 {
		w.Header().Set("WWW-Authenticate", "Basic") // RFC 6749 §5.2
		oauthError(w, http.StatusUnauthorized, "invalid_client")
		return "", false
	}
	return client, true
}

const maxForm = 64 << 10

func oauthError(w http.ResponseWriter, status int, code string) {
	writeJSON(w, status, map[string]string{"error": code})
}
