package devserver_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
	"github.com/bearerguard/bearerguard/internal/configerr"
)

// fields collects the fields that an error of New names, in order.
func fields(err error) []string {
	var problem *configerr.Error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, one := range joined.Unwrap() {
			all = append(all, fields(one)...)
		}
		return all
	}
	if errors.As(err, &problem) {
		return []string{problem.Field}
	}
	return nil
}

func TestNewReportsEverything(t *testing.T) {
	bad := secretClient()
	bad.Secret, bad.Audiences = "short", nil
	_, err := devserver.New(devserver.Config{
		Issuer: "http://as.example.com", Addr: "0.0.0.0:0", Algorithm: "HS256", TokenLifetime: -1, Profile: "x",
		CodeLifetime: 11 * time.Minute, RefreshLifetime: -1, Users: []string{"alice", "a b"}, ControlToken: "short",
		MaxAuthorizations: -1, MaxFailures: -1, MaxAssertions: -1, MaxTokens: -1, ACRValues: []string{"phr", "a b", `"`, ""}, Clients: []devserver.Client{secretClient(), bad, secretClient()},
	})
	want := []string{"Issuer", "Addr", "Algorithm", "TokenLifetime", "CodeLifetime", "RefreshLifetime", "Profile", "Users[1]",
		"ACRValues[1]", "ACRValues[2]", "ACRValues[3]", "ControlToken", "MaxAuthorizations", "MaxTokens", "MaxFailures", "MaxAssertions",
		"Clients[1].Secret", "Clients[1].Audiences", "Clients[2].ID"}
	if got := fields(err); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestIssuerAndAddr(t *testing.T) {
	for _, test := range []struct {
		issuer, addr string
		field        string
	}{
		{"", "", ""},
		{"", "127.0.0.1:0", ""},
		{"", "localhost:0", ""},
		{"https://as.example.com", "127.0.0.1:0", ""},
		{"http://127.0.0.1:9000", "", ""},
		{"http://[::1]:9000/x", "", ""},
		{"http://localhost", "", ""},

		{"http://as.example.com", "", "Issuer"},
		{"http://10.0.0.1", "", "Issuer"},
		{"http://localhost.example.com", "", "Issuer"},
		{"http://127.0.0.1.example.com", "", "Issuer"},
		{"http://user@127.0.0.1", "", "Issuer"},
		{"https://as.example.com?x", "", "Issuer"},
		{"https://as.example.com?", "", "Issuer"},
		{"https://as.example.com#", "", "Issuer"},
		{"https://as.example.com//", "", "Issuer"},
		{"https://as.example.com/a//b", "", "Issuer"},
		{"https://as.example.com/a/../b", "", "Issuer"},
		{"https://as.example.com/%61", "", "Issuer"},
		{"ftp://127.0.0.1", "", "Issuer"},
		{"as.example.com", "", "Issuer"},
		{"https://", "", "Issuer"},
		{"https:as.example.com", "", "Issuer"},
		{"%", "", "Issuer"},

		{"", "0.0.0.0:0", "Addr"},
		{"", ":0", "Addr"},
		{"", "[::]:0", "Addr"},
		{"", "192.0.2.1:0", "Addr"},
		{"", "as.example.com:0", "Addr"},
		{"", "127.0.0.1", "Addr"},
		{"", "127.0.0.1:99999", "Addr"},
		{"https://as.example.com", "0.0.0.0:0", "Addr"},
	} {
		server, err := devserver.New(devserver.Config{Issuer: test.issuer, Addr: test.addr, Algorithm: "EdDSA"})
		if got := strings.Join(fields(err), " "); got != test.field || (err == nil) != (test.field == "") {
			t.Errorf("issuer %q, addr %q: %v", test.issuer, test.addr, err)
		}
		if server != nil {
			server.Close()
		}
	}
}

func TestLifetimeBounds(t *testing.T) {
	for lifetime, ok := range map[time.Duration]bool{
		time.Second: true, 24 * time.Hour: true, time.Second - 1: false, 24*time.Hour + 1: false,
	} {
		_, err := devserver.New(devserver.Config{Issuer: "https://as.example.com", Algorithm: "EdDSA", TokenLifetime: lifetime})
		if (err == nil) != ok {
			t.Errorf("%v: %v", lifetime, err)
		}
	}
}

// A redirect_uri that must not be registered, beside those that may.
func TestRedirectURIs(t *testing.T) {
	server, err := devserver.New(devserver.Config{Issuer: "https://as.example.com", Algorithm: "EdDSA"})
	if err != nil {
		t.Fatal(err)
	}
	for uri, ok := range map[string]bool{
		"https://app.example.com/callback": true, "https://app.example.com": true, "https://app.example.com:8443/a?b=c": true,
		"http://127.0.0.1/callback": true, "http://127.0.0.1:8080/": true, "http://[::1]/": true, "http://localhost:3000/callback": true,
		"com.example.app:/callback": true, "com.example.app://host/callback": true,

		"": false, "/callback": false, "app.example.com": false, "http://app.example.com/": false, "http://10.0.0.1/": false,
		"https://app.example.com/#": false, "https://app.example.com/#x": false, "https://user@app.example.com/": false,
		"https://*.example.com/": false, "https://a;b.example.com/": false, "https:///callback": false, "https:callback": false,
		"javascript:alert(1)": false, "data:text/html,x": false, "app:/callback": false, "https://app.example.com/a b": false,
		"https://app.example.com/é": false, "https://app.example.com/\n": false, "https://app.example.com/<": false, "%": false,
	} {
		c := publicClient()
		c.ID, c.RedirectURIs = fmt.Sprintf("%x", uri), []string{cliRedirect, uri}
		want := []string{"Client.RedirectURIs[1]"}
		if ok {
			want = nil
		}
		if uri == "" {
			c.ID = "empty"
		}
		if got := fields(server.AddClient(c)); !slices.Equal(got, want) {
			t.Errorf("%q: %v", uri, got)
		}
	}
}

func TestCodeAndRefreshLifetimeBounds(t *testing.T) {
	for _, test := range []struct {
		code, refresh time.Duration
		ok            bool
	}{
		{time.Second, time.Second, true}, {10 * time.Minute, 90 * 24 * time.Hour, true},
		{time.Second - 1, 0, false}, {10*time.Minute + 1, 0, false}, {0, time.Second - 1, false}, {0, 90*24*time.Hour + 1, false},
	} {
		_, err := devserver.New(devserver.Config{Issuer: "https://as.example.com", Algorithm: "EdDSA", CodeLifetime: test.code, RefreshLifetime: test.refresh})
		if (err == nil) != test.ok {
			t.Errorf("%v, %v: %v", test.code, test.refresh, err)
		}
	}
}

func TestClientChecks(t *testing.T) {
	server, err := devserver.New(devserver.Config{Issuer: "https://as.example.com", Algorithm: "EdDSA", Users: []string{"alice"}})
	if err != nil {
		t.Fatal(err)
	}
	weak := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 2046, 1), E: 65537}
	even := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(0), 2047, 1), E: 65537}
	huge := &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 8192, 1), E: 65537}
	sound := new(big.Int).SetBit(big.NewInt(1), 2047, 1)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := func(k devserver.ClientKey) func(*devserver.Client) {
		return func(c *devserver.Client) { c.Keys = []devserver.ClientKey{k} }
	}
	type C = devserver.Client
	for name, test := range map[string]struct {
		change func(*C)
		field  string
	}{
		"no id":            {func(c *C) { c.ID = "" }, "Client.ID"},
		"long id":          {func(c *C) { c.ID = strings.Repeat("x", 257) }, "Client.ID"},
		"id not ASCII":     {func(c *C) { c.ID = "é" }, "Client.ID"},
		"id with newline":  {func(c *C) { c.ID = "a\nb" }, "Client.ID"},
		"no credentials":   {func(c *C) { c.Secret = "" }, "Client"},
		"short secret":     {func(c *C) { c.Secret = strings.Repeat("x", 21) }, "Client.Secret"},
		"secret not ASCII": {func(c *C) { c.Secret = strings.Repeat("é", 22) }, "Client.Secret"},
		"two secrets":      {func(c *C) { c.SecretSHA256 = strings.Repeat("0", 64) }, "Client.SecretSHA256"},
		"short hash":       {func(c *C) { c.Secret, c.SecretSHA256 = "", strings.Repeat("0", 62) }, "Client.SecretSHA256"},
		"hash not hex":     {func(c *C) { c.Secret, c.SecretSHA256 = "", strings.Repeat("x", 64) }, "Client.SecretSHA256"},
		"second secret":    {func(c *C) { c.SecondSecret = strings.Repeat("x", 21) }, "Client.SecondSecret"},
		"second and hash":  {func(c *C) { c.SecondSecret, c.SecondSecretSHA256 = secretText, strings.Repeat("0", 64) }, "Client.SecondSecretSHA256"},
		"no first secret":  {func(c *C) { c.Secret, c.SecondSecret, c.Keys = "", secretText, keyClient().Keys }, "Client.SecondSecret"},
		"public, a secret": {func(c *C) { c.Public = true }, "Client.Public"},
		"public, a key":    {func(c *C) { c.Secret, c.Keys, c.Public = "", keyClient().Keys, true }, "Client.Public"},
		"public, a URI":    {func(c *C) { c.Secret, c.JWKSURI, c.Public = "", "https://x.example", true }, "Client.Public"},
		"public, a cert":   {func(c *C) { c.Secret, c.Public, c.CertificateThumbprints = "", true, []string{challenge} }, "Client.Public"},
		"cert thumbprint":  {func(c *C) { c.CertificateThumbprints = []string{challenge, challenge + "="} }, "Client.CertificateThumbprints[1]"},
		"cert DNS name":    {func(c *C) { c.CertificateDNSName = "x.example" }, "Client.CertificateDNSName"},
		"token format":     {func(c *C) { c.AccessTokenFormat = "JWT" }, "Client.AccessTokenFormat"},
		"details type":     {func(c *C) { c.AuthorizationDetailsTypes = []string{"a", ""} }, "Client.AuthorizationDetailsTypes[1]"},
		"public resource":  {func(c *C) { c.Secret, c.Public, c.Introspection = "", true, true }, "Client.Introspection"},
		"public machine":   {func(c *C) { c.Secret, c.Public, c.GrantTypes = "", true, []string{"client_credentials"} }, "Client.GrantTypes[0]"},
		"redirect, grant":  {func(c *C) { c.RedirectURIs = []string{webRedirect} }, "Client.RedirectURIs"},
		"a user's name":    {func(c *C) { c.ID = "alice" }, "Client.ID"},
		"openid":           {func(c *C) { c.Scopes = []string{"orders:read", "openid"} }, "Client.Scopes[1]"},
		"grant":            {func(c *C) { c.GrantTypes = []string{"client_credentials", "password"} }, "Client.GrantTypes[1]"},
		"scope":            {func(c *C) { c.Scopes = []string{"orders:read", "a b"} }, "Client.Scopes[1]"},
		"scope quote":      {func(c *C) { c.Scopes = []string{"orders:read", `a"`} }, "Client.Scopes[1]"},
		"scope backslash":  {func(c *C) { c.Scopes = []string{"orders:read", `a\`} }, "Client.Scopes[1]"},
		"scope empty":      {func(c *C) { c.Scopes = []string{"orders:read", ""} }, "Client.Scopes[1]"},
		"scope not ASCII":  {func(c *C) { c.Scopes = []string{"orders:read", "é"} }, "Client.Scopes[1]"},
		"default scope":    {func(c *C) { c.DefaultScopes = []string{"orders:admin"} }, "Client.DefaultScopes[0]"},
		"no audience":      {func(c *C) { c.Audiences = nil }, "Client.Audiences"},
		"relative":         {func(c *C) { c.Audiences = []string{"orders"} }, "Client.Audiences[0]"},
		"fragment":         {func(c *C) { c.Audiences = []string{"https://x.example#"} }, "Client.Audiences[0]"},
		"profile":          {func(c *C) { c.Profile = "RFC9068" }, "Client.Profile"},
		"no key":           {key(devserver.ClientKey{}), "Client.Keys[0]"},
		"private key":      {key(devserver.ClientKey{Public: clientKey}), "Client.Keys[0]"},
		"symmetric key":    {key(devserver.ClientKey{Public: []byte("secret")}), "Client.Keys[0]"},
		"short Ed25519":    {key(devserver.ClientKey{Public: ed25519.PublicKey("abc")}), "Client.Keys[0]"},
		"weak RSA":         {key(devserver.ClientKey{Public: weak}), "Client.Keys[0]"},
		"even RSA":         {key(devserver.ClientKey{Public: even}), "Client.Keys[0]"},
		"huge RSA":         {key(devserver.ClientKey{Public: huge}), "Client.Keys[0]"},
		"RSA exponent 1":   {key(devserver.ClientKey{Public: &rsa.PublicKey{N: sound, E: 1}}), "Client.Keys[0]"},
		"RSA exponent 4":   {key(devserver.ClientKey{Public: &rsa.PublicKey{N: sound, E: 4}}), "Client.Keys[0]"},
		"nil RSA":          {key(devserver.ClientKey{Public: (*rsa.PublicKey)(nil)}), "Client.Keys[0]"},
		"empty RSA":        {key(devserver.ClientKey{Public: &rsa.PublicKey{}}), "Client.Keys[0]"},
		"P-384":            {key(devserver.ClientKey{Public: p384.Public()}), "Client.Keys[0]"},
		"nil ECDSA":        {key(devserver.ClientKey{Public: (*ecdsa.PublicKey)(nil)}), "Client.Keys[0]"},
		"alg HS256":        {key(devserver.ClientKey{Public: clientKey.Public(), Algorithm: "HS256"}), "Client.Keys[0]"},
		"alg of another":   {key(devserver.ClientKey{Public: clientKey.Public(), Algorithm: "ES256"}), "Client.Keys[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			c := secretClient()
			test.change(&c)
			err := server.AddClient(c)
			if got := fields(err); !slices.Equal(got, []string{test.field}) {
				t.Errorf("got %v (%v), want %s", got, err, test.field)
			}
			if err != nil && c.Secret != "" && strings.Contains(err.Error(), c.Secret) {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
	if err := server.AddClient(secretClient()); err != nil {
		t.Errorf("the client without a change: %v", err)
	}
}
