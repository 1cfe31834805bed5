package sandbox

import (
	"net/netip"
	"net/url"
	"slices"
)

// redirectsTo tells whether a browser may be sent to a URI with a code: to one of
// RedirectURIs exactly, or where such a one is at a loopback address, to any port there
// (RFC 8252, section 7.3), since a gateway on this machine may be told another.
func (a *Application) redirectsTo(uri string) bool {
	return slices.ContainsFunc(a.RedirectURIs, func(known string) bool {
		return uri == known || samePlace(uri, known)
	})
}

// samePlace compares URIs at loopback addresses but for their ports.
func samePlace(a, b string) bool {
	u, err := url.Parse(a)
	if err != nil {
		return false
	}
	k, err := url.Parse(b)
	if err != nil {
		return false
	}
	at, err := netip.ParseAddr(k.Hostname())
	if err != nil || !at.IsLoopback() || u.Hostname() != k.Hostname() {
		return false
	}
	u.Host, k.Host = "", ""
	return *u == *k && u.User == nil
}
