package discovery_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/bearerguard/bearerguard/internal/discovery"
)

func TestLocations(t *testing.T) {
	tests := []struct{ issuer, oauth, openid string }{
		{"https://a.example", "https://a.example/.well-known/oauth-authorization-server", "https://a.example/.well-known/openid-configuration"},
		{"https://a.example/", "https://a.example/.well-known/oauth-authorization-server", "https://a.example/.well-known/openid-configuration"},
		{"https://a.example/t%2F1/", "https://a.example/.well-known/oauth-authorization-server/t%2F1", "https://a.example/t%2F1/.well-known/openid-configuration"},
	}
	for _, tt := range tests {
		issuer, err := url.Parse(tt.issuer)
		if err != nil {
			t.Fatal(err)
		}
		got := discovery.Locations(issuer)
		if got[0].String() != tt.oauth || got[1].String() != tt.openid {
			t.Errorf("%s: %v", tt.issuer, got)
		}
	}
}

func TestEndpoint(t *testing.T) {
	const issuer = "https://a.example"
	tests := []struct{ name, document, want string }{
		{"good", `{"issuer":"https://a.example","x":"https://a.example/x","y":[1]}`, ""},
		{"another host is the issuer's choice", `{"issuer":"https://a.example","x":"https://b.example/x"}`, ""},
		{"another issuer", `{"issuer":"https://b.example","x":"https://a.example/x"}`, "another issuer"},
		{"issuer with a slash", `{"issuer":"https://a.example/","x":"https://a.example/x"}`, "but for the slash at the end"},
		{"no issuer", `{"x":"https://a.example/x"}`, "not a strict JSON object"},
		{"no endpoint", `{"issuer":"https://a.example"}`, "not a strict JSON object"},
		{"not a string", `{"issuer":"https://a.example","x":["https://a.example/x"]}`, "not a strict JSON object"},
		{"null", `{"issuer":"https://a.example","x":null}`, "not a strict JSON object"},
		{"duplicate", `{"issuer":"https://a.example","x":"https://a.example/x","x":"https://a.example/x"}`, "not a strict JSON object"},
		{"plain http", `{"issuer":"https://a.example","x":"http://a.example/x"}`, "is not https"},
		{"relative", `{"issuer":"https://a.example","x":"/x"}`, "not an absolute URL"},
		{"garbage", `<html>`, "not a strict JSON object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := discovery.Endpoint([]byte(tt.document), issuer, "x", false, false)
			if tt.want == "" {
				if err != nil || u.Path != "/x" {
					t.Errorf("%v, %v", u, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, %v, want %q", u, err, tt.want)
			}
		})
	}
}

// Those who show a certificate go where it is asked for, if that is somewhere else.
func TestMTLSEndpoint(t *testing.T) {
	const aliases = `{"issuer":"https://a.example","x":"https://a.example/x","mtls_endpoint_aliases":`
	tests := []struct{ name, document, want string }{
		{"alias", aliases + `{"y":"https://m.example/y","x":"https://m.example/x"}}`, "https://m.example/x"},
		{"alias alone", `{"mtls_endpoint_aliases":{"x":"https://m.example/x"},"issuer":"https://a.example"}`, "https://m.example/x"},
		{"alias of another endpoint", aliases + `{"y":"https://m.example/y"}}`, "https://a.example/x"},
		{"no aliases", `{"issuer":"https://a.example","x":"https://a.example/x"}`, "https://a.example/x"},
		{"aliases are a list", aliases + `["https://m.example/x"]}`, ""},
		{"alias is not a string", aliases + `{"x":1}}`, ""},
		{"alias is empty", aliases + `{"x":""}}`, ""},
		{"alias is plain http", aliases + `{"x":"http://m.example/x"}}`, ""},
		{"alias of another issuer", strings.Replace(aliases, "a.example", "b.example", 1) + `{"x":"https://m.example/x"}}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u, err := discovery.Endpoint([]byte(tt.document), "https://a.example", "x", true, false)
			if (err == nil) != (tt.want != "") || err == nil && u.String() != tt.want {
				t.Errorf("%v, %v, want %q", u, err, tt.want)
			}
			if tt.want == "https://m.example/x" {
				u, err := discovery.Endpoint([]byte(tt.document), "https://a.example", "x", false, false)
				if err == nil && u.Host != "a.example" {
					t.Errorf("without a certificate: %v", u)
				}
			}
		})
	}
}
