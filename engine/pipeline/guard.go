package pipeline

import (
	"net/netip"
	"strings"
)

// Guard keeps what a script sends away from addresses that only this machine and its
// neighbours are meant to reach. It judges addresses, not names: the Transport asks it
// for each address that it is about to connect to, so that neither a name that resolves
// to another address at each asking nor an odd way to write one gets past it.
type Guard struct {
	// Allowed are hosts that may be reached whatever their addresses are, as they stand
	// in a URL: "localhost:9000", or without a port for all ports; "*.example.com" for
	// the names below one, "*" for all.
	Allowed []string
	// Public lets nothing through but addresses that the whole internet can reach. It is
	// for URLs that strangers name; a script's are the operator's, who has backends in
	// networks of his own.
	Public bool
}

// Refuses tells whether a connection to an address of host, "host:port" as it stands
// in the URL or without a port, must not be made: loopback, link-local, unspecified,
// reserved and multicast addresses, those at which clouds keep the credentials of
// their machines, and with Public all others that are not public.
func (g *Guard) Refuses(host string, addr netip.Addr) bool {
	if g == nil {
		return false
	}
	if g.Allows(host) {
		return false
	}
	if !addr.IsValid() || addr.Zone() != "" {
		return true
	}
	addr = addr.Unmap()
	return near(addr, 3) || g.Public && !public(addr, 3)
}

// Allows tells whether a host is among those that may be reached whatever their addresses
// are.
func (g *Guard) Allows(host string) bool {
	name := host
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		name = host[:i]
	}
	for _, allowed := range g.Allowed {
		below, isBelow := strings.CutPrefix(allowed, "*")
		if strings.EqualFold(allowed, host) || strings.EqualFold(allowed, name) ||
			isBelow && len(name) > len(below) && strings.EqualFold(name[len(name)-len(below):], below) {
			return true
		}
	}
	return false
}

// near tells addresses that are refused; depth bounds how often one may carry another.
func near(addr netip.Addr, depth int) bool {
	if addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsMulticast() || addr.IsUnspecified() {
		return true
	}
	for _, p := range refused {
		if p.Contains(addr) {
			return true
		}
	}
	if inner, ok := carried(addr); ok && depth > 0 {
		return near(inner, depth-1)
	}
	return false
}

var refused = prefixes(
	"0.0.0.0/8", "240.0.0.0/4", // this network; reserved, with broadcast
	"168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::254/128", // metadata of clouds beside 169.254/16
)

// public tells addresses that the registries of special-purpose addresses (RFC 6890 and its
// successors) have not set aside; depth is as in near.
func public(addr netip.Addr, depth int) bool {
	inner, carries := carried(addr)
	switch {
	case carries && depth == 0:
		return false
	case carries && !public(inner, depth-1):
		return false
	case addr.Is6() && !globalUnicast.Contains(addr) && !nat64[0].Contains(addr):
		return false
	}
	for _, p := range notPublic {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}

var (
	// globalUnicast is what has been handed out of IPv6 so far.
	globalUnicast = netip.MustParsePrefix("2000::/3")
	notPublic     = prefixes(
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001:2::/48", "2001:10::/28", "2001:20::/28", "2001:db8::/32", "3fff::/20",
	)
)

var (
	compatible = netip.MustParsePrefix("::/96")
	nat64      = prefixes("64:ff9b::/96", "64:ff9b:1::/48")
	sixToFour  = netip.MustParsePrefix("2002::/16")
	teredo     = netip.MustParsePrefix("2001::/32")
)

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// carried is the address of IPv4 that one of IPv6 carries, if it is of a kind that does.
func carried(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() {
		return addr, false
	}
	b := addr.As16()
	last := netip.AddrFrom4([4]byte(b[12:]))
	for _, p := range nat64 {
		if p.Contains(addr) {
			return last, true
		}
	}
	switch {
	case compatible.Contains(addr):
		return last, true
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	case teredo.Contains(addr):
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}), true
	case b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5E && b[11] == 0xFE: // ISATAP
		return last, true
	}
	return addr, false
}
