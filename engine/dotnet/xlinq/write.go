package xlinq

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// SaveOptions is the value of .NET's enum of that name.
type SaveOptions int32

const (
	DisableFormatting       SaveOptions = 1
	OmitDuplicateNamespaces SaveOptions = 2
)

// Format is XNode.ToString(options). A document is written without its
// declaration.
func Format(n Node, o SaveOptions) string {
	w := &writer{indent: o&DisableFormatting == 0, omit: o&OmitDuplicateNamespaces != 0, latest: map[string]int{}}
	w.scope = []binding{{"xmlns", xmlnsNS}, {"xml", xmlNS}, {"", ""}}
	if e, ok := n.(*Element); ok {
		// Prefixes that ancestors declare are kept.
		var outer []*Element
		for p := Parent(e); p != nil; p = Parent(p) {
			outer = append(outer, p)
		}
		for i := len(outer) - 1; i >= 0; i-- {
			w.declare(outer[i])
		}
	}
	w.node(n)
	return string(w.b)
}

// Save is the text of a document with its declaration.
func Save(d *Document, o SaveOptions) string {
	decl := d.Declaration
	if decl == nil {
		decl = &Declaration{Version: "1.0", Encoding: "utf-16"}
	}
	s := decl.String()
	if o&DisableFormatting == 0 {
		s += "\n"
	}
	return s + Format(d, o)
}

type binding struct{ prefix, uri string }

// declared is a binding of the tree; shadows is the index of the one with the same
// prefix before it, -1 if there is none.
type declared struct {
	binding
	shadows int
}

// writer writes as XmlWriter does for XNode: known holds the prefixes that the
// tree declares, scope those that the written text has.
type writer struct {
	b      []byte
	indent bool
	omit   bool
	known  []declared
	latest map[string]int // the index in known that a prefix stands for
	scope  []binding
	depth  int
	mixed  bool // text stands in the element: no indentation
}

// declare adds the declarations of e to what is known.
func (w *writer) declare(e *Element) {
	for _, a := range e.attributes {
		if !a.IsNamespace() {
			continue
		}
		b := binding{a.name.Local, a.Value}
		if a.name.Space == "" {
			b.prefix = ""
		}
		d := declared{b, -1}
		if i, ok := w.latest[b.prefix]; ok {
			d.shadows = i
		}
		w.latest[b.prefix] = len(w.known)
		w.known = append(w.known, d)
	}
}

// forget takes back what was declared behind the first n.
func (w *writer) forget(n int) {
	for i := len(w.known) - 1; i >= n; i-- {
		d := w.known[i]
		if d.shadows < 0 {
			delete(w.latest, d.prefix)
		} else {
			w.latest[d.prefix] = d.shadows
		}
	}
	w.known = w.known[:n]
}

// prefix is the prefix that the tree has for a namespace.
func (w *writer) prefix(uri string, allowDefault bool) (string, bool) {
	switch uri {
	case "":
		return "", true
	case xmlNS:
		return "xml", true
	case xmlnsNS:
		return "xmlns", true
	}
	for i := len(w.known) - 1; i >= 0; i-- {
		k := w.known[i]
		if k.uri == uri && (allowDefault || k.prefix != "") && w.latest[k.prefix] == i {
			return k.prefix, true
		}
	}
	return "", false
}

// bound is the namespace that the written text has for a prefix.
func (w *writer) bound(prefix string) (string, bool) {
	for i := len(w.scope) - 1; i >= 0; i-- {
		if w.scope[i].prefix == prefix {
			return w.scope[i].uri, true
		}
	}
	return "", false
}

// written is a prefix that the written text has for a namespace.
func (w *writer) written(uri string, allowDefault bool) (string, bool) {
	for i := len(w.scope) - 1; i >= 0; i-- {
		s := w.scope[i]
		if s.uri == uri && (allowDefault || s.prefix != "") {
			if now, _ := w.bound(s.prefix); now == uri {
				return s.prefix, true
			}
		}
	}
	return "", false
}

func (w *writer) newline() {
	if w.indent && !w.mixed && len(w.b) > 0 {
		w.b = append(w.b, '\n')
		for range w.depth {
			w.b = append(w.b, ' ', ' ')
		}
	}
}

func (w *writer) node(n Node) {
	switch n := n.(type) {
	case *Document:
		for _, c := range n.children.nodes {
			if t, ok := c.(*Text); ok {
				w.b = append(w.b, t.Value...)
				continue
			}
			w.node(c)
		}
	case *Element:
		w.element(n)
	case *Text:
		w.mixed = true
		if n.CData {
			w.b = append(w.b, "<![CDATA["...)
			w.b = append(w.b, strings.ReplaceAll(n.Value, "]]>", "]]]]><![CDATA[>")...)
			w.b = append(w.b, "]]>"...)
		} else {
			w.b = append(w.b, escapeText(n.Value)...)
		}
	case *Comment:
		w.newline()
		w.b = append(w.b, "<!--"...)
		w.b = append(w.b, strings.ReplaceAll(n.Value, "--", "- -")...)
		if strings.HasSuffix(n.Value, "-") {
			w.b = append(w.b, ' ')
		}
		w.b = append(w.b, "-->"...)
	case *PI:
		w.newline()
		w.b = append(append(w.b, "<?"...), n.Target...)
		if n.Data != "" {
			w.b = append(append(w.b, ' '), strings.ReplaceAll(n.Data, "?>", "? >")...)
		}
		w.b = append(w.b, "?>"...)
	case *DocType:
		w.newline()
		w.b = append(append(w.b, "<!DOCTYPE "...), n.Name...)
		switch {
		case n.PublicID != "":
			w.b = append(w.b, ` PUBLIC "`+n.PublicID+`" "`+n.SystemID+`"`...)
		case n.SystemID != "":
			w.b = append(w.b, ` SYSTEM "`+n.SystemID+`"`...)
		default:
			w.b = append(w.b, ' ')
		}
		if n.Subset != "" {
			w.b = append(w.b, "["+n.Subset+"]"...)
		}
		w.b = append(w.b, '>')
	}
}

func (w *writer) element(e *Element) {
	w.newline()
	outerKnown, outerScope, outerMixed := len(w.known), len(w.scope), w.mixed
	w.declare(e)
	prefix, ok := w.prefix(e.Name.Space, true)
	if !ok {
		prefix, _ = w.written(e.Name.Space, true)
	}
	var pending []binding // declarations that the attributes do not hold
	if uri, known := w.bound(prefix); !known || uri != e.Name.Space {
		pending = append(pending, binding{prefix, e.Name.Space})
	}
	// Every element has its own binding in scope: generated prefixes count them.
	w.scope = append(w.scope, binding{prefix, e.Name.Space})
	tag := qualified(prefix, e.Name.Local)
	w.b = append(append(w.b, '<'), tag...)
	for _, a := range e.attributes {
		pending = w.attribute(a, pending, outerScope)
	}
	for i := len(pending) - 1; i >= 0; i-- {
		w.declaration(pending[i])
	}
	if !e.children.open {
		w.b = append(w.b, " />"...)
	} else {
		w.b = append(w.b, '>')
		w.depth++
		start := len(w.b)
		if w.depth == 1 {
			w.mixed = false
		}
		for _, n := range e.children.nodes {
			w.node(n)
		}
		w.depth--
		if len(w.b) > start {
			w.newline()
		}
		w.b = append(append(append(w.b, "</"...), tag...), '>')
	}
	w.forget(outerKnown)
	w.scope, w.mixed = w.scope[:outerScope], outerMixed
}

func (w *writer) attribute(a *Attribute, pending []binding, outerScope int) []binding {
	if a.IsNamespace() {
		b := binding{a.name.Local, a.Value}
		if a.name.Space == "" {
			b.prefix = ""
		}
		if w.omit {
			if uri, ok := lookup(w.scope[:outerScope], b.prefix); ok && uri == b.uri {
				return pending
			}
		}
		for i, p := range pending {
			if p.prefix == b.prefix {
				pending = append(pending[:i], pending[i+1:]...)
				break
			}
		}
		if _, ok := lookup(w.scope[outerScope:], b.prefix); !ok {
			w.scope = append(w.scope, b)
		}
		w.declaration(b)
		return pending
	}
	prefix, ok := w.prefix(a.name.Space, false)
	if !ok {
		if prefix, ok = w.written(a.name.Space, false); !ok {
			prefix = w.generate()
			pending = append(pending, binding{prefix, a.name.Space})
			w.scope = append(w.scope, binding{prefix, a.name.Space})
		}
	} else if uri, known := w.bound(prefix); prefix != "" && (!known || uri != a.name.Space) && !w.declaredBy(a.of, prefix) {
		pending = append(pending, binding{prefix, a.name.Space})
		w.scope = append(w.scope, binding{prefix, a.name.Space})
	}
	w.b = append(append(append(w.b, ' '), qualified(prefix, a.name.Local)...), `="`...)
	w.b = append(append(w.b, escapeAttribute(a.Value)...), '"')
	return pending
}

func lookup(scope []binding, prefix string) (string, bool) {
	for i := len(scope) - 1; i >= 0; i-- {
		if scope[i].prefix == prefix {
			return scope[i].uri, true
		}
	}
	return "", false
}

func (w *writer) declaredBy(e *Element, prefix string) bool {
	return e != nil && e.Attribute(Name{xmlnsNS, prefix}) != nil
}

// generate makes a prefix that is not in use.
func (w *writer) generate() string {
	p := "p" + strconv.Itoa(len(w.scope)-3)
	name := p
	for i := 0; ; i++ {
		if _, used := w.bound(name); !used {
			return name
		}
		name = p + strconv.Itoa(i)
	}
}

func (w *writer) declaration(b binding) {
	w.b = append(w.b, " xmlns"...)
	if b.prefix != "" {
		w.b = append(append(w.b, ':'), b.prefix...)
	}
	w.b = append(append(append(w.b, `="`...), escapeAttribute(b.uri)...), '"')
}

func qualified(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}

func escapeText(s string) string {
	return escape(s, func(c byte) string {
		switch c {
		case '\r':
			return "\n"
		}
		return ""
	})
}

func escapeAttribute(s string) string {
	return escape(s, func(c byte) string {
		switch c {
		case '"':
			return "&quot;"
		case '\t':
			return "&#x9;"
		case '\n':
			return "&#xA;"
		case '\r':
			return "&#xD;"
		}
		return ""
	})
}

// escape writes the three characters that are special everywhere, and what
// special says of others. Characters that XML does not have throw.
func escape(s string, special func(byte) string) string {
	var b strings.Builder
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		var e string
		switch {
		case c == '&':
			e = "&amp;"
		case c == '<':
			e = "&lt;"
		case c == '>':
			e = "&gt;"
		case c < ' ' && c != '\t' && c != '\n' && c != '\r':
			clrInvalid(rune(c))
		case c == 0xED || c == 0xEF:
			if r, size := utf8.DecodeRuneInString(s[i:]); size == 1 || r == 0xFFFE || r == 0xFFFF {
				if size == 1 {
					r = 0xD800
				}
				clrInvalid(r)
			}
			continue
		default:
			if e = special(c); e == "" {
				continue
			}
		}
		b.WriteString(s[start:i])
		b.WriteString(e)
		if c == '\r' && e == "\n" && i+1 < len(s) && s[i+1] == '\n' {
			i++
		}
		start = i + 1
	}
	if start == 0 {
		return s
	}
	b.WriteString(s[start:])
	return b.String()
}
