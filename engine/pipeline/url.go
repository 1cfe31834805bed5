package pipeline

import (
	"net/url"
	"strconv"
	"strings"

	"sekisho/engine/dotnet/apim"
)

// URL is where a request goes. Paths and queries are kept raw, as they came or as
// they will be sent: nothing between matching and forwarding decodes them.
type URL struct {
	Scheme string // "http" or "https"
	Host   string // host, with ":port" unless it is the scheme's default
	Base   string // path of the service URL, without a slash at its end; "" for the root
	Path   string // path after Base, with its leading slash
	Query  string // raw query without "?"; "" for none
}

// ParseURL reads an absolute http or https URL (also ws, wss) as a base: its whole
// path becomes Path and Base stays empty.
func ParseURL(s string) (URL, bool) {
	scheme, rest, ok := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	if !ok || scheme != "http" && scheme != "https" && scheme != "ws" && scheme != "wss" {
		return URL{}, false
	}
	rest, _, _ = strings.Cut(rest, "#")
	u := URL{Scheme: scheme}
	host := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		host, rest = rest[:i], rest[i:]
		u.Path, u.Query, _ = strings.Cut(rest, "?")
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		return URL{}, false // credentials in a URL end up in logs
	}
	if host == "" || strings.ContainsAny(host, " \t\r\n\\") || strings.ContainsAny(u.Path+u.Query, " \t\r\n") {
		return URL{}, false
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.Host = strings.TrimSuffix(host, defaultPort(scheme))
	return u, true
}

// SetService replaces scheme, host and base by those of a service URL and leaves
// the path after the base and the query as they are.
func (u *URL) SetService(base URL) {
	u.Scheme, u.Host = base.Scheme, base.Host
	u.Base = strings.TrimRight(base.Base+base.Path, "/")
}

// RequestURI is what stands in the request line: path and query.
func (u *URL) RequestURI() string {
	if u.Query == "" {
		return u.Base + u.Path
	}
	return u.Base + u.Path + "?" + u.Query
}

// String is the absolute URL.
func (u *URL) String() string { return u.Scheme + "://" + u.Host + u.RequestURI() }

// Port is the explicit port, or the scheme's default.
func (u *URL) Port() int {
	if i := strings.LastIndexByte(u.Host, ':'); i >= 0 && !strings.HasSuffix(u.Host, "]") {
		if n, err := strconv.Atoi(u.Host[i+1:]); err == nil {
			return n
		}
	}
	if u.Scheme == "https" || u.Scheme == "wss" {
		return 443
	}
	return 80
}

// Hostname is the host without a port.
func (u *URL) Hostname() string {
	if i := strings.LastIndexByte(u.Host, ':'); i >= 0 && !strings.HasSuffix(u.Host, "]") {
		return u.Host[:i]
	}
	return u.Host
}

func defaultPort(scheme string) string {
	if scheme == "https" || scheme == "wss" {
		return ":443"
	}
	return ":80"
}

// APIM is the URL as expressions see it.
func (u *URL) APIM() *apim.URL {
	a := &apim.URL{Scheme: u.Scheme, Host: u.Hostname(), Port: u.Port(), Path: u.Base + u.Path, Query: ParseQuery(u.Query)}
	if u.Query != "" {
		a.QueryString = "?" + u.Query
	}
	return a
}

// Query is a parsed query string: names in order, each with its values. It
// implements apim.MultiValues; names compare without regard to case, as in APIM.
type Query struct {
	names  []string
	values map[string][]string // by lower-case name
}

// ParseQuery reads a raw query. What does not decode is kept as it stands.
func ParseQuery(raw string) *Query {
	q := &Query{}
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		q.add(unescape(name), unescape(value))
	}
	return q
}

func (q *Query) add(name, value string) {
	if q.values == nil {
		q.values = map[string][]string{}
	}
	key := strings.ToLower(name)
	if _, ok := q.values[key]; !ok {
		q.names = append(q.names, name)
	}
	q.values[key] = append(q.values[key], value)
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// Lookup returns the decoded values of a parameter.
func (q *Query) Lookup(name string) ([]string, bool) {
	v, ok := q.values[strings.ToLower(name)]
	return v, ok
}

// Len counts the parameters' names.
func (q *Query) Len() int { return len(q.names) }

// Each calls f for every parameter in order of first appearance.
func (q *Query) Each(f func(name string, values []string) bool) {
	for _, n := range q.names {
		if !f(n, q.values[strings.ToLower(n)]) {
			return
		}
	}
}

// QueryHas tells whether a raw query has the parameter.
func QueryHas(raw, name string) bool {
	found := false
	eachPair(raw, func(n, _ string) bool { found = strings.EqualFold(n, name); return !found })
	return found
}

// QueryDel removes a parameter from a raw query and leaves the others byte for byte.
func QueryDel(raw, name string) string {
	var b strings.Builder
	eachPair(raw, func(n, pair string) bool {
		if !strings.EqualFold(n, name) {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(pair)
		}
		return true
	})
	return b.String()
}

// QueryAdd appends a parameter to a raw query, encoded.
func QueryAdd(raw, name, value string) string {
	pair := escapeQuery(name) + "=" + escapeQuery(value)
	if raw == "" {
		return pair
	}
	return raw + "&" + pair
}

// escapeQuery percent-encodes with %20 for blanks, as .NET's Uri does.
func escapeQuery(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func eachPair(raw string, f func(name, pair string) bool) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, _, _ := strings.Cut(pair, "=")
		if !f(unescape(name), pair) {
			return
		}
	}
}
