package mtls_test

import (
	"net/netip"
	"testing"

	"github.com/bearerguard/bearerguard/internal/configerr"
	"github.com/bearerguard/bearerguard/validator/mtls"
)

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func prefixFrom(addr string, bits int) netip.Prefix {
	return netip.PrefixFrom(netip.MustParseAddr(addr), bits)
}

func TestNew(t *testing.T) {
	proxy := prefixes("192.0.2.0/24")
	tests := []struct {
		name   string
		config mtls.Config
		want   []string // the fields with a problem
	}{
		{"zero", mtls.Config{}, nil},
		{"a proxy", mtls.Config{TrustedProxies: proxy, Header: mtls.ClientCert()}, nil},
		{"every peer", mtls.Config{DangerouslyTrustEveryPeer: true, Header: mtls.XFCC()}, nil},
		{"proxies without header", mtls.Config{TrustedProxies: proxy}, []string{"Header"}},
		{"every peer without header", mtls.Config{DangerouslyTrustEveryPeer: true}, []string{"Header"}},
		{"header without proxies", mtls.Config{Header: mtls.XFCC()}, []string{"TrustedProxies"}},
		{"every IPv4 address", mtls.Config{TrustedProxies: prefixes("0.0.0.0/0"), Header: mtls.XFCC()}, []string{"TrustedProxies[0]"}},
		{"every IPv6 address", mtls.Config{TrustedProxies: prefixes("192.0.2.1/32", "::/0"), Header: mtls.XFCC()}, []string{"TrustedProxies[1]"}},
		{"every IPv4 address, as IPv6", mtls.Config{TrustedProxies: []netip.Prefix{prefixFrom("::ffff:0.0.0.0", 96)}, Header: mtls.XFCC()}, []string{"TrustedProxies[0]"}},
		{"the zero prefix", mtls.Config{TrustedProxies: make([]netip.Prefix, 1), Header: mtls.XFCC()}, []string{"TrustedProxies[0]"}},
		{"both kinds of trust", mtls.Config{TrustedProxies: proxy, DangerouslyTrustEveryPeer: true, Header: mtls.XFCC()}, []string{"DangerouslyTrustEveryPeer"}},
		{"no name", mtls.Config{TrustedProxies: proxy, Header: mtls.Nginx("")}, []string{"Header"}},
		{"a name with a space", mtls.Config{TrustedProxies: proxy, Header: mtls.Nginx("X SSL")}, []string{"Header"}},
		{"a name with a colon", mtls.Config{TrustedProxies: proxy, Header: mtls.Nginx("X-SSL:")}, []string{"Header"}},
		{"all at once", mtls.Config{TrustedProxies: prefixes("::/0"), DangerouslyTrustEveryPeer: true, Header: mtls.Nginx("")},
			[]string{"TrustedProxies[0]", "Header", "DangerouslyTrustEveryPeer"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := mtls.New(tt.config)
			problems := configerr.All(err)
			if len(problems) != len(tt.want) {
				t.Fatalf("New = %v, want problems with %q", err, tt.want)
			}
			for i, p := range problems {
				if p.Field != tt.want[i] {
					t.Errorf("problem %d is with %s, want %s", i, p.Field, tt.want[i])
				}
			}
		})
	}
}

// What the caller does with its slice later has no effect.
func TestConfigIsCopied(t *testing.T) {
	proxies := prefixes("192.0.2.0/24")
	v := mustNew(t, mtls.Config{TrustedProxies: proxies, Header: mtls.ClientCert()})
	proxies[0] = netip.MustParsePrefix("198.51.100.0/24")
	if got := causeOf(t, verify(v, from("192.0.2.1:1", "Client-Cert", rfc9440), rfc9440Thumbprint(t))); got != "" {
		t.Errorf("refused because of %q", got)
	}
}
