package tools

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// segment is a segment of a URL template: pieces that are written one after the other.
type segment []piece

// piece is a literal, escaped, or an argument.
type piece struct {
	literal string
	arg     int // in tool.args
	isArg   bool
	rest    bool // the argument is a path of its own
}

var errTemplate = errors.New("its URL template cannot be read")

// template reads a URL template and adds the arguments of its parameters: as parameters
// describe them, else as texts.
func (t *tool) template(s string, parameters []Parameter) error {
	path, query, _ := strings.Cut(s, "?")
	if !strings.HasPrefix(path, "/") {
		return errTemplate
	}
	for seg := range strings.SplitSeq(path[1:], "/") {
		pieces, err := t.segment(seg, parameters)
		if err != nil {
			return err
		}
		t.path = append(t.path, pieces)
	}
	for term := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(term, "=")
		if name == "" {
			continue
		}
		plain, err := url.QueryUnescape(name)
		if err != nil {
			return errTemplate
		}
		switch {
		case !strings.HasPrefix(value, "{"):
			literal, err := url.QueryUnescape(value)
			if err != nil {
				return errTemplate
			}
			t.fixed = append(t.fixed, escape(plain)+"="+escape(literal))
		case !slices.ContainsFunc(parameters, func(p Parameter) bool { return p.In == "query" && p.Name == plain }):
			t.parameter(&Parameter{Name: plain, In: "query", Required: true, Style: "form", Explode: true})
		}
	}
	return nil
}

func (t *tool) segment(s string, parameters []Parameter) (segment, error) {
	if s == "*" {
		t.parameter(&Parameter{Name: "path", In: "path", Style: "simple", Description: "The rest of the path."})
		return segment{{arg: len(t.args) - 1, isArg: true, rest: true}}, nil
	}
	var out segment
	for s != "" {
		literal, after, isArg := strings.Cut(s, "{")
		if literal != "" {
			plain, err := url.PathUnescape(literal)
			if err != nil {
				return nil, errTemplate
			}
			out = append(out, piece{literal: escapeLiteral(plain)})
		}
		if !isArg {
			break
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			return nil, errTemplate
		}
		name, rest := strings.CutPrefix(name, "*")
		t.parameter(pathParameter(name, parameters))
		out = append(out, piece{arg: len(t.args) - 1, isArg: true, rest: rest})
		s = after
	}
	return out, nil
}

// pathParameter finds the description of a parameter of the template.
func pathParameter(name string, parameters []Parameter) *Parameter {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for i := range parameters {
			if p := parameters[i]; p.In == "path" && same(p.Name, name) {
				p.Required = true
				return &p
			}
		}
	}
	return &Parameter{Name: name, In: "path", Required: true, Style: "simple"}
}

const upperHex = "0123456789ABCDEF"

// escape escapes everything but the unreserved characters of RFC 3986: what is left means
// itself in every place of a URL, and in a cookie.
func escape(s string) string { return escapeBut(s, "") }

// escapeLiteral leaves what a segment may have beside them.
func escapeLiteral(s string) string { return escapeBut(s, "!$&'()*+,;=:@") }

func escapeBut(s, also string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 || strings.IndexByte(also, c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		}
	}
	return b.String()
}
