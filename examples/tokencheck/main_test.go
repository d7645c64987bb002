package main

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/examples/client/tokens"
	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/validatortest"
	"github.com/go-json-experiment/json"
)

// offline returns an issuer and the flags to judge its tokens by a file of keys.
func offline(t *testing.T) (*validatortest.Issuer, []string) {
	t.Helper()
	issuer := validatortest.Start(t, validatortest.Config{})
	response, err := issuer.Transport().RoundTrip(httptest.NewRequest("GET", issuer.KeysURL(), nil))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	keys, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return issuer, []string{"-issuer", issuer.URL(), "-audience", issuer.Audience(), "-keys", fileOf(t, string(keys))}
}

// fileOf writes a file and returns its name.
func fileOf(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func check(t *testing.T, environment map[string]string, stdin io.Reader, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	status = run(t.Context(), args, func(name string) string { return environment[name] }, stdin, &out, &log)
	return status, out.String(), log.String()
}

func TestOffline(t *testing.T) {
	issuer, flags := offline(t)
	good := validatortest.Client("billing").Scope("orders:read")
	tests := []struct {
		name   string
		claims validatortest.Claims
		rule   string
		status int
		want   []string
	}{
		{"good", good, "authenticated", 0, []string{"accepted\n", "claims (verified)", `"billing"`}},
		{"enough", good, "orders:read OR admin", 0, []string{"accepted\n"}},
		{"too little", good, "orders:read AND orders:write", 1, []string{"refused: INSUFFICIENT_SCOPE (HTTP 403 insufficient_scope)", "not granted: orders:write", "wanted: orders:read AND orders:write", "RFC 6750"}},
		{"two reasons", good.Audience("https://other.example.com").With("exp", 1), "authenticated", 1, []string{"refused: AUDIENCE_NOT_ALLOWED", "FAILED         times", "fix: Client: get a new token"}},
		{"unknown key", good.Header("kid", "other"), "authenticated", 1, []string{"refused: KEY_UNKNOWN", "claims (unverified: anybody can have written this)", "not reached    signature"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			token := issuer.Mint(tt.claims)
			args := append(flags, "-require", tt.rule)
			status, stdout, stderr := check(t, nil, strings.NewReader("Authorization: Bearer "+token+"\n"), args...)
			if status != tt.status || stderr != "" {
				t.Errorf("status %d, %s", status, stderr)
			}
			for _, want := range tt.want {
				if !strings.Contains(stdout, want) {
					t.Errorf("no %q in\n%s", want, stdout)
				}
			}
			fromFile, again, _ := check(t, nil, nil, append(args, "-file", fileOf(t, token))...)
			asJSON, document, _ := check(t, nil, strings.NewReader(token), append(args, "-json")...)
			var got struct {
				Accepted bool   `json:"accepted"`
				Code     string `json:"code"`
			}
			if err := json.Unmarshal([]byte(document), &got); err != nil || got.Accepted != (tt.status == 0) || fromFile != tt.status || asJSON != tt.status {
				t.Errorf("from a file %d, JSON %d (%v):\n%s", fromFile, asJSON, err, document)
			}
			for _, part := range strings.Split(token, ".") {
				if strings.Contains(stdout+again+document, part) {
					t.Error("a part of the token was printed")
				}
			}
		})
	}
}

// With a file of keys the issuer need not be one whose keys can be discovered, and
// the environment's key set is not asked.
func TestIssuerIsAnyName(t *testing.T) {
	issuer, flags := offline(t)
	token := issuer.Mint(validatortest.Client("billing").With("iss", "joe"))
	environment := map[string]string{"OAUTH2_ISSUER": "joe", "OAUTH2_JWKS_URL": "https://keys.example.invalid/"}
	if status, stdout, stderr := check(t, environment, strings.NewReader(token), flags[2:]...); status != exitAccepted {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

// Nothing of what may be a token in the wrong place is printed.
func TestUsage(t *testing.T) {
	issuer, flags := offline(t)
	token := issuer.Mint(validatortest.Client("billing"))
	opaque := "f3a91c5e7b2d40688e1c"
	tests := []struct {
		name  string
		args  []string
		stdin io.Reader
		want  string
	}{
		{"token as an argument", append(flags, token), nil, "looks like a token"},
		{"token as a value", append(flags, "-file", token), nil, "looks like a token"},
		{"token behind a flag", append(flags, "-file=Bearer "+token), nil, "looks like a token"},
		{"token as a flag", append(flags, "-"+token), nil, "looks like a token"},
		{"opaque token as an argument", append(flags, opaque), nil, "there are flags only"},
		{"opaque token as a flag", append(flags, "-"+opaque), nil, "there are flags only"},
		{"opaque token as a switch", append(flags, "-json="+opaque), nil, "there are flags only"},
		{"opaque token as a file", append(flags, "-file", opaque), nil, "-file: "},
		{"opaque token as a rule", append(flags, "-require", "("+opaque), nil, "-require: not a requirement"},
		{"opaque token as keys", append(flags, "-keys", opaque), nil, "-keys: "},
		{"no token", flags, strings.NewReader("\n"), "not one token"},
		{"two tokens", flags, strings.NewReader(opaque + "\n" + opaque + "\n" + opaque), "not one token"},
		{"endless", flags, strings.NewReader(strings.Repeat("x", maxInput+1)), "standard input: too long"},
		{"unreadable", flags, brokenReader{}, "standard input: broken"},
		{"no issuer", flags[2:], strings.NewReader(token), "OAUTH2_ISSUER: required"},
		{"no audience", []string{"-issuer", issuer.URL()}, strings.NewReader(token), "OAUTH2_AUDIENCE: required"},
		{"no keys in the file", append(flags, "-keys", fileOf(t, `{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`)), strings.NewReader(token), "-keys: key 1 cannot be used"},
		{"huge file", append(flags, "-keys", fileOf(t, strings.Repeat(" ", maxKeys+1))), strings.NewReader(token), "-keys: too long"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.stdin == nil {
				tt.stdin = strings.NewReader(token)
			}
			status, stdout, stderr := check(t, nil, tt.stdin, tt.args...)
			if status != exitUsage || stdout != "" || !strings.Contains(stderr, tt.want) {
				t.Errorf("status %d\n%s%s", status, stdout, stderr)
			}
			if strings.Contains(stderr, opaque) || strings.Contains(stderr, token) || strings.Contains(stderr, "eyJ") {
				t.Errorf("it was printed: %s", stderr)
			}
		})
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("broken") }

// Online, the keys are those of the issuer, found by its metadata; the environment
// says where it is.
func TestOnline(t *testing.T) {
	const audience = "https://orders.example.com"
	secret := devserver.NewSecret()
	auth, err := devserver.New(devserver.Config{Algorithm: "ES256", Clients: []devserver.Client{{
		ID: "billing", Secret: secret, Scopes: []string{"orders:read"}, DefaultScopes: []string{"orders:read"}, Audiences: []string{audience},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = auth.Close() })
	if err := auth.Start(); err != nil {
		t.Fatal(err)
	}
	source, err := tokens.New(t.Context(), tokens.Config{Issuer: auth.Issuer(), ClientID: "billing", Credential: tokens.Secret(secret), Scopes: []string{"orders:read"}})
	if err != nil {
		t.Fatal(err)
	}
	granted, err := source.Token()
	if err != nil {
		t.Fatal(err)
	}
	token := granted.AccessToken
	environment := map[string]string{"OAUTH2_ISSUER": auth.Issuer(), "OAUTH2_AUDIENCE": audience, "OAUTH2_INSECURE_HTTP": "loopback"}
	if status, stdout, stderr := check(t, environment, strings.NewReader(token), "-require", "orders:read"); status != exitAccepted || !strings.Contains(stdout, "claims (verified)") {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
	if status, stdout, _ := check(t, environment, strings.NewReader(token), "-audience", "https://api.example.com"); status != exitRefused || !strings.Contains(stdout, validator.CodeAudienceNotAllowed.String()) {
		t.Errorf("status %d\n%s", status, stdout)
	}
	_ = auth.Close()
	if status, stdout, _ := check(t, environment, strings.NewReader(token)); status != exitRefused || !strings.Contains(stdout, "refused: KEYS_UNAVAILABLE (HTTP 503)") {
		t.Errorf("status %d\n%s", status, stdout)
	}
}
