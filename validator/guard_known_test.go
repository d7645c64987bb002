package validator_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
)

// introspectorFunc is an Introspector that a test writes down.
type introspectorFunc func(token string) ([]byte, error)

func (f introspectorFunc) Introspect(_ context.Context, token string) ([]byte, error) {
	return f(token)
}

// Which authenticator is asked does not matter to the grammar of what it is given,
// and nobody else gets to see what is outside of it.
func TestGrammarInFrontOfEveryAuthenticator(t *testing.T) {
	var asked atomic.Int64
	known := newValidator(t, nil)
	opaque := newValidator(t, func(c *validator.Config) {
		c.Introspector = introspectorFunc(func(string) ([]byte, error) {
			asked.Add(1)
			return nil, validator.NewError(validator.CodeTokenInactive, nil)
		})
	})
	token := mint("EdDSA", "at+jwt", nil)
	for name, v := range map[string]*validator.Validator{"known": known, "opaque": opaque} {
		guard := validator.NewGuard(v)
		if _, _, err := guard.Authorize(t.Context(), authorization("Bearer "+token)); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"", "=", "a b", "a,b", "a\x00", "é", token + ",", token + "\n", token + "=a", token + " ", strings.Repeat("é", 40_000)} {
			_, _, err := guard.Authorize(t.Context(), authorization("Bearer "+bad))
			if code := errorCode(t, err); code != validator.CodeMalformedCredentials {
				t.Errorf("%s, %.20q: %v", name, bad, code)
			}
		}
		_, _, err := guard.Authorize(t.Context(), authorization("Bearer "+token+"~"))
		if code := errorCode(t, err); code == validator.CodeMalformedCredentials {
			t.Errorf("%s: a b64token is malformed", name)
		}
	}
	if n := asked.Load(); n > 1 {
		t.Errorf("%d tokens were introspected", n)
	}
}

type key string

// The context of an authorized request is one like any other.
func TestAuthorizedContext(t *testing.T) {
	guard := validator.NewGuard(newValidator(t, nil))
	token := mint("EdDSA", "at+jwt", nil)
	parent, cancel := context.WithCancel(context.WithValue(t.Context(), key("a"), "b"))
	ctx, want, err := guard.Authorize(parent, authorization("Bearer "+token))
	if err != nil {
		t.Fatal(err)
	}
	child, cancelChild := context.WithCancel(context.WithValue(ctx, key("c"), "d"))
	defer cancelChild()
	if got, ok := validator.TokenFrom(child); !ok || got != want || child.Value(key("a")) != "b" || child.Value(key("e")) != nil {
		t.Error("values are lost")
	}
	nested, _, err := guard.Authorize(child, authorization("Bearer "+token))
	if err != nil || nested.Value(key("c")) != "d" {
		t.Errorf("in a nested guard: %v, %v", nested.Value(key("c")), err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, c := range []context.Context{ctx, child, nested} {
			if got := fmt.Sprintf(verb, c); strings.Contains(got, token) || strings.Contains(got, fmt.Sprintf("%x", token)) {
				t.Errorf("%s prints the credential", verb)
			}
		}
	}
	cancel()
	<-nested.Done()
	if ctx.Err() != context.Canceled || nested.Err() != context.Canceled {
		t.Error("the parent's end is not the child's")
	}
}
