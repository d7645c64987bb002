package endtoend_test

import (
	"crypto/ecdsa"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/client/tokens"
)

var (
	tokenLine   = regexp.MustCompile(`(?m)^.* level=INFO msg=token .*$`)
	retryLine   = regexp.MustCompile(`(?m)^.* level=WARN .*$`)
	troubleLine = regexp.MustCompile(`(?m)^.* level=(WARN|ERROR) .*$`)
	callLine    = regexp.MustCompile(`(?m)^.* level=INFO msg=(list|whoami) .*$`)
	summaryLine = regexp.MustCompile(`(?m)^.* msg=done calls=(\d+) failed=(\d+) retried=(\d+) tokens=(\d+)$`)
)

// A caller is the client program, calling all three APIs all the time.
type caller struct{ *program }

func (d *deployment) keepCalling(t *testing.T, env ...string) caller {
	t.Helper()
	c := caller{start(t, "client", d.clientEnv(append(env, "ORDERS_CALLS=list whoami", "ORDERS_INTERVAL=50ms")...)...)}
	c.moreTokens(t)
	return c
}

// moreTokens waits for two tokens that were asked for after now, and for calls that
// were made with them: the first may have been on its way.
func (c caller) moreTokens(t *testing.T) {
	t.Helper()
	c.stdout.await(t, c.program, tokenLine, c.stdout.count(tokenLine)+2)
	c.moreCalls(t)
}

// moreCalls waits for two rounds.
func (c caller) moreCalls(t *testing.T) {
	t.Helper()
	c.stdout.await(t, c.program, callLine, c.stdout.count(callLine)+2*2*3)
}

// end stops the client, and wants that no call has failed and so many were made
// twice.
func (c caller) end(t *testing.T, retried string, secrets ...string) {
	t.Helper()
	status := c.stop(t)
	summary := summaryLine.FindStringSubmatch(c.stdout.String())
	if status != 0 || summary == nil || summary[2] != "0" || summary[3] != retried {
		t.Errorf("status %d, %q; want none failed and %s retried", status, summary, retried)
	}
	if trouble := troubleLine.FindAllString(c.stdout.String(), -1); len(trouble) != len(retryLine.FindAllString(c.stdout.String(), -1)) ||
		retried == "0" && len(trouble) > 0 {
		t.Errorf("trouble: %s", strings.Join(trouble, "\n"))
	}
	noSecrets(t, c.program, secrets...)
}

// The steps are those of the operator's handbook: add the second secret, give it
// to the client, take the first one away.
func TestSecretRotation(t *testing.T) {
	t.Parallel()
	d := deploy(t, options{profile: "rfc9068", lifetime: "1s"})
	file := filepath.Join(t.TempDir(), "secret")
	put(t, file, []byte(d.secret+"\n"))
	client := d.keepCalling(t, "OAUTH2_CLIENT_ID=billing", "OAUTH2_CLIENT_SECRET_FILE="+file)

	second, _ := d.change(t, "/control/client-secret", map[string]any{"action": "add", "client_id": "billing"})["client_secret"].(string)
	if second == "" {
		t.Fatal("no second secret")
	}
	client.moreTokens(t)
	put(t, file, []byte(second+"\n"))
	client.moreTokens(t)
	d.change(t, "/control/client-secret", map[string]any{"action": "remove", "client_id": "billing", "client_secret": d.secret})
	client.moreTokens(t)
	client.end(t, "0", d.secret, second)

	if _, err := d.tokenBy(t, d.secret); err == nil {
		t.Error("the first secret is still good")
	}
	if _, err := d.tokenBy(t, second); err != nil {
		t.Error(err)
	}
}

// Publish the new key, give it to the client, take the old one out.
func TestClientKeyRotation(t *testing.T) {
	t.Parallel()
	d := deploy(t, options{profile: "rfc9068", lifetime: "1s"})
	file, next := filepath.Join(t.TempDir(), "key.jwk"), newKey(t)
	put(t, file, asJWK(d.key, keyID(d.key)))
	client := d.keepCalling(t, "OAUTH2_CLIENT_ID=reports", "OAUTH2_CLIENT_KEY_FILE="+file)

	d.change(t, "/control/client-keys", map[string]any{"client_id": "reports", "jwks": keySet(d.key, next)})
	client.moreTokens(t)
	put(t, file, asJWK(next, keyID(next)))
	client.moreTokens(t)
	d.change(t, "/control/client-keys", map[string]any{"client_id": "reports", "jwks": keySet(next)})
	client.moreTokens(t)
	client.end(t, "0", string(asJWK(d.key, keyID(d.key))))

	request := func(key *ecdsa.PrivateKey) error {
		put(t, file, asJWK(key, keyID(key)))
		source, err := tokens.New(t.Context(), tokens.Config{
			Issuer: d.issuer, ClientID: "reports", Credential: tokens.KeyFile(file), Scopes: []string{"orders:read"},
		})
		if err == nil {
			_, err = source.Token()
		}
		return err
	}
	if refusal, refused := errors.AsType[*tokens.Refusal](request(d.key)); !refused || refusal.Code != "invalid_client" {
		t.Errorf("the first key is still good: %v", refusal)
	}
	if err := request(next); err != nil {
		t.Error(err)
	}
}

// Publish a key, switch to it, and retire the old one when its last token has
// expired: nobody ever notices.
func TestSigningKeyRotation(t *testing.T) {
	t.Parallel()
	d := deploy(t, options{profile: "rfc9068", lifetime: "1s"})
	client := d.keepCalling(t, "OAUTH2_CLIENT_ID=billing", "OAUTH2_CLIENT_SECRET="+d.secret)
	for range 2 {
		d.change(t, "/control/signing-key", map[string]any{"action": "publish"})
		client.moreCalls(t)
		d.change(t, "/control/signing-key", map[string]any{"action": "switch"})
		client.moreTokens(t) // now the last one from before has expired
		answer := d.change(t, "/control/signing-key", map[string]any{"action": "retire"})
		if keys, _ := answer["keys"].([]any); len(keys) != 1 {
			t.Fatalf("%v", answer)
		}
		client.moreTokens(t)
	}
	client.end(t, "0", d.secret)
}

// A key that leaked is retired at once, while tokens that it has signed are about.
// The client is refused with one, gets another, and no call fails.
func TestSigningKeyWithdrawal(t *testing.T) {
	t.Parallel()
	d := deploy(t, options{profile: "rfc9068", lifetime: "5m"})
	client := caller{start(t, "client", d.clientEnv("OAUTH2_CLIENT_ID=billing", "OAUTH2_CLIENT_SECRET="+d.secret,
		"ORDERS_CALLS=list whoami", "ORDERS_INTERVAL=50ms")...)}
	client.moreCalls(t)
	for _, action := range []string{"publish", "switch", "retire"} {
		d.change(t, "/control/signing-key", map[string]any{"action": action})
	}
	client.moreCalls(t) // the APIs do not know yet
	if client.stdout.count(retryLine) != 0 {
		t.Error("the APIs have noticed before they could")
	}
	// A token that was signed with the new key makes them look.
	token := d.token(t, "orders:read")
	for _, a := range d.callers(t) {
		if got := a.call(t, "whoami", token, ""); got != a.ok("whoami") {
			t.Errorf("%s: %s", a.name(), got)
		}
	}
	client.stdout.await(t, client.program, retryLine, 1)
	client.moreCalls(t)
	client.end(t, "1", d.secret)
	if n := client.stdout.count(tokenLine); n != 2 {
		t.Errorf("%d tokens", n)
	}
}

// The client does not start with a configuration that is wrong.
func TestClientConfiguration(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing")
	p := start(t, "client", "OAUTH2_TOKEN_URL=http://auth.example.com/token", "OAUTH2_CLIENT_SECRET_FILE="+missing,
		"ORDERS_HTTP_URL=http://orders.example.com", "ORDERS_CALLS=steal", "ORDERS_INTERVAL=0s", "ORDERS_ROUNDS=-1")
	if status := p.wait(t); status != 2 || p.stdout.String() != "" {
		t.Errorf("status %d, wrote %s", status, p.stdout)
	}
	for _, name := range []string{
		"OAUTH2_TOKEN_URL", "OAUTH2_CLIENT_ID", "OAUTH2_CLIENT_SECRET_FILE", "ORDERS_HTTP_URL", "ORDERS_CALLS", "ORDERS_INTERVAL", "ORDERS_ROUNDS",
	} {
		if !strings.Contains(p.stderr.String(), "\n"+name+": ") {
			t.Errorf("nothing about %s in %s", name, p.stderr)
		}
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("the file was made")
	}
}
