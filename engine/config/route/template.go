package route

import (
	"fmt"
	"strings"
)

// MaxParams is how many parameters a URL template may have: matches hold them in
// an array of this length.
const MaxParams = 16

// MaxTemplate is how long a URL template may be, in bytes.
const MaxTemplate = 4096

// ParamKind says where a parameter stands.
type ParamKind uint8

const (
	// InPath is a {name} in the path: a segment or a part of one.
	InPath ParamKind = iota
	// Rest is a {*name} at the end of the path: everything that is left, slashes too.
	Rest
	// InQuery is a {name} as value in the query.
	InQuery
)

// Param is a parameter of a Template.
type Param struct {
	Name string
	Kind ParamKind
}

// Template is a parsed URL template of an operation, such as
// /orders/{id}/lines({line})?expand={fields} or /files/*. It is immutable.
type Template struct {
	// Source is the template as written.
	Source string
	// Params are the parameters, in the order they stand.
	Params []Param

	segs  []segment
	rest  bool // ends in /* or /{*name}
	named bool // of the rest: it has a name
	slash bool // ends in a slash
	query []queryTerm
}

// segment is one segment of a template: parts that alternate between literals
// (folded) and parameters ("" stands for a parameter).
type segment struct{ parts []part }

type part struct {
	lit   string // folded
	param bool
}

func (s segment) literal() (string, bool) {
	if len(s.parts) == 1 && !s.parts[0].param {
		return s.parts[0].lit, true
	}
	return "", false
}

func (s segment) wholeParam() bool { return len(s.parts) == 1 && s.parts[0].param }

// key is equal for segments that match the same texts.
func (s segment) key() string {
	var b strings.Builder
	for _, p := range s.parts {
		if p.param {
			b.WriteString("/") // a folded literal may hold one, but then beside others
		} else {
			b.WriteString("=" + p.lit)
		}
		b.WriteByte(0)
	}
	return b.String()
}

// literals counts the bytes of literals: of two segments that match, the one with more wins.
func (s segment) literals() int {
	n := 0
	for _, p := range s.parts {
		n += len(p.lit)
	}
	return n
}

// queryTerm is name=value of a template's query. A literal value is compared, a
// parameter takes what it finds.
type queryTerm struct {
	name  string // folded
	value string // folded, if not a parameter
	param bool
}

// TemplateError says what is wrong with a URL template, and where in it.
type TemplateError struct {
	Start, End int
	Message    string
	Hint       string
}

func (e *TemplateError) Error() string { return e.Message }

func templateError(start, end int, hint, format string, args ...any) *TemplateError {
	return &TemplateError{start, end, fmt.Sprintf(format, args...), hint}
}

// ParseTemplate reads a URL template. The error, if not nil, is a *TemplateError.
func ParseTemplate(s string) (*Template, *TemplateError) {
	if len(s) > MaxTemplate {
		return nil, templateError(0, len(s), "", "a URL template has at most %d bytes, this one has %d", MaxTemplate, len(s))
	}
	if s == "" || s[0] != '/' {
		return nil, templateError(0, len(s), "write \"/"+s+"\"", "a URL template begins with \"/\"")
	}
	p := &templateParser{s: s, t: &Template{Source: s}}
	path := len(s)
	if q := strings.IndexByte(s, '?'); q >= 0 {
		path = q
	}
	if err := p.path(path); err != nil {
		return nil, err
	}
	if path < len(s) {
		if err := p.query(path + 1); err != nil {
			return nil, err
		}
	}
	return p.t, nil
}

type templateParser struct {
	s string
	t *Template
}

// path reads s[:end], which begins with a slash.
func (p *templateParser) path(end int) *TemplateError {
	for start := 1; start <= end; {
		stop := start
		for stop < end && p.s[stop] != '/' {
			stop++
		}
		seg, last := p.s[start:stop], stop >= end
		switch {
		case seg == "" && last:
			p.t.slash = len(p.t.segs) > 0
		case seg == "":
			return templateError(start-1, start+1, "", "a URL template holds no empty segments: requests are matched with \"//\" made \"/\"")
		case seg == "*" || strings.HasPrefix(seg, "{*"):
			if !last {
				return templateError(start, stop, "", "a wildcard stands at the end of the path only")
			}
			p.t.rest = true
			if seg != "*" {
				if seg[len(seg)-1] != '}' {
					return templateError(start, stop, "", "a wildcard parameter is a whole segment, such as {*path}")
				}
				p.t.named = true
				if err := p.param(start+2, stop-1, Rest); err != nil {
					return err
				}
			}
		default:
			if err := p.segment(start, stop); err != nil {
				return err
			}
		}
		start = stop + 1
	}
	return nil
}

func (p *templateParser) segment(start, stop int) *TemplateError {
	seg := p.s[start:stop]
	if dots(seg) > 0 {
		return templateError(start, stop, "", "the segment %q never matches: requests are matched with dot segments resolved", seg)
	}
	var parts []part
	for i := start; i < stop; {
		switch p.s[i] {
		case '{':
			n := strings.IndexByte(p.s[i:stop], '}')
			if n < 0 {
				return templateError(i, stop, "", "this parameter has no closing \"}\"")
			}
			if len(parts) > 0 && parts[len(parts)-1].param {
				return templateError(i, i+n+1, "", "two parameters need a literal between them")
			}
			if err := p.param(i+1, i+n, InPath); err != nil {
				return err
			}
			parts = append(parts, part{param: true})
			i += n + 1
		default:
			j := i
			for j < stop && p.s[j] != '{' {
				if err := p.literalByte(j, stop); err != nil {
					return err
				}
				j++
			}
			parts = append(parts, part{lit: string(fold(nil, p.s[i:j]))})
			i = j
		}
	}
	p.t.segs = append(p.t.segs, segment{parts})
	return nil
}

func (p *templateParser) literalByte(i, stop int) *TemplateError {
	switch c := p.s[i]; {
	case c == '}':
		return templateError(i, i+1, "", "this \"}\" closes nothing")
	case c == '*':
		return templateError(i, i+1, "", "a wildcard is a whole segment at the end: /* or /{*name}")
	case c == '%':
		switch o, n := octet(p.s[i:stop]); {
		case n == 0:
			return templateError(i, min(i+3, stop), "write %25 for a percent sign", "\"%%\" begins no escape")
		case o == 0 || o == '\\':
			return templateError(i, i+n, "", "%q never matches: requests that hold it are refused", p.s[i:i+n])
		}
	case c <= ' ' || c == 0x7f || c == '#' || c == '\\':
		return templateError(i, i+1, "", "%q cannot stand in a URL", c)
	}
	return nil
}

func (p *templateParser) param(start, end int, kind ParamKind) *TemplateError {
	name := p.s[start:end]
	if name == "" {
		return templateError(start-1, end+1, "", "this parameter has no name")
	}
	if i := strings.IndexAny(name, "{}*?&=%#\\ \t\r\n"); i >= 0 {
		return templateError(start+i, start+i+1, "", "%q cannot stand in the name of a parameter", name[i])
	}
	for _, o := range p.t.Params {
		if strings.EqualFold(o.Name, name) {
			return templateError(start, end, "", "the parameter %q stands twice", name)
		}
	}
	if len(p.t.Params) == MaxParams {
		return templateError(start, end, "", "a URL template has at most %d parameters", MaxParams)
	}
	p.t.Params = append(p.t.Params, Param{name, kind})
	return nil
}

func (p *templateParser) query(start int) *TemplateError {
	for start <= len(p.s) {
		stop := start
		for stop < len(p.s) && p.s[stop] != '&' {
			stop++
		}
		term := p.s[start:stop]
		name, value, found := strings.Cut(term, "=")
		at := start + len(name) + 1
		switch {
		case name == "" || !found || value == "":
			return templateError(start, max(stop, start), "", "the query of a URL template is name={parameter} or name=value")
		case strings.ContainsAny(name, "{}*#"):
			return templateError(start, start+len(name), "", "the name of a query parameter is a literal")
		case value[0] == '{' && value[len(value)-1] == '}':
			if err := p.param(at+1, stop-1, InQuery); err != nil {
				return err
			}
			p.t.query = append(p.t.query, queryTerm{name: string(fold(nil, name)), param: true})
		case strings.ContainsAny(value, "{}*#"):
			return templateError(at, stop, "", "the value of a query parameter is a literal or one {parameter}")
		default:
			p.t.query = append(p.t.query, queryTerm{name: string(fold(nil, name)), value: string(fold(nil, value))})
		}
		start = stop + 1
	}
	return nil
}

// Param finds a parameter by its name, without regard to case.
func (t *Template) Param(name string) (Param, bool) {
	for _, p := range t.Params {
		if strings.EqualFold(p.Name, name) {
			return p, true
		}
	}
	return Param{}, false
}

// QueryNames are the names of the query parameters that the template declares, as
// requests write them: a of "?a={b}".
func (t *Template) QueryNames() []string {
	var out []string
	for _, q := range t.query {
		out = append(out, q.name)
	}
	return out
}
