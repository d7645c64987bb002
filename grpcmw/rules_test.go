package grpcmw_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/grpcmw"
	"github.com/bearerguard/bearerguard/scopes"
	"github.com/bearerguard/bearerguard/validator"
)

// problems is every problem that err joins, as text.
func problems(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("%v is not joined", err)
	}
	var all []string
	for _, e := range joined.Unwrap() {
		problem, ok := errors.AsType[*grpcmw.ConfigError](e)
		if !ok {
			t.Fatalf("%v is no ConfigError", e)
		}
		all = append(all, problem.Error())
	}
	return all
}

func TestNewReportsEveryProblem(t *testing.T) {
	_, err := grpcmw.New(nil, grpcmw.Config{
		Rules: map[string]scopes.Requirement{
			"/a.B/C": {},
			"a.B/C":  scopes.Authenticated(),
			"/a.B/D": scopes.Authenticated(),
			"/a.B/*": scopes.Authenticated(),
		},
		Optional: map[string]scopes.Requirement{
			"/a.B/D": scopes.Authenticated(),
			"/a.B/E": {},
		},
		Public: []string{"/a.B/D", "/a.B/F", "/a.B/F", "/a.B/*", "*"},
	})
	want := []string{
		`Authenticator: required: what tells good tokens from bad ones`,
		`Rules["/a.B/C"]: the zero Requirement: scopes.Authenticated asks for any valid token`,
		`Rules["a.B/C"]: "a.B/C" is not "/pkg.Service/Method" or "/pkg.Service/*"`,
		`Optional["/a.B/D"]: "/a.B/D" is already in Rules["/a.B/D"]`,
		`Optional["/a.B/E"]: the zero Requirement: scopes.Authenticated asks for any valid token`,
		`Public[0]: "/a.B/D" is already in Rules["/a.B/D"]`,
		`Public[2]: "/a.B/F" is already in Public[1]`,
		`Public[3]: "/a.B/*" is already in Rules["/a.B/*"]`,
		`Public[4]: "*" is not "/pkg.Service/Method" or "/pkg.Service/*"`,
	}
	if got := problems(t, err); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestNames(t *testing.T) {
	a := newSigner(t).validator(t)
	good := []string{
		"/Service/Method", "/pkg.Service/Method", "/a.b.c.Service/*", "/pkg.my-service/do_it", "/s/9",
	}
	for _, name := range good {
		for _, config := range configsFor(name) {
			if _, err := grpcmw.New(a, config); err != nil {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	bad := []string{
		"", "/", "//", "*", "/*", "//*", "//Method", "/pkg.Service", "/pkg.Service/", "pkg.Service/Method", "pkg.Service/*",
		"/pkg.Service/Method/", "/pkg.Service/Method/*", "/pkg/Service/Method", "/pkg.*/Method", "/*/Method", "/*/*",
		"/pkg.Service/**", "/pkg.Service/Get*", "/pkg.Service/Get Method", " /pkg.Service/Method", "/pkg.Service/Method ",
		"/pkg.Service/Method?x", "/pkg.Service/%2a", "/pkg.Service/M\u00e9thod", "/pkg.Service/{method}", "POST /pkg.Service/Method",
		"https://example.com/pkg.Service/Method", "/pkg.Service/Method\n", "/pkg.Service/\x00",
	}
	for _, name := range bad {
		for _, config := range configsFor(name) {
			if _, err := grpcmw.New(a, config); len(problems(t, err)) != 1 {
				t.Errorf("%q: got %v", name, err)
			}
		}
	}
}

// configsFor returns configurations with one name, in each of the places that a
// name can have.
func configsFor(name string) []grpcmw.Config {
	named := map[string]scopes.Requirement{name: scopes.Authenticated()}
	return []grpcmw.Config{{Rules: named}, {Optional: named}, {Public: []string{name}}}
}

func TestConfigIsCopied(t *testing.T) {
	s := newSigner(t)
	rules := map[string]scopes.Requirement{unaryMethod: scopes.All("orders:admin")}
	optional := map[string]scopes.Requirement{"/a.B/C": scopes.Authenticated()}
	public := []string{"/a.B/D"}
	auth := newAuth(t, s.validator(t), grpcmw.Config{Rules: rules, Optional: optional, Public: public})
	rules[unaryMethod] = scopes.Authenticated()
	optional[streamMethod] = scopes.Authenticated()
	public[0] = streamMethod

	conn := serve(t, auth)
	for i, want := range []string{"INSUFFICIENT_SCOPE", "OPERATION_NOT_ALLOWED"} {
		_, err := kinds[i].call(with(t, s.bearer(t, "", time.Hour)), conn)
		if got := reason(t, err); got != want {
			t.Errorf("%s: got %s, want %s", kinds[i].name, got, want)
		}
	}
}

// The zero Auth was configured by nobody, and lets nobody in.
func TestZeroAuth(t *testing.T) {
	conn := serve(t, new(grpcmw.Auth))
	for _, kind := range kinds {
		_, err := kind.call(with(t, "Bearer x"), conn)
		if got := reason(t, err); got != validator.CodeInternal.String() {
			t.Errorf("%s: got %s", kind.name, got)
		}
	}
}
