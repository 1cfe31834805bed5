package web

import (
	"net/netip"
	"strconv"
	"strings"
	"unicode"

	"sekisho/engine/dotnet/clr"

	"golang.org/x/net/idna"
)

// UriFormatException is the full name of the exception for what is no URI.
const UriFormatException = "System.UriFormatException"

// UriKind is the value of .NET's enum of that name.
type UriKind int32

const (
	RelativeOrAbsolute UriKind = iota
	Absolute
	Relative
)

// UriPartial is the value of .NET's enum of that name.
type UriPartial int32

const (
	PartialScheme UriPartial = iota
	PartialAuthority
	PartialPath
	PartialQuery
)

// UriHostNameType is the value of .NET's enum of that name.
type UriHostNameType int32

const (
	UnknownHost UriHostNameType = iota
	BasicHost
	DnsHost
	IPv4Host
	IPv6Host
)

var hostTypes = [...]string{"Unknown", "Basic", "Dns", "IPv4", "IPv6"}

func (t UriHostNameType) String() string { return hostTypes[t] }

// Uri is a System.Uri. Its parts are kept escaped, as AbsoluteUri shows them.
type Uri struct {
	original string
	absolute bool
	scheme   string
	slashes  bool // it has an authority: "scheme://"
	user     string
	host     string // as in AbsoluteUri: IPv6 in brackets
	hostType UriHostNameType
	port     int // -1 where there is none
	path     string
	query    string // with its question mark, or empty
	fragment string // with its hash, or empty
}

// defaultPorts are the schemes that .NET knows and their ports.
var defaultPorts = map[string]int{"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443, "gopher": 70, "nntp": 119,
	"telnet": 23, "ldap": 389, "mailto": 25, "net.tcp": 808}

const (
	uriEmpty      = "Invalid URI: The URI is empty."
	uriUnknown    = "Invalid URI: The format of the URI could not be determined."
	uriBadHost    = "Invalid URI: The hostname could not be parsed."
	uriBadPort    = "Invalid URI: Invalid port specified."
	uriBadScheme  = "Invalid URI: The URI scheme is not valid."
	uriTooLong    = "Invalid URI: The Uri string is too long."
	uriRelative   = "This operation is not supported for a relative URI."
	uriNoRelative = "A relative URI cannot be created because the 'uriString' parameter represents an absolute URI."

	maxUri = 65519 // characters
)

// NewUri is new Uri(s, kind).
func NewUri(s string, kind UriKind) *Uri {
	u, problem := parseUri(s, kind)
	if problem != "" {
		throwUri(problem)
	}
	return u
}

func throwUri(msg string) { panic(&clr.Exception{Type: UriFormatException, Message: msg}) }

// TryCreateUri is Uri.TryCreate(s, kind).
func TryCreateUri(s string, kind UriKind) (*Uri, bool) {
	u, problem := parseUri(s, kind)
	return u, problem == ""
}

// CombineUri is new Uri(base, relative).
func CombineUri(base *Uri, relative string) *Uri {
	if !base.absolute {
		clr.ThrowRange("The operation is not supported for a relative base URI.", "baseUri")
	}
	if u, problem := parseUri(relative, Absolute); problem == "" && !strings.HasPrefix(relative, "/") {
		return u
	}
	return NewUri(base.resolve(relative), Absolute)
}

// resolve is the text of a reference relative to u.
func (u *Uri) resolve(ref string) string {
	ref = clr.Trim(ref)
	root := u.left(PartialAuthority)
	switch {
	case ref == "":
		return root + u.path + u.query
	case strings.HasPrefix(ref, "//"):
		return u.scheme + ":" + ref
	case ref[0] == '/' || ref[0] == '\\':
		return root + ref
	case ref[0] == '?':
		return root + u.path + ref
	case ref[0] == '#':
		return root + u.path + u.query + ref
	}
	return root + u.path[:strings.LastIndexByte(u.path, '/')+1] + ref
}

func parseUri(s string, kind UriKind) (*Uri, string) {
	if len(s) > maxUri {
		return nil, uriTooLong
	}
	text := clr.Trim(s)
	if kind == Relative {
		if _, problem := parseAbsolute(text); problem == "" && !strings.HasPrefix(text, "/") {
			return nil, uriNoRelative
		}
		return &Uri{original: s}, ""
	}
	if text == "" && kind == Absolute {
		return nil, uriEmpty
	}
	u, problem := parseAbsolute(text)
	if problem == "" {
		u.original = s
		return u, ""
	}
	if kind == RelativeOrAbsolute && problem == uriUnknown {
		return &Uri{original: s}, ""
	}
	return nil, problem
}

// CheckSchemeName is Uri.CheckSchemeName.
func CheckSchemeName(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !(c|0x20 >= 'a' && c|0x20 <= 'z') && (i == 0 || !(c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}

func parseAbsolute(s string) (*Uri, string) {
	if s == "" {
		return nil, uriUnknown
	}
	if s[0] == '/' && !strings.HasPrefix(s, "//") {
		return &Uri{absolute: true, scheme: "file", slashes: true, port: -1, hostType: BasicHost,
			path: compressDots(normalize(strings.NewReplacer("?", "%3F", "#", "%23").Replace(s)))}, ""
	}
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || strings.ContainsAny(scheme, "/?#\\ ") {
		return nil, uriUnknown
	}
	if !CheckSchemeName(scheme) {
		return nil, uriBadScheme
	}
	u := &Uri{absolute: true, scheme: strings.ToLower(scheme), port: -1}
	_, known := defaultPorts[u.scheme]
	web := known && u.scheme != "mailto"
	if web || u.scheme == "file" {
		if i := strings.IndexAny(rest, "?#"); i < 0 {
			rest = strings.ReplaceAll(rest, `\`, "/")
		} else {
			rest = strings.ReplaceAll(rest[:i], `\`, "/") + rest[i:]
		}
	}
	if i := strings.IndexByte(rest, '#'); i >= 0 {
		u.fragment = normalize(rest[i:])
		rest = rest[:i]
	}
	if i := strings.IndexByte(rest, '?'); i >= 0 {
		u.query = normalize(rest[i:])
		rest = rest[:i]
	}
	if !strings.HasPrefix(rest, "//") {
		if web {
			return nil, uriBadHost
		}
		u.path = normalize(rest)
		if p, ok := defaultPorts[u.scheme]; ok {
			u.port = p
		}
		if u.scheme == "mailto" {
			if user, host, ok := strings.Cut(u.path, "@"); ok {
				u.user, u.host, u.path, u.hostType = user, strings.ToLower(host), "", DnsHost
			}
		}
		return u, ""
	}
	u.slashes = true
	rest = rest[2:]
	authority, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	if problem := u.setAuthority(authority); problem != "" {
		return nil, problem
	}
	if path == "" && (web || u.scheme == "file") || path == "" && u.host != "" {
		path = "/"
	}
	u.path = compressDots(normalize(path))
	return u, ""
}

func (u *Uri) setAuthority(a string) string {
	if i := strings.LastIndexByte(a, '@'); i >= 0 {
		u.user = normalize(a[:i])
		a = a[i+1:]
	}
	host, port := a, ""
	if strings.HasPrefix(a, "[") {
		end := strings.IndexByte(a, ']')
		if end < 0 {
			return uriBadHost
		}
		host, port = a[:end+1], a[end+1:]
	} else if i := strings.IndexByte(a, ':'); i >= 0 {
		host, port = a[:i], a[i:]
	}
	if port != "" && port[0] != ':' {
		return uriBadHost
	}
	if len(port) > 1 {
		p, err := strconv.ParseUint(port[1:], 10, 16)
		if err != nil {
			return uriBadPort
		}
		u.port = int(p)
	} else if p, ok := defaultPorts[u.scheme]; ok {
		u.port = p
	}
	if host == "" {
		if u.scheme != "file" && defaultPorts[u.scheme] != 0 {
			return uriBadHost
		}
		u.hostType = BasicHost
		return ""
	}
	var ok bool
	if u.host, u.hostType, ok = canonicalHost(host); !ok {
		return uriBadHost
	}
	return ""
}

// canonicalHost is a host in lower case, an address in its usual form.
func canonicalHost(host string) (string, UriHostNameType, bool) {
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner = strings.TrimSuffix(inner, "]")
		bare, _, _ := strings.Cut(inner, "%")
		a, err := netip.ParseAddr(bare)
		if err != nil || !a.Is6() {
			return "", UnknownHost, false
		}
		return "[" + a.String() + "]", IPv6Host, true
	}
	if host[0] >= '0' && host[0] <= '9' {
		if v, ok := parseIPv4(host); ok && strings.Count(host, ".") == 3 {
			return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}).String(), IPv4Host, true
		}
	}
	host = unescape(host, func(r rune) bool { return r >= 0x80 })
	label := 0
	for i, r := range host {
		switch {
		case r == '.':
			if label == 0 && i > 0 || i == 0 {
				return "", UnknownHost, false
			}
			label = 0
			continue
		case r < 0x80 && (alphanumeric(byte(r)) || r == '-' || r == '_'), r >= 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)):
		default:
			return "", UnknownHost, false
		}
		if label++; label > 63 {
			return "", UnknownHost, false
		}
	}
	return clr.ToLower(host), DnsHost, true
}

// CheckHostName is Uri.CheckHostName.
func CheckHostName(s string) UriHostNameType {
	if s == "" {
		return UnknownHost
	}
	if strings.IndexByte(s, ':') >= 0 && s[0] != '[' {
		s = "[" + s + "]"
	}
	_, t, _ := canonicalHost(s)
	return t
}

// normalize escapes what a URI may not hold, and unescapes what need not be
// escaped.
func normalize(s string) string {
	plain := true
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] != '%' && (unreserved(s[i]) || strings.IndexByte(reservedMarks, s[i]) >= 0)
	}
	if plain {
		return s
	}
	s = utf8Of(s)
	b := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if x, ok := triplet(s, i); ok {
			switch {
			case unreserved(x):
				b = append(b, x)
			case x >= 0x80:
				b = percent(b, x)
			default:
				b = append(b, s[i:i+3]...)
			}
			i += 2
			continue
		}
		if unreserved(c) || strings.IndexByte(reservedMarks, c) >= 0 {
			b = append(b, c)
		} else {
			b = percent(b, c)
		}
	}
	return string(b)
}

// compressDots removes the segments . and .. of a path.
func compressDots(path string) string {
	if !strings.Contains(path, "/.") {
		return path
	}
	var out []string
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch s {
		case ".":
		case "..":
			if len(out) > 0 {
				out = out[:len(out)-1]
			}
		default:
			out = append(out, s)
			continue
		}
		if last {
			out = append(out, "")
		}
	}
	return "/" + strings.Join(out, "/")
}

func (u *Uri) need() *Uri {
	if !u.absolute {
		clr.Throw(clr.InvalidOperationException, uriRelative)
	}
	return u
}

// OriginalString, IsAbsolute and the rest are the properties of Uri; those of an
// absolute URI throw for a relative one.
func (u *Uri) OriginalString() string { return u.original }
func (u *Uri) IsAbsolute() bool       { return u.absolute }
func (u *Uri) Scheme() string         { return u.need().scheme }
func (u *Uri) UserInfo() string       { return u.need().user }
func (u *Uri) Host() string           { return u.need().host }
func (u *Uri) Port() int32            { return int32(u.need().port) }
func (u *Uri) AbsolutePath() string   { return u.need().path }
func (u *Uri) Query() string          { return u.need().query }
func (u *Uri) Fragment() string       { return u.need().fragment }
func (u *Uri) PathAndQuery() string   { u.need(); return u.path + u.query }
func (u *Uri) IsFile() bool           { return u.need().scheme == "file" }
func (u *Uri) IsUnc() bool            { return u.need().scheme == "file" && u.host != "" }
func (u *Uri) HostNameType() UriHostNameType {
	return u.need().hostType
}

// DnsSafeHost is the host without brackets; IdnHost has it in ASCII.
func (u *Uri) DnsSafeHost() string { return strings.Trim(u.need().host, "[]") }

func (u *Uri) IdnHost() string {
	host := u.DnsSafeHost()
	if ascii, err := idna.Lookup.ToASCII(host); err == nil && u.hostType == DnsHost {
		return ascii
	}
	return host
}

// IsDefaultPort is Uri.IsDefaultPort.
func (u *Uri) IsDefaultPort() bool {
	p, ok := defaultPorts[u.need().scheme]
	return u.port == -1 || ok && p == u.port
}

// IsLoopback is Uri.IsLoopback.
func (u *Uri) IsLoopback() bool {
	a, err := netip.ParseAddr(u.DnsSafeHost())
	return u.host == "localhost" || u.host == "loopback" || err == nil && a.IsLoopback() || u.scheme == "file" && u.host == ""
}

// Authority is Uri.Authority: the host, and the port if it is not the default.
func (u *Uri) Authority() string {
	if u.need().IsDefaultPort() {
		return u.host
	}
	return u.host + ":" + strconv.Itoa(u.port)
}

// LocalPath is Uri.LocalPath: the path unescaped.
func (u *Uri) LocalPath() string { return UnescapeDataString(u.need().path) }

// Segments is Uri.Segments: "/", "a/", "b".
func (u *Uri) Segments() []string {
	path := u.need().path
	out := []string{}
	for path != "" {
		i := strings.IndexByte(path, '/')
		if i < 0 {
			i = len(path) - 1
		}
		out = append(out, path[:i+1])
		path = path[i+1:]
	}
	return out
}

// GetLeftPart is Uri.GetLeftPart.
func (u *Uri) GetLeftPart(part UriPartial) string {
	if part < PartialScheme || part > PartialQuery {
		clr.ThrowArgument("The parameter 'part' is not valid.", "part")
	}
	return u.need().left(part)
}

func (u *Uri) left(part UriPartial) string {
	var b strings.Builder
	b.WriteString(u.scheme)
	b.WriteByte(':')
	if u.slashes {
		b.WriteString("//")
	}
	if part >= PartialAuthority {
		if u.user != "" {
			b.WriteString(u.user + "@")
		}
		b.WriteString(u.Authority())
	}
	if part >= PartialPath {
		b.WriteString(u.path)
	}
	if part >= PartialQuery {
		b.WriteString(u.query)
	}
	return b.String()
}

// AbsoluteUri is Uri.AbsoluteUri.
func (u *Uri) AbsoluteUri() string { return u.need().left(PartialQuery) + u.fragment }

// String is Uri.ToString(): AbsoluteUri with what can be read unescaped.
func (u *Uri) String() string {
	if !u.absolute {
		return u.original
	}
	return unescape(u.AbsoluteUri(), func(r rune) bool {
		return r >= 0xA0 && !unicode.Is(unicode.Cf, r) || r >= ' ' && r < 0x7F && r != '%' && !strings.ContainsRune(reservedMarks+`\`, r)
	})
}

// Equal is Uri.Equals: without the fragment.
func (u *Uri) Equal(o *Uri) bool {
	if o == nil || u.absolute != o.absolute {
		return false
	}
	if !u.absolute {
		return u.original == o.original
	}
	return u.left(PartialQuery) == o.left(PartialQuery)
}

// HashCode is equal for equal URIs.
func (u *Uri) HashCode() int32 {
	if !u.absolute {
		return clr.HashString(u.original)
	}
	return clr.HashString(u.left(PartialQuery))
}

// IsBaseOf is Uri.IsBaseOf.
func (u *Uri) IsBaseOf(o *Uri) bool {
	if !o.absolute {
		return true
	}
	root := u.left(PartialAuthority)
	return root == o.left(PartialAuthority) && strings.HasPrefix(o.path, u.path[:strings.LastIndexByte(u.path, '/')+1])
}

// MakeRelative is Uri.MakeRelativeUri.
func (u *Uri) MakeRelative(to *Uri) *Uri {
	if u.need().left(PartialAuthority) != to.need().left(PartialAuthority) {
		return to
	}
	common := 0
	for i := 0; i < len(u.path) && i < len(to.path) && u.path[i] == to.path[i]; i++ {
		if u.path[i] == '/' {
			common = i + 1
		}
	}
	rel := ""
	if u.path != to.path {
		rel = strings.Repeat("../", strings.Count(u.path[common:], "/")) + to.path[common:]
		if rel == "" {
			rel = "./"
		}
	}
	return &Uri{original: rel + to.query + to.fragment}
}

// IsWellFormed is Uri.IsWellFormedUriString: it can be parsed and is escaped.
func IsWellFormed(s string, kind UriKind) bool {
	u, problem := parseUri(s, kind)
	if problem != "" || s != clr.Trim(s) {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if _, ok := triplet(s, i); c == '%' && !ok || c != '%' && c < 0x80 && !unreserved(c) && strings.IndexByte(reservedMarks, c) < 0 {
			return false
		}
	}
	if !u.absolute {
		return !strings.Contains(strings.SplitN(s, "/", 2)[0], ":")
	}
	return !strings.HasPrefix(s, "/")
}
