package pipeline

import (
	"net/netip"
	"testing"
)

func TestGuard(t *testing.T) {
	g := &Guard{Allowed: []string{"localhost:9000", "dev.test", "*.inner.test"}}
	for _, tt := range []struct {
		host, addr string
		refused    bool
	}{
		{"a.test", "192.0.2.1", false},
		{"a.test", "10.0.0.1", false},
		{"a.test", "2001:db8::1", false},
		{"a.test", "127.0.0.1", true},
		{"a.test", "127.8.8.8", true},
		{"a.test", "::1", true},
		{"a.test", "::ffff:127.0.0.1", true},
		{"a.test", "::127.0.0.1", true},
		{"a.test", "64:ff9b::7f00:1", true},
		{"a.test", "169.254.169.254", true},
		{"a.test", "fe80::1", true},
		{"a.test", "fe80::1%eth0", true},
		{"a.test", "0.0.0.0", true},
		{"a.test", "::", true},
		{"a.test", "224.0.0.1", true},
		{"a.test", "ff02::1", true},
		{"a.test", "255.255.255.255", true},
		// The many ways to say 127.0.0.1 and 169.254.169.254.
		{"a.test", "::ffff:7f00:1", true},
		{"a.test", "::ffff:169.254.169.254", true},
		{"a.test", "::ffff:0:127.0.0.1", false}, // of SIIT, which nobody routes
		{"a.test", "64:ff9b::a9fe:a9fe", true},
		{"a.test", "64:ff9b:1::7f00:1", true},
		{"a.test", "64:ff9b::808:808", false},
		{"a.test", "2002:7f00:1::", true},
		{"a.test", "2002:a9fe:a9fe::1", true},
		{"a.test", "2002:808:808::1", false},
		{"a.test", "2001:0:4136:e378:8000:63bf:80ff:fffe", true}, // Teredo of 127.0.0.1
		{"a.test", "2001:0:4136:e378:8000:63bf:f7f7:f7f7", false},
		{"a.test", "2001:db8::5efe:127.0.0.1", true},
		{"a.test", "2001:db8::200:5efe:7f00:1", true},
		{"a.test", "0.1.2.3", true},
		{"a.test", "240.0.0.1", true},
		{"a.test", "239.255.255.250", true},
		{"a.test", "ff0e::1", true},
		{"a.test", "169.254.0.1", true},
		{"a.test", "febf::1", true},
		{"a.test", "168.63.129.16", true},
		{"a.test", "100.100.100.200", true},
		{"a.test", "192.0.0.192", true},
		{"a.test", "fd00:ec2::254", true},
		// Networks of one's own are where backends are.
		{"a.test", "172.16.0.1", false},
		{"a.test", "192.168.1.1", false},
		{"a.test", "100.64.0.1", false},
		{"a.test", "fd12:3456::1", false},
		// Names that look like others.
		{"127.0.0.1.evil.test", "192.0.2.1", false},
		{"localhost:9000.evil.test", "127.0.0.1", true},
		{"dev.test.", "127.0.0.1", true},
		{"inner.test", "127.0.0.1", true},
		{"2130706433", "127.0.0.1", true},
		{"0x7f.1", "127.0.0.1", true},
		{"0177.0.0.1", "127.0.0.1", true},
		{"localhost:9000", "127.0.0.1", false},
		{"LOCALHOST:9000", "::1", false},
		{"localhost:9001", "127.0.0.1", true},
		{"dev.test:8080", "127.0.0.1", false},
		{"dev.test", "127.0.0.1", false},
		{"a.inner.test:1", "127.0.0.1", false},
		{"evil-dev.test", "127.0.0.1", true},
		{"[::1]:80", "::1", true},
	} {
		if got := g.Refuses(tt.host, netip.MustParseAddr(tt.addr)); got != tt.refused {
			t.Errorf("Refuses(%q, %s) = %v", tt.host, tt.addr, got)
		}
	}
	if (*Guard)(nil).Refuses("a", netip.IPv6Loopback()) || !g.Refuses("a", netip.Addr{}) {
		t.Error("nil must guard nothing, and an address that is none be refused")
	}
}

func TestGuardPublic(t *testing.T) {
	g := &Guard{Allowed: []string{"own.test", "[fd00::1]:9"}, Public: true}
	for _, tt := range []struct {
		host, addr string
		refused    bool
	}{
		{"a.test", "1.1.1.1", false},
		{"a.test", "172.15.255.255", false},
		{"a.test", "172.32.0.1", false},
		{"a.test", "100.63.255.255", false},
		{"a.test", "100.128.0.1", false},
		{"a.test", "2606:4700::1111", false},
		{"a.test", "::ffff:1.1.1.1", false},
		{"a.test", "64:ff9b::808:808", false},
		{"a.test", "2002:808:808::1", false},
		{"own.test", "10.0.0.1", false},
		{"[fd00::1]:9", "fd00::1", false},

		{"a.test", "0.0.0.0", true},
		{"a.test", "10.255.255.255", true},
		{"a.test", "100.64.0.1", true},
		{"a.test", "127.0.0.1", true},
		{"a.test", "169.254.169.254", true},
		{"a.test", "172.16.0.1", true},
		{"a.test", "172.31.255.255", true},
		{"a.test", "192.0.0.1", true},
		{"a.test", "192.0.2.1", true},
		{"a.test", "192.88.99.1", true},
		{"a.test", "192.168.255.255", true},
		{"a.test", "198.18.0.1", true},
		{"a.test", "198.19.255.255", true},
		{"a.test", "198.51.100.1", true},
		{"a.test", "203.0.113.1", true},
		{"a.test", "224.0.0.1", true},
		{"a.test", "240.0.0.1", true},
		{"a.test", "255.255.255.255", true},
		{"a.test", "168.63.129.16", true},

		{"a.test", "::", true},
		{"a.test", "::1", true},
		{"a.test", "::10.0.0.1", true},
		{"a.test", "::1.1.1.1", true},
		{"a.test", "::ffff:10.0.0.1", true},
		{"a.test", "::ffff:127.0.0.1", true},
		{"a.test", "::ffff:0:1.1.1.1", true},
		{"a.test", "64:ff9b::7f00:1", true},
		{"a.test", "64:ff9b::a00:1", true},
		{"a.test", "64:ff9b:1::808:808", true},
		{"a.test", "100::1", true},
		{"a.test", "2001:0:4136:e378:8000:63bf:f5ff:fffe", true}, // Teredo of 10.0.0.1
		{"a.test", "2001:2::1", true},
		{"a.test", "2001:db8::1", true},
		{"a.test", "2002:7f00:1::", true},
		{"a.test", "2002:c0a8:101::1", true},
		{"a.test", "2606:4700::5efe:10.0.0.1", true}, // ISATAP
		{"a.test", "3fff::1", true},
		{"a.test", "5f00::1", true},
		{"a.test", "fc00::1", true},
		{"a.test", "fd00::1", true},
		{"a.test", "fe80::1", true},
		{"a.test", "fec0::1", true},
		{"a.test", "ff02::1", true},
		{"a.test", "2606:4700::1111%eth0", true},
		{"[fd00::1]:8", "fd00::1", true},
	} {
		if got := g.Refuses(tt.host, netip.MustParseAddr(tt.addr)); got != tt.refused {
			t.Errorf("Refuses(%q, %s) = %v", tt.host, tt.addr, got)
		}
	}
}
