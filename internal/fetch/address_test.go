package fetch_test

import (
	"net/netip"
	"testing"

	"github.com/bearerguard/bearerguard/internal/fetch"
)

func TestIsPublic(t *testing.T) {
	public := []string{
		"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
		"126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
		"192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
		"203.0.112.255", "203.0.114.0", "223.255.255.255", "168.63.129.15",
		"2001:200::1", "2606:4700::1111", "2a00:1450::1", "2003::1", "3ffe:ffff::1",
		"::ffff:1.1.1.1", "64:ff9b::1.1.1.1",
	}
	special := []string{
		"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "100.100.100.200",
		"127.0.0.1", "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255",
		"172.16.0.0", "172.31.255.255", "192.0.0.0", "192.0.0.192", "192.0.0.255", "192.0.2.0", "192.0.2.255",
		"192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.0", "192.168.255.255", "192.175.48.1",
		"198.18.0.0", "198.19.255.255", "198.51.100.0", "203.0.113.255",
		"224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255", "168.63.129.16",
		"::", "::1", "::127.0.0.1", "::1.1.1.1",
		"::ffff:0.0.0.0", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:169.254.169.254",
		"::ffff:0:1.1.1.1",
		"64:ff9b::", "64:ff9b::127.0.0.1", "64:ff9b::10.1.2.3", "64:ff9b::169.254.169.254",
		"64:ff9b:1::1.1.1.1", "64:ff9b:0:1::1.1.1.1",
		"100::1", "100:0:0:1::1", "1fff:ffff::1", "4000::1", "5f00::1",
		"2001::1", "2001::4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1", "2001:1ff:ffff::1",
		"2001:db8::1", "2002:7f00:1::1", "2002:a01:203::1", "2002:101:101::1", "2620:4f:8000::1",
		"3fff::1", "3fff:fff:ffff::1",
		"fc00::1", "fd00:ec2::254", "fdff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ff0e::1", "fe80::1%eth0",
		"2606:4700::1111%eth0",
	}
	check := func(list []string, want bool) {
		for _, s := range list {
			if got := fetch.IsPublic(netip.MustParseAddr(s)); got != want {
				t.Errorf("IsPublic(%s) = %v", s, got)
			}
		}
	}
	check(public, true)
	check(special, false)
	if fetch.IsPublic(netip.Addr{}) {
		t.Error("no address is public")
	}
}

// FuzzIsPublic holds the answer against what net/netip knows, for every way to
// write the same IPv4 address.
func FuzzIsPublic(f *testing.F) {
	for _, s := range []string{"::1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2606:4700::1111"} {
		b := netip.MustParseAddr(s).As16()
		f.Add(b[:])
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		addr, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		plain := addr.Unmap()
		if fetch.IsPublic(addr) != fetch.IsPublic(plain) {
			t.Errorf("%v and %v differ", addr, plain)
		}
		if fetch.IsPublic(addr) && !plain.IsGlobalUnicast() {
			t.Errorf("%v is public and not global unicast", addr)
		}
		if fetch.IsPublic(addr) && (plain.IsPrivate() || plain.IsLoopback() || plain.IsLinkLocalUnicast() || plain.IsMulticast()) {
			t.Errorf("%v is public and local", addr)
		}
		if plain.Is4() {
			four := plain.As4()
			nat64 := [16]byte{0: 0x00, 1: 0x64, 2: 0xff, 3: 0x9b}
			copy(nat64[12:], four[:])
			if fetch.IsPublic(netip.AddrFrom16(nat64)) != fetch.IsPublic(plain) {
				t.Errorf("%v is another thing by NAT64", plain)
			}
		}
	})
}
