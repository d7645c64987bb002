package devserver_test

import (
	"context"
	"fmt"
	"html"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

// A server on a free loopback port, and a client that gets a token from it.
func Example() {
	secret := devserver.NewSecret()
	server, err := devserver.New(devserver.Config{
		Clients: []devserver.Client{{
			ID:        "billing",
			Secret:    secret,
			Scopes:    []string{"orders:read", "orders:write"},
			Audiences: []string{"https://orders.example.com"},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	if err := server.Start(); err != nil {
		log.Fatal(err)
	}

	client := clientcredentials.Config{
		ClientID:     "billing",
		ClientSecret: secret,
		TokenURL:     server.TokenURL(),
		Scopes:       []string{"orders:read"},
	}
	token, err := client.Token(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.TokenType, token.Extra("expires_in"), token.Extra("scope"))

	// It was never given this one.
	client.Scopes = []string{"orders:admin"}
	_, err = client.Token(context.Background())
	fmt.Println(strings.Contains(err.Error(), "invalid_scope"))
	// Output:
	// Bearer 300 orders:read
	// true
}

// The signing key rotates without a token that cannot be verified: the new key is
// published before it signs, and the old one is taken out once its tokens have
// expired.
func ExampleServer_PublishSigningKey() {
	server, err := devserver.New(devserver.Config{Issuer: "https://as.example.com", Algorithm: "ES256"})
	if err != nil {
		log.Fatal(err)
	}
	kid, err := server.PublishSigningKey("")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(server.SigningKeys()), "published")
	// After as long as APIs keep a key set:
	if err := server.SwitchSigningKey(kid); err != nil {
		log.Fatal(err)
	}
	// After the lifetime of an access token:
	if err := server.RetireSigningKey(""); err != nil {
		log.Fatal(err)
	}
	keys := server.SigningKeys()
	fmt.Println(len(keys), "published, the new one signs:", keys[0].ID == kid && keys[0].Signs)
	// Output:
	// 2 published
	// 1 published, the new one signs: true
}

// A user signs in and allows a command-line client what it asks for. A script
// answers the consent page, in the place of a browser.
func Example_authorizationCode() {
	server, err := devserver.New(devserver.Config{
		Users: []string{"alice"},
		Clients: []devserver.Client{{
			ID:           "orders-cli",
			Public:       true,
			RedirectURIs: []string{"http://127.0.0.1/callback"},
			Scopes:       []string{"orders:read"},
			Audiences:    []string{"https://orders.example.com"},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	if err := server.Start(); err != nil {
		log.Fatal(err)
	}
	client := oauth2.Config{
		ClientID:    "orders-cli",
		RedirectURL: "http://127.0.0.1:50123/callback", // where the client would listen
		Scopes:      []string{"orders:read"},
		Endpoint:    oauth2.Endpoint{AuthURL: server.AuthorizeURL(), TokenURL: server.TokenURL()},
	}
	verifier := oauth2.GenerateVerifier()
	link := client.AuthCodeURL("a state", oauth2.S256ChallengeOption(verifier))

	back, err := allow(link, "alice")
	if err != nil {
		log.Fatal(err)
	}
	answer := back.Query()
	fmt.Println(back.Host, answer.Get("state"), answer.Get("iss") == server.Issuer()) // RFC 9207: before the code is used
	token, err := client.Exchange(context.Background(), answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.TokenType, token.Extra("scope"), token.RefreshToken != "")
	// Output:
	// 127.0.0.1:50123 a state true
	// Bearer orders:read true
}

// allow gets the consent page, sends its form back and returns where it leads.
func allow(link, user string) (*url.URL, error) {
	jar, err := cookiejar.New(nil) // the form is good together with its cookie
	if err != nil {
		return nil, err
	}
	browser := http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := browser.Get(link)
	if err != nil {
		return nil, err
	}
	defer page.Body.Close()
	text, err := io.ReadAll(page.Body)
	if err != nil {
		return nil, err
	}
	form := url.Values{"user": {user}, "decision": {"allow"}}
	for _, field := range regexp.MustCompile(`type="hidden" name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(string(text), -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	target, err := page.Request.URL.Parse("consent")
	if err != nil {
		return nil, err
	}
	answer, err := browser.PostForm(target.String(), form)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return answer.Location()
}

// A token that an API has to refuse: it is good but for its audience, or but for
// its signature.
func ExampleServer_Mint() {
	server, err := devserver.New(devserver.Config{Issuer: "https://as.example.com", Algorithm: "ES256"})
	if err != nil {
		log.Fatal(err)
	}
	claims := map[string]any{
		"sub": "billing", "client_id": "billing", "scope": "orders:read", "aud": "https://another.example.com",
	}
	elsewhere, err := server.Mint(devserver.TokenSpec{Claims: claims})
	if err != nil {
		log.Fatal(err)
	}
	forged, err := server.Mint(devserver.TokenSpec{Claims: claims, Unpublished: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Count(elsewhere, "."), strings.Count(forged, "."))
	// Output: 2 2
}

func ExampleNew_problems() {
	_, err := devserver.New(devserver.Config{
		Issuer:    "http://as.example.com",
		Algorithm: "HS256",
		Clients:   []devserver.Client{{ID: "billing", Secret: "123456"}},
	})
	fmt.Println(err)
	// Output:
	// Issuer: development only: http is for loopback hosts; anything else needs https
	// Algorithm: must be RS256, PS256, ES256 or EdDSA
	// Clients[0].Secret: must be at least 22 printable ASCII characters, chosen at random
	// Clients[0].Audiences: must not be empty
}
