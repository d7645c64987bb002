// Package proxies tells the trusted proxies of an API from everybody else, by the
// network address of the connection.
package proxies

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/bearerguard/bearerguard/internal/configerr"
)

// A List is the trusted proxies. Nil: there are none.
type List []netip.Prefix

// New returns the list of the prefixes, in the form in which [List.Has] looks for
// addresses: IPv4 ones as such, also where they are written inside of IPv6. Problems
// go to the list under TrustedProxies, the name that the field has everywhere.
func New(prefixes []netip.Prefix, problems *configerr.List) List {
	list := slices.Clone(prefixes)
	for i, p := range list {
		if addr, bits := p.Addr(), p.Bits(); addr.Is4In6() && bits >= 96 {
			p = netip.PrefixFrom(addr.Unmap(), bits-96)
		}
		problems.Check(p.Bits() > 0, // -1 is that of the zero prefix
			fmt.Sprintf("TrustedProxies[%d]", i), "every address, or none: anybody could pass for a proxy")
		// It would contain no address at all, as IPv4 ones are looked for as such.
		problems.Check(!p.Addr().Is4In6(),
			fmt.Sprintf("TrustedProxies[%d]", i), "an IPv4 address inside of IPv6 with fewer than 96 bits: it would match no proxy")
		list[i] = p
	}
	return list
}

// Has reports whether the peer with that network address, "IP:port", is one of them.
// What is no IP address is not.
func (l List) Has(remoteAddr string) bool {
	if len(l) == 0 {
		return false
	}
	peer, err := netip.ParseAddrPort(remoteAddr)
	if err != nil {
		return false
	}
	// A prefix has no zone, and never contains an address that has one. A listener
	// for both versions of IP shows IPv4 peers inside of IPv6.
	addr := peer.Addr().WithZone("").Unmap()
	return slices.ContainsFunc(l, func(p netip.Prefix) bool { return p.Contains(addr) })
}
