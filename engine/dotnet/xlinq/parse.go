package xlinq

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
)

// LoadOptions is the value of .NET's enum of that name.
type LoadOptions int32

// PreserveWhitespace keeps texts of nothing but white space.
const PreserveWhitespace LoadOptions = 1

const (
	// maxDepth bounds elements within elements.
	maxDepth = 2000
	// nodeSize is about what a node or an attribute takes, in bytes.
	nodeSize = 128
)

// ParseElement is XElement.Parse.
func ParseElement(s string, o LoadOptions) *Element { return ParseElementWithin(nil, s, o) }

// ParseElementWithin is ParseElement within what a Meter gives.
func ParseElementWithin(m clr.Meter, s string, o LoadOptions) *Element {
	d := ParseWithin(m, s, o)
	e := d.Root()
	Remove(e)
	return e
}

// Parse is XDocument.Parse.
func Parse(s string, o LoadOptions) *Document { return ParseWithin(nil, s, o) }

// ParseWithin is Parse within what a Meter gives.
func ParseWithin(m clr.Meter, s string, o LoadOptions) *Document {
	p := &parser{s: s, meter: m, line: 1, keepSpace: o&PreserveWhitespace != 0}
	if strings.HasPrefix(s, "\uFEFF") {
		p.i = len("\uFEFF")
		p.lineAt = p.i
	}
	return p.document()
}

// TryParse is Parse for Go code: the error says what Parse would throw.
func TryParse(s string, o LoadOptions) (d *Document, err error) {
	if e := clr.Try(func() { d = Parse(s, o) }); e != nil {
		return nil, e
	}
	return d, nil
}

// open is an element whose end tag is to come.
type open struct {
	e         *Element
	tag       string
	line      int // of its start tag
	lineAt    int // byte offset at which that line starts
	at        int // byte offset of its name
	bindings  int // how many namespaces were in scope before it
	keepSpace bool
}

// parser reads a document. It keeps its own stack, so that depth costs no more
// than memory.
type parser struct {
	s         string
	i         int
	line      int
	lineAt    int // byte offset at which the line starts
	keepSpace bool
	scope     []binding
	stack     []open
	text      []byte // of the text node being read
	hasText   bool   // also where it is empty
	meter     clr.Meter
	solid     bool // it has a character reference: not just white space
}

func (p *parser) column(at int) int { return clr.Len(p.s[min(p.lineAt, at):at]) + 1 }

func (p *parser) fail(format string, args ...any) { p.failAt(p.i, format, args...) }

func (p *parser) failAt(at int, format string, args ...any) {
	throwXML("%s Line %d, position %d.", fmt.Sprintf(format, args...), p.line, p.column(min(at, len(p.s))))
}

func (p *parser) end() bool { return p.i >= len(p.s) }

func (p *parser) has(prefix string) bool { return strings.HasPrefix(p.s[p.i:], prefix) }

// advance moves to byte offset to and counts the lines on the way.
func (p *parser) advance(to int) {
	for ; p.i < to; p.i++ {
		switch p.s[p.i] {
		case '\r':
			if p.i+1 < len(p.s) && p.s[p.i+1] == '\n' {
				continue
			}
			fallthrough
		case '\n':
			p.line++
			p.lineAt = p.i + 1
		}
	}
}

func (p *parser) space() bool {
	j := p.i
	for j < len(p.s) && (p.s[j] == ' ' || p.s[j] == '\t' || p.s[j] == '\n' || p.s[j] == '\r') {
		j++
	}
	any := j > p.i
	p.advance(j)
	return any
}

func (p *parser) document() *Document {
	d := &Document{}
	if p.has("<?xml") && len(p.s) > p.i+5 && strings.IndexByte(" \t\r\n", p.s[p.i+5]) >= 0 {
		d.Declaration = p.declaration()
	}
	put := func(n Node) {
		d.children.put(len(d.children.nodes), n, d)
	}
	for {
		before := p.i
		p.space()
		if p.keepSpace && p.i > before && len(d.children.nodes) > 0 && !p.end() {
			put(&Text{Value: newlines(p.s[before:p.i])})
		}
		if p.end() {
			if d.Root() == nil {
				throwXML("Root element is missing.")
			}
			return d
		}
		switch {
		case p.has("<!--"):
			put(p.comment())
		case p.has("<?"):
			put(p.pi())
		case p.has("<!DOCTYPE"):
			p.fail("For security reasons DTD is prohibited in this XML document. To enable DTD processing set the DtdProcessing property on XmlReaderSettings to Parse and pass the settings into XmlReader.Create method.")
		case p.s[p.i] != '<':
			p.fail("Data at the root level is invalid.")
		default:
			if d.Root() != nil {
				p.failAt(p.i+1, "There are multiple root elements.")
			}
			put(p.root())
		}
	}
}

func (p *parser) declaration() *Declaration {
	end := strings.Index(p.s[p.i:], "?>")
	if end < 0 {
		p.fail("Unexpected end of file while parsing XML declaration has occurred.")
	}
	decl := &Declaration{}
	body := p.s[p.i+5 : p.i+end]
	for {
		body = strings.TrimLeft(body, " \t\r\n")
		if body == "" {
			break
		}
		name, rest, ok := strings.Cut(body, "=")
		rest = strings.TrimLeft(rest, " \t\r\n")
		if !ok || rest == "" || rest[0] != '"' && rest[0] != '\'' {
			p.fail("Syntax for an XML declaration is invalid.")
		}
		value, after, ok := strings.Cut(rest[1:], rest[:1])
		if !ok {
			p.fail("Syntax for an XML declaration is invalid.")
		}
		switch strings.TrimRight(name, " \t\r\n") {
		case "version":
			decl.Version = value
		case "encoding":
			decl.Encoding = value
		case "standalone":
			decl.Standalone = value
		default:
			p.fail("Syntax for an XML declaration is invalid.")
		}
		body = after
	}
	p.advance(p.i + end + 2)
	return decl
}

func (p *parser) comment() *Comment {
	p.i += len("<!--")
	end := strings.Index(p.s[p.i:], "--")
	if end < 0 {
		p.advance(len(p.s))
		p.fail("Unexpected end of file while parsing Comment has occurred.")
	}
	body := p.s[p.i : p.i+end]
	p.checkChars(body)
	p.advance(p.i + end + 2)
	if p.end() || p.s[p.i] != '>' {
		p.fail("An XML comment cannot contain '--', and '-' cannot be the last character.")
	}
	p.i++
	return &Comment{Value: newlines(body)}
}

func (p *parser) pi() *PI {
	p.i += 2
	target := p.name()
	if strings.EqualFold(target, "xml") {
		p.fail("Unexpected XML declaration. The XML declaration must be the first node in the document, and no whitespace characters are allowed to appear before it.")
	}
	end := strings.Index(p.s[p.i:], "?>")
	if end < 0 {
		p.advance(len(p.s))
		p.fail("Unexpected end of file while parsing PI has occurred.")
	}
	data := strings.TrimLeft(p.s[p.i:p.i+end], " \t\r\n")
	p.checkChars(data)
	p.advance(p.i + end + 2)
	return &PI{Target: target, Data: newlines(data)}
}

// newlines makes every line end a line feed.
func newlines(s string) string {
	if strings.IndexByte(s, '\r') < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// checkChars refuses characters that XML does not have.
func (p *parser) checkChars(s string) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf || c == '\t' || c == '\n' || c == '\r' {
			continue
		}
		if c < ' ' {
			p.invalidChar(rune(c))
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			r = 0xD800
		}
		if r >= 0xD800 && r <= 0xDFFF || r == 0xFFFE || r == 0xFFFF {
			p.invalidChar(r)
		}
		i += size - 1
	}
}

func (p *parser) invalidChar(r rune) {
	p.fail("'%s', hexadecimal value 0x%02X, is an invalid character.", string(r), r)
}

// name reads a name with its colon.
func (p *parser) name() string {
	start := p.i
	for p.i < len(p.s) {
		r, size := utf8.DecodeRuneInString(p.s[p.i:])
		if !nameChar(r) || p.i == start && !nameStart(r) {
			break
		}
		p.i += size
	}
	if p.i == start {
		if p.end() {
			p.eof("Name")
		}
		r, _ := utf8.DecodeRuneInString(p.s[p.i:])
		p.fail("Name cannot begin with the '%c' character, hexadecimal value 0x%02X.", r, r)
	}
	return p.s[start:p.i]
}

func (p *parser) eof(what string) {
	p.fail("Unexpected end of file while parsing %s has occurred.", what)
}

// root reads the root element with all that is in it.
func (p *parser) root() *Element {
	root := p.startTag()
	for len(p.stack) > 0 {
		top := &p.stack[len(p.stack)-1]
		switch {
		case p.end():
			p.unclosed()
		case p.has("</"):
			p.flush(top)
			p.endTag(top)
		case p.has("<!--"):
			p.flush(top)
			p.put(top, p.comment())
		case p.has("<![CDATA["):
			p.flush(top)
			end := strings.Index(p.s[p.i:], "]]>")
			if end < 0 {
				p.advance(len(p.s))
				p.eof("CDATA")
			}
			body := p.s[p.i+len("<![CDATA[") : p.i+end]
			p.checkChars(body)
			p.put(top, &Text{Value: newlines(body), CData: true})
			p.advance(p.i + end + 3)
		case p.has("<?"):
			p.flush(top)
			p.put(top, p.pi())
		case p.s[p.i] == '<':
			p.flush(top)
			if p.i+1 < len(p.s) && p.s[p.i+1] == '!' {
				p.failAt(p.i+2, "'<!' is an unexpected token.")
			}
			p.put(top, p.startTag())
		default:
			p.characters()
		}
	}
	return root
}

func (p *parser) unclosed() {
	var names []string
	for i := len(p.stack) - 1; i >= 0 && len(names) < 20; i-- {
		names = append(names, p.stack[i].tag)
	}
	p.fail("Unexpected end of file has occurred. The following elements are not closed: %s.", strings.Join(names, ", "))
}

func (p *parser) put(top *open, n Node) {
	clr.Spend(p.meter, nodeSize)
	top.e.children.put(len(top.e.children.nodes), n, top.e)
	top.e.children.open = true
}

// flush ends the text node being read. One of nothing but white space is dropped
// unless it is to be kept.
func (p *parser) flush(top *open) {
	if !p.hasText {
		return
	}
	s := string(p.text)
	keep := p.solid || top.keepSpace || !isSpace(s)
	p.text, p.hasText, p.solid = p.text[:0], false, false
	if keep && s != "" {
		p.put(top, &Text{Value: s})
	}
}

// characters reads text up to the next markup.
func (p *parser) characters() {
	p.hasText = true
	end := strings.IndexAny(p.s[p.i:], "<&")
	if end < 0 {
		end = len(p.s) - p.i
	}
	chunk := p.s[p.i : p.i+end]
	if at := strings.Index(chunk, "]]>"); at >= 0 {
		p.advance(p.i + at)
		p.fail("']]>' is not allowed in character data.")
	}
	p.checkChars(chunk)
	p.text = append(p.text, newlines(chunk)...)
	p.advance(p.i + end)
	if !p.end() && p.s[p.i] == '&' {
		p.text = p.reference(p.text)
		p.solid = true
	}
}

// reference reads &lt; or &#10; and appends what it stands for.
func (p *parser) reference(b []byte) []byte {
	end := strings.IndexByte(p.s[p.i:min(len(p.s), p.i+70)], ';')
	if end < 2 {
		p.failAt(p.i+1, "An error occurred while parsing EntityName.")
	}
	name := p.s[p.i+1 : p.i+end]
	if name[0] == '#' {
		digits, base := name[1:], 10
		if strings.HasPrefix(digits, "x") {
			digits, base = digits[1:], 16
		}
		v, err := strconv.ParseUint(digits, base, 32)
		if err != nil {
			p.failAt(p.i+2, "Invalid syntax for a %s numeric entity reference.", map[int]string{10: "decimal", 16: "hexadecimal"}[base])
		}
		r := rune(v)
		if v < ' ' && v != '\t' && v != '\n' && v != '\r' || v >= 0xD800 && v <= 0xDFFF || v == 0xFFFE || v == 0xFFFF || v > 0x10FFFF {
			p.invalidChar(r)
		}
		p.i += end + 1
		return utf8.AppendRune(b, r)
	}
	var c byte
	switch name {
	case "lt":
		c = '<'
	case "gt":
		c = '>'
	case "amp":
		c = '&'
	case "quot":
		c = '"'
	case "apos":
		c = '\''
	default:
		for i, r := range name {
			if !nameChar(r) || i == 0 && !nameStart(r) {
				p.failAt(p.i+1, "An error occurred while parsing EntityName.")
			}
		}
		p.failAt(p.i+1, "Reference to undeclared entity '%s'.", name)
	}
	p.i += end + 1
	return append(b, c)
}

type rawAttribute struct {
	prefix, local, value string
	at                   int
}

func (p *parser) startTag() *Element {
	p.i++
	if p.end() {
		p.eof("Name")
	}
	start := p.i
	o := open{line: p.line, lineAt: p.lineAt, at: start, bindings: len(p.scope), keepSpace: p.keepSpace}
	tag := p.name()
	o.tag = tag
	prefix, local := p.split(tag, start)
	if len(p.stack) >= maxDepth {
		p.failAt(start, "The elements of the document are nested too deep.")
	}
	if n := len(p.stack); n > 0 {
		o.keepSpace = p.stack[n-1].keepSpace
	}
	e := &Element{}
	attributes := p.attributes(&o)
	uri := p.resolve(prefix, start)
	e.Name = Name{uri, local}
	var seen map[Name]bool // where there are many
	if len(attributes) > 8 {
		seen = make(map[Name]bool, len(attributes))
	}
	for _, a := range attributes {
		name := Name{Local: a.local}
		switch {
		case a.prefix == "xmlns":
			name.Space = xmlnsNS
		case a.prefix != "":
			name.Space = p.resolve(a.prefix, a.at)
		}
		if seen[name] || seen == nil && e.Attribute(name) != nil {
			p.failAt(a.at, "'%s' is a duplicate attribute name.", qualified(a.prefix, a.local))
		}
		if seen != nil {
			seen[name] = true
		}
		e.attributes = append(e.attributes, &Attribute{name: name, Value: a.value, of: e})
	}
	if p.has("/>") {
		p.i += 2
		p.scope = p.scope[:o.bindings]
		return e
	}
	p.i++
	e.children.open = true
	o.e = e
	p.stack = append(p.stack, o)
	return e
}

func (p *parser) split(name string, at int) (prefix, local string) {
	prefix, local, ok := strings.Cut(name, ":")
	if !ok {
		return "", name
	}
	r, _ := utf8.DecodeRuneInString(local)
	if prefix == "" || !nameStart(r) || strings.Contains(local, ":") {
		p.failAt(at, "The ':' character, hexadecimal value 0x3A, cannot be included in a name.")
	}
	return prefix, local
}

func (p *parser) resolve(prefix string, at int) string {
	if prefix == "xml" {
		return xmlNS
	}
	uri, ok := lookup(p.scope, prefix)
	if !ok && prefix != "" {
		p.failAt(at, "'%s' is an undeclared prefix.", prefix)
	}
	return uri
}

const (
	maxAttributes = 2000 // of an element
	maxNamespaces = 256  // declared around an element: names are looked up among them
)

func (p *parser) attributes(o *open) []rawAttribute {
	var out []rawAttribute
	for {
		spaced := p.space()
		if p.end() {
			p.unclosedTag(o)
		}
		if c := p.s[p.i]; c == '>' || c == '/' {
			if c == '/' && !p.has("/>") {
				p.failAt(p.i+1, "'%s' is an unexpected token. The expected token is '>'.", p.charAt(p.i+1))
			}
			return out
		}
		if !spaced {
			p.fail("'%s' is an unexpected token. Expecting whitespace.", p.charAt(p.i))
		}
		if len(out) == maxAttributes {
			p.fail("The element has too many attributes.")
		}
		at := p.i
		name := p.name()
		prefix, local := p.split(name, at)
		p.space()
		if p.end() || p.s[p.i] != '=' {
			p.fail("'%s' is an unexpected token. The expected token is '='.", p.charAt(p.i))
		}
		p.i++
		p.space()
		if p.end() || p.s[p.i] != '"' && p.s[p.i] != '\'' {
			p.fail("'%s' is an unexpected token. The expected token is '\"' or '''.", p.charAt(p.i))
		}
		clr.Spend(p.meter, nodeSize)
		a := rawAttribute{prefix: prefix, local: local, value: p.attributeValue(), at: at}
		switch {
		case prefix == "" && local == "xmlns":
			p.scope = append(p.scope, binding{"", a.value})
		case prefix == "xmlns":
			if a.value == "" {
				p.failAt(at, "Invalid namespace declaration.")
			}
			p.scope = append(p.scope, binding{local, a.value})
		case prefix == "xml" && local == "space":
			o.keepSpace = p.keepSpace || a.value == "preserve"
		}
		if len(p.scope) > maxNamespaces {
			p.failAt(at, "Too many namespaces are declared.")
		}
		out = append(out, a)
	}
}

func (p *parser) unclosedTag(o *open) {
	p.stack = append(p.stack, *o)
	p.unclosed()
}

func (p *parser) charAt(i int) string {
	for _, r := range p.s[min(i, len(p.s)):] {
		return string(r)
	}
	return ""
}

func (p *parser) attributeValue() string {
	quote := p.s[p.i]
	p.i++
	var b []byte
	for {
		end := strings.IndexAny(p.s[p.i:], "<&"+string(rune(quote)))
		if end < 0 {
			p.advance(len(p.s))
			p.eof("AttributeValue")
		}
		chunk := p.s[p.i : p.i+end]
		p.checkChars(chunk)
		b = append(b, attributeSpace(chunk)...)
		p.advance(p.i + end)
		switch p.s[p.i] {
		case quote:
			p.i++
			return string(b)
		case '<':
			p.fail("'<', hexadecimal value 0x3C, is an invalid attribute character.")
		}
		b = p.reference(b)
	}
}

// attributeSpace makes line ends and tabs spaces.
func attributeSpace(s string) string {
	if !strings.ContainsAny(s, "\r\n\t") {
		return s
	}
	s = strings.ReplaceAll(s, "\r\n", " ")
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, s)
}

func (p *parser) endTag(top *open) {
	p.i += 2
	start := p.i
	if p.end() {
		p.unclosed()
	}
	tag := p.name()
	if tag != top.tag {
		p.failAt(start, "The '%s' start tag on line %d position %d does not match the end tag of '%s'.", top.tag, top.line, clr.Len(p.s[top.lineAt:top.at])+1, tag)
	}
	p.space()
	if p.end() || p.s[p.i] != '>' {
		if p.end() {
			p.unclosed()
		}
		p.fail("'%s' is an unexpected token. The expected token is '>'.", p.charAt(p.i))
	}
	p.i++
	p.scope = p.scope[:top.bindings]
	p.stack = p.stack[:len(p.stack)-1]
}
