package openapi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/scopes/openapi"
)

// Whatever a document says: what is loaded is public because it says so, or asks
// for what is in the document, and is a policy that can be made again.
func FuzzLoad(f *testing.F) {
	f.Add(document("", path("/a/{id}", "get security: [{oauth: [read]}, {}], "+id)))
	f.Add(document("security: [{oidc: [a], bearer: []}]\n", path("/a", "get operationId: x", "put security: []")))
	f.Add(document("servers: [{url: /v1}]\n", path("/a", "get security: [{}]")))
	f.Add(`{"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "security": [], "paths": {"/": {"get": {"responses": {"200": {"description": ""}}}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		policy, err := openapi.Load([]byte(text), openapi.Config{})
		if err != nil {
			if _, ok := errors.AsType[*openapi.ConfigError](err); !ok || policy != nil {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		operations := policy.Operations()
		for _, o := range operations {
			if o.Public && !strings.Contains(text, "security") && !strings.Contains(text, `\`) {
				t.Errorf("%s is public by itself", o.Name)
			}
		}
		again, err := scopes.NewPolicy(operations...)
		if err != nil {
			t.Fatal(err)
		}
		if d := scopes.Diff(policy, again); len(d) > 0 || len(operations) == 0 {
			t.Error(d, operations)
		}
	})
}
