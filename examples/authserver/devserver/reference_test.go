package devserver_test

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// This file is a second, slow token endpoint, written from the RFCs and from the
// standard library's strings only. It decides what the fuzz target expects.

// verdict is what a request should get.
type verdict struct {
	error              string // empty: a token
	client, scope, aud string
	user               string // empty: the token is the client's own
	revokes            string // the authorization that ends with this
	undecided          bool   // the reference does not know
}

type reference struct {
	secrets   map[string]string     // by client
	assertion string                // the only one that is good, for client "reports"
	codes     map[string]refConsent // that were ever issued
	refreshes map[string]refConsent // likewise
	used      map[string]bool       // which of both have been used
}

// refConsent is what alice has allowed.
type refConsent struct {
	name, client, redirect, scope, aud string
}

const formType = "application/x-www-form-urlencoded"

func (ref reference) judge(method, contentType, query, authorization, body string) verdict {
	refused := func(code string) verdict { return verdict{error: code} }
	switch {
	case method != "POST" || query != "" || len(body) > 64<<10:
		return refused("invalid_request")
	case !strings.Contains(strings.ToLower(contentType), formType):
		return refused("invalid_request")
	case contentType != formType: // a matter of media type grammar
		return verdict{undecided: true}
	}
	params, ok := referenceForm(body)
	if !ok {
		return refused("invalid_request")
	}
	one := func(name string) string {
		for _, p := range params {
			if p[0] == name && p[1] != "" {
				return p[1]
			}
		}
		return ""
	}

	// RFC 6749 §2.3: how many methods?
	methods := []string{}
	if authorization != "" {
		methods = append(methods, "basic")
	}
	if one("client_secret") != "" {
		methods = append(methods, "post")
	}
	if one("client_assertion")+one("client_assertion_type") != "" {
		methods = append(methods, "assertion")
	}
	if len(methods) > 1 {
		return refused("invalid_request")
	}
	client := ""
	switch append(methods, "none")[0] {
	case "none":
		if one("client_id") == "cli" {
			client = "cli"
		}
	case "basic":
		if id, secret, ok := referenceBasic(authorization); ok && secret != "" && ref.secrets[id] == secret {
			client = id
		}
	case "post":
		if ref.secrets[one("client_id")] == one("client_secret") {
			client = one("client_id")
		}
	case "assertion":
		if one("client_assertion") == "" || one("client_assertion_type") == "" {
			return refused("invalid_request")
		}
		if one("client_assertion") == ref.assertion && one("client_assertion_type") == assertType {
			client = "reports"
		}
	}
	if client == "" || one("client_id") != "" && one("client_id") != client {
		return refused("invalid_client")
	}

	switch {
	case one("grant_type") == "":
		return refused("invalid_request")
	case one("grant_type") == "authorization_code" || one("grant_type") == "refresh_token":
		if client != "web" && client != "cli" {
			return refused("unauthorized_client")
		}
		return ref.judgeUser(client, params, one)
	case one("grant_type") != "client_credentials":
		return refused("unsupported_grant_type")
	case client == "web" || client == "cli":
		return refused("unauthorized_client")
	}
	allowed := map[string][]string{"billing:app+1": {audience, audience2}, "reports": {audience}}[client]
	var aud []string
	for _, p := range params {
		if p[0] == "resource" && p[1] != "" {
			if !slices.Contains(allowed, p[1]) {
				return refused("invalid_target")
			}
			if !slices.Contains(aud, p[1]) {
				aud = append(aud, p[1])
			}
		}
	}
	if aud == nil {
		aud = []string{audience}
	}
	mayHave := map[string][]string{"billing:app+1": {"orders:read", "orders:write"}, "reports": {"orders:read"}}[client]
	scope := one("scope")
	if scope == "" {
		if client == "reports" {
			return refused("invalid_scope")
		}
		scope = "orders:read"
	}
	var granted []string
	for _, token := range strings.Split(scope, " ") {
		if !slices.Contains(mayHave, token) {
			return refused("invalid_scope")
		}
		if !slices.Contains(granted, token) {
			granted = append(granted, token)
		}
	}
	return verdict{client: client, scope: strings.Join(granted, " "), aud: strings.Join(aud, " ")}
}

// judgeUser decides about the two grants by which a client acts for a user.
func (ref reference) judgeUser(client string, params [][2]string, one func(string) string) verdict {
	refused := func(code string) verdict { return verdict{error: code} }
	byCode := one("grant_type") == "authorization_code"
	token, issued, scope := one("refresh_token"), ref.refreshes, one("scope")
	if byCode {
		token, issued, scope = one("code"), ref.codes, ""
	}
	if token == "" || byCode && one("code_verifier") == "" {
		return refused("invalid_request")
	}
	consent := issued[token]
	switch {
	case consent.client == "" || consent.client != client:
		return refused("invalid_grant")
	case ref.used[token], byCode && (one("redirect_uri") != consent.redirect || one("code_verifier") != verifier):
		return verdict{error: "invalid_grant", revokes: consent.name}
	}
	if scope == "" {
		scope = consent.scope
	}
	var granted, aud []string
	for _, token := range strings.Split(scope, " ") {
		if !slices.Contains(strings.Split(consent.scope, " "), token) {
			return refused("invalid_scope")
		}
		if !slices.Contains(granted, token) {
			granted = append(granted, token)
		}
	}
	for _, p := range params {
		if p[0] == "resource" && p[1] != "" {
			if !slices.Contains(strings.Split(consent.aud, " "), p[1]) {
				return refused("invalid_target")
			}
			if !slices.Contains(aud, p[1]) {
				aud = append(aud, p[1])
			}
		}
	}
	if aud == nil {
		aud = []string{consent.aud}
	}
	return verdict{client: client, user: "alice", scope: strings.Join(granted, " "), aud: strings.Join(aud, " ")}
}

// referenceForm reads application/x-www-form-urlencoded.
func referenceForm(body string) (params [][2]string, ok bool) {
	count := map[string]int{}
	for _, pair := range strings.Split(body, "&") {
		if strings.Contains(pair, ";") {
			return nil, false
		}
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, okName := referenceUnescape(name)
		value, okValue := referenceUnescape(value)
		if !okName || !okValue || !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, false
		}
		count[name]++
		if count[name] > 1 && name != "resource" {
			return nil, false
		}
		params = append(params, [2]string{name, value})
	}
	return params, true
}

func referenceUnescape(s string) (string, bool) {
	var out []byte
	for len(s) > 0 {
		switch {
		case s[0] == '+':
			out, s = append(out, ' '), s[1:]
		case s[0] != '%':
			out, s = append(out, s[0]), s[1:]
		default:
			if len(s) < 3 {
				return "", false
			}
			const digits = "0123456789abcdef"
			high := strings.Index(digits, strings.ToLower(s[1:2]))
			low := strings.Index(digits, strings.ToLower(s[2:3]))
			if high < 0 || low < 0 {
				return "", false
			}
			out, s = append(out, byte(16*high+low)), s[3:]
		}
	}
	return string(out), true
}

// referenceBasic reads credentials of HTTP Basic, form-encoded.
func referenceBasic(authorization string) (id, secret string, ok bool) {
	scheme, credentials, _ := strings.Cut(authorization, " ")
	if strings.ToLower(scheme) != "basic" {
		return "", "", false
	}
	for strings.HasPrefix(credentials, " ") {
		credentials = credentials[1:]
	}
	decoded, ok := referenceBase64(credentials)
	if !ok {
		return "", "", false
	}
	colon := strings.Index(decoded, ":")
	if colon < 0 {
		return "", "", false
	}
	id, okID := referenceUnescape(decoded[:colon])
	secret, okSecret := referenceUnescape(decoded[colon+1:])
	return id, secret, okID && okSecret
}

// referenceBase64 reads base64 with padding (RFC 4648 §4), bit by bit.
func referenceBase64(s string) (string, bool) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	if len(s)%4 != 0 {
		return "", false
	}
	digits := strings.TrimSuffix(strings.TrimSuffix(s, "="), "=")
	var bits []byte
	for i := range len(digits) {
		value := strings.IndexByte(alphabet, digits[i])
		if value < 0 {
			return "", false
		}
		for shift := 5; shift >= 0; shift-- {
			bits = append(bits, byte(value>>shift&1))
		}
	}
	var out []byte
	for ; len(bits) >= 8; bits = bits[8:] {
		var b byte
		for _, bit := range bits[:8] {
			b = b<<1 | bit
		}
		out = append(out, b)
	}
	// What is left over is padding: fewer than six bits, all zero (§3.5).
	return string(out), len(bits) < 6 && !slices.Contains(bits, 1)
}
