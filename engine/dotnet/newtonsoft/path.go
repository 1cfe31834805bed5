package newtonsoft

import (
	"strconv"
	"strings"
	"unicode"

	"sekisho/engine/dotnet/clr"
)

// SelectToken is JToken.SelectToken(path, errorWhenNoMatch): the token the path
// leads to, or nil. More than one is an error.
func SelectToken(m clr.Meter, t JToken, path string, errorWhenNoMatch bool) JToken {
	found := SelectTokens(m, t, path, errorWhenNoMatch)
	switch len(found) {
	case 0:
		return nil
	case 1:
		return found[0]
	}
	clr.Throw(JsonException, "Path returned multiple tokens.")
	return nil
}

// SelectTokens is JToken.SelectTokens(path, errorWhenNoMatch).
func SelectTokens(m clr.Meter, t JToken, path string, errorWhenNoMatch bool) []JToken {
	return parsePath(path).evaluate(&selection{m, t}, t, errorWhenNoMatch)
}

// maxSelected bounds what a path may select: each ".." multiplies.
const maxSelected = 1_000_000

// jsonPath is a parsed path: filters that are applied one after the other.
type jsonPath []filter

// filter selects tokens from those that the filters before it selected.
type filter interface {
	apply(s *selection, from []JToken, must bool, yield func(JToken))
}

// selection is one evaluation of a path.
type selection struct {
	meter clr.Meter
	root  JToken
}

// walk visits a token and all that is in it.
func (s *selection) walk(t JToken, visit func(JToken)) {
	walk(t, func(d JToken) {
		clr.Spend(s.meter, 0)
		visit(d)
	})
}

func (p jsonPath) evaluate(s *selection, t JToken, must bool) []JToken {
	current := []JToken{t}
	for _, f := range p {
		var next []JToken
		f.apply(s, current, must, func(x JToken) {
			clr.Spend(s.meter, 16)
			if len(next) == maxSelected {
				clr.Throw(JsonException, "Path returned too many tokens.")
			}
			next = append(next, x)
		})
		current = next
	}
	return current
}

// pathParser reads Newtonsoft's dialect of JSONPath.
type pathParser struct {
	s     string
	i     int
	depth int // of filters within filters
}

const (
	openIndexer = "Path ended with open indexer."
	openQuery   = "Path ended with open query."
	badIndexer  = "Unexpected character while parsing path indexer: "

	maxFilterDepth = 50
)

func parsePath(s string) jsonPath {
	p := &pathParser{s: s}
	p.space()
	if p.end() {
		return nil
	}
	start := p.i
	if s[p.i] == '$' {
		if len(s) == 1 {
			return nil
		}
		if p.i+1 < len(s) && (s[p.i+1] == '.' || s[p.i+1] == '[') {
			p.i++
			start = p.i
		}
	}
	var path jsonPath
	if !p.path(&path, start, false) {
		last := p.i
		p.space()
		if !p.end() {
			p.fail("Unexpected character while parsing path: " + p.charAt(last))
		}
	}
	return path
}

func (p *pathParser) fail(msg string) { panic(&clr.Exception{Type: JsonException, Message: msg}) }

func (p *pathParser) end() bool { return p.i >= len(p.s) }

func (p *pathParser) charAt(i int) string {
	for _, r := range p.s[i:] {
		return string(r)
	}
	return ""
}

// need throws at the end of the path.
func (p *pathParser) need(msg string) {
	if p.end() {
		p.fail(msg)
	}
}

func (p *pathParser) space() {
	for !p.end() && p.s[p.i] == ' ' {
		p.i++
	}
}

func member(name string, scan bool) filter {
	if name == "*" {
		return memberFilter(nil, scan)
	}
	return memberFilter([]string{name}, scan)
}

func memberFilter(names []string, scan bool) filter {
	if scan {
		return scanFilter{names}
	}
	return fieldFilter{names}
}

// path reads filters up to the end, or in a query up to what ends an operand. It
// reports whether it came to the end.
func (p *pathParser) path(out *jsonPath, start int, query bool) bool {
	scan, afterIndexer, afterDot, ended := false, false, false, false
	for !p.end() && !ended {
		switch c := p.s[p.i]; c {
		case '[', '(':
			if p.i > start {
				*out = append(*out, member(p.s[start:p.i], scan))
				scan = false
			}
			*out = append(*out, p.indexer(c, scan))
			scan = false
			p.i++
			start = p.i
			afterIndexer, afterDot = true, false
		case ']', ')', ' ':
			ended = true
		case '.':
			if p.i > start {
				*out = append(*out, member(p.s[start:p.i], scan))
				scan = false
			}
			if strings.HasPrefix(p.s[p.i+1:], ".") {
				scan = true
				p.i++
			}
			p.i++
			start = p.i
			afterIndexer, afterDot = false, true
		default:
			if query && strings.IndexByte("=<!>|&", c) >= 0 {
				ended = true
				break
			}
			if afterIndexer {
				p.fail("Unexpected character following indexer: " + p.charAt(p.i))
			}
			p.i++
		}
	}
	if p.i > start {
		*out = append(*out, member(strings.TrimRight(p.s[start:p.i], " "), scan))
	} else if afterDot && (p.end() || query) {
		p.fail("Unexpected end while parsing path.")
	}
	return p.end()
}

func (p *pathParser) indexer(open byte, scan bool) filter {
	closer := byte(']')
	if open == '(' {
		closer = ')'
	}
	p.i++
	p.need(openIndexer)
	p.space()
	p.need(openIndexer)
	switch p.s[p.i] {
	case '\'':
		return p.quotedNames(closer, scan)
	case '?':
		return p.query(closer, scan)
	}
	return p.indexes(closer)
}

// indexes reads [0], [0,1], [*] and [start:end:step].
func (p *pathParser) indexes(closer byte) filter {
	var (
		list   []int
		parts  [3]*int // of a slice
		colons int
	)
	for {
		p.space()
		start := p.i
		for !p.end() && (p.s[p.i] == '-' || p.s[p.i] >= '0' && p.s[p.i] <= '9') {
			p.i++
		}
		var n *int
		if p.i > start {
			v := int(clr.ParseInteger[int32](p.s[start:p.i], clr.StyleInteger))
			n = &v
		}
		p.space()
		p.need(openIndexer)
		switch c := p.s[p.i]; {
		case c == closer && colons > 0:
			parts[colons] = n
			return sliceFilter{parts}
		case c == closer || c == ',':
			if n == nil || colons > 0 {
				p.fail("Array index expected.")
			}
			list = append(list, *n)
			if c == closer {
				return indexFilter{list}
			}
		case c == '*' && n == nil && list == nil && colons == 0:
			p.i++
			p.need(openIndexer)
			p.space()
			p.need(openIndexer)
			if p.s[p.i] != closer {
				p.fail(badIndexer + p.charAt(p.i))
			}
			return indexFilter{}
		case c == ':' && list == nil && colons < 2:
			parts[colons] = n
			colons++
		default:
			p.fail(badIndexer + p.charAt(p.i))
		}
		p.i++
	}
}

func (p *pathParser) quotedNames(closer byte, scan bool) filter {
	var names []string
	for {
		p.space()
		p.need(openIndexer)
		if p.s[p.i] != '\'' {
			p.fail(badIndexer + p.charAt(p.i))
		}
		names = append(names, p.quoted())
		p.need(openIndexer)
		p.space()
		p.need(openIndexer)
		switch p.s[p.i] {
		case closer:
			return memberFilter(names, scan)
		case ',':
			p.i++
		default:
			p.fail(badIndexer + p.charAt(p.i))
		}
	}
}

// quoted reads a string in single quotes.
func (p *pathParser) quoted() string {
	var b []byte
	p.i++
	for !p.end() {
		switch c := p.s[p.i]; {
		case c == '\'':
			p.i++
			return string(b)
		case c == '\\' && p.i+1 < len(p.s):
			p.i++
			switch e := p.s[p.i]; e {
			case 'b':
				b = append(b, '\b')
			case 't':
				b = append(b, '\t')
			case 'n':
				b = append(b, '\n')
			case 'f':
				b = append(b, '\f')
			case 'r':
				b = append(b, '\r')
			case '\\', '"', '\'', '/':
				b = append(b, e)
			default:
				p.fail(`Unknown escape character: \` + p.charAt(p.i))
			}
		default:
			b = append(b, c)
		}
		p.i++
	}
	p.fail("Path ended with an open string.")
	return ""
}

// query reads [?(…)].
func (p *pathParser) query(closer byte, scan bool) filter {
	if p.depth++; p.depth > maxFilterDepth {
		p.fail("Path has too many filters within filters.")
	}
	defer func() { p.depth-- }()
	p.i++
	p.need(openIndexer)
	if p.s[p.i] != '(' {
		p.fail(badIndexer + p.charAt(p.i))
	}
	p.i++
	q := queryFilter{p.expression(), scan}
	p.i++
	p.need(openIndexer)
	p.space()
	p.need(openIndexer)
	if p.s[p.i] != closer {
		p.fail(badIndexer + p.charAt(p.i))
	}
	return q
}

// expression reads comparisons joined by && and ||, up to the closing bracket.
// They are nested as Newtonsoft nests them: a change of operator opens a group
// that takes all the rest.
func (p *pathParser) expression() condition {
	var root, group *all
	for !p.end() {
		c := p.comparison()
		if p.end() {
			break
		}
		var or bool
		switch {
		case p.s[p.i] == ')':
			if group != nil {
				group.conditions = append(group.conditions, c)
				return root
			}
			return c
		case strings.HasPrefix(p.s[p.i:], "&&"):
		case strings.HasPrefix(p.s[p.i:], "||"):
			or = true
		default:
			p.fail("Unexpected character while parsing path query: " + p.charAt(p.i))
		}
		p.i += 2
		if group == nil || group.or != or {
			g := &all{or: or}
			if group != nil {
				group.conditions = append(group.conditions, g)
			}
			group = g
			if root == nil {
				root = g
			}
		}
		group.conditions = append(group.conditions, c)
	}
	p.fail(openQuery)
	return nil
}

func (p *pathParser) comparison() condition {
	left := p.operand()
	switch p.s[p.i] {
	case ')', '|', '&':
		return comparison{op: "exists", left: left}
	}
	op := p.operator()
	c := comparison{op: op, left: left, right: p.operand()}
	if op == "=~" && c.right.value != nil {
		c.pattern = compilePattern(c.right.value)
	}
	return c
}

func (p *pathParser) operator() string {
	for _, op := range []string{"===", "==", "=~", "=", "!==", "!=", "<>", "<=", "<", ">=", ">"} {
		if strings.HasPrefix(p.s[p.i:], op) {
			p.i += len(op)
			switch op {
			case "=":
				return "=="
			case "<>":
				return "!="
			}
			return op
		}
	}
	p.fail("Could not read query operator.")
	return ""
}

// operand is a path or a value.
func (p *pathParser) operand() operand {
	p.space()
	p.need(openQuery)
	var o operand
	switch c := p.s[p.i]; {
	case c == '@' || c == '$':
		if c == '$' {
			o.path = append(o.path, rootFilter{})
		}
		p.i++
		if p.path(&o.path, p.i, true) {
			p.fail(openQuery)
		}
		o.isPath = true
	case c == '\'':
		o.value = NewString(p.quoted())
	case c == '-' || c >= '0' && c <= '9':
		start := p.i
		for !p.end() && p.s[p.i] != ' ' && p.s[p.i] != ')' {
			p.i++
		}
		text := p.s[start:p.i]
		if strings.ContainsAny(text, ".Ee") {
			f, err := strconv.ParseFloat(text, 64)
			if err != nil {
				p.fail("Could not read query value.")
			}
			o.value = NewValue(f)
		} else {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				p.fail("Could not read query value.")
			}
			o.value = NewValue(n)
		}
	case strings.HasPrefix(p.s[p.i:], "true"):
		p.i += 4
		o.value = NewValue(true)
	case strings.HasPrefix(p.s[p.i:], "false"):
		p.i += 5
		o.value = NewValue(false)
	case strings.HasPrefix(p.s[p.i:], "null"):
		p.i += 4
		o.value = NewNull()
	case c == '/':
		o.value = NewString(p.regex())
	default:
		p.fail("Unexpected character while parsing path query: " + p.charAt(p.i))
	}
	p.space()
	p.need(openQuery)
	return o
}

// regex reads /pattern/options.
func (p *pathParser) regex() string {
	start := p.i
	for p.i++; !p.end(); p.i++ {
		switch p.s[p.i] {
		case '\\':
			p.i++
		case '/':
			for p.i++; !p.end() && unicode.IsLetter(rune(p.s[p.i])); p.i++ {
			}
			return p.s[start:p.i]
		}
	}
	p.fail("Path ended with an open regex.")
	return ""
}
