package script

import (
	"net/url"
	"strings"

	"github.com/dop251/goja"
)

// parseURL takes a URL apart as the class URL shows it; undefined if it is none.
// It knows absolute URLs with an authority, and references to be resolved against one.
func (vm *VM) parseURL(c goja.FunctionCall) goja.Value {
	for _, a := range c.Arguments {
		vm.sized(a, maxString/16)
	}
	text := strings.Trim(goString(c.Argument(0)), " \t\r\n")
	u, err := url.Parse(strings.NewReplacer("\t", "", "\r", "", "\n", "").Replace(text))
	if err == nil && !goja.IsUndefined(c.Argument(1)) {
		var base *url.URL
		if base, err = url.Parse(goString(c.Argument(1))); err == nil {
			if base.Scheme == "" || base.Host == "" {
				return goja.Undefined()
			}
			u = base.ResolveReference(u)
		}
	}
	if err != nil || u.Scheme == "" || u.Opaque != "" || u.Host == "" {
		return goja.Undefined()
	}
	scheme := strings.ToLower(u.Scheme)
	port := u.Port()
	if def := map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}[scheme]; port == def {
		port = ""
	}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	user, password := "", ""
	if u.User != nil {
		user = url.PathEscape(u.User.Username())
		p, _ := u.User.Password()
		password = url.PathEscape(p)
	}
	search, fragment := "", ""
	if u.RawQuery != "" {
		search = "?" + u.RawQuery
	}
	if u.Fragment != "" {
		fragment = "#" + u.EscapedFragment()
	}
	o := vm.rt.NewObject()
	for name, v := range map[string]string{
		"protocol": scheme + ":", "username": user, "password": password, "hostname": host, "port": port,
		"pathname": cleanPath(u.EscapedPath()), "search": search, "hash": fragment,
	} {
		_ = o.Set(name, vm.str(v))
	}
	return o
}

// cleanPath resolves "." and ".." and keeps everything else, an ending slash included.
func cleanPath(p string) string {
	if p == "" {
		return "/"
	}
	if !strings.Contains(p, "/.") {
		return p
	}
	var out []string
	parts := strings.Split(p[1:], "/")
	for i, s := range parts {
		last := i == len(parts)-1
		switch s {
		case ".":
			if last {
				out = append(out, "")
			}
		case "..":
			if len(out) > 0 {
				out = out[:len(out)-1]
			}
			if last {
				out = append(out, "")
			}
		default:
			out = append(out, s)
		}
	}
	return "/" + strings.Join(out, "/")
}

// urlPart is a text as it stands in that part of a URL.
func urlPart(name, s string) string {
	switch name {
	case "protocol":
		return strings.TrimSuffix(s, ":") + ":"
	case "search", "hash":
		mark := "?"
		if name == "hash" {
			mark = "#"
		}
		s = strings.TrimPrefix(s, mark)
		if s == "" {
			return ""
		}
		return mark + strings.NewReplacer(" ", "%20", "#", "%23", `"`, "%22", "<", "%3C", ">", "%3E").Replace(s)
	case "pathname":
		return "/" + strings.NewReplacer(" ", "%20", "?", "%3F", "#", "%23").Replace(strings.TrimPrefix(s, "/"))
	case "username", "password":
		return url.PathEscape(s)
	}
	return s
}
