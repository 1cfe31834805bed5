package liquid

import (
	"slices"
	"strings"

	"sekisho/engine/source"
)

// Codes are the kinds of Diagnostics of this package.
var Codes = []source.CodeDoc{{
	Code:  codeSyntax,
	Title: "a Liquid template has a fault",
	Text: "The text of <set-body template=\"liquid\"> is compiled when the document is loaded. A tag or " +
		"filter that does not exist, a tag that is not closed, or an expression that cannot be read is " +
		"reported at its place.",
	Bad:  `<set-body template="liquid">{{ body.name | Upcas }}</set-body>`,
	Good: `<set-body template="liquid">{{ body.name | Upcase }}</set-body>`,
}}

const (
	codeSyntax source.Code = "liquid-syntax"

	// maxNesting bounds how deep tags may stand in tags.
	maxNesting = 100
	// maxConditions bounds the conditions joined by and, or in one tag.
	maxConditions = 1000
	// maxErrors bounds the faults reported of one template.
	maxErrors = 100
	// maxTemplate bounds a template, in bytes.
	maxTemplate = 4 << 20
)

// Template is a compiled template: immutable, shared by all requests.
type Template struct{ body block }

// Compile compiles a template. Faults are added to diags; the Template is nil if
// there were errors.
func Compile(v source.View, diags *source.List) *Template {
	before := diags.Errors()
	if len(v.S) > maxTemplate {
		diags.Errorf(v.Range(0, 0), codeSyntax, "the template is larger than %d bytes", maxTemplate)
		return nil
	}
	p := &parser{scanner: scanner{v: v, diags: diags}, before: before}
	body, stop := p.block(0)
	for stop.name != "" {
		p.errorf(stop.range_, "there is nothing that {%% %s %%} belongs to", stop.name)
		var more block
		more, stop = p.block(0)
		body = append(body, more...)
	}
	if diags.Errors() > before {
		return nil
	}
	return &Template{body: body}
}

type parser struct {
	scanner
	loops  int  // how many loops enclose this place
	before int  // how many errors there were before
	gaveUp bool // the rest is not read, and what is missing is not reported
}

// tag is an occurrence of {% name markup %}.
type tag struct {
	name   string
	markup source.View
	range_ source.Range
}

func (p *parser) errorf(r source.Range, format string, args ...any) *source.Diagnostic {
	return p.diags.Errorf(r, codeSyntax, format, args...)
}

// tagNames are the tags, for "did you mean".
var tagNames = []string{
	"assign", "break", "capture", "case", "comment", "continue", "cycle", "decrement", "else", "elsif",
	"endJSONArrayFor", "endcapture", "endcase", "endcomment", "endfor", "endif", "endifchanged", "endraw",
	"endtablerow", "endunless", "for", "if", "ifchanged", "increment", "JSONArrayFor", "literal", "raw",
	"tablerow", "unless", "when",
}

// block parses up to a tag that ends a block, whichever it is, and returns it; the
// zero tag stands for the end of the template.
func (p *parser) block(depth int) (block, tag) {
	var out block
	for {
		t, ok := p.next()
		if !ok {
			return out, tag{}
		}
		if p.diags.Errors() > p.before+maxErrors {
			p.gaveUp, p.pos = true, len(p.v.S)
			return out, tag{}
		}
		switch t.kind {
		case textToken:
			out = append(out, text(t.view.S))
		case outputToken:
			if o := p.output(t.view); o != nil {
				out = append(out, o)
			}
		case tagToken:
			name, rest := cutWord(t.view)
			tg := tag{name.S, rest.Trim(), name.All()}
			if tg.name == "" {
				tg.range_ = p.v.Range(t.at, t.end)
			}
			if endsBlock(tg.name) {
				return out, tg
			}
			if n := p.tag(tg, depth+1); n != nil {
				out = append(out, n)
			}
		}
	}
}

// endsBlock tells the tags that end a block or begin its next branch.
func endsBlock(name string) bool {
	switch name {
	case "else", "elsif", "when":
		return true
	}
	return strings.HasPrefix(name, "end") && slices.Contains(tagNames, name)
}

// inside parses a block that must end with one of ends, the last of which closes
// the tag, and returns which it was.
func (p *parser) inside(of tag, depth int, ends ...string) (block, tag) {
	if depth > maxNesting {
		if !p.gaveUp {
			p.errorf(of.range_, "tags are nested deeper than %d", maxNesting)
		}
		p.gaveUp, p.pos = true, len(p.v.S)
		return nil, tag{}
	}
	body, stop := p.block(depth)
	if stop.name == "" {
		if !p.gaveUp {
			p.errorf(of.range_, "{%% %s %%} is not closed by {%% %s %%}", of.name, ends[len(ends)-1])
		}
		return body, tag{}
	}
	if !slices.Contains(ends, stop.name) {
		p.errorf(stop.range_, "{%% %s %%} stands where {%% %s %%} was expected", stop.name, strings.Join(ends, " %} or {% "))
		// Take it for the closing tag: what follows is read as it was meant, most likely.
		stop.name = ends[len(ends)-1]
	}
	return body, stop
}

func (p *parser) tag(t tag, depth int) node {
	switch t.name {
	case "assign":
		return p.assign(t)
	case "capture":
		name := p.name(t, t.markup)
		body, _ := p.inside(t, depth, "endcapture")
		return &capture{name, body}
	case "case":
		return p.caseTag(t, depth)
	case "comment":
		if _, ok := p.verbatim("endcomment"); !ok {
			p.errorf(t.range_, "{%% comment %%} is not closed by {%% endcomment %%}")
		}
		return nil
	case "raw", "literal":
		v, ok := p.verbatim("end" + t.name)
		if !ok {
			p.errorf(t.range_, "{%% %s %%} is not closed by {%% end%s %%}", t.name, t.name)
		}
		return text(v.S)
	case "if", "unless":
		return p.ifTag(t, depth)
	case "ifchanged":
		body, _ := p.inside(t, depth, "endifchanged")
		return &ifChanged{body}
	case "for":
		return p.forTag(t, depth, "endfor")
	case "JSONArrayFor":
		return p.forTag(t, depth, "endJSONArrayFor")
	case "tablerow":
		return p.tableRow(t, depth)
	case "break", "continue":
		if p.loops == 0 {
			p.errorf(t.range_, "{%% %s %%} stands in no loop", t.name)
		}
		p.nothingMore(t, t.markup)
		return &jump{t.name == "break"}
	case "cycle":
		return p.cycle(t)
	case "increment", "decrement":
		return &step{p.name(t, t.markup), t.name == "decrement"}
	}
	p.errorf(t.range_, "there is no Liquid tag %q", t.name).WithHint("%s", didYouMean(t.name, tagNames))
	// The end of a block that does not exist should not be a second fault.
	return nil
}

func didYouMean(word string, words []string) string {
	if near := source.Nearest(word, words); near != "" {
		return `did you mean "` + near + `"?`
	}
	return ""
}

func (p *parser) name(t tag, v source.View) string {
	word, rest := cutWord(v)
	if word.S == "" {
		p.errorf(t.range_, "{%% %s %%} wants a name", t.name)
	}
	p.nothingMore(t, rest.Trim())
	return strings.Trim(word.S, `'"`)
}

func (p *parser) nothingMore(t tag, v source.View) {
	if v.S != "" {
		p.errorf(v.All(), "nothing may follow here in {%% %s %%}", t.name)
	}
}

func (p *parser) assign(t tag) node {
	i := strings.IndexByte(t.markup.S, '=')
	if i < 0 {
		p.errorf(t.range_, "{%% assign %%} is written {%% assign name = value %%}")
		return nil
	}
	name := p.name(t, t.markup.Slice(0, i).Trim())
	value := p.output(t.markup.Slice(i+1, len(t.markup.S)).Trim())
	if value == nil {
		return nil
	}
	return &assign{name, value}
}

func (p *parser) ifTag(t tag, depth int) node {
	n := &ifNode{}
	cond := p.condition(t, t.markup)
	if t.name == "unless" {
		cond = &not{cond}
	}
	end := "end" + t.name
	for {
		body, stop := p.inside(t, depth, "else", "elsif", end)
		n.branches = append(n.branches, branch{cond, body})
		switch stop.name {
		case "elsif":
			cond = p.condition(stop, stop.markup)
		case "else":
			body, _ := p.inside(t, depth, end)
			n.otherwise = body
			return n
		default:
			return n
		}
	}
}

func (p *parser) caseTag(t tag, depth int) node {
	e := p.expression(t.markup, t)
	n := &caseNode{}
	// What stands before the first {% when %} is never rendered.
	_, stop := p.inside(t, depth, "when", "else", "endcase")
	for {
		switch stop.name {
		case "when":
			cond := p.when(e, stop)
			var body block
			body, stop = p.inside(t, depth, "when", "else", "endcase")
			n.branches = append(n.branches, branch{cond, body})
		case "else":
			n.otherwise, stop = p.inside(t, depth, "when", "else", "endcase")
		default:
			return n
		}
	}
}

func (p *parser) forTag(t tag, depth int, end string) node {
	l := p.lexer(t.markup)
	n := &forNode{array: t.name == "JSONArrayFor"}
	name := l.take()
	n.name = name.view.S
	in := l.take()
	if name.kind != word || in.view.S != "in" {
		p.errorf(t.range_, "{%% %s %%} is written {%% %s name in collection %%}", t.name, t.name)
		p.inside(t, depth, end)
		return nil
	}
	from := l.pos
	n.over = l.operand(p, t)
	n.id = n.name + "-" + strings.TrimSpace(t.markup.S[from:l.pos])
	p.loopOptions(t, l, &n.options)
	p.loops++
	body, stop := p.inside(t, depth, "else", end)
	n.body = body
	p.loops--
	if stop.name == "else" {
		n.otherwise, _ = p.inside(t, depth, end)
	}
	return n
}

// loopOptions reads limit:n offset:n cols:n reversed, in any order.
func (p *parser) loopOptions(t tag, l *lexer, o *loopOptions) {
	for {
		w := l.take()
		switch {
		case w.kind == endOfMarkup:
			return
		case w.view.S == ",":
			continue
		case w.view.S == "reversed":
			o.reversed = true
			continue
		}
		colon := l.take()
		if colon.view.S != ":" {
			p.noOption(w, t)
			return
		}
		if w.view.S == "offset" && l.peek().view.S == "continue" {
			l.take()
			o.goOn = true
			continue
		}
		e := l.operand(p, t)
		switch w.view.S {
		case "limit":
			o.limit = e
		case "offset":
			o.offset = e
		case "cols":
			if t.name == "tablerow" {
				o.cols = e
				continue
			}
			fallthrough
		default:
			p.noOption(w, t)
		}
	}
}

func (p *parser) noOption(w lexeme, t tag) {
	p.errorf(w.view.All(), "{%% %s %%} has no option %q", t.name, w.view.S).
		WithHint("%s", didYouMean(w.view.S, []string{"limit", "offset", "reversed", "cols"}))
}

func (p *parser) tableRow(t tag, depth int) node {
	n, ok := p.forTag(t, depth, "endtablerow").(*forNode)
	if !ok {
		return nil
	}
	return &tableRow{*n}
}

func (p *parser) cycle(t tag) node {
	l := p.lexer(t.markup)
	n := &cycle{id: t.markup.S}
	first := l.operand(p, t)
	if l.peek().view.S == ":" {
		l.take()
		n.name = first
		first = l.operand(p, t)
	}
	n.values = append(n.values, first)
	for l.peek().view.S == "," {
		l.take()
		n.values = append(n.values, l.operand(p, t))
	}
	l.end(p, t)
	return n
}

// cutWord cuts the first word off.
func cutWord(v source.View) (first, rest source.View) {
	v = v.Trim()
	i := strings.IndexAny(v.S, " \t\r\n")
	if i < 0 {
		i = len(v.S)
	}
	return v.Slice(0, i), v.Slice(i, len(v.S))
}
