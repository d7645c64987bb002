package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/bearerguard/bearerguard/examples/client/ordersclient"
	"github.com/bearerguard/bearerguard/examples/client/tokens"
)

// callTimeout is how long one call may take.
const callTimeout = 10 * time.Second

// introduce asks every API who its caller is, and reports whether all of them have
// accepted the token.
func (s *settings) introduce(ctx context.Context, token *oauth2.Token, stdout io.Writer) bool {
	apis, err := ordersclient.Connect(s.addresses, tokens.NewCache(oauth2.StaticTokenSource(token)), nil)
	if err != nil {
		fmt.Fprintln(stdout, err)
		return false
	}
	accepted := true
	for _, api := range apis {
		defer api.Close()
		if err := introduceTo(ctx, api, stdout); err != nil {
			fmt.Fprintf(stdout, "%s: refused: %v\n", api.At, err)
			accepted = false
		}
	}
	return accepted
}

func introduceTo(ctx context.Context, api ordersclient.Connected, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	caller, err := api.WhoAmI(ctx)
	if err == nil {
		fmt.Fprintf(stdout, "%s: you are %q, by the client %q, with the scopes %q\n",
			api.At, caller.Subject, caller.ClientID, strings.Join(caller.Scopes, " "))
	}
	return err
}
