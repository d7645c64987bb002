package mtls

import (
	"fmt"
	"net/netip"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// compileProxies returns the prefixes in the form in which contains looks for
// addresses: IPv4 ones as such, also where they are written inside of IPv6.
func compileProxies(prefixes []netip.Prefix, problems *configerr.List) []netip.Prefix {
	compiled := make([]netip.Prefix, 0, len(prefixes))
	for i, p := range prefixes {
		if addr, bits := p.Addr(), p.Bits(); addr.Is4In6() && bits >= 96 {
			p = netip.PrefixFrom(addr.Unmap(), bits-96)
		}
		problems.Check(p.Bits() > 0, // -1 is that of the zero prefix
			fmt.Sprintf("TrustedProxies[%d]", i), "every address, or none: anybody could show any certificate")
		compiled = append(compiled, p)
	}
	return compiled
}

// isProxy reports whether the peer with that network address, "IP:port", is a
// trusted proxy. What is no IP address is not.
func (v *Verifier) isProxy(remoteAddr string) bool {
	if v.everyPeer {
		return true
	}
	if len(v.proxies) == 0 {
		return false
	}
	peer, err := netip.ParseAddrPort(remoteAddr)
	if err != nil {
		return false
	}
	// A prefix has no zone, and never contains an address that has one. A
	// listener for both versions of IP shows IPv4 peers inside of IPv6.
	addr := peer.Addr().WithZone("").Unmap()
	for _, p := range v.proxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
