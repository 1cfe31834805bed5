package web

import (
	"net/netip"
	"strconv"
	"strings"

	"sekisho/engine/dotnet/clr"
)

// IPAddress is a System.Net.IPAddress. Addresses are equal if their Addr is.
type IPAddress struct{ Addr netip.Addr }

// AddressFamily is the value of .NET's enum of that name.
type AddressFamily int32

const (
	InterNetwork   AddressFamily = 2
	InterNetworkV6 AddressFamily = 23
)

func (f AddressFamily) String() string {
	if f == InterNetworkV6 {
		return "InterNetworkV6"
	}
	return "InterNetwork"
}

// ParseIP is IPAddress.Parse.
func ParseIP(s string) *IPAddress {
	ip, ok := TryParseIP(s)
	if !ok {
		clr.Throw(clr.FormatException, "An invalid IP address was specified.")
	}
	return ip
}

// TryParseIP is IPAddress.TryParse. As inet_aton, it takes IPv4 addresses of one
// to four parts, octal and hexadecimal ones too.
func TryParseIP(s string) (*IPAddress, bool) {
	if strings.IndexByte(s, ':') >= 0 {
		if inner, ok := strings.CutPrefix(s, "["); ok {
			inner, _, ok = strings.Cut(inner, "]")
			if !ok {
				return nil, false
			}
			s = inner
		}
		a, err := netip.ParseAddr(s)
		if err != nil || !a.Is6() {
			return nil, false
		}
		return &IPAddress{a}, true
	}
	v, ok := parseIPv4(s)
	if !ok {
		return nil, false
	}
	return &IPAddress{netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})}, true
}

func parseIPv4(s string) (uint32, bool) {
	parts := strings.SplitN(s, ".", 5)
	if len(parts) > 4 {
		return 0, false
	}
	var out uint64
	for i, p := range parts {
		base := 10
		if len(p) > 1 && p[0] == '0' {
			p, base = p[1:], 8
			if p[0]|0x20 == 'x' {
				p, base = p[1:], 16
			}
		}
		v, err := strconv.ParseUint(p, base, 32)
		if err != nil {
			return 0, false
		}
		if i < len(parts)-1 {
			if v > 255 {
				return 0, false
			}
			out |= v << (24 - 8*i)
			continue
		}
		if v >= 1<<(32-8*i) {
			return 0, false
		}
		out |= v
	}
	return uint32(out), true
}

// IPFromBytes is new IPAddress(bytes).
func IPFromBytes(b []byte) *IPAddress {
	a, ok := netip.AddrFromSlice(b)
	if !ok {
		clr.ThrowArgument("An invalid IP address was specified.", "address")
	}
	return &IPAddress{a}
}

func (ip *IPAddress) String() string { return ip.Addr.String() }

// Bytes is GetAddressBytes.
func (ip *IPAddress) Bytes() []byte { return ip.Addr.AsSlice() }

// Family is AddressFamily.
func (ip *IPAddress) Family() AddressFamily {
	if ip.Addr.Is4() {
		return InterNetwork
	}
	return InterNetworkV6
}

// IsLoopback is IPAddress.IsLoopback(ip).
func (ip *IPAddress) IsLoopback() bool { return ip.Addr.Unmap().IsLoopback() }

// Equal is IPAddress.Equals.
func (ip *IPAddress) Equal(o *IPAddress) bool { return o != nil && ip.Addr == o.Addr }

// IsMapped is IsIPv4MappedToIPv6.
func (ip *IPAddress) IsMapped() bool { return ip.Addr.Is4In6() }

// MapToIPv4 and MapToIPv6 are the methods of those names.
func (ip *IPAddress) MapToIPv4() *IPAddress {
	if ip.Addr.Is4() {
		return ip
	}
	b := ip.Addr.As16()
	return &IPAddress{netip.AddrFrom4([4]byte(b[12:]))}
}

func (ip *IPAddress) MapToIPv6() *IPAddress { return &IPAddress{netip.AddrFrom16(ip.Addr.As16())} }

// HashCode is equal for equal addresses.
func (ip *IPAddress) HashCode() int32 { return clr.HashString(ip.String()) }
