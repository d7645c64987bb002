package devserver

import (
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
)

//go:embed consent.html
var consentHTML string

// consentPage asks the user. The names of its fields are those that package doc
// describes.
var consentPage = template.Must(template.New("consent").Parse(consentHTML))

// question is what the consent page shows, and what its form sends.
type question struct {
	Client, RedirectURI string
	Scopes, Audiences   []string
	Details             []string
	ACR                 string
	Users               []string
	BadUser             bool

	Action, Request, Ticket string
}

// askUser shows the consent page. The form carries the request, so that the
// server remembers nothing before the user has allowed anything.
func (s *Server) askUser(w http.ResponseWriter, r *http.Request, query string, asked *authorizationRequest, badUser bool) {
	var page strings.Builder
	err := consentPage.Execute(&page, question{
		Client:      asked.client.id,
		RedirectURI: asked.redirectURI,
		Scopes:      asked.scopes,
		Audiences:   asked.audiences,
		Details:     asked.details.text(),
		ACR:         asked.acr,
		Users:       s.config.Users,
		BadUser:     badUser,
		Action:      s.endpoints.consentPath,
		Request:     query,
		Ticket:      s.newTicket(w, r, query),
	})
	if err != nil {
		writeErrorPage(w, http.StatusInternalServerError, internal)
		return
	}
	setContentSecurityPolicy(w, "'self' "+formAction(asked.redirectURI))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if badUser {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = w.Write([]byte(page.String()))
}

// serveConsent takes the user's decision.
func (s *Server) serveConsent(w http.ResponseWriter, r *http.Request) {
	setPageHeaders(w)
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		writeErrorPage(w, http.StatusMethodNotAllowed, invalidRequest)
		return
	}
	f, problem := readForm(w, r)
	if problem != nil {
		s.refuseAuthorization(w, r, nil, problem)
		return
	}
	query := f.get("request")
	if problem := s.ticketProblem(r, f.get("ticket"), query); problem != nil {
		s.refuseAuthorization(w, r, nil, problem)
		return
	}
	// Its client may be another by now, so it is read again.
	asked, problem := s.readAuthorization(query)
	if problem != nil {
		s.refuseAuthorization(w, r, asked, problem)
		return
	}
	switch f.get("decision") {
	case "allow":
		if user := f.get("user"); s.knows(user) {
			s.allow(w, r, asked, user)
		} else {
			s.askUser(w, r, query, asked, true)
		}
	case "deny":
		s.refuseAuthorization(w, r, asked, refuse(accessDenied, "the user has denied it"))
	default:
		s.refuseAuthorization(w, r, nil, refuse(invalidRequest, "neither allowed nor denied"))
	}
}

// allow issues the code (RFC 6749 §4.1.2).
func (s *Server) allow(w http.ResponseWriter, r *http.Request, asked *authorizationRequest, user string) {
	now := s.config.Clock.Now()
	id, stored := s.authorizations.add(consent{
		client: asked.client.id, user: user, scopes: asked.scopes, audiences: asked.audiences, at: now,
		redirectParam: asked.redirectParam, challenge: asked.challenge,
		acr: asked.acr, details: asked.details, dpopKey: asked.dpopKey,
	}, now.Add(s.config.CodeLifetime))
	if !stored {
		s.refuseAuthorization(w, r, asked, refuse(temporarilyUnavailable, "too many authorizations"))
		return
	}
	s.logDone(r.Context(), "authorization granted", asked.client, slog.String("scope", strings.Join(asked.scopes, " ")))
	s.redirect(w, asked, url.Values{"code": {s.sealing.seal(sealedCode, handle{authorization: id})}})
}
