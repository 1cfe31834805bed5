package clients

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxURI is how long a URI of a client may be, in bytes.
const maxURI = 2000

// notForApps are schemes without a dot that are no app's: ones that a browser runs or reads
// itself, and ones of other protocols. An app's own should be a reversed domain name (RFC
// 8252 §7.1), but widely used ones are not, such as those of editors.
var notForApps = []string{
	"about", "acap", "android-app", "blob", "cid", "content", "data", "dav", "davs", "dict", "dns",
	"edge", "facetime", "feed", "file", "filesystem", "ftp", "ftps", "geo", "git", "gopher", "http", "https",
	"imap", "intent", "ios-app", "irc", "ircs", "jar", "javascript", "ldap", "ldaps", "livescript",
	"magnet", "mailto", "mhtml", "mid", "mk", "mms", "mocha", "news", "nfs", "nntp", "opera", "pop",
	"res", "resource", "rsync", "rtmp", "rtsp", "search", "search-ms", "sftp", "shell", "shttp", "sip",
	"sips", "sms", "smb", "cifs", "snews", "ssh", "svn", "tag", "tel", "telnet", "urn", "vbscript",
	"view-source", "vnc", "wais", "ws", "wss", "wyciwyg", "xmpp",
}

// notForAppsPrefix are beginnings of such schemes.
var notForAppsPrefix = []string{"chrome", "moz-", "ms-", "safari-", "itms", "microsoft-", "webkit-", "web+"}

// checkRedirect tells what is wrong with a redirect URI, nil if it may be registered.
func checkRedirect(uri string) error {
	if err := plainURI(uri); err != nil {
		return err
	}
	u, err := url.Parse(uri)
	if err != nil {
		return errors.New("it is no URI")
	}
	scheme, rest, _ := strings.Cut(uri, ":")
	if scheme != u.Scheme {
		return errors.New("a scheme is in small letters")
	}
	switch {
	case scheme == "https":
		return checkAuthority(u, uri)
	case scheme == "http":
		if err := checkAuthority(u, uri); err != nil {
			return err
		}
		if !isLoopback(uri) {
			return errors.New("http is for 127.0.0.1, [::1] and localhost alone")
		}
		return nil
	case !appScheme(scheme):
		return errors.New("its scheme is not one that an application may have")
	case u.User != nil || strings.Contains(authorityOf(rest), "@"):
		return errors.New("it has a user name")
	case strings.HasPrefix(rest, "//") && authorityOf(rest) != "":
		return nil
	case strings.Contains(scheme, ".") && strings.HasPrefix(rest, "/") && rest != "//":
		return nil
	}
	return errors.New("after the scheme of an application there is a path, or // and a name")
}

func authorityOf(rest string) string {
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return ""
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

// appScheme tells whether a scheme may be that of a native app.
func appScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (i == 0 || (c < '0' || c > '9') && c != '.' && c != '-' && c != '+') {
			return false
		}
	}
	if strings.Contains(s, ".") {
		return !strings.HasSuffix(s, ".") && !strings.Contains(s, "..")
	}
	return len(s) >= 3 && !slices.Contains(notForApps, s) &&
		!slices.ContainsFunc(notForAppsPrefix, func(p string) bool { return strings.HasPrefix(s, p) })
}

// plainURI refuses what has no place in a URI, and what browsers and servers read in
// different ways.
func plainURI(uri string) error {
	if uri == "" || len(uri) > maxURI {
		return errors.New("a URI has at most " + strconv.Itoa(maxURI) + " characters")
	}
	for i := range len(uri) {
		switch c := uri[i]; {
		case c <= ' ' || c >= 0x7f:
			return errors.New("it has characters that are not printable ASCII")
		case c == '#':
			return errors.New("it has a fragment")
		case strings.IndexByte("\\\"<>^`{|}", c) >= 0:
			return errors.New("it has characters that no URI has")
		case c == '%' && (i+2 >= len(uri) || !isHex(uri[i+1]) || !isHex(uri[i+2])):
			return errors.New("it has a % that escapes nothing")
		}
	}
	return nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// checkAuthority is for URIs of http and https: a host as it should be written, no user, no
// path that leads elsewhere than it says.
func checkAuthority(u *url.URL, uri string) error {
	_, rest, _ := strings.Cut(uri, ":")
	authority := authorityOf(rest)
	host, port := u.Hostname(), u.Port()
	switch {
	case u.Opaque != "" || authority == "" || host == "":
		return errors.New("it has no host")
	case strings.Contains(authority, "@"):
		return errors.New("it has a user name")
	case strings.HasSuffix(authority, ":"):
		return errors.New("it has an empty port")
	case port != "" && !isPort(port):
		return errors.New("its port is none")
	case !isHost(authority[:len(authority)-len(portSuffix(port))]):
		return errors.New("its host is no name in small letters and no address as it is usually written")
	case hasDotSegment(rest[len("//")+len(authority):]):
		return errors.New("its path has segments of dots")
	}
	return nil
}

func portSuffix(port string) string {
	if port == "" {
		return ""
	}
	return ":" + port
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '0'
}

// isHost accepts names of ASCII letters in small case, and addresses in their usual form: not
// 127.1, 0x7f.1 or 2130706433, which some read as an address.
func isHost(h string) bool {
	if inner, ok := strings.CutPrefix(h, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		return ok && err == nil && a.Is6() && a.Zone() == "" && a.String() == inner
	}
	if a, err := netip.ParseAddr(h); err == nil {
		return a.Is4()
	}
	labels := strings.Split(h, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
			return false
		}
		for i := range len(l) {
			if c := l[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	last := labels[len(labels)-1]
	return len(h) <= 253 && !(last[0] >= '0' && last[0] <= '9')
}

// hasDotSegment looks for . and .. in a path, in any spelling. rest may have a query.
func hasDotSegment(rest string) bool {
	path, _, _ := strings.Cut(rest, "?")
	for segment := range strings.SplitSeq(path, "/") {
		switch strings.ReplaceAll(strings.ToLower(segment), "%2e", ".") {
		case ".", "..":
			return true
		}
	}
	return false
}

// loopbackPrefixes begin the redirect URIs of native apps that listen on the user's machine.
// localhost is among them though RFC 8252 advises against it: many clients use it.
var loopbackPrefixes = []string{"http://127.0.0.1", "http://[::1]", "http://localhost"}

// isLoopback tells whether a URI is one of a native app that listens on the user's machine.
func isLoopback(uri string) bool {
	_, ok := withoutPort(uri)
	return ok
}

// ownMachine tells whether a URI leads to the user's machine, by http or https.
func ownMachine(uri string) bool {
	secure, ok := strings.CutPrefix(uri, "https")
	return isLoopback(uri) || ok && isLoopback("http"+secure)
}

// withoutPort takes the port from a loopback redirect URI.
func withoutPort(uri string) (string, bool) {
	for _, p := range loopbackPrefixes {
		rest, ok := strings.CutPrefix(uri, p)
		if !ok {
			continue
		}
		if after, ok := strings.CutPrefix(rest, ":"); ok {
			end := strings.IndexAny(after, "/?")
			if end < 0 {
				end = len(after)
			}
			if !isPort(after[:end]) {
				return "", false
			}
			rest = after[end:]
		}
		if rest != "" && rest[0] != '/' && rest[0] != '?' {
			return "", false
		}
		return p + rest, true
	}
	return "", false
}

// hostAllowed tells whether codes may be sent to a redirect URI where hosts are limited: to
// hosts that are listed, each a name, name:port or *.name, and to loopback. Schemes of apps
// are no hosts.
func hostAllowed(hosts []string, uri string) bool {
	if len(hosts) == 0 || isLoopback(uri) {
		return true
	}
	if !strings.HasPrefix(uri, "https://") {
		return false
	}
	host := redirectHost(uri)
	name := host
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		name = host[:i]
	}
	for _, allowed := range hosts {
		if below, ok := strings.CutPrefix(allowed, "*"); ok && strings.HasPrefix(below, ".") {
			if len(name) > len(below) && strings.HasSuffix(name, below) {
				return true
			}
		} else if allowed == host || allowed == name {
			return true
		}
	}
	return false
}
