package xlinq

import (
	"slices"
	"strings"

	"sekisho/engine/dotnet/clr"
)

// content is what a container holds.
type content struct {
	nodes []Node
	// open says that the element is written with an end tag even without nodes:
	// its content is the empty string, not null.
	open bool
	// shift is how many nodes were removed from the front.
	shift int
}

// put inserts a node before the one numbered at.
func (c *content) put(at int, n Node, in Container) {
	n.setContainer(in)
	n.base().at = at + c.shift
	if at == len(c.nodes) {
		c.nodes = append(c.nodes, n)
	} else {
		c.nodes = slices.Insert(c.nodes, at, n)
	}
}

// Element is an XElement.
type Element struct {
	leaf
	Name       Name
	attributes []*Attribute
	children   content
}

// Items is a collection of contents.
type Items interface {
	JSONItems(f func(value any) bool)
}

// NewElement is new XElement(name, content…).
func NewElement(name Name, what ...any) *Element {
	e := &Element{Name: name}
	for _, w := range what {
		insert(e, len(e.children.nodes), w)
	}
	return e
}

// CloneElement is new XElement(other).
func CloneElement(e *Element) *Element { return e.clone().(*Element) }

func (e *Element) NodeType() NodeType { return ElementNode }
func (e *Element) String() string     { return Format(e, 0) }
func (e *Element) content() *content  { return &e.children }

func (e *Element) clone() Node {
	c := &Element{Name: e.Name}
	c.children.open = e.children.open
	for _, a := range e.attributes {
		c.attributes = append(c.attributes, &Attribute{name: a.name, Value: a.Value, of: c})
	}
	cloneNodes(c, e.children.nodes)
	return c
}

func cloneNodes(to Container, nodes []Node) {
	c := to.content()
	for _, n := range nodes {
		c.put(len(c.nodes), n.clone(), to)
	}
}

func (e *Element) admit(n Node) {
	switch n.(type) {
	case *Document, *DocType:
		clr.ThrowArgument("A node of type "+n.NodeType().String()+" cannot be added to content.", "")
	}
}

// Document is an XDocument.
type Document struct {
	leaf
	Declaration *Declaration
	children    content
}

// NewDocument is new XDocument(content…).
func NewDocument(what ...any) *Document {
	d := &Document{}
	for _, w := range what {
		if decl, ok := w.(*Declaration); ok {
			d.Declaration = decl
			continue
		}
		insert(d, len(d.children.nodes), w)
	}
	return d
}

func (d *Document) NodeType() NodeType { return DocumentNode }
func (d *Document) String() string     { return Format(d, 0) }
func (d *Document) content() *content  { return &d.children }

func (d *Document) clone() Node {
	c := &Document{Declaration: d.Declaration}
	cloneNodes(c, d.children.nodes)
	return c
}

func (d *Document) admit(n Node) {
	switch n := n.(type) {
	case *Document:
		clr.ThrowArgument("A node of type Document cannot be added to content.", "")
	case *Text:
		if n.CData {
			clr.ThrowArgument("A node of type CDATA cannot be added to content.", "")
		}
		if !isSpace(n.Value) {
			clr.ThrowArgument("Non-whitespace characters cannot be added to content.", "")
		}
	case *Element:
		if d.Root() != nil {
			clr.Throw(clr.InvalidOperationException, "This operation would create an incorrectly structured document.")
		}
	}
}

// Root is XDocument.Root, or nil.
func (d *Document) Root() *Element {
	for _, n := range d.children.nodes {
		if e, ok := n.(*Element); ok {
			return e
		}
	}
	return nil
}

// DocumentType is XDocument.DocumentType, or nil.
func (d *Document) DocumentType() *DocType {
	for _, n := range d.children.nodes {
		if t, ok := n.(*DocType); ok {
			return t
		}
	}
	return nil
}

// Declaration is an XDeclaration. Absent parts are empty.
type Declaration struct{ Version, Encoding, Standalone string }

func (d *Declaration) String() string {
	var b strings.Builder
	b.WriteString("<?xml")
	for _, p := range [...][2]string{{"version", d.Version}, {"encoding", d.Encoding}, {"standalone", d.Standalone}} {
		if p[1] != "" {
			b.WriteString(" " + p[0] + `="` + p[1] + `"`)
		}
	}
	return b.String() + "?>"
}

// Add and AddFirst are XContainer's.
func Add(c Container, what any)      { insert(c, len(c.content().nodes), what) }
func AddFirst(c Container, what any) { insert(c, 0, what) }

// insert puts content before the node numbered at: nodes, attributes, collections
// of them, and texts of anything else.
func insert(c Container, at int, what any) {
	inner := c.content()
	switch w := what.(type) {
	case nil:
	case *Attribute:
		e, ok := c.(*Element)
		if !ok {
			clr.ThrowArgument("An attribute cannot be added to content.", "")
		}
		e.addAttribute(w)
	case Node:
		if t, ok := w.(*Text); ok && w.Container() == nil && !t.CData && t.Value == "" && len(inner.nodes) == 0 {
			inner.open = true
		}
		if w.Container() != nil || isWithin(c, w) {
			w = w.clone()
		}
		c.admit(w)
		inner.put(at, w, c)
		inner.open = true
	case []any:
		for _, x := range w {
			before := len(inner.nodes)
			insert(c, at, x)
			at += len(inner.nodes) - before
		}
	case Items:
		w.JSONItems(func(x any) bool {
			before := len(inner.nodes)
			insert(c, at, x)
			at += len(inner.nodes) - before
			return true
		})
	default:
		insertText(c, at, TextOf(what))
	}
}

func insertText(c Container, at int, s string) {
	inner := c.content()
	if _, ok := c.(*Element); ok {
		inner.open = true
	}
	if s == "" {
		return
	}
	if at > 0 {
		if t, ok := inner.nodes[at-1].(*Text); ok && !t.CData {
			t.Value = clr.Concat(t.Value, s)
			return
		}
	}
	t := &Text{Value: s}
	c.admit(t)
	inner.put(at, t, c)
}

// isWithin reports whether c stands in n, or is it.
func isWithin(c Container, n Node) bool {
	for x := Node(c); x != nil; {
		if x == n {
			return true
		}
		if x.Container() == nil {
			return false
		}
		x = x.Container()
	}
	return false
}

func (e *Element) addAttribute(a *Attribute) {
	if a.of != nil {
		a = &Attribute{name: a.name, Value: a.Value}
	}
	if e.Attribute(a.name) != nil {
		clr.Throw(clr.InvalidOperationException, "Duplicate attribute.")
	}
	a.of = e
	e.attributes = append(e.attributes, a)
}

// Attributes is XElement.Attributes().
func (e *Element) Attributes() []*Attribute { return slices.Clone(e.attributes) }

// Attribute is XElement.Attribute(name), or nil.
func (e *Element) Attribute(name Name) *Attribute {
	for _, a := range e.attributes {
		if a.name == name {
			return a
		}
	}
	return nil
}

// SetAttributeValue is XElement.SetAttributeValue: nil removes the attribute.
func (e *Element) SetAttributeValue(name Name, v any) {
	a := e.Attribute(name)
	switch {
	case v == nil && a != nil:
		a.Remove()
	case v == nil:
	case a != nil:
		a.SetValue(v)
	default:
		e.addAttribute(NewAttribute(name, v))
	}
}

// SetElementValue is XElement.SetElementValue: nil removes the element.
func (e *Element) SetElementValue(name Name, v any) {
	c := ChildElement(e, name)
	switch {
	case v == nil && c != nil:
		Remove(c)
	case v == nil:
	case c != nil:
		c.SetValue(v)
	default:
		Add(e, NewElement(name, TextOf(v)))
	}
}

// SetValue is XElement.SetValue, and element.Value = text.
func (e *Element) SetValue(v any) {
	if v == nil {
		clr.ThrowNull("value")
	}
	RemoveNodes(e)
	Add(e, TextOf(v))
}

// Value is XElement.Value: all text in it.
func (e *Element) Value() string {
	var b strings.Builder
	walk(e, func(n Node) {
		if t, ok := n.(*Text); ok {
			b.WriteString(t.Value)
		}
	})
	return b.String()
}

func (e *Element) IsEmpty() bool       { return !e.children.open }
func (e *Element) HasAttributes() bool { return len(e.attributes) > 0 }
func (e *Element) HasElements() bool   { return ChildNamed(e, nil) != nil }

// RemoveAttributes is XElement.RemoveAttributes.
func (e *Element) RemoveAttributes() {
	for _, a := range e.attributes {
		a.of = nil
	}
	e.attributes = nil
}

// RemoveAll is XElement.RemoveAll.
func (e *Element) RemoveAll() {
	e.RemoveAttributes()
	RemoveNodes(e)
}

// ReplaceAll is XElement.ReplaceAll(content).
func (e *Element) ReplaceAll(what any) {
	e.RemoveAll()
	Add(e, what)
}

// RemoveNodes is XContainer.RemoveNodes.
func RemoveNodes(c Container) {
	inner := c.content()
	for _, n := range inner.nodes {
		n.setContainer(nil)
	}
	*inner = content{}
}

// ReplaceNodes is XContainer.ReplaceNodes(content).
func ReplaceNodes(c Container, what any) {
	RemoveNodes(c)
	Add(c, what)
}

// Nodes is XContainer.Nodes().
func Nodes(c Container) []Node { return slices.Clone(c.content().nodes) }

// FirstNode and LastNode are XContainer's, or nil.
func FirstNode(c Container) Node {
	if n := c.content().nodes; len(n) > 0 {
		return n[0]
	}
	return nil
}

func LastNode(c Container) Node {
	if n := c.content().nodes; len(n) > 0 {
		return n[len(n)-1]
	}
	return nil
}

// ChildElement is XContainer.Element(name), or nil.
func ChildElement(c Container, name Name) *Element { return ChildNamed(c, &name) }

// ChildNamed is the first element with that name, or any if it is nil.
func ChildNamed(c Container, name *Name) *Element {
	for _, n := range c.content().nodes {
		if e, ok := n.(*Element); ok && (name == nil || e.Name == *name) {
			return e
		}
	}
	return nil
}

// Elements is XContainer.Elements(name); a nil name means all.
func Elements(c Container, name *Name) []*Element { return ElementsOf(c.content().nodes, name) }

// Descendants is XContainer.Descendants(name); a nil name means all.
func Descendants(c Container, name *Name) []*Element {
	var out []*Element
	walk(c, func(n Node) {
		if e, ok := n.(*Element); ok && Node(c) != n && (name == nil || e.Name == *name) {
			out = append(out, e)
		}
	})
	return out
}

// DescendantNodes is XContainer.DescendantNodes().
func DescendantNodes(c Container) []Node {
	var out []Node
	walk(c, func(n Node) { out = append(out, n) })
	return out[1:]
}

// walk visits n and all in it in document order, without recursion.
func walk(n Node, visit func(Node)) {
	stack := []Node{n}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		visit(n)
		if c, ok := n.(Container); ok {
			nodes := c.content().nodes
			for i := len(nodes) - 1; i >= 0; i-- {
				stack = append(stack, nodes[i])
			}
		}
	}
}

// PrefixOf is GetPrefixOfNamespace: "" where there is none but the default.
func (e *Element) PrefixOf(ns Namespace) string {
	switch ns.URI {
	case xmlNS:
		return "xml"
	case xmlnsNS:
		return "xmlns"
	}
	shadowed := map[string]bool{}
	for x := e; x != nil; x = Parent(x) {
		for _, a := range x.attributes {
			if a.name.Space != xmlnsNS || shadowed[a.name.Local] {
				continue
			}
			if a.Value == ns.URI {
				return a.name.Local
			}
			shadowed[a.name.Local] = true
		}
	}
	return ""
}

// NamespaceOf is GetNamespaceOfPrefix; it is not ok where there is none.
func (e *Element) NamespaceOf(prefix string) (Namespace, bool) {
	switch prefix {
	case "xml":
		return XmlNamespace, true
	case "xmlns":
		return XmlnsNamespace, true
	}
	for x := e; x != nil; x = Parent(x) {
		for _, a := range x.attributes {
			if a.name.Space == xmlnsNS && a.name.Local == prefix {
				return Namespace{a.Value}, true
			}
		}
	}
	return Namespace{}, false
}

// DefaultNamespace is GetDefaultNamespace.
func (e *Element) DefaultNamespace() Namespace {
	for x := e; x != nil; x = Parent(x) {
		if a := x.Attribute(Name{Local: "xmlns"}); a != nil {
			return Namespace{a.Value}
		}
	}
	return Namespace{}
}
