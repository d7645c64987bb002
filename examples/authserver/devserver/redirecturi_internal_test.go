package devserver

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzRedirectURI holds the comparison against one that takes URLs apart: what is
// not the same text is a loopback address, and differs in the port alone.
func FuzzRedirectURI(f *testing.F) {
	for _, pair := range [][2]string{
		{"http://127.0.0.1/callback", "http://127.0.0.1:50123/callback"},
		{"http://127.0.0.1:1/", "http://127.0.0.1:65535/"},
		{"http://[::1]/callback?a=b", "http://[::1]:1/callback?a=b"},
		{"http://127.0.0.1", "http://127.0.0.1:1"},
		{"http://127.0.0.1", "http://127.0.0.1.evil.example"},
		{"http://127.0.0.1/a", "http://127.0.0.1:1@evil.example/a"},
		{"http://127.0.0.1/a", "http://127.0.0.1:65536/a"},
		{"http://127.0.0.1/a", "http://127.0.0.1:/a"},
		{"http://127.0.0.1/a", "http://127.0.0.1:01/a"},
		{"http://127.0.0.1/a", "http://[::1]/a"},
		{"http://localhost/a", "http://localhost:1/a"},
		{"https://127.0.0.1/a", "https://127.0.0.1:1/a"},
		{"https://a.example/", "https://a.example:1/"},
	} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, registered, requested string) {
		if redirectURIProblem(registered) != "" {
			return
		}
		same := sameRedirectURI(registered, requested)
		if registered == requested {
			if !same {
				t.Fatal("not the same as itself")
			}
			return
		}
		ours, _ := url.Parse(registered)
		theirs, err := url.Parse(requested)
		host := ours.Hostname()
		want := err == nil && ours.Scheme == "http" && (host == "127.0.0.1" || host == "::1") && strings.HasPrefix(registered, "http:") &&
			theirs.Hostname() == host && withoutPort(registered, ours) == withoutPort(requested, theirs)
		if want { // RFC 6335 §6: 1 to 65535, as it is written
			port := theirs.Port()
			digits := strings.TrimLeft(port, "0123456789") == "" && !strings.HasPrefix(port, "0") && len(port) <= 5
			want = digits && (len(port) < 5 || port <= "65535") && (port != "" || !strings.HasSuffix(theirs.Host, ":"))
			if own := ours.Port(); strings.HasPrefix(own, "0") || len(own) > 5 || len(own) == 5 && own > "65535" || strings.HasSuffix(ours.Host, ":") {
				want = false // registered as nothing that could be listened on
			}
		}
		if same != want {
			t.Fatalf("registered %q, requested %q: %v, want %v", registered, requested, same, want)
		}
	})
}

// withoutPort cuts the port out of the text of a URL.
func withoutPort(text string, u *url.URL) string {
	return strings.Replace(text, "://"+u.Host, "://"+strings.TrimSuffix(u.Host, ":"+u.Port()), 1)
}
