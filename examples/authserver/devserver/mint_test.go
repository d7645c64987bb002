package devserver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"

	"github.com/bearerguard/bearerguard/examples/authserver/devserver"
)

func TestMint(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	mint := func(spec devserver.TokenSpec) (header, claims map[string]any) {
		t.Helper()
		token, err := server.Mint(spec)
		if err != nil {
			t.Fatal(err)
		}
		return verified(t, server, token)
	}

	header, claims := mint(devserver.TokenSpec{})
	if len(header) != 3 || header["typ"] != "at+jwt" || len(claims) != 4 || claims["iss"] != server.Issuer() ||
		claims["exp"] != float64(start.Unix()+300) || claims["iat"] != float64(start.Unix()) || claims["jti"] == "" {
		t.Errorf("without changes: %v %v", header, claims)
	}

	changes := map[string]any{"exp": start.Add(-time.Hour), "jti": nil, "cnf": map[string]any{"jkt": "x"}}
	header, claims = mint(devserver.TokenSpec{Claims: changes, Header: map[string]any{"typ": "JWT", "crit": []string{"x"}, "x": 1}})
	cnf, _ := claims["cnf"].(map[string]any)
	if _, jti := claims["jti"]; jti || claims["exp"] != float64(start.Unix()-3600) || cnf["jkt"] != "x" ||
		header["typ"] != "JWT" || header["crit"] == nil {
		t.Errorf("with changes: %v %v", header, claims)
	}
	if len(changes) != 3 {
		t.Errorf("the caller's map was changed: %v", changes)
	}
	if _, err := server.Mint(devserver.TokenSpec{Claims: map[string]any{"x": func() {}}}); err == nil {
		t.Error("a claim that is no JSON")
	}
}

// A forged token names the published key and is not signed by it.
func TestMintUnpublished(t *testing.T) {
	server, _ := serve(t, devserver.Config{})
	good, err := server.Mint(devserver.TokenSpec{})
	if err != nil {
		t.Fatal(err)
	}
	forged, err := server.Mint(devserver.TokenSpec{Unpublished: true})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Split(good, ".")[0] != strings.Split(forged, ".")[0] {
		t.Error("the headers differ")
	}
	set, err := jwk.Fetch(t.Context(), server.JWKSURL())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jws.Verify([]byte(forged), jws.WithKeySet(set)); err == nil {
		t.Error("the forged token verifies")
	}
}
