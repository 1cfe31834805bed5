package xlinq

import "sekisho/engine/dotnet/clr"

// Reader is what expressions use of XmlReader: it walks a document that was read
// as a whole.
type Reader struct {
	events []event
	at     int // -1 before the first Read
}

type event struct {
	node Node
	end  bool // the end of an element
}

// NewReader is XmlReader.Create. It keeps white space, as XmlReader does.
func NewReader(s string) *Reader {
	r := &Reader{at: -1}
	type step struct {
		n   Node
		end bool
	}
	stack := []step{{n: Parse(s, PreserveWhitespace)}}
	for len(stack) > 0 {
		x := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if _, ok := x.n.(*Document); !ok {
			r.events = append(r.events, event{x.n, x.end})
		}
		if c, ok := x.n.(Container); ok && !x.end {
			if e, ok := c.(*Element); ok && !e.IsEmpty() {
				stack = append(stack, step{e, true})
			}
			nodes := c.content().nodes
			for i := len(nodes) - 1; i >= 0; i-- {
				stack = append(stack, step{n: nodes[i]})
			}
		}
	}
	return r
}

// Read is XmlReader.Read.
func (r *Reader) Read() bool {
	if r.at < len(r.events) {
		r.at++
	}
	return r.at < len(r.events)
}

// EOF is XmlReader.EOF.
func (r *Reader) EOF() bool { return r.at >= len(r.events) }

func (r *Reader) current() (event, bool) {
	if r.at < 0 || r.EOF() {
		return event{}, false
	}
	return r.events[r.at], true
}

// NodeType is XmlReader.NodeType.
func (r *Reader) NodeType() NodeType {
	e, ok := r.current()
	switch {
	case !ok:
		return NoneNode
	case e.end:
		return EndNode
	}
	if t, ok := e.node.(*Text); ok && !t.CData && isSpace(t.Value) {
		return 13 // Whitespace
	}
	return e.node.NodeType()
}

// Name, LocalName, NamespaceURI and Value are XmlReader's.
func (r *Reader) Name() string {
	switch e, _ := r.current(); n := e.node.(type) {
	case *Element:
		return viewOf(n).Name()
	case *PI:
		return n.Target
	}
	return ""
}

func (r *Reader) LocalName() string {
	switch e, _ := r.current(); n := e.node.(type) {
	case *Element:
		return n.Name.Local
	case *PI:
		return n.Target
	}
	return ""
}

func (r *Reader) NamespaceURI() string {
	if e, _ := r.current(); e.node != nil {
		return viewOf(e.node).NamespaceURI()
	}
	return ""
}

func (r *Reader) Value() string {
	e, _ := r.current()
	if _, ok := e.node.(*Element); ok || e.node == nil {
		return ""
	}
	return ValueOf(e.node)
}

// Depth is XmlReader.Depth.
func (r *Reader) Depth() int32 {
	e, ok := r.current()
	if !ok {
		return 0
	}
	return int32(len(Ancestors(e.node, nil)))
}

// GetAttribute is XmlReader.GetAttribute(name).
func (r *Reader) GetAttribute(name string) (string, bool) {
	e, _ := r.current()
	if x, ok := e.node.(*Element); ok && !e.end {
		if a := viewOf(x).Attribute(name); a != nil {
			return a.InnerText(), true
		}
	}
	return "", false
}

// MoveToContent is XmlReader.MoveToContent.
func (r *Reader) MoveToContent() NodeType {
	for {
		if r.at < 0 {
			r.Read()
		}
		switch t := r.NodeType(); t {
		case ElementNode, EndNode, TextNode, CDataNode, NoneNode:
			return t
		}
		r.Read()
	}
}

// ReadFrom is XNode.ReadFrom: the node at the reader, which moves behind it.
func (r *Reader) ReadFrom() Node {
	e, ok := r.current()
	if !ok {
		clr.Throw(clr.InvalidOperationException, "The XmlReader state should be Interactive.")
	}
	if e.end {
		clr.Throw(clr.InvalidOperationException, "The XmlReader should not be on a node of type EndElement.")
	}
	r.skip(e.node)
	return e.node.clone()
}

// skip moves behind the node the reader stands on.
func (r *Reader) skip(n Node) {
	if x, ok := n.(*Element); ok && !x.IsEmpty() {
		for r.at++; r.events[r.at].node != n; r.at++ {
		}
	}
	r.at++
}

// Skip is XmlReader.Skip.
func (r *Reader) Skip() {
	if e, ok := r.current(); ok && !e.end {
		r.skip(e.node)
		return
	}
	r.Read()
}

// ReadOuterXml and ReadInnerXml are XmlReader's.
func (r *Reader) ReadOuterXml() string {
	e, ok := r.current()
	if !ok || e.end {
		return ""
	}
	r.skip(e.node)
	return viewOf(e.node).OuterXml()
}

func (r *Reader) ReadInnerXml() string {
	e, ok := r.current()
	if !ok || e.end {
		return ""
	}
	r.skip(e.node)
	return viewOf(e.node).InnerXml()
}

// ReadElementContent is ReadElementContentAsString.
func (r *Reader) ReadElementContent() string {
	e, ok := r.current()
	x, isElement := e.node.(*Element)
	if !ok || e.end || !isElement {
		clr.Throw(clr.InvalidOperationException, "%s", "The ReadElementContentAsString method is not supported on node type "+r.NodeType().String()+".")
	}
	r.skip(x)
	return x.Value()
}
