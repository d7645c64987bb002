package endtoend_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// An operation and the scope that it needs.
type operation struct{ name, scope string }

var operations = []operation{
	{"list", "orders:read"},
	{"get", "orders:read"},
	{"create", "orders:write"},
	{"delete", "orders:admin"},
	{"watch", "orders:read"},
	{"whoami", ""},
}

// Every operation of every API, in both deployments, with tokens that clients got
// from the token endpoint; then the client program and the login program.
func TestContract(t *testing.T) {
	for name, o := range map[string]options{
		"rfc9068, http": {profile: "rfc9068", lifetime: "5m"},
		"jwt, tls":      {profile: "jwt", lifetime: "5m", tls: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deploy(t, o)
			for _, a := range d.callers(t) {
				t.Run(a.name(), func(t *testing.T) { d.walk(t, a) })
			}
			t.Run("client, by secret", func(t *testing.T) { d.runClient(t, "billing", "OAUTH2_CLIENT_SECRET="+d.secret) })
			t.Run("client, by key", func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "key.jwk")
				put(t, file, asJWK(d.key, keyID(d.key)))
				d.runClient(t, "reports", "OAUTH2_CLIENT_KEY_FILE="+file)
			})
			t.Run("login", func(t *testing.T) { d.login(t) })
		})
	}
}

// walk tries every operation without a token, with one that has every scope but the
// one that is needed, and with one that has only that.
func (d *deployment) walk(t *testing.T, a api) {
	scopes := []string{"orders:read", "orders:write", "orders:admin"}
	for _, o := range operations {
		id := "1"
		if o.name == "get" || o.name == "delete" {
			id = a.created(t, d.token(t, "orders:write"))
		}
		try := func(credential, token, want string) {
			t.Helper()
			if got := a.call(t, o.name, token, id); got != want {
				t.Errorf("%s with %s: %s, want %s", o.name, credential, got, want)
			}
		}
		try("no token", "", a.missing())
		if o.scope == "" {
			try("any token", d.token(t, "orders:write"), a.ok(o.name))
			continue
		}
		others := slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == o.scope })
		try("the other scopes", d.token(t, others...), a.insufficient())
		try("the scope", d.token(t, o.scope), a.ok(o.name))
	}
	if got := a.call(t, "health", "", ""); got != a.ok("health") {
		t.Errorf("health: %s", got)
	}
}

// runClient runs the client program for a few rounds, in which one token is enough.
func (d *deployment) runClient(t *testing.T, id string, env ...string) {
	calls := "list whoami"
	if id == "billing" {
		calls = "list create delete whoami"
	}
	p := start(t, "client", d.clientEnv(append(env, "OAUTH2_CLIENT_ID="+id, "ORDERS_CALLS="+calls, "ORDERS_ROUNDS=2", "ORDERS_INTERVAL=1ms")...)...)
	status := p.wait(t)
	want := fmt.Sprintf("msg=done calls=%d failed=0 retried=0 tokens=1\n", 2*3*len(strings.Fields(calls)))
	if status != 0 || !strings.HasSuffix(p.stdout.String(), want) {
		t.Errorf("status %d, last line should be %s", status, want)
	}
	who := "client " + id + " with [orders:read]"
	if id == "billing" {
		who = "client billing with [orders:admin orders:read orders:write]"
	}
	if n := strings.Count(p.stdout.String(), who); n != 6 {
		t.Errorf("%q %d times", who, n)
	}
	noSecrets(t, p, d.secret)
}
