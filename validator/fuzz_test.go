package validator_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// signEd signs with the Ed25519 key, the quickest.
func signEd(header, payload string) string { return signRaw("EdDSA", "ed", header, payload) }

// agree holds the validator against the reference, and what it accepts against
// jwx, with the same key and the algorithm that the header names.
func agree(t *testing.T, v *validator.Validator, token string, want bool) {
	t.Helper()
	accepted, err := v.Validate(context.Background(), bearerToken(token))
	if (err == nil) != want {
		t.Fatalf("token %q: error %v (%v), the reference accepts: %v", token, err, errors.Unwrap(err), want)
	}
	if err != nil {
		if e, ok := errors.AsType[*validator.Error](err); !ok || e.Code().HTTPStatus() != 401 {
			t.Fatalf("token %q: error %v", token, err)
		}
		return
	}
	// jws.Verify would verify a header that it has encoded anew; its verifiers
	// take the bytes as they are.
	lastDot := strings.LastIndexByte(token, '.')
	signature := must(base64.RawURLEncoding.DecodeString(token[lastDot+1:]))
	verifier := must(jws.NewVerifier(jwa.EdDSA))
	if err := verifier.Verify([]byte(token[:lastDot]), signature, signers()["ed"].Public()); err != nil {
		t.Fatalf("token %q: accepted here, but not by jwx: %v", token, err)
	}
	var subject struct {
		Sub string `json:"sub"`
	}
	if err := accepted.Claims(&subject); err != nil || subject.Sub != accepted.Subject() {
		t.Fatalf("claims of %q: %v, %v", token, subject, err)
	}
}

func FuzzCompact(f *testing.F) {
	v := newValidator(f, nil)
	good := signEd(`{"alg":"EdDSA","kid":"ed"}`, goodClaims().json())
	f.Add(good)
	for _, s := range []string{"", ".", "..", "a.b.c", good + ".", "." + good, good + "=", good + "\n", strings.Replace(good, ".", "..", 1), strings.ToUpper(good)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		code := codeOf(t, v, token)
		_, wellFormed := refDecode(token)
		switch {
		case len(token) > 16<<10:
			if code != validator.CodeTokenTooLarge {
				t.Fatalf("%d bytes: %v", len(token), code)
			}
		case wellFormed == (code == validator.CodeTokenMalformed):
			t.Fatalf("token %q: %v, the reference says well-formed: %v", token, code, wellFormed)
		}
		// Ed25519 has one signature per message and key, so the good token is
		// the only one that can be accepted.
		if (code == 0) != (token == good) {
			t.Fatalf("token %q: %v", token, code)
		}
	})
}

func FuzzHeader(f *testing.F) {
	v := newValidator(f, nil)
	for _, s := range []string{
		`{"alg":"EdDSA","kid":"ed"}`, `{"alg":"Ed25519"}`, `{"alg":"EdDSA","kid":"ed","typ":"at+jwt"}`, `{"alg":"EdDSA","typ":"JWT","jwk":{}}`,
		`{"alg":"none"}`, `{"alg":"EdDSA","alg":"EdDSA"}`, `{"alg":"EdDSA","crit":["x"]}`, `{"alg":"EdDSA","b64":true}`, `{"ALG":"EdDSA"}`, `{"\u0061lg":"EdDSA"}`,
		`{"alg":"EdDSA","kid":""}`, `{"alg":"EdDSA","typ":"\u212aWT"}`, ` {"alg" : "EdDSA"} `, `[]`, `{}`, `null`,
	} {
		f.Add(s)
	}
	claims := goodClaims().json()
	f.Fuzz(func(t *testing.T, header string) {
		if header == "" || refSurrogate.MatchString(header) || len(header) > 8<<10 {
			return
		}
		token := signEd(header, claims)
		agree(t, v, token, refAccepts(token))
	})
}

func FuzzClaims(f *testing.F) {
	v := newValidator(f, nil)
	good := goodClaims().json()
	f.Add(`{"alg":"EdDSA","kid":"ed"}`, good)
	add := func(changes object) {
		f.Add(`{"alg":"EdDSA","typ":"at+jwt"}`, goodClaims().with(changes).json())
		f.Add(`{"alg":"EdDSA","typ":"JWT"}`, goodClaims().with(changes).json())
	}
	for _, value := range []any{raw("null"), raw("1"), raw("-1"), raw("0"), raw("1.5e9"), raw("9007199254740992"), raw("1e400"), raw("[]"), raw("{}"), raw("true"), "", "x", []any{"x", 1}, []string{apiURL}} {
		for _, claim := range []string{"iss", "aud", "exp", "nbf", "iat", "sub", "jti", "scope", "scp", "client_id", "azp", "typ", "token_use", "nonce", "cnf"} {
			add(object{claim: value})
		}
	}
	f.Add(`{"alg":"EdDSA"}`, good+"x")
	f.Add(`{"alg":"EdDSA"}`, strings.Replace(good, "{", `{"iss":"x",`, 1))
	f.Fuzz(func(t *testing.T, header, payload string) {
		if header == "" || payload == "" || len(payload) > 11<<10 || refSurrogate.MatchString(header+payload) {
			return
		}
		token := signEd(header, payload)
		agree(t, v, token, refAccepts(token))
	})
}
