package xlinq

import (
	"strings"

	"sekisho/engine/dotnet/clr"
)

// XmlNode is what expressions use of XmlDocument's tree: a view of a node or an
// attribute.
type XmlNode struct{ Object Object }

func viewOf(o Object) *XmlNode { return &XmlNode{o} }

// NewXmlDocument is new XmlDocument().
func NewXmlDocument() *XmlNode { return viewOf(NewDocument()) }

// LoadXml is XmlDocument.LoadXml.
func (x *XmlNode) LoadXml(s string) {
	if _, ok := x.Object.(*Document); !ok {
		clr.Throw(clr.InvalidOperationException, "Only a document can be loaded.")
	}
	x.Object = Parse(s, 0)
}

// ValueOf is the XPath value of a node: its text.
func ValueOf(o Object) string {
	switch o := o.(type) {
	case *Attribute:
		return o.Value
	case *Element:
		return o.Value()
	case *Text:
		return o.Value
	case *Comment:
		return o.Value
	case *PI:
		return o.Data
	case *Document:
		if r := o.Root(); r != nil {
			return r.Value()
		}
	}
	return ""
}

// InnerText is XmlNode.InnerText.
func (x *XmlNode) InnerText() string { return ValueOf(x.Object) }

// Value is XmlNode.Value; elements and documents have none.
func (x *XmlNode) Value() (string, bool) {
	switch x.Object.(type) {
	case *Element, *Document:
		return "", false
	}
	return ValueOf(x.Object), true
}

// OuterXml is XmlNode.OuterXml.
func (x *XmlNode) OuterXml() string {
	switch o := x.Object.(type) {
	case *Attribute:
		return o.String()
	case *Document:
		if o.Declaration != nil {
			return o.Declaration.String() + Format(o, DisableFormatting)
		}
		return Format(o, DisableFormatting)
	case Node:
		return Format(o, DisableFormatting)
	}
	return ""
}

// InnerXml is XmlNode.InnerXml.
func (x *XmlNode) InnerXml() string {
	c, ok := x.Object.(Container)
	if !ok {
		return escapeText(ValueOf(x.Object))
	}
	var b strings.Builder
	if d, ok := c.(*Document); ok && d.Declaration != nil {
		b.WriteString(d.Declaration.String())
	}
	for _, n := range c.content().nodes {
		b.WriteString(Format(n, DisableFormatting))
	}
	return b.String()
}

// NodeType is XmlNode.NodeType.
func (x *XmlNode) NodeType() NodeType { return x.Object.NodeType() }

// Name and LocalName are XmlNode.Name and LocalName.
func (x *XmlNode) Name() string {
	switch o := x.Object.(type) {
	case *Element:
		return qualified(o.PrefixOf(o.Name.Namespace()), o.Name.Local)
	case *Attribute:
		prefix := ""
		if o.of != nil && o.name.Space != "" {
			prefix = o.of.PrefixOf(o.name.Namespace())
		}
		return qualified(prefix, o.name.Local)
	case *Text:
		if o.CData {
			return "#cdata-section"
		}
		return "#text"
	case *Comment:
		return "#comment"
	case *Document:
		return "#document"
	case *PI:
		return o.Target
	}
	return ""
}

func (x *XmlNode) LocalName() string {
	name := x.Name()
	return name[strings.IndexByte(name, ':')+1:]
}

// NamespaceURI is XmlNode.NamespaceURI.
func (x *XmlNode) NamespaceURI() string {
	switch o := x.Object.(type) {
	case *Element:
		return o.Name.Space
	case *Attribute:
		return o.name.Space
	}
	return ""
}

// SelectNodes and SelectSingleNode are XmlNode's; the latter is nil where nothing
// matches.
func (x *XmlNode) SelectNodes(expr string, namespaces map[string]string) []*XmlNode {
	n, ok := x.Object.(Node)
	if !ok {
		return nil
	}
	var out []*XmlNode
	for _, o := range SelectNodes(n, expr, namespaces) {
		out = append(out, viewOf(o))
	}
	return out
}

func (x *XmlNode) SelectSingleNode(expr string, namespaces map[string]string) *XmlNode {
	if found := x.SelectNodes(expr, namespaces); len(found) > 0 {
		return found[0]
	}
	return nil
}

// DocumentElement is XmlDocument.DocumentElement, or nil.
func (x *XmlNode) DocumentElement() *XmlNode {
	if d, ok := x.Object.(*Document); ok {
		if r := d.Root(); r != nil {
			return viewOf(r)
		}
	}
	return nil
}

// ChildNodes is XmlNode.ChildNodes.
func (x *XmlNode) ChildNodes() []*XmlNode {
	c, ok := x.Object.(Container)
	if !ok {
		return nil
	}
	out := make([]*XmlNode, len(c.content().nodes))
	for i, n := range c.content().nodes {
		out[i] = viewOf(n)
	}
	return out
}

// Attribute is XmlElement.GetAttributeNode(name), or nil.
func (x *XmlNode) Attribute(name string) *XmlNode {
	if e, ok := x.Object.(*Element); ok {
		for _, a := range e.attributes {
			if v := viewOf(a); v.Name() == name {
				return v
			}
		}
	}
	return nil
}
