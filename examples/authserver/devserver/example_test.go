package devserver_test

import (
	"context"
	"fmt"
	"log"
	"strings"

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
