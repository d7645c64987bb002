package dpop_test

import (
	"net/netip"
	"net/url"
	"testing"

	"github.com/bearerguard/bearerguard/validator"
	"github.com/bearerguard/bearerguard/validator/dpop"
)

// The spellings of one URL (RFC 3986 §6.2.2 and §6.2.3), and those of another.
func TestTarget(t *testing.T) {
	v := newVerifier(t, nil)
	for _, tt := range []struct {
		request, htu string
		same         bool
	}{
		{"https://api.example.com/a", "https://api.example.com/a", true},
		{"https://api.example.com/a?x=1", "https://api.example.com/a?y=2#z", true},
		{"https://api.example.com/a", "HTTPS://API.Example.COM/a", true},
		{"https://API.example.com/a", "https://api.example.com/a", true},
		{"https://api.example.com/a", "https://api.example.com:443/a", true},
		{"https://api.example.com:443/a", "https://api.example.com/a", true},
		{"https://api.example.com/a", "https://api.example.com:/a", true},
		{"http://api.example.com/a", "http://api.example.com:80/a", true},
		{"https://api.example.com/", "https://api.example.com", true},
		{"https://api.example.com/~a/b-c_d.e", "https://api.example.com/%7Ea/b%2Dc%5fd%2ee", true},
		{"https://api.example.com/%c3%a4", "https://api.example.com/%C3%A4", true},
		{"https://api.example.com/%c3%a4", "https://api.example.com/ä", true},
		{"https://api.example.com/a/b", "https://api.example.com/x/../a/./b", true},
		{"https://api.example.com/a/", "https://api.example.com/a/b/..", true},
		{"https://api.example.com/a/", "https://api.example.com/a/.", true},
		{"https://api.example.com/a", "https://api.example.com/../../a", true},
		{"https://api.example.com/a", "https://api.example.com/b/%2e%2E/a", true},
		{"https://[2001:DB8::1]:8443/a", "https://[2001:db8::1]:8443/a", true},
		{"https://api.example.com/...", "https://api.example.com/...", true},
		{"https://api.example.com/a//b", "https://api.example.com/a//b", true},

		{"https://api.example.com/a//b", "https://api.example.com/a/b", false},
		{"https://api.example.com/a/b", "https://api.example.com/a%2Fb", false},
		{"https://api.example.com/a;b", "https://api.example.com/a%3Bb", false},
		{"https://api.example.com/a", "https://api.example.com:80/a", false},
		{"https://api.example.com/a", "https://api.example.com:4430/a", false},
		{"http://api.example.com/a", "http://api.example.com:443/a", false},
		{"https://api.example.com/a", "https://api.example.com./a", false},
		{"https://api.example.com/a", "https://api.example.com/a%20", false},
		{"https://api.example.com/a", "wss://api.example.com/a", false},
		{"https://api.example.com/a", "https:api.example.com/a", false},
		{"https://api.example.com/a", "https:///a", false},
		{"https://api.example.com/a", "https://:443/a", false},
		{"https://api.example.com/a", "https://api.exämple.com/a", false},
		{"https://api.example.com/a", "https://api.example.com%2f/a", false},
	} {
		c := newCraft()
		c.url, c.claims["htu"] = tt.request, tt.htu
		err := c.verify(t, v)
		if tt.same && err != nil {
			t.Errorf("%s is %s: %v", tt.htu, tt.request, err)
		} else if !tt.same {
			refused(t, err, validator.CodeDPoPProofInvalid, "htu is not")
		}
	}
}

// bare is a request of which something is not known.
type bare struct {
	request
	url *url.URL
}

func (b bare) URL() *url.URL { return b.url }

func TestTargetOfOddRequest(t *testing.T) {
	v := newVerifier(t, nil)
	for name, target := range map[string]*url.URL{
		"no URL":      nil,
		"asterisk":    {Scheme: "https", Host: "api.example.com", Path: "*"},
		"no host":     {Scheme: "https", Path: "/orders"},
		"a port only": {Scheme: "https", Host: ":443", Path: "/orders"},
		"odd host":    {Scheme: "https", Host: "api.example.com/orders", Path: "/orders"},
		"no scheme":   {Host: "api.example.com", Path: "/orders"},
		"odd scheme":  {Scheme: "ftp", Host: "api.example.com", Path: "/orders"},
	} {
		t.Run(name, func(t *testing.T) {
			credential := newCraft().credential(nil)
			credential.Info = bare{credential.Info.(request), target}
			refused(t, v.Verify(t.Context(), credential, jkt), validator.CodeDPoPProofInvalid, "cannot be told")
		})
	}
}

func TestPublicURL(t *testing.T) {
	for _, tt := range []struct {
		public, request, htu string
		same                 bool
	}{
		{"https://api.example.com", "http://10.0.0.7:8080/orders", "https://api.example.com/orders", true},
		{"https://api.example.com/", "http://10.0.0.7:8080/orders", "https://api.example.com/orders", true},
		{"https://api.example.com/v1", "http://10.0.0.7:8080/orders", "https://api.example.com/v1/orders", true},
		{"https://api.example.com/v1/", "http://10.0.0.7:8080/orders", "https://api.example.com/v1/orders", true},
		{"https://API.example.com:443", "http://10.0.0.7:8080/orders", "https://api.example.com/orders", true},
		{"https://api.example.com", "http://10.0.0.7:8080/orders", "http://10.0.0.7:8080/orders", false},
		{"https://api.example.com/v1", "http://10.0.0.7:8080/orders", "https://api.example.com/orders", false},
		{"https://api.example.com", "https://other.example.com/orders", "https://other.example.com/orders", false},
	} {
		v := newVerifier(t, func(c *dpop.Config) { c.PublicURL = tt.public })
		c := newCraft()
		c.url, c.claims["htu"] = tt.request, tt.htu
		c.set.Set("X-Forwarded-Host", "10.0.0.7:8080")
		err := c.verify(t, v)
		if tt.same && err != nil {
			t.Errorf("%s behind %s is %s: %v", tt.request, tt.public, tt.htu, err)
		} else if !tt.same {
			refused(t, err, validator.CodeDPoPProofInvalid, "htu is not")
		}
	}
}

func TestTrustedProxies(t *testing.T) {
	v := newVerifier(t, func(c *dpop.Config) {
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")}
	})
	const (
		proxy   = "10.1.2.3:4567"
		inside  = "http://backend:8080/orders"
		outside = "https://api.example.com/orders"
	)
	for _, tt := range []struct {
		name, remote string
		header       map[string][]string
		htu          string
		cause        string // empty: let in
	}{
		{"Forwarded", proxy, map[string][]string{"Forwarded": {"for=192.0.2.1;proto=https;host=api.example.com"}}, outside, ""},
		{"Forwarded, quoted", proxy, map[string][]string{"Forwarded": {`for="[2001:db8::1]:47";PROTO="https"; host="api.example.com\:443"`}}, outside, ""},
		{"X-Forwarded", proxy, map[string][]string{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"api.example.com"}}, outside, ""},
		{"only the scheme", proxy, map[string][]string{"X-Forwarded-Proto": {"https"}}, "https://backend:8080/orders", ""},
		{"only the host", proxy, map[string][]string{"Forwarded": {"host=api.example.com"}}, "http://api.example.com/orders", ""},
		{"nothing", proxy, nil, inside, ""},
		{"both, the same", proxy, map[string][]string{"Forwarded": {"proto=https;host=api.example.com"}, "X-Forwarded-Proto": {"HTTPS"}, "X-Forwarded-Host": {"api.example.com"}}, outside, ""},
		{"one each", proxy, map[string][]string{"Forwarded": {"proto=https"}, "X-Forwarded-Host": {"api.example.com"}}, outside, ""},
		{"IPv4 in IPv6", "[::ffff:10.1.2.3]:4567", map[string][]string{"Forwarded": {"proto=https;host=api.example.com"}}, outside, ""},
		{"with a zone", "[fe80::1%eth0]:4567", map[string][]string{"Forwarded": {"proto=https;host=api.example.com"}}, outside, ""},

		{"not a proxy", "11.1.2.3:4567", map[string][]string{"Forwarded": {"proto=https;host=api.example.com"}}, outside, "htu is not"},
		{"not a proxy, what it says does not count", "11.1.2.3:4567", map[string][]string{"X-Forwarded-Host": {"api.example.com", "x"}}, inside, ""},
		{"a peer without port", "10.1.2.3", map[string][]string{"Forwarded": {"proto=https;host=api.example.com"}}, outside, "htu is not"},
		{"a peer that is no address", "proxy:4567", map[string][]string{"Forwarded": {"proto=https;host=api.example.com"}}, outside, "htu is not"},

		{"two fields", proxy, map[string][]string{"Forwarded": {"proto=https;host=api.example.com", "proto=https;host=api.example.com"}}, outside, "cannot be told"},
		{"two elements", proxy, map[string][]string{"Forwarded": {"proto=https;host=api.example.com, proto=http"}}, outside, "cannot be told"},
		{"one each of two elements", proxy, map[string][]string{"Forwarded": {"proto=https, host=api.example.com"}}, outside, "cannot be told"},
		{"a parameter twice", proxy, map[string][]string{"Forwarded": {"proto=https;proto=https;host=api.example.com"}}, outside, "cannot be told"},
		{"an open quote", proxy, map[string][]string{"Forwarded": {`proto=https;host="api.example.com`}}, outside, "cannot be told"},
		{"an open escape", proxy, map[string][]string{"Forwarded": {`proto=https;host="api.example.com\`}}, outside, "cannot be told"},
		{"a parameter without value", proxy, map[string][]string{"Forwarded": {"proto=https;host"}}, outside, "cannot be told"},
		{"an empty value", proxy, map[string][]string{"Forwarded": {"proto=https;host="}}, outside, "cannot be told"},
		{"an empty field", proxy, map[string][]string{"Forwarded": {""}}, outside, "cannot be told"},
		{"two X-Forwarded-Proto", proxy, map[string][]string{"X-Forwarded-Proto": {"https", "https"}, "X-Forwarded-Host": {"api.example.com"}}, outside, "cannot be told"},
		{"a list in X-Forwarded-Host", proxy, map[string][]string{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"api.example.com, other.example.com"}}, outside, "cannot be told"},
		{"an empty X-Forwarded-Host", proxy, map[string][]string{"X-Forwarded-Host": {""}}, inside, "cannot be told"},
		{"schemes that contradict", proxy, map[string][]string{"Forwarded": {"proto=https;host=api.example.com"}, "X-Forwarded-Proto": {"http"}}, outside, "cannot be told"},
		{"hosts that contradict", proxy, map[string][]string{"Forwarded": {"proto=https;host=api.example.com"}, "X-Forwarded-Host": {"other.example.com"}}, outside, "cannot be told"},
		{"a host that is more", proxy, map[string][]string{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"api.example.com/orders?"}}, outside, "cannot be told"},
		{"a host with a user", proxy, map[string][]string{"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"u@api.example.com"}}, outside, "cannot be told"},
		{"another scheme", proxy, map[string][]string{"X-Forwarded-Proto": {"ftp"}}, outside, "cannot be told"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCraft()
			c.url, c.remote, c.claims["htu"] = inside, tt.remote, tt.htu
			for name, values := range tt.header {
				c.set[name] = values
			}
			err := c.verify(t, v)
			if tt.cause != "" {
				refused(t, err, validator.CodeDPoPProofInvalid, tt.cause)
			} else if err != nil {
				t.Error(err, err.(*validator.Error).Unwrap())
			}
		})
	}
}
