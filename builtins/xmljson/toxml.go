package xmljson

import (
	"encoding/json"
	"fmt"
	"strings"

	"sekisho/engine/dotnet/clr"
)

// XMLOptions say how JSON becomes XML.
type XMLOptions struct {
	// Separator stands between the prefix and the local name of a member; it is seen
	// as such only where the prefix is declared. "" means "_".
	Separator string
	// NamespacePrefix, if not "", is how the names of members begin that declare a
	// namespace: "xmlns" makes of "xmlns_a" a declaration of the prefix a, and of
	// "xmlns" that of the default namespace.
	NamespacePrefix string
	// AttributeBlock, if not "", names the member whose members are the attributes of
	// the element that it stands in. Without it members "@name" are attributes.
	AttributeBlock string
	// KeepDates leaves strings that look like dates as they are.
	KeepDates bool
}

// ToXML turns JSON into an XML document without a declaration or indentation.
func ToXML(data []byte, o XMLOptions) ([]byte, error) {
	v, err := parseJSON(data)
	if err != nil {
		return nil, err
	}
	if o.Separator == "" {
		o.Separator = "_"
	}
	b := &xmlBuilder{o: o}
	root := &element{}
	if err := b.root(root, v); err != nil {
		return nil, err
	}
	return appendElement(nil, root)
}

type xmlBuilder struct {
	o        XMLOptions
	declared int // namespaces, in all
}

// maxNamespaces bounds the declarations of one document.
const maxNamespaces = 256

// scope holds the prefixes that are declared at a place, innermost first.
type scope struct {
	prefix string
	outer  *scope
}

func (s *scope) has(prefix string) bool {
	for ; s != nil; s = s.outer {
		if s.prefix == prefix {
			return true
		}
	}
	return prefix == "xml"
}

func (b *xmlBuilder) root(e *element, v any) error {
	switch v := v.(type) {
	case *object:
		if len(v.members) == 1 {
			if _, isArray := v.members[0].value.([]any); !isArray {
				return b.fill(e, v.members[0].name, v.members[0].value, nil)
			}
		}
	case []any:
		return b.fill(e, "Document", &object{[]member{{"item", v}}}, nil)
	}
	return b.fill(e, "Document", v, nil)
}

// fill makes the element of a member. The depth is bounded by parseJSON.
func (b *xmlBuilder) fill(e *element, name string, v any, in *scope) error {
	if o, ok := v.(*object); ok {
		var content []member
		in, content = b.attributes(e, o, in)
		if b.declared > maxNamespaces {
			return fmt.Errorf("it declares more than %d namespaces", maxNamespaces)
		}
		e.name = b.name(name, in)
		for _, m := range content {
			if err := b.content(e, m, in); err != nil {
				return err
			}
		}
		return nil
	}
	e.name = b.name(name, in)
	if list, ok := v.([]any); ok { // an array in an array
		return b.content(e, member{name, list}, in)
	}
	if v == nil {
		return nil
	}
	e.children = append(e.children, node{text: b.text(v)})
	return nil
}

// content adds what a member says to an element.
func (b *xmlBuilder) content(e *element, m member, in *scope) error {
	if m.name == "#text" || m.name == "#cdata-section" {
		values, ok := m.value.([]any)
		if !ok {
			values = []any{m.value}
		}
		for _, v := range values {
			switch v.(type) {
			case *object, []any:
				return fmt.Errorf("%q holds no text", m.name)
			case nil:
			default:
				e.children = append(e.children, node{text: b.text(v), cdata: m.name != "#text"})
			}
		}
		return nil
	}
	values, ok := m.value.([]any)
	if !ok {
		values = []any{m.value}
	}
	for _, v := range values {
		child := &element{}
		if err := b.fill(child, m.name, v, in); err != nil {
			return err
		}
		e.children = append(e.children, node{element: child})
	}
	return nil
}

// attributes takes the declarations and attributes out of an object; what is left is
// its content. Declarations come first, for names of attributes use them.
func (b *xmlBuilder) attributes(e *element, o *object, in *scope) (*scope, []member) {
	var attrs, content []member
	for _, m := range o.members {
		block, isObject := m.value.(*object)
		switch {
		case b.o.AttributeBlock != "" && m.name == b.o.AttributeBlock && isObject:
			for _, a := range block.members {
				if prefix, ok := b.declares(a); ok {
					in = b.declare(e, in, prefix, a.value)
				} else if isScalar(a.value) {
					attrs = append(attrs, a)
				}
			}
		case b.o.AttributeBlock == "" && len(m.name) > 1 && m.name[0] == '@' && isScalar(m.value):
			a := member{m.name[1:], m.value}
			if prefix, ok := strings.CutPrefix(a.name, "xmlns"); ok && (prefix == "" || prefix[0] == ':') {
				in = b.declare(e, in, strings.TrimPrefix(prefix, ":"), a.value)
			} else {
				attrs = append(attrs, a)
			}
		default:
			if prefix, ok := b.declares(m); ok {
				in = b.declare(e, in, prefix, m.value)
			} else {
				content = append(content, m)
			}
		}
	}
	for _, a := range attrs {
		e.setAttribute(b.name(a.name, in), b.text(a.value))
	}
	return in, content
}

func isScalar(v any) bool {
	switch v.(type) {
	case *object, []any:
		return false
	}
	return true
}

// declares tells whether a member declares a namespace, and its prefix.
func (b *xmlBuilder) declares(m member) (prefix string, ok bool) {
	if _, isString := m.value.(string); !isString || b.o.NamespacePrefix == "" {
		return "", false
	}
	rest, ok := strings.CutPrefix(m.name, b.o.NamespacePrefix)
	if !ok || rest == "" {
		return "", ok
	}
	return strings.CutPrefix(rest, b.o.Separator)
}

func (b *xmlBuilder) declare(e *element, in *scope, prefix string, uri any) *scope {
	b.declared++
	name := "xmlns"
	if prefix != "" {
		prefix = encodeName(prefix)
		name += ":" + prefix
		in = &scope{prefix, in}
	}
	s, _ := uri.(string)
	e.setAttribute(name, s)
	return in
}

// setAttribute adds an attribute; one of that name takes the new value.
func (e *element) setAttribute(name, value string) {
	if i, ok := e.index[name]; ok {
		e.attrs[i].value = value
		return
	}
	if e.index == nil {
		e.index = map[string]int{}
	}
	e.index[name] = len(e.attrs)
	e.attrs = append(e.attrs, attribute{name, value})
}

// name is the XML name of a member: with a prefix where that is declared.
func (b *xmlBuilder) name(s string, in *scope) string {
	for _, sep := range []string{b.o.Separator, ":"} {
		if prefix, local, ok := strings.Cut(s, sep); ok && local != "" && in.has(prefix) {
			return prefix + ":" + encodeName(local)
		}
	}
	return encodeName(s)
}

func (b *xmlBuilder) text(v any) string {
	switch v := v.(type) {
	case string:
		if d, ok := Date(v); ok && !b.o.KeepDates {
			return d.Format("yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK")
		}
		return v
	case bool:
		if v {
			return "true"
		}
		return "false"
	case json.Number:
		if f, err := v.Float64(); err == nil && strings.ContainsAny(v.String(), ".eE") {
			return clr.FormatDouble(f, "")
		}
		return v.String()
	}
	return ""
}

// encodeName makes a name that XML allows, as XmlConvert.EncodeLocalName does.
func encodeName(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '_' && isEscape(s[i:]):
			b.WriteString("_x005F_")
		case isNameStart(r), i > 0 && isNameRune(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, "_x%08X_", r)
		default:
			fmt.Fprintf(&b, "_x%04X_", r)
		}
	}
	if b.Len() == 0 {
		return "_"
	}
	return b.String()
}

// isEscape tells whether s begins with _xHHHH_.
func isEscape(s string) bool {
	if len(s) < 7 || s[1] != 'x' || s[6] != '_' {
		return false
	}
	for _, c := range []byte(s[2:6]) {
		if !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return false
		}
	}
	return true
}

// appendElement writes an element as XLinq does without indentation. Its depth is that
// of the JSON it comes from.
func appendElement(b []byte, e *element) ([]byte, error) {
	b = append(append(b, '<'), e.name...)
	var err error
	for _, a := range e.attrs {
		b = append(append(append(b, ' '), a.name...), `="`...)
		if b, err = appendText(b, a.value, true); err != nil {
			return nil, err
		}
		b = append(b, '"')
	}
	if len(e.children) == 0 {
		return append(b, " />"...), nil
	}
	b = append(b, '>')
	for _, n := range e.children {
		switch {
		case n.element != nil:
			b, err = appendElement(b, n.element)
		case n.cdata:
			if err = checkRunes(n.text); err == nil {
				b = append(b, "<![CDATA["...)
				b = append(b, strings.ReplaceAll(n.text, "]]>", "]]]]><![CDATA[>")...)
				b = append(b, "]]>"...)
			}
		default:
			b, err = appendText(b, n.text, false)
		}
		if err != nil {
			return nil, err
		}
	}
	b = append(append(b, "</"...), e.name...)
	return append(b, '>'), nil
}

func checkRunes(s string) error {
	for _, r := range s {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return fmt.Errorf("the character U+%04X cannot stand in XML", r)
		}
	}
	return nil
}

func appendText(b []byte, s string, attribute bool) ([]byte, error) {
	if err := checkRunes(s); err != nil {
		return nil, err
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c == '&':
			b = append(b, "&amp;"...)
		case c == '<':
			b = append(b, "&lt;"...)
		case c == '>':
			b = append(b, "&gt;"...)
		case c == '\r':
			b = append(b, "&#xD;"...)
		case attribute && c == '"':
			b = append(b, "&quot;"...)
		case attribute && c == '\n':
			b = append(b, "&#xA;"...)
		case attribute && c == '\t':
			b = append(b, "&#x9;"...)
		default:
			b = append(b, c)
		}
	}
	return b, nil
}
