package web

import (
	"strconv"
	"strings"
)

// UriBuilder is a System.UriBuilder. Query and Fragment stand without their
// marks.
type UriBuilder struct {
	Scheme, UserName, Password, Host string
	Port                             int32 // -1: the default
	Path, Query, Fragment            string
}

// NewUriBuilder is new UriBuilder().
func NewUriBuilder() *UriBuilder {
	return &UriBuilder{Scheme: "http", Host: "localhost", Port: -1, Path: "/"}
}

// UriBuilderOf is new UriBuilder(uri).
func UriBuilderOf(u *Uri) *UriBuilder {
	b := &UriBuilder{Scheme: u.Scheme(), Host: u.host, Port: int32(u.port), Path: u.path,
		Query: u.query, Fragment: u.fragment}
	b.UserName, b.Password, _ = strings.Cut(u.user, ":")
	return b
}

// ParseUriBuilder is new UriBuilder(text): a text without a scheme gets http.
func ParseUriBuilder(s string) *UriBuilder {
	u, ok := TryCreateUri(s, Absolute)
	if !ok || !strings.Contains(s, "://") && !u.slashes && u.scheme != "mailto" {
		u = NewUri("http://"+s, Absolute)
	}
	return UriBuilderOf(u)
}

// String is UriBuilder.ToString().
func (b *UriBuilder) String() string {
	var out strings.Builder
	if b.Scheme != "" {
		out.WriteString(b.Scheme)
		if b.Scheme == "mailto" || b.Scheme == "news" {
			out.WriteString(":")
		} else {
			out.WriteString("://")
		}
	}
	if b.UserName != "" {
		out.WriteString(b.UserName)
		if b.Password != "" {
			out.WriteString(":" + b.Password)
		}
		out.WriteByte('@')
	}
	host := b.Host
	if strings.IndexByte(host, ':') >= 0 && host[0] != '[' {
		host = "[" + host + "]"
	}
	out.WriteString(host)
	if b.Port != -1 && host != "" {
		out.WriteString(":" + itoa(b.Port))
	}
	if b.Path != "" && !strings.HasPrefix(b.Path, "/") && host != "" {
		out.WriteByte('/')
	}
	out.WriteString(b.Path)
	out.WriteString(marked(b.Query, "?") + marked(b.Fragment, "#"))
	return out.String()
}

// marked is a query or a fragment with its mark, or empty.
func marked(s, mark string) string {
	if s == "" || s == mark {
		return ""
	}
	if strings.HasPrefix(s, mark) {
		return s
	}
	return mark + s
}

// Uri is UriBuilder.Uri.
func (b *UriBuilder) Uri() *Uri { return NewUri(b.String(), Absolute) }

func itoa(n int32) string { return strconv.Itoa(int(n)) }
