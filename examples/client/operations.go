package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/bearerguard/bearerguard/examples/client/ordersclient"
)

// An operation is something that can be called.
type operation struct {
	name  string
	scope string // what it needs; empty: any valid token
	call  func(context.Context, *target) (result string, err error)
}

// operations are those of the orders API.
var operations = []operation{
	{"list", "orders:read", func(ctx context.Context, t *target) (string, error) {
		n, err := t.List(ctx)
		return fmt.Sprintf("%d orders", n), err
	}},
	{"create", "orders:write", func(ctx context.Context, t *target) (_ string, err error) {
		t.created, err = t.Create(ctx, "a cup of tea")
		return "order " + t.created, err
	}},
	{"delete", "orders:admin", func(ctx context.Context, t *target) (string, error) {
		return "order " + t.created, t.Delete(ctx, t.created)
	}},
	{"whoami", "", func(ctx context.Context, t *target) (string, error) {
		caller, err := t.WhoAmI(ctx)
		return fmt.Sprintf("client %s with %v", caller.ClientID, caller.Scopes), err
	}},
}

// A target is an API that is called.
type target struct {
	ordersclient.Connected
	created string // the id of the latest order that was created here
}

// needed returns the scopes that calls need: the least that will do.
func needed(calls []operation) (scopes []string) {
	for _, o := range calls {
		if o.scope != "" && !slices.Contains(scopes, o.scope) {
			scopes = append(scopes, o.scope)
		}
	}
	return scopes
}
