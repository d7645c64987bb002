package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// walkTokenEndpoint shows the answers of the token endpoint (RFC 6749 §5): they
// are what a client developer meets first.
func walkTokenEndpoint(ctx context.Context, r *report, auth *authServer) error {
	r.section("POST /oauth2/token: how a client gets a token, and how not")
	const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	var failed error
	assertion := func(audience string, lifetime time.Duration) string {
		signed, err := auth.assertion(audience, lifetime)
		if err != nil {
			failed = err
		}
		return signed
	}
	used := assertion(auth.TokenURL(), time.Minute)
	basic := func(client, secret string) string { // RFC 6749 §2.3.1: form-encoded, then Basic
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(client)+":"+url.QueryEscape(secret)))
	}
	billing := basic("billing", auth.secret)
	form := func(pairs ...string) url.Values {
		values := url.Values{"grant_type": {"client_credentials"}}
		for i := 0; i < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		return values
	}
	byAssertion := func(assertion string) url.Values {
		return form("client_assertion_type", assertionType, "client_assertion", assertion)
	}
	for _, e := range []struct {
		request       string
		authorization string
		form          url.Values
		expected      string
	}{
		{"client_secret_basic", billing, form("scope", "orders:read"), "200 Bearer"},
		{"client_secret_post", "", form("client_id", "billing", "client_secret", auth.secret), "200 Bearer"},
		{"private_key_jwt", "", byAssertion(used), "200 Bearer"},
		{"the same assertion again", "", byAssertion(used), "401 invalid_client"},
		{"assertion for another audience", "", byAssertion(assertion("https://elsewhere.example.com", time.Minute)), "401 invalid_client"},
		{"assertion that has expired", "", byAssertion(assertion(auth.TokenURL(), -time.Hour)), "401 invalid_client"},
		{"wrong secret", basic("billing", "wrong"), form(), "401 invalid_client"},
		{"unknown client", basic("nobody", auth.secret), form(), "401 invalid_client"},
		{"no client authentication", "", form(), "401 invalid_client"},
		{"two ways to authenticate", billing, form("client_id", "billing", "client_secret", auth.secret), "400 invalid_request"},
		{"scope that the client was never given", billing, form("scope", "orders:admin"), "400 invalid_scope"},
		{"resource that it may not use", billing, form("resource", "https://payroll.example.com"), "400 invalid_target"},
		{"grant that the server does not know", billing, form("grant_type", "password"), "400 unsupported_grant_type"},
		{"grant that the client may not use", basic("webapp", auth.secret), form(), "400 unauthorized_client"},
		{"no grant_type", billing, form("grant_type", ""), "400 invalid_request"},
	} {
		got, challenge, err := postToken(ctx, auth.TokenURL(), e.authorization, e.form)
		if err != nil {
			return err
		}
		r.row("token", e.request, e.expected, got, challenge)
	}
	return failed
}

func postToken(ctx context.Context, endpoint, authorization string, form url.Values) (got, challenge string, _ error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", "", err
	}
	defer response.Body.Close()
	var body struct {
		Error     string `json:"error"`
		TokenType string `json:"token_type"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return "", "", fmt.Errorf("the token endpoint answered %s with no JSON: %w", response.Status, err)
	}
	return fmt.Sprint(response.StatusCode, " ", body.Error+body.TokenType), response.Header.Get("WWW-Authenticate"), nil
}
