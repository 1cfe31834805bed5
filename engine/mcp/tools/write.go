package tools

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// request makes the request of a call with arguments that have been validated: JSON as
// encoding/json reads it with UseNumber. The error is for whoever wrote the arguments.
func (t *tool) request(arguments map[string]any) (*Call, error) {
	c := &Call{Method: t.Operation.Method}
	query := slices.Clone(t.fixed)
	var header [][2]string
	var cookies []string
	for i := range t.args {
		a := &t.args[i]
		v, there := arguments[a.name]
		if a.isMethod {
			if c.Method = "GET"; there {
				c.Method = v.(string)
			}
			continue
		}
		if !there || a.param == nil || a.param.In == "path" {
			continue
		}
		var err error
		switch a.param.In {
		case "query":
			var terms []string
			terms, err = t.terms(a.param, v)
			query = append(query, terms...)
		case "cookie":
			var terms []string
			terms, err = t.terms(a.param, v)
			cookies = append(cookies, terms...)
		case "header":
			var s string
			if s, err = headerValue(a.param, v); v != nil {
				header = append(header, [2]string{a.param.Name, s})
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
	}
	var err error
	if c.Path, err = t.writePath(arguments); err != nil {
		return nil, err
	}
	c.Query = strings.Join(query, "&")
	contentType := ""
	if contentType, c.Body, err = t.writeBody(arguments); err != nil {
		return nil, err
	}
	c.Header = append(c.Header, [2]string{"Accept", "application/json, text/*;q=0.9, */*;q=0.8"})
	if contentType != "" {
		c.Header = append(c.Header, [2]string{"Content-Type", contentType})
	}
	c.Header = append(c.Header, header...)
	if cookies != nil {
		c.Header = append(c.Header, [2]string{"Cookie", strings.Join(cookies, "; ")})
	}
	return c, nil
}

var (
	errEmptySegment = errors.New("a part of the path cannot be empty")
	errDotSegment   = errors.New("this would be a path to elsewhere")
	errPathByte     = errors.New("a path has no backslashes and no control characters")
	errDelimiter    = errors.New("a value has the character that separates values")
	errOtherName    = errors.New("this is the name of another parameter")
	errBracket      = errors.New("a name of a member cannot be empty or have brackets")
	errHeaderByte   = errors.New("a header field has visible ASCII characters, spaces and tabs only")
)

func (t *tool) writePath(arguments map[string]any) (string, error) {
	var b strings.Builder
	for _, seg := range t.path {
		b.WriteByte('/')
		start, name := b.Len(), ""
		for _, p := range seg {
			if !p.isArg {
				b.WriteString(p.literal)
				continue
			}
			a := &t.args[p.arg]
			name = a.name
			var s string
			var err error
			if p.rest {
				s, err = restValue(arguments[name])
			} else {
				s, err = pathValue(a.param, arguments[name])
			}
			if err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
			b.WriteString(s)
		}
		if name == "" {
			continue
		}
		// What the pieces make together is what will be read.
		for part := range strings.SplitSeq(b.String()[start:], "/") {
			if err := checkSegment(part); err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return b.String(), nil
}

// restValue is the argument for the rest of a path.
func restValue(v any) (string, error) {
	s := text(v)
	if s == "" {
		return "", nil
	}
	parts := strings.Split(strings.TrimPrefix(s, "/"), "/")
	for i, p := range parts {
		if p == "" && i < len(parts)-1 {
			return "", errEmptySegment
		}
		parts[i] = escape(p)
	}
	return strings.Join(parts, "/"), nil
}

// checkSegment refuses a segment that somebody who decodes it, once or more, would read
// as one or two dots, or would not read at all.
func checkSegment(s string) error {
	for range 4 {
		for i := range len(s) {
			if c := s[i]; c < ' ' || c == 0x7f || c == '\\' {
				return errPathByte
			}
		}
		for part := range strings.SplitSeq(s, "/") {
			part, _, _ = strings.Cut(part, ";")
			if part == "." || part == ".." {
				return errDotSegment
			}
		}
		decoded, err := url.PathUnescape(s)
		if err != nil || decoded == s {
			break
		}
		s = decoded
	}
	return nil
}

// pathValue writes a path parameter (styles simple, label and matrix).
func pathValue(p *Parameter, v any) (string, error) {
	if p.Style == "json" {
		return escape(string(marshal(v))), nil
	}
	values, pairs := parts(v)
	if len(values) == 0 && len(pairs) == 0 || len(values) == 1 && values[0] == "" {
		return "", errEmptySegment
	}
	// Between the parts of a value stands what the style says, before the first of them
	// what makes it one.
	prefix, between := "", ","
	switch p.Style {
	case "label":
		if prefix = "."; p.Explode {
			between = "."
		}
	case "matrix":
		if prefix = ";" + escape(p.Name) + "="; p.Explode {
			if prefix, between = ";", ";"; pairs == nil {
				prefix, between = ";"+escape(p.Name)+"=", ";"+escape(p.Name)+"="
			}
		}
	}
	return prefix + joined(values, pairs, between, p.Explode), nil
}

// joined escapes and joins the values of an array, or the names and values of an object:
// exploded these are name=value, else name, value.
func joined(values []string, pairs [][2]string, between string, explode bool) string {
	var out []string
	for _, s := range values {
		out = append(out, escape(s))
	}
	for _, p := range pairs {
		if explode {
			out = append(out, escape(p[0])+"="+escape(p[1]))
		} else {
			out = append(out, escape(p[0]), escape(p[1]))
		}
	}
	return strings.Join(out, between)
}

// terms writes a query or cookie parameter as name=value.
func (t *tool) terms(p *Parameter, v any) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	name := escape(p.Name) + "="
	if p.Style == "json" {
		return []string{name + escape(string(marshal(v)))}, nil
	}
	if p.Style == "deepObject" {
		if _, isObject := v.(map[string]any); isObject {
			return deep(nil, p.Name, v)
		}
	}
	values, pairs := parts(v)
	if p.Explode || p.Style == "deepObject" {
		var out []string
		for _, s := range values {
			out = append(out, name+escape(s))
		}
		for _, pair := range pairs {
			if !t.free(p, pair[0]) {
				return nil, errOtherName
			}
			member, isArray := v.(map[string]any)[pair[0]].([]any)
			if !isArray {
				member = []any{pair[1]}
			}
			for _, e := range member {
				out = append(out, escape(pair[0])+"="+escape(text(e)))
			}
		}
		return out, nil
	}
	if len(values) == 0 && len(pairs) == 0 {
		return nil, nil
	}
	between := ","
	if d := map[string]string{"spaceDelimited": " ", "pipeDelimited": "|"}[p.Style]; d != "" {
		between = escape(d)
		for _, s := range append(slices.Clone(values), flat(pairs)...) {
			if strings.Contains(s, d) {
				return nil, errDelimiter
			}
		}
	}
	return []string{name + joined(values, pairs, between, false)}, nil
}

// free tells whether a member of an exploded object may be a term of its own: not if the
// name is another parameter's.
func (t *tool) free(p *Parameter, name string) bool {
	if name == "" {
		return false
	}
	for _, a := range t.args {
		if a.param != nil && a.param != p && a.param.In == p.In && strings.EqualFold(a.param.Name, name) {
			return false
		}
	}
	return !slices.ContainsFunc(t.fixed, func(term string) bool {
		fixed, _, _ := strings.Cut(term, "=")
		return p.In == "query" && strings.EqualFold(fixed, escape(name))
	})
}

// deep writes the members of an object as name[member]=value.
func deep(out []string, name string, v any) ([]string, error) {
	var err error
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sorted(v) {
			if key == "" || strings.ContainsAny(key, "[]") {
				return nil, errBracket
			}
			if out, err = deep(out, name+"["+key+"]", v[key]); err != nil {
				return nil, err
			}
		}
	case []any:
		for _, e := range v {
			out = append(out, escape(name)+"="+escape(text(e)))
		}
	default:
		out = append(out, escape(name)+"="+escape(text(v)))
	}
	return out, nil
}

// headerValue writes a header parameter (style simple).
func headerValue(p *Parameter, v any) (string, error) {
	var s string
	if p.Style == "json" {
		s = string(asciiJSON(v))
	} else {
		values, pairs := parts(v)
		if _, one := v.([]any); one || pairs != nil {
			for _, part := range append(slices.Clone(values), flat(pairs)...) {
				if strings.ContainsAny(part, ",=") && (pairs != nil || strings.Contains(part, ",")) {
					return "", errDelimiter
				}
			}
		}
		out := values
		for _, pair := range pairs {
			if p.Explode {
				out = append(out, pair[0]+"="+pair[1])
			} else {
				out = append(out, pair[0], pair[1])
			}
		}
		s = strings.Join(out, ",")
	}
	for i := range len(s) {
		if c := s[i]; c != '\t' && (c < ' ' || c > '~') {
			return "", errHeaderByte
		}
	}
	return s, nil
}

// asciiJSON is v as JSON with all beyond ASCII escaped, for it stands in a header field.
func asciiJSON(v any) []byte {
	var b []byte
	for _, r := range string(marshal(v)) {
		switch {
		case r < 0x80:
			b = append(b, byte(r))
		case r > 0xffff:
			r -= 0x10000
			b = fmt.Appendf(b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
	}
	return b
}

// refusedHeaders are fields that no argument sets: who the caller is, how messages are
// framed and routed, what is negotiated. OpenAPI ignores parameters of the names Accept,
// Content-Type and Authorization.
var refusedHeaders = []string{
	"accept", "accept-encoding", "authorization", "connection", "content-encoding", "content-length", "content-type",
	"cookie", "expect", "forwarded", "host", "keep-alive", "last-event-id", "ocp-apim-subscription-key", "origin",
	"set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "via", "x-http-method-override", "x-real-ip",
}

// headerAllowed tells whether a header parameter may be an argument.
func headerAllowed(name string) bool {
	lower := strings.ToLower(name)
	for _, prefix := range []string{"mcp-", "proxy-", "sec-", "x-forwarded-"} {
		if strings.HasPrefix(lower, prefix) {
			return false
		}
	}
	for i := range len(lower) {
		if c := lower[i]; !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0) {
			return false
		}
	}
	return lower != "" && !slices.Contains(refusedHeaders, lower)
}

// parts are the values of an array, or of what is no array, as one; of an object the
// names and values, by name.
func parts(v any) (values []string, pairs [][2]string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			values = append(values, text(e))
		}
	case map[string]any:
		pairs = [][2]string{}
		for _, key := range sorted(v) {
			pairs = append(pairs, [2]string{key, text(v[key])})
		}
	default:
		values = []string{text(v)}
	}
	return values, pairs
}

// text is a value without structure as it is, null as nothing, and another as JSON: styles
// say nothing of structures in structures.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return string(marshal(v))
}

func flat(pairs [][2]string) []string {
	var out []string
	for _, p := range pairs {
		out = append(out, p[0], p[1])
	}
	return out
}
