package policyxml

import (
	"iter"

	"sekisho/engine/source"
)

// Document is one parsed file. It is immutable after Parse.
type Document struct {
	// View is what was parsed: the file, with named values substituted.
	View source.View
	// Root is the outermost element, <policies>, <fragment> or, in a bare file,
	// any other; nil if there is none.
	Root *Element
}

// Section returns the section of a <policies> document with that name, or nil.
// If it stands there twice, which is an error, it is the first.
func (d *Document) Section(name string) *Element {
	if d.Root == nil || d.Root.Name != "policies" {
		return nil
	}
	for e := range d.Root.Elements() {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// Values walks all attribute values and element contents in document order.
// Elements with children have no content of their own and do not appear.
func (d *Document) Values() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if d.Root != nil {
			d.Root.walk(yield)
		}
	}
}

// Expressions counts the values that are expressions.
func (d *Document) Expressions() int {
	n := 0
	for v := range d.Values() {
		if v.IsExpression() {
			n++
		}
	}
	return n
}

// Node is *Element, *Text or *Comment.
type Node interface{ node() }

// Element is one occurrence of an element in a Document.
type Element struct {
	Name      string
	NameRange source.Range
	// Range is the start tag, from < to >; Full reaches to the end of the end tag.
	Range, Full source.Range
	Attrs       []Attr
	Children    []Node
	Parent      *Element
	// Inner is everything between the tags as it stands in the file (after
	// substitution of named values), nothing decoded.
	Inner source.View
	// Content is the text of an element without child elements as a value:
	// comments left out, CDATA opened, entities decoded. It is the zero Value
	// where there are child elements, except in a body: <set-body>, <script> and
	// <xsl-transform> hold text of their own, which is never parsed as elements;
	// if markup stands in it, Content is Inner without the blanks at its ends.
	Content Value

	innerAt, innerTo int // Inner, as offsets of the Document's View
}

// Text is text in an element, CDATA opened and entities decoded.
type Text struct{ View source.View }

// Comment is the inside of <!-- -->.
type Comment struct {
	View source.View

	at, to int
}

func (*Element) node() {}
func (*Text) node()    {}
func (*Comment) node() {}

// Attr is one attribute of an element.
type Attr struct {
	Name      string
	NameRange source.Range
	Value     Value
}

// Attr returns the attribute with that name, or nil. If it stands there twice,
// which is an error, it is the first.
func (e *Element) Attr(name string) *Attr {
	for i := range e.Attrs {
		if e.Attrs[i].Name == name {
			return &e.Attrs[i]
		}
	}
	return nil
}

// Elements walks the child elements.
func (e *Element) Elements() iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		for _, n := range e.Children {
			if c, ok := n.(*Element); ok && !yield(c) {
				return
			}
		}
	}
}

// HasElements tells whether there is any child element.
func (e *Element) HasElements() bool {
	for range e.Elements() {
		return true
	}
	return false
}

// walk yields all values of the subtree; it is false when yield asked to stop.
// The depth of a Document is bounded, so the recursion is.
func (e *Element) walk(yield func(Value) bool) bool {
	for i := range e.Attrs {
		if !yield(e.Attrs[i].Value) {
			return false
		}
	}
	children := false
	for c := range e.Elements() {
		children = true
		if !c.walk(yield) {
			return false
		}
	}
	return children || e.Content.View.Text == nil || yield(e.Content)
}

func isBody(name string) bool {
	return name == "set-body" || name == "script" || name == "xsl-transform"
}
