package jwks_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bearerguard/bearerguard/jwks"
)

func TestConfigProblems(t *testing.T) {
	const url, issuer = "https://auth.example.com/keys", "https://auth.example.com"
	tests := []struct {
		name   string
		config jwks.Config
		want   string // the fields, in order
	}{
		{"URL", jwks.Config{URL: url}, ""},
		{"URL with query", jwks.Config{URL: url + "?a=b"}, ""},
		{"issuer", jwks.Config{Issuer: issuer}, ""},
		{"nothing", jwks.Config{}, "URL"},
		{"both", jwks.Config{URL: url, Issuer: issuer}, "Issuer"},
		{"not a URL", jwks.Config{URL: "auth.example.com"}, "URL"},
		{"no host", jwks.Config{URL: "https:///keys"}, "URL"},
		{"opaque", jwks.Config{URL: "https:keys"}, "URL"},
		{"http", jwks.Config{URL: "http://auth.example.com"}, "URL"},
		{"http to loopback", jwks.Config{URL: "http://127.0.0.1/keys"}, "URL"},
		{"http to loopback, allowed", jwks.Config{URL: "http://127.9.9.9:80/keys", InsecureLoopbackHTTP: true}, ""},
		{"http to elsewhere, loopback allowed", jwks.Config{URL: "http://10.0.0.1/keys", InsecureLoopbackHTTP: true}, "URL"},
		{"user information", jwks.Config{URL: "https://u:secret@auth.example.com"}, "URL"},
		{"fragment", jwks.Config{URL: url + "#"}, "URL"},
		{"issuer http", jwks.Config{Issuer: "http://auth.example.com"}, "Issuer"},
		{"issuer with query", jwks.Config{Issuer: issuer + "?"}, "Issuer"},
		{"issuer with fragment", jwks.Config{Issuer: issuer + "#f"}, "Issuer"},
		{"negative", jwks.Config{URL: url, RefreshInterval: -1, MaxStale: time.Hour}, "RefreshInterval"},
		{"too often", jwks.Config{URL: url, RefreshInterval: time.Millisecond}, "RefreshInterval"},
		{"too rarely", jwks.Config{URL: url, RefreshInterval: 25 * time.Hour, MaxStale: 60 * time.Hour}, "RefreshInterval"},
		{"stale before two refreshes", jwks.Config{URL: url, MaxStale: 20*time.Minute - 1}, "MaxStale"},
		{"stale after two refreshes", jwks.Config{URL: url, MaxStale: 20 * time.Minute}, ""},
		{"default stale and rare refresh", jwks.Config{URL: url, RefreshInterval: time.Hour}, "MaxStale"},
		{"stale for too long", jwks.Config{URL: url, MaxStale: 8 * 24 * time.Hour}, "MaxStale"},
		{"file", jwks.Config{File: "keys.json"}, ""},
		{"file and URL", jwks.Config{File: "keys.json", URL: url}, "File"},
		{"file and issuer", jwks.Config{File: "keys.json", Issuer: issuer}, "File"},
		{"file and transport", jwks.Config{File: "keys.json", Transport: http.DefaultTransport}, "Transport"},
		{"file and cache", jwks.Config{File: "keys.json", CacheFile: "cache.json"}, "CacheFile"},
		{"URL and cache", jwks.Config{URL: url, CacheFile: "cache.json"}, ""},
		{"issuer and cache", jwks.Config{Issuer: issuer, CacheFile: "cache.json"}, ""},
		{"public only", jwks.Config{URL: url, PublicAddressesOnly: true}, ""},
		{"public only through a transport", jwks.Config{URL: url, PublicAddressesOnly: true, Transport: http.DefaultTransport},
			"PublicAddressesOnly"},
		{"public only and loopback", jwks.Config{URL: url, PublicAddressesOnly: true, InsecureLoopbackHTTP: true},
			"PublicAddressesOnly"},
		{"everything", jwks.Config{Issuer: "ftp://u:secret@x", RefreshInterval: time.Nanosecond, MaxStale: 1000 * time.Hour},
			"Issuer RefreshInterval MaxStale"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := jwks.NewRemote(tt.config)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || r != nil {
				t.Fatalf("NewRemote = %v, %v", r, err)
			}
			joined, ok := err.(interface{ Unwrap() []error })
			if !ok {
				t.Fatalf("%T is not a joined error", err)
			}
			var fields []string
			for _, problem := range joined.Unwrap() {
				p, ok := errors.AsType[*jwks.ConfigError](problem)
				if !ok || p.Reason == "" {
					t.Fatalf("%T: %v", problem, problem)
				}
				fields = append(fields, p.Field)
			}
			if got := strings.Join(fields, " "); got != tt.want {
				t.Errorf("problems with %q, want %q: %v", got, tt.want, err)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("a password in the error: %v", err)
			}
		})
	}
}
