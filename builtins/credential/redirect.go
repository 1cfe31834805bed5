package credential

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// checkRedirect refuses URLs that a browser must not be sent to: anything but https, or
// http to this machine; user names; fragments; and whatever browsers and url.Parse read
// in different ways.
func checkRedirect(raw string) error {
	if len(raw) > 2048 {
		return errors.New("it is too long")
	}
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7f || c == '\\' {
			return errors.New("it holds a character that URLs do not have")
		}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return errors.New("it is not a URL")
	case u.Scheme != "https" && !(u.Scheme == "http" && thisMachine(u.Hostname())):
		return errors.New("it wants https, or http to this machine")
	case u.Opaque != "" || u.Hostname() == "":
		return errors.New("it has no host")
	case u.User != nil || strings.Contains(u.Host, "@"):
		return errors.New("it may hold no user name")
	case strings.Contains(raw, "#"):
		return errors.New("it may have no fragment")
	case !strings.HasPrefix(raw, u.Scheme+"://"):
		return errors.New("its scheme wants small letters")
	}
	return nil
}

// thisMachine tells names of the loopback interface.
func thisMachine(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// redirectAllowed tells whether a browser may be sent to a URL after a consent. A URL of
// the list allows itself, with any query if it has none of its own; one that ends in /*
// everything below its path. Scheme, host, port and path compare exactly, byte by byte.
func redirectAllowed(list []string, raw string) bool {
	if checkRedirect(raw) != nil {
		return false
	}
	bare, _, _ := strings.Cut(raw, "?")
	for _, allowed := range list {
		if raw == allowed || bare == allowed {
			return true
		}
		base, ok := strings.CutSuffix(allowed, "*")
		if ok && strings.HasSuffix(base, "/") && strings.HasPrefix(bare, base) && tame(bare[len(base):]) {
			return true
		}
	}
	return false
}

// tame tells whether a path goes down only, whoever reads it.
func tame(path string) bool {
	decoded, err := url.PathUnescape(path)
	if err != nil || strings.ContainsAny(decoded, "\\%") || strings.Count(decoded, "/") != strings.Count(path, "/") {
		return false
	}
	for _, segment := range strings.Split(decoded, "/") {
		if name, _, _ := strings.Cut(segment, ";"); name == "." || name == ".." {
			return false
		}
	}
	return !strings.HasPrefix(decoded, "/")
}
