package devserver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"
	"time"
)

const (
	consentCookie  = "bearerguard-consent"
	ticketLifetime = 10 * time.Minute
	ticketSize     = 8 + sha256.Size
)

// newTicket returns what makes a consent form good in the browser that it was
// shown in, for the request that was shown, and for ticketLifetime: the time it
// ends at, sealed together with the request and a random cookie.
func (s *Server) newTicket(w http.ResponseWriter, r *http.Request, request string) string {
	browser := browserOf(r)
	if browser == "" { // otherwise forms that are open stay good
		browser = rand.Text()
		http.SetCookie(w, &http.Cookie{
			Name: consentCookie, Value: browser, Path: strings.TrimSuffix(s.endpoints.consentPath, "consent"),
			HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
		})
	}
	ends := binary.BigEndian.AppendUint64(nil, uint64(s.config.Clock.Now().Add(ticketLifetime).Unix()))
	tag := s.sealing.tag(sealedTicket, ends, []byte(browser), []byte(request))
	return base64.RawURLEncoding.EncodeToString(append(ends, tag...))
}

// sameOrigin refuses what a browser says comes from elsewhere.
var sameOrigin = http.NewCrossOriginProtection()

// ticketProblem says why a decision is not that of the user who was asked
// (cross-site request forgery, RFC 6749 §10.12), or returns nil.
func (s *Server) ticketProblem(r *http.Request, ticket, request string) *refusal {
	sealed, err := base64.RawURLEncoding.DecodeString(ticket)
	browser := browserOf(r) // if it is empty, no ticket is sealed with that
	switch {
	case sameOrigin.Check(r) != nil:
		return refuse(invalidRequest, "the form comes from another site")
	case err != nil || len(sealed) != ticketSize:
		return refuse(invalidRequest, "no ticket")
	case !hmac.Equal(sealed[8:], s.sealing.tag(sealedTicket, sealed[:8], []byte(browser), []byte(request))):
		return refuse(invalidRequest, "the ticket is for another request or browser")
	case s.config.Clock.Now().Unix() >= int64(binary.BigEndian.Uint64(sealed)):
		return refuse(invalidRequest, "the ticket has expired")
	}
	return nil
}

// browserOf returns the value of the cookie, empty if there is none.
func browserOf(r *http.Request) string {
	cookie, err := r.Cookie(consentCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}
