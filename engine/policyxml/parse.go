package policyxml

import (
	"strings"
	"unicode/utf8"

	"sekisho/engine/source"
)

// The sizes that documents are held to. APIM takes documents of 256 KiB and
// fragments of 512 KiB; we load more, and say that APIM would not.
const (
	apimDocument = 256 << 10
	apimFragment = 512 << 10
	maxDocument  = 4 << 20
	maxDepth     = 256
	// maxDiagnostics bounds what is said about one file: whoever has more is
	// better served by a second run.
	maxDiagnostics = 200
)

// Options say what Parse is to expect.
type Options struct {
	// Roots are the names that the root element may have; empty for any.
	Roots []string
}

// Parse reads a policy document, a fragment, or a file whose root is any single
// element. It adds what it finds wrong to diags, and always returns a Document
// of what it could make out. The time is linear in the size of the document.
func Parse(v source.View, opts Options, diags *source.List) *Document {
	p := &parser{v: v, s: v.S, diags: diags, doc: &Document{View: v}, lost: map[string]int{}}
	p.wasteLeft = max(8<<20, 16*len(v.S))
	if !p.acceptable() {
		return p.doc
	}
	p.wellFormed = wellFormed(v)
	for p.pos < len(p.s) && !p.stopped {
		p.next()
	}
	p.finish(opts)
	return p.doc
}

// element is an Element whose end tag is still to come.
type element struct {
	*Element
	text []stretch
	// blank: no text but white space was met; parent: some element was.
	blank, parent bool
	// endless: its start tag has no end.
	endless bool
	// value is the content, if it was read as an expression already.
	value *Value
}

// stretch is a piece of an element's text.
type stretch struct {
	at, to int
	cdata  bool
}

type parser struct {
	v          source.View
	s          string
	pos        int
	wellFormed bool
	diags      *source.List
	reported   int
	doc        *Document
	stack      []*element
	stopped    bool
	// lostTag: in this tag something was met that cannot be read. What follows in
	// it is guesswork, and not worth another complaint.
	lostTag bool
	// wasteLeft is how many bytes may still be scanned in vain: it keeps a file
	// full of unbalanced expressions from costing its size squared.
	wasteLeft int
	// lost holds, for what was searched in vain, from where: it is not searched again.
	lost map[string]int
}

func (p *parser) acceptable() bool {
	switch {
	case len(p.s) > maxDocument:
		p.errorf(0, 0, "document-too-large", "the document has %d KiB, at most %d KiB are read", len(p.s)>>10, maxDocument>>10)
		return false
	case strings.HasPrefix(p.s, "\xff\xfe"), strings.HasPrefix(p.s, "\xfe\xff"):
		p.errorf(0, 2, "bad-encoding", "the file is in UTF-16, and UTF-8 is wanted").
			WithHint("save it as UTF-8")
		return false
	}
	if !utf8.ValidString(p.s) {
		at := 0
		for at < len(p.s) {
			c, n := utf8.DecodeRuneInString(p.s[at:])
			if c == utf8.RuneError && n == 1 {
				break
			}
			at += n
		}
		p.errorf(at, at+1, "bad-encoding", "the file is not UTF-8: byte 0x%02x has no meaning here", p.s[at]).
			WithHint("save it as UTF-8")
	}
	if strings.HasPrefix(p.s, "\uFEFF") {
		p.pos = len("\uFEFF")
	}
	return true
}

// report adds a Diagnostic, unless there were too many.
func (p *parser) report(r source.Range, s source.Severity, code source.Code, format string, args ...any) *source.Diagnostic {
	if code == "malformed-tag" || code == "duplicate-attribute" {
		if p.lostTag {
			return new(source.Diagnostic)
		}
		p.lostTag = code == "malformed-tag"
	}
	if p.reported++; p.reported > maxDiagnostics {
		return new(source.Diagnostic)
	}
	if s == source.Warning {
		return p.diags.Warnf(r, code, format, args...)
	}
	return p.diags.Errorf(r, code, format, args...)
}

func (p *parser) errorf(at, to int, code source.Code, format string, args ...any) *source.Diagnostic {
	return p.report(p.v.Range(at, to), source.Error, code, format, args...)
}

// find is the offset of what at or after i, or -1.
func (p *parser) find(what string, i int) int {
	if from, ok := p.lost[what]; ok && i >= from {
		return -1
	}
	n := strings.Index(p.s[i:], what)
	if n < 0 {
		p.lost[what] = i
		return -1
	}
	return i + n
}

// markup tells whether s[i], a '<', begins markup. One that was put in by a named
// value, or that no name follows, is text.
func (p *parser) markup(i int) bool {
	if i+1 >= len(p.s) {
		return false
	}
	c := p.s[i+1]
	if c != '/' && c != '!' && c != '?' && !isNameStart(c) {
		return false
	}
	if c == '/' && (i+2 >= len(p.s) || !isNameStart(p.s[i+2])) {
		return false
	}
	if c == '!' && !strings.HasPrefix(p.s[i:], "<!--") && !strings.HasPrefix(p.s[i:], "<![CDATA[") &&
		(i+2 >= len(p.s) || !isNameStart(p.s[i+2])) {
		return false
	}
	return p.copied(i) && p.copied(i+1) && (c != '/' || p.copied(i+2))
}

// copied tells whether s[i] stands so in the file, rather than in a named value.
func (p *parser) copied(i int) bool {
	_, copied := p.v.Run(i)
	return copied
}

// written is what the file has for a stretch of the document, for messages: there
// may be a secret in the document.
func (p *parser) written(at, to int) string {
	r := p.v.Range(at, to)
	return clip(r.Text.Content[r.Start:r.End])
}

// nextMarkup is where markup begins at or after i, or the end of the document.
func (p *parser) nextMarkup(i int) int {
	for i < len(p.s) {
		n := strings.IndexByte(p.s[i:], '<')
		if n < 0 {
			break
		}
		if i += n; p.markup(i) {
			return i
		}
		i++
	}
	return len(p.s)
}

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || c >= 0x80
}

func isNameByte(c byte) bool {
	return isNameStart(c) || c >= '0' && c <= '9' || c == '-' || c == '.'
}

// name is where the name ends that begins at i. Named values are no part of names.
func (p *parser) name(i int) (end int) {
	for i < len(p.s) && isNameByte(p.s[i]) {
		run, copied := p.v.Run(i)
		if !copied {
			break
		}
		for i < run && isNameByte(p.s[i]) {
			i++
		}
	}
	return i
}

func (p *parser) top() *element {
	if len(p.stack) == 0 {
		return nil
	}
	return p.stack[len(p.stack)-1]
}

// next reads one piece of content: text, or one piece of markup.
func (p *parser) next() {
	if p.s[p.pos] != '<' || !p.markup(p.pos) {
		p.text()
		return
	}
	rest := p.s[p.pos:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		at := p.pos
		from, to := p.delimited("<!--", "-->", "comment")
		if e := p.top(); e != nil {
			e.Children = append(e.Children, &Comment{View: p.v.Slice(from, to), at: at, to: p.pos})
		}
	case strings.HasPrefix(rest, "<![CDATA["):
		at := p.pos
		from, to := p.delimited("<![CDATA[", "]]>", "CDATA section")
		if p.top() == nil {
			p.errorf(at, p.pos, "text-outside-root", "a CDATA section stands outside of the root element")
			return
		}
		p.addText(stretch{from, to, true})
	case rest[1] == '?':
		p.delimited("<?", "?>", "processing instruction")
	case rest[1] == '!':
		at := p.pos
		p.delimited("<!", ">", "declaration")
		p.errorf(at, p.pos, "document-type", "policy documents have no document type or other declarations").
			WithHint("take it out")
	case rest[1] == '/':
		p.endTag()
	default:
		p.startTag()
	}
}

// delimited passes markup from its opening to its closing mark, and returns what
// is between them. Without a closing mark it reaches to the end of the document.
func (p *parser) delimited(opening, closing, what string) (from, to int) {
	at := p.pos
	from = at + len(opening)
	to = p.find(closing, from)
	if to < 0 {
		p.errorf(at, from, "unclosed-markup", "the %s that begins here has no end", what).WithHint("close it with %s", closing)
		p.pos = len(p.s)
		return from, p.pos
	}
	p.pos = to + len(closing)
	return from, to
}

func (p *parser) addText(t stretch) {
	e := p.top()
	how := entities
	if t.cdata {
		how = verbatim
	}
	e.text = append(e.text, t)
	e.blank = e.blank && skipBlanks(p.s[:t.to], t.at) == t.to
	e.Children = append(e.Children, &Text{decoded(p.v, t.at, t.to, how)})
}

func (p *parser) text() {
	at := p.pos
	e := p.top()
	if e == nil {
		p.pos = p.nextMarkup(at)
		if t := p.v.Slice(at, p.pos).Trim(); t.S != "" {
			p.report(t.All(), source.Error, "text-outside-root", "text stands outside of the root element")
		}
		return
	}
	if e.value == nil && e.blank && !e.parent {
		k := skipBlanks(p.s, at)
		if kind, bracket := opener(p.s, k); kind != Literal && p.expressionText(e, k, kind, bracket) {
			return
		}
	}
	p.pos = p.nextMarkup(at)
	p.addText(stretch{at, p.pos, false})
}

// expressionText reads an expression that begins at k as the content of e. It is
// false if the text is better read piece by piece: where it is judged as a whole
// at the end tag.
func (p *parser) expressionText(e *element, k int, kind Kind, bracket int) bool {
	plain := func() bool {
		to := p.nextMarkup(k)
		v, problem := p.whole(k, to)
		if problem != fine {
			return false
		}
		p.setContent(e, v)
		p.pos = to
		return true
	}
	if p.wellFormed && plain() {
		return true
	}
	end, ok := p.scan(kind, bracket)
	after := end
	if ok {
		after = skipBlanks(p.s, end)
		if after == len(p.s) || p.s[after] == '<' && p.markup(after) && !isNameStart(p.s[after+1]) {
			p.setContent(e, p.expression(kind, k, end))
			p.pos = end
			return true
		}
		p.waste(end - k)
	}
	if !p.wellFormed && plain() {
		return true
	}
	if p.wellFormed || strings.HasPrefix(p.s[p.nextMarkup(k):], "<![CDATA[") {
		return false
	}
	p.pos = len(p.s)
	if to := p.find("</"+e.Name, k); to >= 0 {
		p.pos = to
	}
	if ok && after < p.pos {
		p.afterExpression(kind, p.v.Slice(end, p.pos))
	} else {
		p.unbalanced(kind, p.v.Slice(k, bracket+1))
	}
	p.setContent(e, Value{View: p.v.Slice(k, p.pos), at: k, to: p.pos})
	return true
}

func (p *parser) setContent(e *element, v Value) {
	e.value = &v
	e.Children = append(e.Children, &Text{v.View})
}

// scan finds the end of an expression, within what may still be scanned in vain.
func (p *parser) scan(kind Kind, bracket int) (end int, ok bool) {
	if p.wasteLeft <= 0 {
		return bracket, false
	}
	end, ok = expressionEnd(p.s, kind, bracket)
	if !ok {
		p.waste(end - bracket)
	}
	return end, ok
}

func (p *parser) waste(n int) { p.wasteLeft -= n }

// expression is the Value of an expression that was scanned raw.
func (p *parser) expression(kind Kind, at, to int) Value {
	return Value{View: decoded(p.v, at, to, entities), Kind: kind, at: at, to: to}
}

// problem is what keeps a text that begins as an expression from being one.
type problem uint8

const (
	fine problem = iota
	notAnExpression
	isUnbalanced
	hasTrailingText
)

// whole reads a stretch of the document as plain XML that is one expression.
func (p *parser) whole(at, to int) (Value, problem) {
	v := decoded(p.v, at, to, entities)
	kind, problem := expressionIn(v.Trim().S)
	return Value{View: v.Trim(), Kind: kind, at: at, to: to}, problem
}

// expressionIn tells whether all of s is an expression.
func expressionIn(s string) (Kind, problem) {
	kind, bracket := opener(s, 0)
	if kind == Literal {
		return Literal, notAnExpression
	}
	switch end, ok := expressionEnd(s, kind, bracket); {
	case !ok:
		return Literal, isUnbalanced
	case end < len(s):
		return Literal, hasTrailingText
	}
	return kind, fine
}

// unbalanced reports the opener of an expression that has no end.
func (p *parser) unbalanced(kind Kind, opener source.View) {
	closing := ")"
	if kind == CSharpBlock || kind == JSBlock {
		closing = "}"
	}
	p.report(opener.All(), source.Error, "unbalanced-expression", "the %s that begins here has no closing %q", kind, closing).
		WithHint("look for a quote or bracket in it that is not closed; to begin a text with @, write @@")
}

// afterExpression reports the text that follows an expression.
func (p *parser) afterExpression(kind Kind, text source.View) {
	text = text.Trim()
	d := p.report(text.All(), source.Error, "text-after-expression", "text follows the %s, which must be the whole value", kind)
	if strings.Trim(text.S, ")]} ") == "" {
		d.WithHint("take out the bracket: the one before it closes the expression")
	} else {
		d.WithHint("put the text into the expression, as a string; to begin a text with @, write @@")
	}
}

// content makes the value of an element whose end has been met.
func (p *parser) content(e *element) Value {
	if e.value != nil {
		for _, t := range e.text {
			if u := p.v.Slice(t.at, t.to).Trim(); u.S != "" && e.value.IsExpression() {
				p.afterExpression(e.value.Kind, u)
				break
			}
		}
		return *e.value
	}
	view, at := p.joined(e.text, e.innerAt)
	return p.value(view, at, e.innerTo)
}

// joined is the text of several stretches; at is where the first begins that is
// not blank.
func (p *parser) joined(text []stretch, from int) (view source.View, at int) {
	at = from
	for i := len(text) - 1; i >= 0; i-- {
		if t := text[i]; skipBlanks(p.s[:t.to], t.at) < t.to {
			at = t.at
		}
	}
	if len(text) == 0 {
		return p.v.Slice(from, from), at
	}
	if len(text) == 1 {
		how := entities
		if text[0].cdata {
			how = verbatim
		}
		return decoded(p.v, text[0].at, text[0].to, how), at
	}
	b := source.NewBuilder(p.v)
	for _, t := range text {
		if t.cdata {
			decode(b, p.v, t.at, t.to, verbatim)
		} else {
			decode(b, p.v, t.at, t.to, entities)
		}
	}
	return b.View(), at
}

// value classifies a decoded text, and reports what is wrong with it.
func (p *parser) value(v source.View, at, to int) Value {
	t := v.Trim()
	kind, bracket := opener(t.S, 0)
	if kind == Literal {
		return p.literal(v, at, to)
	}
	whole, problem := expressionIn(t.S)
	switch problem {
	case fine:
		return Value{View: t, Kind: whole, at: at, to: to}
	case hasTrailingText:
		end, _ := expressionEnd(t.S, kind, bracket)
		p.afterExpression(kind, t.Slice(end, len(t.S)))
	default:
		p.unbalanced(kind, t.Slice(0, bracket+1))
	}
	return Value{View: v, at: at, to: to}
}

// literal is the Value of text that is not an expression: @@ at its beginning is
// made @, and an expression in its middle is warned of.
func (p *parser) literal(v source.View, at, to int) Value {
	if k := skipBlanks(v.S, 0); strings.HasPrefix(v.S[k:], "@@") {
		b := source.NewBuilder(v)
		b.Copy(0, k)
		b.Copy(k+1, len(v.S))
		return Value{View: b.View(), at: at, to: to}
	}
	if i, end, ok := embedded(v.S); ok {
		p.report(v.Range(i, end), source.Warning, "expression-inside-text",
			"an expression must be the whole value, so this one is text and is not evaluated").
			WithHint(`make all of it one expression, such as @("text " + value)`)
	}
	return Value{View: v, at: at, to: to}
}
