package xlinq

import (
	"sekisho/engine/dotnet/clr"

	"github.com/antchfx/xpath"
)

// XPathException is the full name of the exception for a bad expression.
const XPathException = "System.Xml.XPath.XPathException"

const maxXPath = 10_000 // bytes

// Object is what an XPath selects: a Node or an *Attribute.
type Object interface{ NodeType() NodeType }

// SelectNodes are the nodes and attributes that an XPath 1.0 expression selects
// from n, in document order. namespaces are the prefixes it may use, or nil.
func SelectNodes(n Node, expr string, namespaces map[string]string) []Object {
	bad := func() {
		clr.Throw(XPathException, "%s", "'"+expr+"' has an invalid token.")
	}
	if len(expr) > maxXPath {
		bad()
	}
	var (
		out []Object
		ok  bool
	)
	func() {
		// The library reports some mistakes by panics of its own.
		defer func() {
			if r := recover(); r != nil {
				ok = false
			}
		}()
		e, err := xpath.CompileWithNS(expr, namespaces)
		if err != nil {
			return
		}
		for it := e.Select(newCursor(n)); it.MoveNext(); {
			out = append(out, it.Current().(*cursor).object())
		}
		ok = true
	}()
	if !ok {
		bad()
	}
	return out
}

// cursor is a position in a tree, as the XPath library wants it. The node that
// an expression starts from has its tree's root as its root.
type cursor struct {
	node      Node
	attribute int // index in the element's attributes, -1 for the node itself
}

func newCursor(n Node) *cursor { return &cursor{node: n, attribute: -1} }

func (c *cursor) object() Object {
	if c.attribute >= 0 {
		return c.node.(*Element).attributes[c.attribute]
	}
	return c.node
}

func (c *cursor) NodeType() xpath.NodeType {
	if c.attribute >= 0 {
		return xpath.AttributeNode
	}
	switch c.node.(type) {
	case *Document:
		return xpath.RootNode
	case *Element:
		return xpath.ElementNode
	case *Text:
		return xpath.TextNode
	}
	return xpath.CommentNode
}

func (c *cursor) name() Name {
	if c.attribute >= 0 {
		return c.node.(*Element).attributes[c.attribute].name
	}
	if e, ok := c.node.(*Element); ok {
		return e.Name
	}
	return Name{}
}

func (c *cursor) LocalName() string { return c.name().Local }

// Prefix is not empty for a name in a default namespace: a name test without a
// prefix must not match it.
func (c *cursor) Prefix() string {
	n := c.name()
	if n.Space == "" {
		return ""
	}
	if p := c.node.(*Element).PrefixOf(n.Namespace()); p != "" {
		return p
	}
	return "xmlns"
}

func (c *cursor) NamespaceURL() string { return c.name().Space }

func (c *cursor) Value() string { return ValueOf(c.object()) }

func (c *cursor) Copy() xpath.NodeNavigator { d := *c; return &d }

func (c *cursor) MoveToRoot() {
	c.attribute = -1
	for c.node.Container() != nil {
		c.node = c.node.Container()
	}
}

func (c *cursor) MoveToParent() bool {
	if c.attribute >= 0 {
		c.attribute = -1
		return true
	}
	if p := c.node.Container(); p != nil {
		c.node = p
		return true
	}
	return false
}

func (c *cursor) MoveToNextAttribute() bool {
	e, ok := c.node.(*Element)
	if !ok {
		return false
	}
	for i := c.attribute + 1; i < len(e.attributes); i++ {
		if !e.attributes[i].IsNamespace() {
			c.attribute = i
			return true
		}
	}
	return false
}

func (c *cursor) MoveToChild() bool {
	p, ok := c.node.(Container)
	if !ok || c.attribute >= 0 || len(p.content().nodes) == 0 {
		return false
	}
	c.node = p.content().nodes[0]
	return true
}

func (c *cursor) move(to func(i, n int) int) bool {
	if c.attribute >= 0 || c.node.Container() == nil {
		return false
	}
	nodes := c.node.Container().content().nodes
	i := to(position(c.node), len(nodes))
	if i < 0 || i >= len(nodes) {
		return false
	}
	c.node = nodes[i]
	return true
}

func (c *cursor) MoveToFirst() bool    { return c.move(func(_, _ int) int { return 0 }) }
func (c *cursor) MoveToNext() bool     { return c.move(func(i, _ int) int { return i + 1 }) }
func (c *cursor) MoveToPrevious() bool { return c.move(func(i, _ int) int { return i - 1 }) }

func (c *cursor) MoveTo(o xpath.NodeNavigator) bool {
	*c = *o.(*cursor)
	return true
}
