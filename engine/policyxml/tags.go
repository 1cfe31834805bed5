package policyxml

import (
	"slices"
	"strings"

	"sekisho/engine/source"
)

func (p *parser) startTag() {
	at := p.pos
	end := p.name(at + 1)
	e := &element{Element: &Element{Name: p.s[at+1 : end], NameRange: p.v.Range(at+1, end)}, blank: true}
	p.pos = end
	selfClosing := p.attributes(e)
	e.Range = p.v.Range(at, p.pos)
	e.Full = e.Range
	e.innerAt, e.innerTo = p.pos, p.pos
	p.place(e)
	if selfClosing {
		e.Inner = p.v.Slice(p.pos, p.pos)
		e.Content = Value{View: e.Inner, at: p.pos, to: p.pos}
		p.check(e)
		return
	}
	if len(p.stack) >= maxDepth {
		p.report(e.Range, source.Error, "nested-too-deep", "elements are nested deeper than %d", maxDepth)
		p.stopped = true
		return
	}
	p.stack = append(p.stack, e)
	if isBody(e.Name) {
		p.body(e)
	}
}

// place hangs an element where it belongs.
func (p *parser) place(e *element) {
	if up := p.top(); up != nil {
		up.parent = true
		up.Children = append(up.Children, e.Element)
		e.Parent = up.Element
		return
	}
	if p.doc.Root == nil {
		p.doc.Root = e.Element
		return
	}
	p.report(e.Range, source.Error, "second-root", "a document has one root element, and <%s> is a second", e.Name).
		WithHint("move it into <%s>, or into a file of its own", p.doc.Root.Name).
		WithNote(p.doc.Root.Range, "the first is here")
}

// attributes reads attributes up to the end of the start tag.
func (p *parser) attributes(e *element) (selfClosing bool) {
	for p.lostTag = false; !p.stopped; {
		p.pos = skipBlanks(p.s, p.pos)
		rest := p.s[p.pos:]
		switch {
		case rest == "":
			p.endless(e)
			return false
		case rest[0] == '>':
			p.pos++
			return false
		case strings.HasPrefix(rest, "/>"):
			p.pos += len("/>")
			return true
		case rest[0] == '<':
			// Whoever forgot the > has begun the next tag.
			p.endless(e)
			return false
		case isNameStart(rest[0]) && p.copied(p.pos):
			p.attribute(e)
		default:
			at := p.pos
			for p.pos < len(p.s) {
				run, copied := p.v.Run(p.pos)
				if !copied {
					p.pos = run
					continue
				}
				if isNameStart(p.s[p.pos]) || isBlank(p.s[p.pos]) || strings.IndexByte("></", p.s[p.pos]) >= 0 {
					break
				}
				p.pos++
			}
			if p.pos == at {
				p.pos++ // a slash without >
			}
			p.errorf(at, p.pos, "malformed-tag", "the tag <%s> cannot be read here: an attribute, > or /> is wanted, got %q", e.Name, p.written(at, p.pos))
		}
	}
	return false
}

// endless reports a start tag without its end. Whether the element was meant to be
// empty nobody knows, so it is not missed where it is not closed.
func (p *parser) endless(e *element) {
	e.endless = true
	p.report(e.NameRange, source.Error, "malformed-tag", "the tag <%s that begins here has no end", e.Name).
		WithHint("close it with > or />")
}

func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

func (p *parser) attribute(e *element) {
	at := p.pos
	end := p.name(at)
	a := Attr{Name: p.s[at:end], NameRange: p.v.Range(at, end)}
	eq := skipBlanks(p.s, end)
	if eq == len(p.s) || p.s[eq] != '=' {
		p.pos = end
		p.report(a.NameRange, source.Error, "malformed-tag", "attribute %q has no value", a.Name).
			WithHint(`write %s="…"`, a.Name)
		a.Value = Value{View: p.v.Slice(end, end), at: end, to: end}
		p.addAttr(e, a)
		return
	}
	p.pos = skipBlanks(p.s, eq+1)
	if p.pos < len(p.s) && (p.s[p.pos] == '"' || p.s[p.pos] == '\'') {
		a.Value = p.attrValue(a)
	} else {
		from := p.pos
		for p.pos < len(p.s) && !isBlank(p.s[p.pos]) && p.s[p.pos] != '>' && !strings.HasPrefix(p.s[p.pos:], "/>") {
			p.pos++
		}
		p.report(a.NameRange, source.Error, "malformed-tag", "the value of attribute %q is not quoted", a.Name).
			WithHint(`write %s="…"`, a.Name)
		a.Value = Value{View: p.v.Slice(from, p.pos), at: from, to: p.pos}
	}
	p.addAttr(e, a)
}

func (p *parser) addAttr(e *element, a Attr) {
	if len(e.Attrs) < maxAttributes {
		if first := e.Attr(a.Name); first != nil {
			p.report(a.NameRange, source.Error, "duplicate-attribute", "<%s> has attribute %q twice", e.Name, a.Name).
				WithNote(first.NameRange, "the first is here")
		}
	} else if len(e.Attrs) == maxAttributes {
		p.report(a.NameRange, source.Error, "malformed-tag", "<%s> has more than %d attributes", e.Name, maxAttributes)
		p.stopped = true // whatever this is, it is no policy
		return
	}
	e.Attrs = append(e.Attrs, a)
}

// maxAttributes bounds the attributes of one element; APIM's richest policy has
// two dozen.
const maxAttributes = 256

// attrValue reads the quoted value that begins at p.pos.
func (p *parser) attrValue(a Attr) Value {
	quote := p.s[p.pos]
	from := p.pos + 1
	k := skipBlanks(p.s, from)
	kind, bracket := opener(p.s, k)
	if kind == Literal {
		return p.plainAttr(a, quote, from)
	}
	plain := func() (Value, bool) {
		to := p.closingQuote(quote, from)
		if to < 0 || !p.valueMayEnd(to+1) {
			return Value{}, false
		}
		v, problem := p.whole(from, to)
		if problem == fine {
			p.pos = to + 1
		}
		return v, problem == fine
	}
	if p.wellFormed {
		if v, ok := plain(); ok {
			return v
		}
	}
	end, ok := p.scan(kind, bracket)
	if ok {
		if after := skipBlanks(p.s, end); after < len(p.s) && p.s[after] == quote && p.valueMayEnd(after+1) {
			p.pos = after + 1
			return p.expression(kind, k, end)
		}
		p.waste(end - k)
	}
	if !p.wellFormed {
		if v, ok := plain(); ok {
			return v
		}
	}
	search := k
	if ok {
		search = end
	}
	to := p.likelyEnd(quote, search)
	if ok && end < to {
		p.afterExpression(kind, p.v.Slice(end, to))
	} else {
		p.unbalanced(kind, p.v.Slice(k, bracket+1))
	}
	p.lostTag = true
	p.pos = min(to+1, len(p.s))
	return Value{View: p.v.Slice(from, to), at: from, to: to}
}

// plainAttr reads a literal: up to the quote that closes it, by the rules of XML.
func (p *parser) plainAttr(a Attr, quote byte, from int) Value {
	to := p.closingQuote(quote, from)
	cut := -1
	if to < 0 || !p.valueMayEnd(to+1) {
		// The quote that was found, if any, may well begin another value.
		cut = p.likelyCut(from, to)
	}
	switch {
	case cut >= 0:
		p.errorf(from-1, from, "unclosed-quote", "the value of attribute %q has no closing quote", a.Name).
			WithHint("close it with %c", quote)
		p.lostTag = true
		p.pos = cut
		return Value{View: p.v.Slice(from, cut), at: from, to: cut}
	case !p.valueMayEnd(to + 1):
		end := to + 1
		for end < len(p.s) && !p.valueMayEnd(end) {
			end++
		}
		p.errorf(to+1, end, "malformed-tag", "a blank, > or /> is wanted after the value of attribute %q, got %q", a.Name, p.written(to+1, end)).
			WithHint("a quote inside of the value is written %s", map[byte]string{'"': "&quot;", '\'': "&apos;"}[quote])
		p.pos = end
	default:
		p.pos = to + 1
	}
	return p.literalAttr(from, to)
}

// likelyCut is where a value most likely ends that begins at from and has no quote
// at its end: before what looks like the next attribute, or else at the end of the
// tag or of the line. It is -1 if the quote at to may well be the value's own.
func (p *parser) likelyCut(from, to int) int {
	if to < 0 {
		to = len(p.s)
	}
	if before, ok := strings.CutSuffix(p.s[from:to], "="); ok {
		name := len(before)
		for name > 0 && isNameByte(before[name-1]) {
			name--
		}
		if name < len(before) && name > 0 && isBlank(before[name-1]) && !strings.ContainsAny(before, "<>\n") {
			return from + name
		}
	}
	if n := strings.IndexAny(p.s[from:to], "<>\n"); n >= 0 {
		to = from + n
		if p.s[to] == '>' && to > from && p.s[to-1] == '/' {
			to--
		}
		return to
	}
	if to == len(p.s) {
		return to
	}
	return -1
}

func (p *parser) literalAttr(from, to int) Value {
	v := decoded(p.v, from, to, attributes)
	if kind, _ := opener(v.Trim().S, 0); kind != Literal {
		// Only its @ was escaped: it is an expression as any other.
		return p.value(decoded(p.v, from, to, entities), from, to)
	}
	return p.literal(v, from, to)
}

// closingQuote is where the quote stands that ends a value, or -1. A quote that a
// named value brought along does not count.
func (p *parser) closingQuote(quote byte, i int) int {
	for {
		i = p.find(string(quote), i)
		if i < 0 {
			return -1
		}
		end, copied := p.v.Run(i)
		if copied {
			return i
		}
		i = end
	}
}

// valueMayEnd tells whether what stands at i may follow the quote of a value.
func (p *parser) valueMayEnd(i int) bool {
	return i >= len(p.s) || isBlank(p.s[i]) || p.s[i] == '>' || p.s[i] == '/'
}

// likelyEnd is where a value most likely ends that holds a broken expression: at
// the first quote after which the tag closes or another attribute begins. Without
// one, it is the end of the document.
func (p *parser) likelyEnd(quote byte, i int) int {
	for ; ; i++ {
		if i = p.find(string(quote), i); i < 0 {
			return len(p.s)
		}
		next := skipBlanks(p.s, i+1)
		rest := p.s[next:]
		if strings.HasPrefix(rest, "/>") || strings.HasPrefix(rest, ">") {
			return i
		}
		if next == i+1 {
			continue
		}
		if end := p.name(next); end > next && isNameStart(rest[0]) {
			if eq := skipBlanks(p.s, end); strings.HasPrefix(p.s[eq:], "=") {
				if q := skipBlanks(p.s, eq+1); q < len(p.s) && (p.s[q] == '"' || p.s[q] == '\'') {
					return i
				}
			}
		}
	}
}

// body reads the inside of an element that is not parsed as elements. If it holds
// an expression, or has no end tag that is surely its own, it is left to be read
// like any other element.
func (p *parser) body(e *element) {
	from := p.pos
	to := p.bodyEnd(e.Name, from)
	if to < 0 {
		return
	}
	liquid := e.isLiquid()
	if kind, _ := opener(p.s, p.contentStart(from, to)); kind != Literal && !liquid && e.Name != "script" {
		return
	}
	at, text := from, []stretch(nil)
	markup := false
	for at < to {
		end := min(p.nextMarkup(at), to)
		if end > at {
			text = append(text, stretch{at, end, false})
		}
		if at = end; at == to {
			break
		}
		switch rest := p.s[at:to]; {
		case strings.HasPrefix(rest, "<![CDATA["):
			inner := at + len("<![CDATA[")
			end := inner + max(0, strings.Index(p.s[inner:to], "]]>"))
			text = append(text, stretch{inner, end, true})
			at = end + len("]]>")
		case strings.HasPrefix(rest, "<!--") && e.Name != "script":
			at += strings.Index(rest, "-->") + len("-->")
		default:
			markup = true
			at = to
		}
	}
	var v Value
	switch {
	case markup:
		t := p.v.Slice(from, to).Trim()
		v = Value{View: decoded(t, 0, len(t.S), verbatim), at: from, to: to}
	case e.Name == "script" && rawScript(p.s[from:to]):
		v = Value{View: decoded(p.v, from, to, verbatim), at: from, to: to}
	case liquid || e.Name == "script":
		view, _ := p.joined(text, from)
		v = Value{View: view, at: from, to: to}
	default:
		view, at := p.joined(text, from)
		v = p.value(view, at, to)
	}
	e.value = &v
	e.Children = append(e.Children, &Text{v.View})
	p.pos = to
}

// rawScript tells whether a script stands in the document as it was typed, so
// that there are no entities in it: it has an ampersand that begins none. (One
// with a < in it counts as markup, and is taken as it stands as well.)
func rawScript(s string) bool {
	if strings.HasPrefix(strings.TrimLeft(s, blanks), "<![CDATA[") {
		return false
	}
	for i := 0; i < len(s); i++ {
		if s[i] == '<' {
			return true
		}
		if s[i] == '&' {
			if n, _ := entity(s[i:]); n == 0 {
				return true
			}
		}
	}
	return false
}

// isLiquid tells whether the element is a body with a Liquid template in it.
func (e *Element) isLiquid() bool {
	a := e.Attr("template")
	return e.Name == "set-body" && a != nil && strings.EqualFold(a.Value.View.Trim().S, "liquid")
}

// contentStart passes blanks, comments and the beginning of a CDATA section.
func (p *parser) contentStart(i, to int) int {
	for {
		i = skipBlanks(p.s[:to], i)
		if strings.HasPrefix(p.s[i:to], "<![CDATA[") {
			i += len("<![CDATA[")
			continue
		}
		if !strings.HasPrefix(p.s[i:to], "<!--") {
			return i
		}
		n := strings.Index(p.s[i:to], "-->")
		if n < 0 {
			return to
		}
		i += n + len("-->")
	}
}

// bodyEnd is where the end tag of a body begins, or -1 if there is none or another
// element of that name begins before it.
func (p *parser) bodyEnd(name string, i int) int {
	for i = p.nextMarkup(i); i < len(p.s); i = p.nextMarkup(i + 1) {
		rest := p.s[i:]
		switch {
		case strings.HasPrefix(rest, "<![CDATA["):
			if i = p.find("]]>", i); i < 0 {
				return -1
			}
		case strings.HasPrefix(rest, "<!--") && name != "script":
			if i = p.find("-->", i); i < 0 {
				return -1
			}
		case strings.HasPrefix(rest, "</"+name):
			if !isNameByte(byteAt(rest, len("</"+name))) {
				return i
			}
		case strings.HasPrefix(rest, "<"+name):
			if !isNameByte(byteAt(rest, len("<"+name))) {
				return -1
			}
		}
	}
	return -1
}

func byteAt(s string, i int) byte {
	if i < len(s) {
		return s[i]
	}
	return 0
}

func (p *parser) endTag() {
	at := p.pos
	end := p.name(at + len("</"))
	name := p.s[at+len("</") : end]
	p.lostTag = false
	p.pos = skipBlanks(p.s, end)
	if p.pos < len(p.s) && p.s[p.pos] == '>' {
		p.pos++
	} else {
		p.errorf(at, end, "malformed-tag", "the end tag </%s has no >", name)
		if n := strings.IndexAny(p.s[p.pos:], "<>\n"); n >= 0 {
			p.pos += n
			if p.s[p.pos] == '>' {
				p.pos++
			}
		} else {
			p.pos = len(p.s)
		}
	}
	open := -1
	for i := len(p.stack) - 1; i >= 0 && open < 0; i-- {
		if p.stack[i].Name == name {
			open = i
		}
	}
	if open < 0 {
		d := p.errorf(at, p.pos, "stray-end-tag", "</%s> ends nothing: no <%s> is open", name, name)
		top := p.top()
		if top == nil {
			return
		}
		d.WithNote(top.Range, "<%s> is", top.Name)
		if source.Nearest(name, []string{top.Name}) == "" {
			return
		}
		// A slip of the pen, in one of the two: it was meant to end what is open.
		d.WithHint("did you mean </%s> here, or <%s> there?", top.Name, name)
		p.close(top, at, p.pos)
		return
	}
	for len(p.stack)-1 > open {
		e := p.top()
		if !e.endless {
			p.report(e.Range, source.Error, "unclosed-element", "<%s> is not closed", e.Name).
				WithHint("add </%s>, or write <%s … /> if it is empty", e.Name, e.Name).
				WithNote(p.v.Range(at, p.pos), "</%s> stands here instead", name)
		}
		p.close(e, at, at)
	}
	p.close(p.top(), at, p.pos)
}

// close ends the innermost element: its inside ends at innerTo, all of it at end.
func (p *parser) close(e *element, innerTo, end int) {
	p.stack = p.stack[:len(p.stack)-1]
	e.innerTo = max(innerTo, e.innerAt)
	e.Inner = p.v.Slice(e.innerAt, e.innerTo)
	e.Full = e.Range.Join(p.v.Range(e.innerTo, max(end, e.innerTo)))
	if !e.parent {
		e.Content = p.content(e)
	}
	p.check(e)
}

// check reports text beside the elements of the root and of sections, where no
// policy would ever look for it. (What else is wrong inside of elements is for
// those to say who know the policies.)
func (p *parser) check(e *element) {
	if e.Parent != nil && (e.Parent.Name != "policies" || e.Parent.Parent != nil) ||
		e.Parent == nil && e.Name != "policies" && e.Name != "fragment" {
		return
	}
	var text source.View
	for i := len(e.text) - 1; i >= 0; i-- {
		if t := p.v.Slice(e.text[i].at, e.text[i].to).Trim(); t.S != "" {
			text = t
		}
	}
	if e.value != nil {
		text = e.value.View
	}
	if text.S == "" {
		return
	}
	p.report(text.All(), source.Error, "stray-text", "text stands among the elements of <%s>, which means nothing there", e.Name).
		WithHint("take it out, or make it a comment: <!-- … -->")
}

// finish closes what is still open, and judges the document as a whole.
func (p *parser) finish(opts Options) {
	for !p.stopped && len(p.stack) > 0 {
		e := p.top()
		if !e.endless {
			p.report(e.Range, source.Error, "unclosed-element", "<%s> is not closed", e.Name).
				WithHint("add </%s>", e.Name)
		}
		p.close(e, len(p.s), len(p.s))
	}
	root := p.doc.Root
	if root == nil {
		p.errorf(len(p.s), len(p.s), "no-root", "the document has no root element").
			WithHint("a policy document is <policies> … </policies>, a fragment <fragment> … </fragment>")
		return
	}
	if len(opts.Roots) > 0 && !slices.Contains(opts.Roots, root.Name) {
		p.report(root.NameRange, source.Error, "wrong-root", "the root element must be <%s>, not <%s>",
			strings.Join(opts.Roots, "> or <"), root.Name)
	}
	limit, what := apimDocument, "a document of more than 256"
	if root.Name == "fragment" {
		limit, what = apimFragment, "a fragment of more than 512"
	}
	if n := len(p.s); n > limit {
		p.report(root.Range, source.Warning, "large-document", "%s KiB does not load in Azure API Management: this one has %d KiB", what, n>>10)
	}
}
