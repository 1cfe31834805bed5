package xlinq

import (
	"slices"
	"strings"

	"sekisho/engine/dotnet/clr"
)

// NodeType is the value of .NET's enum XmlNodeType.
type NodeType int32

const (
	NoneNode      NodeType = 0
	ElementNode   NodeType = 1
	AttributeNode NodeType = 2
	TextNode      NodeType = 3
	CDataNode     NodeType = 4
	PINode        NodeType = 7
	CommentNode   NodeType = 8
	DocumentNode  NodeType = 9
	DocTypeNode   NodeType = 10
	EndNode       NodeType = 15
	XmlDeclNode   NodeType = 17
)

var nodeTypeNames = map[NodeType]string{0: "None", 1: "Element", 2: "Attribute", 3: "Text", 4: "CDATA", 5: "EntityReference",
	6: "Entity", 7: "ProcessingInstruction", 8: "Comment", 9: "Document", 10: "DocumentType", 11: "DocumentFragment",
	12: "Notation", 13: "Whitespace", 14: "SignificantWhitespace", 15: "EndElement", 16: "EndEntity", 17: "XmlDeclaration"}

func (t NodeType) String() string { return nodeTypeNames[t] }

// Node is an XNode: *Element, *Document, *Text, *Comment, *PI or *DocType.
type Node interface {
	NodeType() NodeType
	// Parent is the container of the node, a *Document or an *Element, or nil.
	Container() Container
	// String is ToString(): indented XML.
	String() string

	setContainer(Container)
	base() *leaf
	clone() Node
}

// Container is an XContainer: *Element or *Document.
type Container interface {
	Node
	content() *content
	// admit throws if n may not stand in the container.
	admit(n Node)
}

type leaf struct {
	in     Container
	at     int // where it was put: see position
	height int // of the tree below, at least
}

// maxHeight bounds trees that expressions build: what walks over them recurses.
const maxHeight = 5000

func (l *leaf) Container() Container { return l.in }
func (l *leaf) base() *leaf          { return l }

// setContainer also passes the height on to the containers above. It throws
// before anything changes if the tree becomes too high.
func (l *leaf) setContainer(in Container) {
	h := l.height
	for c := in; c != nil; c = c.Container() {
		h++
		b := c.base()
		if b.height >= h {
			break
		}
		if h > maxHeight {
			clr.Throw("System.InsufficientExecutionStackException", "Insufficient stack to continue executing the program safely. This can happen from having too many functions on the call stack or function on the stack using too much stack space.")
		}
		b.height = h
	}
	l.in = in
}

// Text is an XText, or with CData an XCData.
type Text struct {
	leaf
	Value string
	CData bool
}

func (t *Text) NodeType() NodeType {
	if t.CData {
		return CDataNode
	}
	return TextNode
}
func (t *Text) String() string { return Format(t, 0) }
func (t *Text) clone() Node    { return &Text{Value: t.Value, CData: t.CData} }

// Comment is an XComment.
type Comment struct {
	leaf
	Value string
}

func (c *Comment) NodeType() NodeType { return CommentNode }
func (c *Comment) String() string     { return Format(c, 0) }
func (c *Comment) clone() Node        { return &Comment{Value: c.Value} }

// PI is an XProcessingInstruction.
type PI struct {
	leaf
	Target, Data string
}

func (p *PI) NodeType() NodeType { return PINode }
func (p *PI) String() string     { return Format(p, 0) }
func (p *PI) clone() Node        { return &PI{Target: p.Target, Data: p.Data} }

// DocType is an XDocumentType. Absent ids are empty.
type DocType struct {
	leaf
	Name, PublicID, SystemID, Subset string
}

func (d *DocType) NodeType() NodeType { return DocTypeNode }
func (d *DocType) String() string     { return Format(d, 0) }
func (d *DocType) clone() Node {
	return &DocType{Name: d.Name, PublicID: d.PublicID, SystemID: d.SystemID, Subset: d.Subset}
}

// Attribute is an XAttribute.
type Attribute struct {
	name  Name
	Value string
	of    *Element
}

// NewAttribute is new XAttribute(name, value).
func NewAttribute(name Name, value any) *Attribute {
	if value == nil {
		clr.ThrowNull("value")
	}
	return &Attribute{name: name, Value: TextOf(value)}
}

func (a *Attribute) Name() Name         { return a.name }
func (a *Attribute) NodeType() NodeType { return AttributeNode }
func (a *Attribute) Parent() *Element   { return a.of }

// IsNamespace is IsNamespaceDeclaration.
func (a *Attribute) IsNamespace() bool {
	return a.name.Space == xmlnsNS || a.name.Space == "" && a.name.Local == "xmlns"
}

// String is XAttribute.ToString(): name="value".
func (a *Attribute) String() string {
	name := a.name.Local
	if a.name.Space != "" {
		prefix := ""
		switch {
		case a.name.Space == xmlnsNS:
			prefix = "xmlns"
		case a.name.Space == xmlNS:
			prefix = "xml"
		case a.of != nil:
			prefix = a.of.PrefixOf(a.name.Namespace())
		}
		if prefix != "" {
			name = prefix + ":" + name
		} else {
			return "p1:" + name + `="` + escapeAttribute(a.Value) + `" xmlns:p1="` + escapeAttribute(a.name.Space) + `"`
		}
	}
	return name + `="` + escapeAttribute(a.Value) + `"`
}

// SetValue is XAttribute.SetValue.
func (a *Attribute) SetValue(v any) {
	if v == nil {
		clr.ThrowNull("value")
	}
	a.Value = TextOf(v)
}

// Remove is XAttribute.Remove().
func (a *Attribute) Remove() {
	if a.of == nil {
		clr.Throw(clr.InvalidOperationException, missingParent)
	}
	i := slices.Index(a.of.attributes, a)
	a.of.attributes = slices.Delete(a.of.attributes, i, i+1)
	a.of = nil
}

// NextAttribute and PreviousAttribute are the neighbours, or nil.
func (a *Attribute) NextAttribute() *Attribute     { return a.neighbour(1) }
func (a *Attribute) PreviousAttribute() *Attribute { return a.neighbour(-1) }

func (a *Attribute) neighbour(d int) *Attribute {
	if a.of == nil {
		return nil
	}
	i := slices.Index(a.of.attributes, a) + d
	if i < 0 || i >= len(a.of.attributes) {
		return nil
	}
	return a.of.attributes[i]
}

const missingParent = "The parent is missing."

// Parent is XObject.Parent: the element that holds the node, or nil.
func Parent(n Node) *Element {
	e, _ := n.Container().(*Element)
	return e
}

// DocumentOf is XObject.Document.
func DocumentOf(n Node) *Document {
	for n.Container() != nil {
		n = n.Container()
	}
	d, _ := n.(*Document)
	return d
}

func needContainer(n Node) Container {
	c := n.Container()
	if c == nil {
		clr.Throw(clr.InvalidOperationException, missingParent)
	}
	return c
}

// position is the index of a node in its container. The search begins where the
// node was put, moved by what was removed from the front: loops that walk over
// siblings or remove them find each at once.
func position(n Node) int {
	c := n.Container().content()
	guess := min(max(n.base().at-c.shift, 0), len(c.nodes)-1)
	for d := 0; ; d++ {
		if i := guess - d; i >= 0 && c.nodes[i] == n {
			return i
		}
		if i := guess + d; i < len(c.nodes) && c.nodes[i] == n {
			return i
		}
	}
}

// NextNode and PreviousNode are the siblings of a node, or nil.
func NextNode(n Node) Node     { return siblingNode(n, 1) }
func PreviousNode(n Node) Node { return siblingNode(n, -1) }

func siblingNode(n Node, d int) Node {
	if n.Container() == nil {
		return nil
	}
	nodes := n.Container().content().nodes
	i := position(n) + d
	if i < 0 || i >= len(nodes) {
		return nil
	}
	return nodes[i]
}

// NodesAfter and NodesBefore are NodesAfterSelf and NodesBeforeSelf.
func NodesAfter(n Node) []Node {
	if n.Container() == nil {
		return nil
	}
	return slices.Clone(n.Container().content().nodes[position(n)+1:])
}

func NodesBefore(n Node) []Node {
	if n.Container() == nil {
		return nil
	}
	return slices.Clone(n.Container().content().nodes[:position(n)])
}

// ElementsOf are the elements among nodes, with that name if it is not nil.
func ElementsOf(nodes []Node, name *Name) []*Element {
	var out []*Element
	for _, n := range nodes {
		if e, ok := n.(*Element); ok && (name == nil || e.Name == *name) {
			out = append(out, e)
		}
	}
	return out
}

// Ancestors is XNode.Ancestors(name), from the nearest.
func Ancestors(n Node, name *Name) []*Element {
	var out []*Element
	for e := Parent(n); e != nil; e = Parent(e) {
		if name == nil || e.Name == *name {
			out = append(out, e)
		}
	}
	return out
}

// Remove is XNode.Remove().
func Remove(n Node) {
	c := needContainer(n).content()
	if i := position(n); i == 0 {
		c.nodes[0] = nil
		c.nodes = c.nodes[1:]
		c.shift++
	} else {
		c.nodes = slices.Delete(c.nodes, i, i+1)
	}
	c.open = len(c.nodes) > 0
	n.setContainer(nil)
}

// ReplaceWith is XNode.ReplaceWith(content).
func ReplaceWith(n Node, with any) {
	c := needContainer(n)
	at := position(n)
	Remove(n)
	insert(c, at, with)
}

// AddAfterSelf and AddBeforeSelf are XNode's.
func AddAfterSelf(n Node, what any)  { insert(needContainer(n), position(n)+1, what) }
func AddBeforeSelf(n Node, what any) { insert(needContainer(n), position(n), what) }

// DeepEquals is XNode.DeepEquals: also <a/> and <a></a> differ.
func DeepEquals(a, b Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	switch a := a.(type) {
	case *Text:
		b, ok := b.(*Text)
		return ok && a.CData == b.CData && a.Value == b.Value
	case *Comment:
		b, ok := b.(*Comment)
		return ok && a.Value == b.Value
	case *PI:
		b, ok := b.(*PI)
		return ok && a.Target == b.Target && a.Data == b.Data
	case *DocType:
		b, ok := b.(*DocType)
		return ok && a.Name == b.Name && a.PublicID == b.PublicID && a.SystemID == b.SystemID && a.Subset == b.Subset
	case *Document:
		b, ok := b.(*Document)
		return ok && equalContent(&a.children, &b.children)
	case *Element:
		b, ok := b.(*Element)
		if !ok || a.Name != b.Name || len(a.attributes) != len(b.attributes) || !equalContent(&a.children, &b.children) {
			return false
		}
		for i, x := range a.attributes {
			if y := b.attributes[i]; x.name != y.name || x.Value != y.Value {
				return false
			}
		}
		return true
	}
	return false
}

func equalContent(a, b *content) bool {
	return a.open == b.open && slices.EqualFunc(joined(a.nodes), joined(b.nodes), DeepEquals)
}

// joined is nodes with neighbouring texts as one.
func joined(nodes []Node) []Node {
	plain := func(n Node) (*Text, bool) { t, ok := n.(*Text); return t, ok && !t.CData }
	var out []Node
	for _, n := range nodes {
		if t, ok := plain(n); ok && len(out) > 0 {
			if last, ok := plain(out[len(out)-1]); ok {
				out[len(out)-1] = &Text{Value: last.Value + t.Value}
				continue
			}
		}
		out = append(out, n)
	}
	return out
}

// CompareOrder is XNode.CompareDocumentOrder of two nodes of a tree.
func CompareOrder(a, b Node) int32 {
	if a == b {
		return 0
	}
	path := func(n Node) (p []int, root Node) {
		for ; n.Container() != nil; n = n.Container() {
			p = append(p, position(n))
		}
		slices.Reverse(p)
		return p, n
	}
	pa, ra := path(a)
	pb, rb := path(b)
	if ra != rb {
		clr.Throw(clr.InvalidOperationException, "A common ancestor is missing.")
	}
	return int32(slices.Compare(pa, pb))
}

func isSpace(s string) bool { return strings.Trim(s, " \t\r\n") == "" }
