package fetch

import (
	"context"
	"errors"
	"net/netip"
	"syscall"
)

// ErrNotPublic is why a connection is not made (see [NewPublicOnly]).
var ErrNotPublic = errors.New("not a public address")

// refuseSpecial is asked before a socket connects, with the address that came out
// of name resolution: a name that resolves differently the next time (DNS
// rebinding) gains nothing.
func refuseSpecial(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !IsPublic(to.Addr()) {
		return ErrNotPublic
	}
	return nil
}

// IsPublic reports whether addr is an ordinary address of the public Internet. An
// address with a special purpose is none, be it globally reachable or not:
// nobody's authorization server is there.
func IsPublic(addr netip.Addr) bool {
	addr = addr.Unmap() // ::ffff:0:0/96 is IPv4 (RFC 4291 §2.5.5.2)
	if addr.Is6() && translated.Contains(addr) {
		// An IPv6-only network reaches IPv4 hosts this way (RFC 6052 §2.1).
		b := addr.As16()
		addr = netip.AddrFrom4([4]byte(b[12:]))
	}
	if addr.Is6() && !globalUnicast.Contains(addr) || !addr.IsValid() {
		return false
	}
	for _, prefix := range special {
		if prefix.Contains(addr) {
			return false
		}
	}
	return true
}

var (
	translated = netip.MustParsePrefix("64:ff9b::/96")
	// Everything else is unassigned, local or multicast: loopback, unique local
	// (fc00::/7), link-local, IPv4-compatible, local NAT64 (64:ff9b:1::/48). An
	// address with a zone is in no prefix.
	globalUnicast = netip.MustParsePrefix("2000::/3")
)

// special lists the blocks of the IANA special-purpose address registries
// (RFC 6890), those of IPv6 as far as they are global unicast.
var special = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // shared by the customers of a carrier
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, and the metadata of clouds
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.31.196.0/24", // AS112
	"192.52.193.0/24", // automatic multicast tunneling
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"192.175.48.0/24", // AS112
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast (RFC 5771)
	"240.0.0.0/4",     // reserved, and broadcast

	"2001::/23",         // protocol assignments, Teredo among them
	"2001:db8::/32",     // documentation
	"2002::/16",         // 6to4, with any IPv4 address inside
	"2620:4f:8000::/48", // AS112
	"3fff::/20",         // documentation

	// In no registry, but the platform's own services for every machine in Azure.
	"168.63.129.16/32",
)

func prefixes(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, s := range list {
		parsed[i] = netip.MustParsePrefix(s)
	}
	return parsed
}
