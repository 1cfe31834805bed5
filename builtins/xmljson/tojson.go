package xmljson

import "strings"

// JSONOptions say how XML becomes JSON.
type JSONOptions struct {
	// Friendly is the mapping that is friendly to JavaScript, else the direct one.
	Friendly bool
	// ArrayChildren makes an array of every child element, also of a single one.
	ArrayChildren bool
}

// ToJSON turns an XML document into compact JSON.
func ToJSON(data []byte, o JSONOptions) ([]byte, error) {
	doc, err := parseXML(data)
	if err != nil {
		return nil, err
	}
	w := &jsonWriter{o: o}
	w.b = append(w.b, '{')
	if len(doc.declaration) > 0 && !o.Friendly {
		w.member("?xml")
		w.b = append(w.b, '{')
		for i, a := range doc.declaration {
			w.comma(i)
			w.member("@" + a.name)
			w.string(a.value)
		}
		w.b = append(w.b, "},"...)
	}
	w.member(w.name(doc.root.name))
	w.element(doc.root)
	return append(w.b, '}'), nil
}

type jsonWriter struct {
	o JSONOptions
	b []byte
}

// name is an element's or attribute's name in JSON.
func (w *jsonWriter) name(s string) string {
	if _, local, ok := strings.Cut(s, ":"); ok && w.o.Friendly {
		return local
	}
	return s
}

// group is the children of one name.
type group struct {
	name     string
	nodes    []node
	elements bool
}

// element writes the value of an element. Its depth is bounded by parseXML.
func (w *jsonWriter) element(e *element) {
	attrs, null := w.attributes(e)
	if null {
		w.b = append(w.b, "null"...)
		return
	}
	if len(attrs) == 0 {
		switch {
		case len(e.children) == 0 && e.empty:
			w.b = append(w.b, "null"...)
			return
		case len(e.children) == 0:
			w.b = append(w.b, `""`...)
			return
		case len(e.children) == 1 && e.children[0].element == nil && (w.o.Friendly || !e.children[0].cdata):
			w.string(e.children[0].text)
			return
		}
	}
	groups, taken := w.groups(e)
	w.b = append(w.b, '{')
	for i, a := range attrs {
		w.comma(i)
		name := "@" + a.name
		if w.o.Friendly && !taken[a.name] {
			name = a.name
		}
		w.member(name)
		w.string(a.value)
	}
	for i, g := range groups {
		w.comma(i + len(attrs))
		w.member(g.name)
		array := len(g.nodes) > 1 || g.elements && w.o.ArrayChildren
		if array {
			w.b = append(w.b, '[')
		}
		for j, n := range g.nodes {
			w.comma(j)
			if n.element != nil {
				w.element(n.element)
			} else {
				w.string(n.text)
			}
		}
		if array {
			w.b = append(w.b, ']')
		}
	}
	w.b = append(w.b, '}')
}

// attributes are those to write; null tells of xsi:nil where that counts.
func (w *jsonWriter) attributes(e *element) (out []attribute, null bool) {
	if !w.o.Friendly {
		return e.attrs, false
	}
	for _, a := range e.attrs {
		prefix, local, _ := strings.Cut(a.name, ":")
		switch {
		case prefix == "xmlns":
		case prefix == "xsi" && local == "nil":
			null = a.value == "true" || a.value == "1"
		default:
			out = append(out, attribute{w.name(a.name), a.value})
		}
	}
	return out, null
}

// groups puts children of one name together, in the order of their first.
func (w *jsonWriter) groups(e *element) (out []group, names map[string]bool) {
	at := map[string]int{}
	names = map[string]bool{}
	for _, n := range e.children {
		var name string
		switch {
		case n.element != nil:
			name = w.name(n.element.name)
		case w.o.Friendly:
			name = "value"
		case n.cdata:
			name = "#cdata-section"
		default:
			name = "#text"
		}
		i, ok := at[name]
		if !ok {
			i = len(out)
			at[name], names[name] = i, true
			out = append(out, group{name: name})
		}
		out[i].nodes = append(out[i].nodes, n)
		out[i].elements = out[i].elements || n.element != nil
	}
	return out, names
}

func (w *jsonWriter) comma(i int) {
	if i > 0 {
		w.b = append(w.b, ',')
	}
}

func (w *jsonWriter) member(name string) {
	w.string(name)
	w.b = append(w.b, ':')
}

// string writes a JSON string as Newtonsoft.Json does: only what must be is escaped.
func (w *jsonWriter) string(s string) {
	const hex = "0123456789abcdef"
	w.b = append(w.b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			w.b = append(w.b, '\\', c)
		case c == '\n':
			w.b = append(w.b, `\n`...)
		case c == '\r':
			w.b = append(w.b, `\r`...)
		case c == '\t':
			w.b = append(w.b, `\t`...)
		case c < 0x20:
			w.b = append(w.b, `\u00`...)
			w.b = append(w.b, hex[c>>4], hex[c&15])
		default:
			w.b = append(w.b, c)
		}
	}
	w.b = append(w.b, '"')
}
