package devserver_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

const controlToken = "a control token of more than 22 characters"

func controlled(t *testing.T, config devserver.Config) (*devserver.Server, func(path, body string) response) {
	t.Helper()
	config.ControlToken = controlToken
	server, _ := serve(t, config)
	return server, func(path, body string) response {
		return post(t, "http://"+server.Addr()+"/control/"+path, body, "Authorization", "Bearer "+controlToken, "Content-Type", "application/json")
	}
}

func (r response) wantControl(t *testing.T, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), into); err != nil || r.StatusCode != 200 || r.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %s, %v", r.StatusCode, r.body, err)
	}
}

type keysAnswer struct {
	KID  string                 `json:"kid"`
	Keys []devserver.SigningKey `json:"keys"`
}

func TestControlSigningKey(t *testing.T) {
	server, do := controlled(t, devserver.Config{Issuer: "https://as.example.com/tenant", Addr: "127.0.0.1:0"})
	var listed, published, switched, retired keysAnswer
	do("signing-key", `{"action":"list"}`).wantControl(t, &listed)
	do("signing-key", `{"action":"publish","alg":"ES256"}`).wantControl(t, &published)
	do("signing-key", `{"action":"switch","kid":"`+published.KID+`"}`).wantControl(t, &switched)
	do("signing-key", `{"action":"retire"}`).wantControl(t, &retired)
	first := listed.Keys[0].ID
	if len(listed.Keys) != 1 || !listed.Keys[0].Signs || listed.KID != "" ||
		len(published.Keys) != 2 || published.Keys[1].Algorithm != "ES256" || published.Keys[1].Signs || published.Keys[1].ID != published.KID ||
		len(switched.Keys) != 2 || switched.Keys[0].Signs || !switched.Keys[1].Signs ||
		len(retired.Keys) != 1 || retired.Keys[0].ID != published.KID || first == published.KID {
		t.Errorf("%v %v %v %v", listed, published, switched, retired)
	}
	if keys := server.SigningKeys(); len(keys) != 1 || keys[0] != retired.Keys[0] {
		t.Errorf("the server has %v", keys)
	}
}

func TestControlClientSecret(t *testing.T) {
	server, do := controlled(t, devserver.Config{})
	var answer struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	do("client-secret", `{"action":"add","client_id":"orders-api"}`).wantControl(t, &answer)
	if answer.ID != "orders-api" || len(answer.Secret) != 43 {
		t.Fatalf("%+v", answer)
	}
	made := answer.Secret
	bySecret(t, server, "orders-api", made).wantToken(t, server)
	bySecret(t, server, "orders-api", secretText).wantToken(t, server)
	sum := sha256.Sum256([]byte(made))
	encoded := hex.EncodeToString(sum[:])
	answer.Secret = ""
	r := do("client-secret", `{"action":"remove","client_id":"orders-api","client_secret":"`+made+`"}`)
	if r.wantControl(t, &answer); answer.Secret != "" {
		t.Errorf("the answer repeats the secret: %s", r.body)
	}
	bySecret(t, server, "orders-api", made).wantError(t, 401, "invalid_client")
	do("client-secret", `{"action":"add","client_id":"orders-api","client_secret_sha256":"`+encoded+`"}`).wantControl(t, &answer)
	bySecret(t, server, "orders-api", made).wantToken(t, server)
	do("client-secret", `{"action":"remove","client_id":"orders-api","client_secret_sha256":"`+encoded+`"}`).wantControl(t, &answer)
	do("client-secret", `{"action":"add","client_id":"orders-api","client_secret":"`+made+`"}`).wantControl(t, &answer)
	if bySecret(t, server, "orders-api", made).wantToken(t, server); answer.Secret != "" {
		t.Errorf("the answer repeats the secret")
	}
}

func TestControlClientKeysAndLifetime(t *testing.T) {
	server, do := controlled(t, devserver.Config{})
	byKey2 := func() response {
		return post(t, server.TokenURL(), assertionForm(signRaw(otherKey, `{"alg":"EdDSA","kid":"k2"}`, assertionClaims(server, nil))))
	}
	byKey2().wantError(t, 401, "invalid_client")
	var answer map[string]any
	do("client-keys", `{"client_id":"reports","jwks":`+keySet(t, "k1", "k2")+`}`).wantControl(t, &answer)
	if answer["client_id"] != "reports" || answer["keys"] != 2.0 {
		t.Errorf("%v", answer)
	}
	byKey2().wantToken(t, server)
	do("token-lifetime", `{"seconds":7}`).wantControl(t, &answer)
	r := byKey2()
	if _, claims := r.wantToken(t, server); r.answer(t).ExpiresIn != 7 || claims["exp"] != float64(start.Unix()+7) {
		t.Errorf("expires_in %d, claims %v", r.answer(t).ExpiresIn, claims)
	}
}

// What is refused changes nothing, and says why without a value.
func TestControlErrors(t *testing.T) {
	server, do := controlled(t, devserver.Config{})
	for _, test := range []struct{ path, body, want string }{
		{"signing-key", ``, "not valid JSON"},
		{"signing-key", `{"action":"hunter2"}`, "action: must be"},
		{"signing-key", `{}`, "action: must be"},
		{"signing-key", `{"action":"publish","alg":"hunter2"}`, "Algorithm: must be"},
		{"signing-key", `{"action":"switch","kid":"hunter2"}`, "KeyID: is not published"},
		{"signing-key", `{"action":"retire"}`, "KeyID: is not published"},
		{"signing-key", `{"action":"list"} {}`, "not valid JSON"},
		{"signing-key", `{"action":"list","x":"hunter2"}`, "/x: unknown member"},
		{"signing-key", `{"action":"list","action":"publish"}`, "/action: doubled member"},
		{"signing-key", `{"action":` + strings.Repeat(" ", 64<<10) + `"list"}`, "too large"},
		{"client-secret", `{"action":"hunter2","client_id":"web","client_secret":"` + controlToken + `"}`, "action: must be"},
		{"client-secret", `{"action":"add","client_id":"hunter2"}`, "ClientID: is not registered"},
		{"client-secret", `{"action":"add","client_id":"web","client_secret":"hunter2"}`, "Secret: must be at least 22"},
		{"client-secret", `{"action":"add","client_id":"web","client_secret_sha256":"hunter2"}`, "SecretSHA256: must be 64"},
		{"client-secret", `{"action":"remove","client_id":"web","client_secret":"` + controlToken + `"}`, "Secret: is not one"},
		{"client-secret", `{"action":"remove","client_id":"web"}`, "Secret: is not one"},
		{"client-keys", `{"client_id":"reports","jwks":{"keys":[{"kty":"hunter2"}]}}`, "Keys[0]: is not a JWK"},
		{"client-keys", `{"client_id":"reports","jwks":{"keys":[]}}`, "Keys: must not be empty"},
		{"client-keys", `{"client_id":"hunter2","jwks":` + keySet(t, "k1") + `}`, "ClientID: is not registered"},
		{"token-lifetime", `{"seconds":0}`, "TokenLifetime: must be"},
		{"token-lifetime", `{"seconds":-1}`, "TokenLifetime: must be"},
		{"token-lifetime", `{"seconds":86401}`, "TokenLifetime: must be"},
		{"token-lifetime", `{"seconds":9223372036854775807}`, "TokenLifetime: must be"},
		{"token-lifetime", `{"seconds":18446744075}`, "TokenLifetime: must be"}, // a second or so, in 64 bits of nanoseconds
		{"token-lifetime", `{"seconds":1.5}`, "/seconds: not the type expected"},
	} {
		r := do(test.path, test.body)
		var answer struct {
			Description string `json:"error_description"`
		}
		if err := json.Unmarshal([]byte(r.body), &answer); err != nil || r.StatusCode != 400 || !strings.Contains(answer.Description, test.want) ||
			strings.Contains(r.body, "hunter2") {
			t.Errorf("%s %.80s: %d %s, want %q", test.path, test.body, r.StatusCode, r.body, test.want)
		}
	}
	r := bySecret(t, server, "web", secretText)
	r.wantError(t, 400, "unauthorized_client")
	if len(server.SigningKeys()) != 1 {
		t.Error("a refused request has changed the keys")
	}
}

// Who may control: with the token, from this machine.
func TestControlAccess(t *testing.T) {
	server, _ := controlled(t, devserver.Config{})
	for _, test := range []struct {
		name, method, remote, authorization string
		status                              int
	}{
		{"good", "POST", "127.0.0.1:1", "Bearer " + controlToken, 200},
		{"IPv6", "POST", "[::1]:1", "bearer " + controlToken, 200},
		{"a socket", "POST", "@", "Bearer " + controlToken, 200},
		{"from elsewhere", "POST", "192.0.2.1:1", "Bearer " + controlToken, 403},
		{"no token", "POST", "127.0.0.1:1", "", 401},
		{"another token", "POST", "127.0.0.1:1", "Bearer " + controlToken + "x", 401},
		{"an empty one", "POST", "127.0.0.1:1", "Bearer ", 401},
		{"another scheme", "POST", "127.0.0.1:1", "Basic " + controlToken, 401},
		{"GET", "GET", "127.0.0.1:1", "Bearer " + controlToken, 405},
	} {
		r := httptest.NewRequest(test.method, "/control/signing-key", strings.NewReader(`{"action":"list"}`))
		r.RemoteAddr = test.remote
		if test.authorization != "" {
			r.Header.Set("Authorization", test.authorization)
		}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		challenge := w.Header().Get("WWW-Authenticate")
		if w.Code != test.status || (challenge == `Bearer realm="control"`) != (test.status == 401) || (w.Header().Get("Allow") == "POST") != (test.status == 405) ||
			w.Header().Get("Content-Type") != "application/json" || strings.Contains(w.Body.String(), controlToken) {
			t.Errorf("%s: %d %v %s", test.name, w.Code, w.Header(), w.Body)
		}
	}
	without, _ := serve(t, devserver.Config{})
	for _, path := range []string{"signing-key", "client-secret", "client-keys", "token-lifetime"} {
		if r := post(t, without.Issuer()+"/control/"+path, "{}", "Authorization", "Bearer "); r.StatusCode != 404 {
			t.Errorf("without a token, %s: %d", path, r.StatusCode)
		}
	}
}

// Guesses at the token are limited like those at a secret.
func TestControlFailures(t *testing.T) {
	server, _ := controlled(t, devserver.Config{MaxFailures: 1})
	send := func(token string) response {
		return post(t, server.Issuer()+"/control/signing-key", `{"action":"list"}`, "Authorization", "Bearer "+token)
	}
	for range 4 {
		if r := send("wrong"); r.StatusCode != 401 {
			t.Fatalf("%d", r.StatusCode)
		}
	}
	if r := send(controlToken); r.StatusCode != 429 || r.Header.Get("Retry-After") != "2" {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
}

// The log tells what was done, and no secret.
func TestControlLog(t *testing.T) {
	var log bytes.Buffer
	server, do := controlled(t, devserver.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
	made := do("client-secret", `{"action":"add","client_id":"orders-api"}`).body
	do("client-secret", `{"action":"add","client_id":"orders-api","client_secret":"hunter2"}`)
	user := tokens(t, server, "web")
	introspect(t, server, user.AccessToken)
	refused := request("web", "scope", "evil")
	newBrowser(t).send(t, server.AuthorizeURL()+"?"+refused.Encode(), nil)
	newBrowser(t).send(t, server.AuthorizeURL()+"?client_id=evil", nil)
	server.Close() // the log is complete
	text := log.String()
	for _, want := range []string{
		`"level":"INFO","msg":"control","path":"/control/client-secret"`, `"level":"WARN","msg":"control refused","path":"/control/client-secret"`,
		`"msg":"authorization granted","client_id":"web","scope":"orders:read"`, `"msg":"token issued","client_id":"web","scope":"orders:read"`,
		`"msg":"token introspected","client_id":"orders-api","active":true`, `"msg":"authorization refused","client_id":"web","error":"invalid_scope"`,
		`"msg":"authorization refused","error":"invalid_request"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %s: %s", want, text)
		}
	}
	_, secret, _ := strings.Cut(made, `"client_secret":"`)
	for _, secret := range []string{secret[:43], "hunter2", controlToken, "evil", "alice", user.AccessToken, user.Refresh, verifier, challenge} {
		if strings.Contains(text, secret) {
			t.Errorf("the log contains %q: %s", secret, text)
		}
	}
}

// FuzzControl sends a body to each path: it is JSON that a lax reader takes, too,
// or it is refused and changes nothing.
func FuzzControl(f *testing.F) {
	f.Add("signing-key", `{"action":"publish","alg":"EdDSA"}`)
	f.Add("signing-key", `{"action":"switch","kid":""}`)
	f.Add("client-secret", `{"action":"add","client_id":"web"}`)
	f.Add("client-secret", `{"action":"remove","client_id":"web","client_secret_sha256":"00"}`)
	f.Add("client-keys", `{"client_id":"web","jwks":{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AQ"}]}}`)
	f.Add("token-lifetime", `{"seconds":1}`)
	config := devserver.Config{
		Issuer: "https://as.example.com", Algorithm: "EdDSA", ControlToken: controlToken,
		Clients: []devserver.Client{codeClient()},
	}
	f.Fuzz(func(t *testing.T, path, body string) {
		server, err := devserver.New(config)
		if err != nil {
			t.Fatal(err)
		}
		before := server.SigningKeys()
		r := httptest.NewRequest("POST", "/control/signing-key", strings.NewReader(body))
		r.URL.Path = "/control/" + path
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("Authorization", "Bearer "+controlToken)
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		var lax map[string]any
		switch w.Code {
		case 200:
			if err := json.Unmarshal([]byte(body), &lax); err != nil {
				t.Fatalf("accepted, and encoding/json says %v", err)
			}
		case 400:
			if !slices.Equal(server.SigningKeys(), before) {
				t.Fatal("refused, and the keys have changed")
			}
		case 404:
			return
		default:
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if err := json.Unmarshal(w.Body.Bytes(), &lax); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
	})
}
