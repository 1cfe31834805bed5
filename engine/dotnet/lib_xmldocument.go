package dotnet

import (
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/xlinq"
)

// namespaces is an XmlNamespaceManager.
type namespaces struct{ prefixes map[string]string }

// nameTable is a NameTable; nothing in it is of use here.
type nameTable struct{ _ byte }

// xmlOutsideDecls are what expressions use of XmlDocument, XmlReader and XPath.
// Azure's list has none of them.
func xmlOutsideDecls() []*Decl {
	view := func(a []any) *xlinq.XmlNode { return a[0].(*xlinq.XmlNode) }
	manager := func(v any) map[string]string {
		if m, ok := v.(*namespaces); ok {
			return m.prefixes
		}
		return nil
	}
	list := func(t *Thread, nodes []*xlinq.XmlNode) any { return fixed(t, "System.Xml.XmlNodeList", nodes) }
	selectNodes := func(t *Thread, a []any) any {
		t.Ticks(ticksPerLook)
		return list(t, view(a).SelectNodes(argStr(t, a, 1), manager(a[len(a)-1])))
	}
	selectOne := func(t *Thread, a []any) any {
		t.Ticks(ticksPerLook)
		return orNil(view(a).SelectSingleNode(argStr(t, a, 1), manager(a[len(a)-1])))
	}
	attribute := func(t *Thread, a []any) (string, bool) {
		x := view(a).Attribute(argStr(t, a, 1))
		if x == nil {
			return "", false
		}
		return x.InnerText(), true
	}
	out := []*Decl{
		class("System.Xml.XmlNode",
			Prop("string InnerText", paid(f1((*xlinq.XmlNode).InnerText))),
			Prop("string InnerXml", paid(f1((*xlinq.XmlNode).InnerXml))),
			Prop("string OuterXml", paid(f1((*xlinq.XmlNode).OuterXml))),
			Prop("string Value", func(t *Thread, a []any) any {
				s, ok := view(a).Value()
				t.Pay(len(s))
				return boxed(s, !ok)
			}),
			Prop("string Name", f1((*xlinq.XmlNode).Name)),
			Prop("string LocalName", f1((*xlinq.XmlNode).LocalName)),
			Prop("string NamespaceURI", f1((*xlinq.XmlNode).NamespaceURI)),
			Prop("XmlNodeType NodeType", f1((*xlinq.XmlNode).NodeType)),
			Prop("bool HasChildNodes", f1(func(x *xlinq.XmlNode) bool { return len(x.ChildNodes()) > 0 })),
			Prop("XmlNodeList ChildNodes", func(t *Thread, a []any) any { return list(t, view(a).ChildNodes()) }),
			Prop("XmlNode FirstChild", func(_ *Thread, a []any) any {
				if c := view(a).ChildNodes(); len(c) > 0 {
					return c[0]
				}
				return nil
			}),
			Method("XmlNode SelectSingleNode(string xpath)", selectOne),
			Method("XmlNode SelectSingleNode(string xpath, XmlNamespaceManager nsmgr)", selectOne),
			Method("XmlNodeList SelectNodes(string xpath)", selectNodes),
			Method("XmlNodeList SelectNodes(string xpath, XmlNamespaceManager nsmgr)", selectNodes),
		),
		class("System.Xml.XmlElement : XmlNode",
			Method("string GetAttribute(string name)", func(t *Thread, a []any) any { s, _ := attribute(t, a); return s }),
			Method("bool HasAttribute(string name)", func(t *Thread, a []any) any { _, ok := attribute(t, a); return ok }),
		),
		class("System.Xml.XmlAttribute : XmlNode"),
		class("System.Xml.XmlDocument : XmlNode",
			Ctor("()", f0(xlinq.NewXmlDocument)),
			Method("void LoadXml(string xml)", func(t *Thread, a []any) any {
				s := argStr(t, a, 1)
				t.Pay(4 * len(s))
				t.Ticks(len(s) / 16)
				view(a).LoadXml(s)
				return nil
			}),
			Prop("XmlElement DocumentElement", f1((*xlinq.XmlNode).DocumentElement)),
			Prop("XmlNameTable NameTable", func(*Thread, []any) any { return &nameTable{} }),
		),
		class("System.Xml.XmlNodeList : IReadOnlyList<XmlNode>",
			Index("XmlNode this[int i]", func(_ *Thread, a []any) any { return xmlItem(a[0], argInt(a, 1)) }),
			Method("XmlNode Item(int index)", func(_ *Thread, a []any) any { return xmlItem(a[0], argInt(a, 1)) }),
		),
		class("System.Xml.XmlNameTable"),
		class("System.Xml.NameTable : XmlNameTable", Ctor("()", func(*Thread, []any) any { return &nameTable{} })).holds(&nameTable{}),
		class("System.Xml.XmlNamespaceManager",
			Ctor("(XmlNameTable nameTable)", func(*Thread, []any) any { return &namespaces{map[string]string{}} }),
			Method("void AddNamespace(string prefix, string uri)", func(t *Thread, a []any) any {
				t.Pay(64)
				a[0].(*namespaces).prefixes[argStr(t, a, 1)] = argStr(t, a, 2)
				return nil
			}),
			Method("string LookupNamespace(string prefix)", func(t *Thread, a []any) any {
				uri, ok := a[0].(*namespaces).prefixes[argStr(t, a, 1)]
				return boxed(uri, !ok)
			}),
		).holds(&namespaces{}),
		readerDecl(),
		staticClass("System.Xml.XPath.Extensions",
			Static("XElement XPathSelectElement(this XNode node, string expression)", xpathElement),
			Static("XElement XPathSelectElement(this XNode node, string expression, XmlNamespaceManager resolver)", xpathElement),
			Static("IEnumerable<XElement> XPathSelectElements(this XNode node, string expression)", xpathElements),
			Static("IEnumerable<XElement> XPathSelectElements(this XNode node, string expression, XmlNamespaceManager resolver)", xpathElements),
		),
	}
	for _, d := range out {
		d.outsideList()
	}
	return out
}

// xmlItem is XmlNodeList's indexer: null outside of the list.
func xmlItem(v any, i int) any {
	if l := v.(*fixedList); i >= 0 && i < len(l.items) {
		return l.items[i]
	}
	return nil
}

// xpathFound are the elements that an XPath selects.
func xpathFound(t *Thread, a []any) []any {
	if a[0] == nil {
		clr.ThrowNull("node")
	}
	var prefixes map[string]string
	if m, ok := a[len(a)-1].(*namespaces); ok {
		prefixes = m.prefixes
	}
	found := xlinq.SelectNodes(node(a[0]), argStr(t, a, 1), prefixes)
	t.Ticks(ticksPerLook)
	t.Pay(32 * len(found))
	var out []any
	for _, o := range found {
		if e, ok := o.(*xlinq.Element); ok {
			out = append(out, e)
		}
	}
	return out
}

func xpathElement(t *Thread, a []any) any {
	if found := xpathFound(t, a); len(found) > 0 {
		return found[0]
	}
	return nil
}

func xpathElements(t *Thread, a []any) any {
	return SeqOf(Std().Named(xmlSpace+"XElement"), xpathFound(t, a))
}

func readerDecl() *Decl {
	reader := func(a []any) *xlinq.Reader { return a[0].(*xlinq.Reader) }
	at := func(r *xlinq.Reader, name string) bool {
		return r.NodeType() == xlinq.ElementNode && (name == "" || r.Name() == name)
	}
	// attribute is the text of an attribute, null where there is none.
	attribute := func(t *Thread, a []any) any {
		s, ok := reader(a).GetAttribute(argStr(t, a, 1))
		return boxed(s, !ok)
	}
	return class("System.Xml.XmlReader : IDisposable",
		Static("XmlReader Create(TextReader input)", strict(func(t *Thread, a []any) any {
			s := a[0].(*textReader).rest()
			t.Pay(6 * len(s))
			t.Ticks(len(s) / 16)
			return xlinq.NewReader(s)
		})),
		Method("bool Read()", f1((*xlinq.Reader).Read)),
		Prop("bool EOF", f1((*xlinq.Reader).EOF)),
		Prop("XmlNodeType NodeType", f1((*xlinq.Reader).NodeType)),
		Prop("string Name", f1((*xlinq.Reader).Name)),
		Prop("string LocalName", f1((*xlinq.Reader).LocalName)),
		Prop("string NamespaceURI", f1((*xlinq.Reader).NamespaceURI)),
		Prop("string Value", f1((*xlinq.Reader).Value)),
		Prop("bool HasValue", f1(func(r *xlinq.Reader) bool { return r.Value() != "" })),
		Prop("int Depth", f1((*xlinq.Reader).Depth)),
		Index("string this[string name]", attribute),
		Method("string GetAttribute(string name)", attribute),
		Method("XmlNodeType MoveToContent()", f1((*xlinq.Reader).MoveToContent)),
		Method("void Skip()", v1((*xlinq.Reader).Skip)),
		Method("bool IsStartElement()", f1(func(r *xlinq.Reader) bool { r.MoveToContent(); return at(r, "") })),
		Method("bool IsStartElement(string name)", f2(func(r *xlinq.Reader, name string) bool { r.MoveToContent(); return at(r, name) })),
		Method("bool ReadToFollowing(string name)", func(t *Thread, a []any) any {
			name := argStr(t, a, 1)
			for reader(a).Read() {
				t.Tick()
				if at(reader(a), name) {
					return true
				}
			}
			return false
		}),
		Method("string ReadOuterXml()", paid(f1((*xlinq.Reader).ReadOuterXml))),
		Method("string ReadInnerXml()", paid(f1((*xlinq.Reader).ReadInnerXml))),
		Method("string ReadElementContentAsString()", paid(f1((*xlinq.Reader).ReadElementContent))),
		Method("void Close()", nothing),
	).holds(&xlinq.Reader{})
}
