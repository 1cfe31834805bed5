package dotnet

import (
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/xlinq"
)

const xmlSpace = "System.Xml.Linq."

// xmlDecls are the types of System.Xml.Linq; see xmlOutsideDecls for the older
// ones of System.Xml.
func xmlDecls() []*Decl {
	out := []*Decl{
		class(xmlSpace+"XObject",
			Prop("XDocument Document", f1(func(o xlinq.Object) *xlinq.Document {
				switch o := o.(type) {
				case *xlinq.Attribute:
					if o.Parent() != nil {
						return xlinq.DocumentOf(o.Parent())
					}
				case xlinq.Node:
					return xlinq.DocumentOf(o)
				}
				return nil
			})),
			Prop("XElement Parent", f1(func(o xlinq.Object) *xlinq.Element {
				if a, ok := o.(*xlinq.Attribute); ok {
					return a.Parent()
				}
				return xlinq.Parent(o.(xlinq.Node))
			})),
			Prop("XmlNodeType NodeType", f1(xlinq.Object.NodeType)),
			Prop("string BaseUri", func(*Thread, []any) any { return "" }),
		),
		nodeDecl(),
		xmlContainerDecl(),
		elementDecl(),
		documentDecl(),
		attributeDecl(),
		class(xmlSpace+"XText : XNode",
			Ctor("(string value)", f1(func(s string) *xlinq.Text { return &xlinq.Text{Value: s} })),
			PropSet("string Value", f1(func(x *xlinq.Text) string { return x.Value }), v2(func(x *xlinq.Text, s string) { x.Value = s })),
		),
		class(xmlSpace+"XCData : XText", Ctor("(string value)", f1(func(s string) *xlinq.Text { return &xlinq.Text{Value: s, CData: true} }))),
		class(xmlSpace+"XComment : XNode",
			Ctor("(string value)", f1(func(s string) *xlinq.Comment { return &xlinq.Comment{Value: s} })),
			PropSet("string Value", f1(func(x *xlinq.Comment) string { return x.Value }), v2(func(x *xlinq.Comment, s string) { x.Value = s })),
		).holds(&xlinq.Comment{}),
		class(xmlSpace+"XProcessingInstruction : XNode",
			Ctor("(string target, string data)", f2(func(target, data string) *xlinq.PI { return &xlinq.PI{Target: target, Data: data} })),
			PropSet("string Target", f1(func(x *xlinq.PI) string { return x.Target }), v2(func(x *xlinq.PI, s string) { x.Target = s })),
			PropSet("string Data", f1(func(x *xlinq.PI) string { return x.Data }), v2(func(x *xlinq.PI, s string) { x.Data = s })),
		).holds(&xlinq.PI{}),
		class(xmlSpace+"XDocumentType : XNode",
			Ctor("(string name, string publicId, string systemId, string internalSubset)", func(t *Thread, a []any) any {
				return &xlinq.DocType{Name: argStr(t, a, 0), PublicID: str(a[1]), SystemID: str(a[2]), Subset: str(a[3])}
			}),
			Prop("string Name", f1(func(x *xlinq.DocType) string { return x.Name })),
			nullText("PublicId", func(x *xlinq.DocType) string { return x.PublicID }),
			nullText("SystemId", func(x *xlinq.DocType) string { return x.SystemID }),
			nullText("InternalSubset", func(x *xlinq.DocType) string { return x.Subset }),
		).holds(&xlinq.DocType{}),
		declarationDecl(),
		nameDecl(),
		namespaceDecl(),
		comparerDecl("XNodeEqualityComparer", "IEqualityComparer<XNode>",
			Method("bool Equals(XNode x, XNode y)", func(t *Thread, a []any) any { return deepEquals(t, a[1], a[2]) }),
			Method("int GetHashCode(XNode obj)", func(t *Thread, a []any) any { return HashCode(t, xmlText(a[1])) }),
		),
		comparerDecl("XNodeDocumentOrderComparer", "IComparer<XNode>",
			Method("int Compare(XNode x, XNode y)", func(t *Thread, a []any) any { return compareOrder(t, a[1], a[2]) }),
		),
		xmlExtensions(),
		flags(xmlSpace+"SaveOptions", "None DisableFormatting OmitDuplicateNamespaces").outsideList(),
		flags(xmlSpace+"LoadOptions", "None PreserveWhitespace SetBaseUri SetLineInfo=4").outsideList(),
		enum("System.Xml.XmlNodeType", "None Element Attribute Text CDATA EntityReference Entity ProcessingInstruction Comment Document "+
			"DocumentType DocumentFragment Notation Whitespace SignificantWhitespace EndElement EndEntity XmlDeclaration"),
	}
	return append(out, xmlOutsideDecls()...)
}

// xmlTypeOf is the type of the values of package xlinq whose Go type stands for
// several; nil for all others.
func xmlTypeOf(l *Library, v any) *Type {
	switch v := v.(type) {
	case *xlinq.Text:
		if v.CData {
			return l.Named(xmlSpace + "XCData")
		}
		return l.Named(xmlSpace + "XText")
	case *xlinq.XmlNode:
		switch v.Object.(type) {
		case *xlinq.Document:
			return l.Named("System.Xml.XmlDocument")
		case *xlinq.Element:
			return l.Named("System.Xml.XmlElement")
		case *xlinq.Attribute:
			return l.Named("System.Xml.XmlAttribute")
		}
		return l.Named("System.Xml.XmlNode")
	}
	return nil
}

func node(v any) xlinq.Node                { return v.(xlinq.Node) }
func xmlContainer(a []any) xlinq.Container { return a[0].(xlinq.Container) }
func element(a []any) *xlinq.Element       { return a[0].(*xlinq.Element) }

// xmlName is an argument of type XName that must not be null.
func xmlName(t *Thread, a []any, i int) xlinq.Name {
	n, ok := a[i].(xlinq.Name)
	if !ok {
		t.argNull(i)
	}
	return n
}

// lazyXML is a sequence that is computed when it is enumerated.
func lazyXML[T any](elem string, list func() []T) *Seq {
	return newSeq(Std().Named(xmlSpace+elem), nil, func(t *Thread) Iter {
		found := list()
		t.Pay(32 * len(found))
		t.Ticks(len(found) / 4)
		items := make([]any, len(found))
		for i, v := range found {
			items[i] = v
		}
		return sliceIter(t, items)
	})
}

// elements is a method that gives elements, all of them or those of the name in
// its argument; null as the name gives none.
func elements[A any](f func(of A, name *xlinq.Name) []*xlinq.Element) Func {
	return func(_ *Thread, a []any) any {
		of := a[0].(A)
		var name *xlinq.Name
		if len(a) > 1 {
			n, ok := a[1].(xlinq.Name)
			if !ok {
				return SeqOf(Std().Named(xmlSpace+"XElement"), nil)
			}
			name = &n
		}
		return lazyXML("XElement", func() []*xlinq.Element { return f(of, name) })
	}
}

// xmlContent is what becomes content of to, which may be nil for new containers,
// as package xlinq takes it: sequences as slices. It pays for the nodes that are
// going to be copied because they stand somewhere already.
func xmlContent(t *Thread, to xlinq.Node, v any) any {
	c := contents{t: t, to: to}
	return c.of(v)
}

// contents are the contents of one call.
type contents struct {
	t    *Thread
	to   xlinq.Node
	seen map[xlinq.Node]bool
}

func (c *contents) of(v any) any {
	t := c.t
	switch v := v.(type) {
	case nil, string, *xlinq.Declaration:
		return v
	case *xlinq.Attribute:
		t.Pay(64)
		return v
	case xlinq.Node:
		t.Pay(64)
		if inner, ok := v.(xlinq.Container); ok && c.copied(inner) {
			n := len(xlinq.DescendantNodes(inner))
			t.Pay(128 * n)
			t.Ticks(n / 4)
		}
		return v
	}
	if TypeOf(v).ElementOf() != nil {
		t.Enter()
		defer t.Leave()
		var out []any
		next := Iterate(t, v)
		for {
			x, ok := next()
			if !ok {
				return out
			}
			t.Pay(16)
			out = append(out, c.of(x))
		}
	}
	return xmlValue(v)
}

// copied tells containers that have a place: in a tree, earlier in this content,
// or around what they are added to.
func (c *contents) copied(n xlinq.Container) bool {
	if n.Container() != nil || c.seen[n] {
		return true
	}
	if c.seen == nil {
		c.seen = map[xlinq.Node]bool{}
	}
	c.seen[n] = true
	for x := c.to; x != nil; x = x.Container() {
		if x == xlinq.Node(n) {
			return true
		}
		if x.Container() == nil {
			break
		}
	}
	return false
}

// xmlValue is a value that becomes text: XmlConvert writes what it knows, and
// ToString the rest.
func xmlValue(v any) any {
	if _, ok := clr.String(v); !ok && v != nil {
		return ToString(v)
	}
	return v
}

// adding is a method whose argument is content.
func adding[A any](f func(to A, what any)) Func {
	return func(t *Thread, a []any) any {
		f(a[0].(A), xmlContent(t, node(a[0]), a[1]))
		return nil
	}
}

// contentRows are a method in its two forms, for one content and for several.
func contentRows[A any](name string, f func(to A, what any)) []Row {
	return []Row{
		Method("void "+name+"(object content)", adding(f)),
		Method("void "+name+"(params object[] content)", adding(f)),
	}
}

func xmlFormat(t *Thread, n xlinq.Node, o xlinq.SaveOptions) string {
	s := xlinq.Format(n, o)
	t.Pay(len(s))
	t.Ticks(len(s) / 32)
	return s
}

func xmlText(v any) any {
	if v == nil {
		return nil
	}
	return xlinq.Format(node(v), xlinq.DisableFormatting)
}

func deepEquals(t *Thread, a, b any) bool {
	if a == nil || b == nil {
		return a == b
	}
	t.Ticks(16)
	return xlinq.DeepEquals(node(a), node(b))
}

func compareOrder(t *Thread, a, b any) int32 {
	switch {
	case a == b:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	t.Ticks(16)
	return xlinq.CompareOrder(node(a), node(b))
}

func nodeDecl() *Decl {
	nodes := func(f func(xlinq.Node) []xlinq.Node) Func {
		return func(_ *Thread, a []any) any {
			n := node(a[0])
			return lazyXML("XNode", func() []xlinq.Node { return f(n) })
		}
	}
	after := func(n xlinq.Node, name *xlinq.Name) []*xlinq.Element {
		return xlinq.ElementsOf(xlinq.NodesAfter(n), name)
	}
	before := func(n xlinq.Node, name *xlinq.Name) []*xlinq.Element {
		return xlinq.ElementsOf(xlinq.NodesBefore(n), name)
	}
	d := class(xmlSpace+"XNode : XObject",
		Static("bool DeepEquals(XNode n1, XNode n2)", func(t *Thread, a []any) any { return deepEquals(t, a[0], a[1]) }),
		Static("int CompareDocumentOrder(XNode n1, XNode n2)", func(t *Thread, a []any) any { return compareOrder(t, a[0], a[1]) }),
		Static("XNode ReadFrom(XmlReader reader)", strict(f1((*xlinq.Reader).ReadFrom))),
		StaticProp("XNodeEqualityComparer EqualityComparer", func(*Thread, []any) any {
			return &Comparer{Type: Std().Named(xmlSpace + "XNodeEqualityComparer"), key: func(t *Thread, v any) any { return HashKey(t, xmlText(v)) }}
		}),
		StaticProp("XNodeDocumentOrderComparer DocumentOrderComparer", func(*Thread, []any) any {
			return &Comparer{Type: Std().Named(xmlSpace + "XNodeDocumentOrderComparer"),
				compare: func(t *Thread, a, b any) int { return int(compareOrder(t, a, b)) }}
		}),
		Prop("XNode NextNode", f1(xlinq.NextNode)),
		Prop("XNode PreviousNode", f1(xlinq.PreviousNode)),
		Method("IEnumerable<XElement> Ancestors()", elements(xlinq.Ancestors)),
		Method("IEnumerable<XElement> Ancestors(XName name)", elements(xlinq.Ancestors)),
		Method("IEnumerable<XElement> ElementsAfterSelf()", elements(after)),
		Method("IEnumerable<XElement> ElementsAfterSelf(XName name)", elements(after)),
		Method("IEnumerable<XElement> ElementsBeforeSelf()", elements(before)),
		Method("IEnumerable<XElement> ElementsBeforeSelf(XName name)", elements(before)),
		Method("IEnumerable<XNode> NodesAfterSelf()", nodes(xlinq.NodesAfter)),
		Method("IEnumerable<XNode> NodesBeforeSelf()", nodes(xlinq.NodesBefore)),
		Method("bool IsAfter(XNode node)", strict(func(t *Thread, a []any) any { return compareOrder(t, a[0], a[1]) > 0 })),
		Method("bool IsBefore(XNode node)", strict(func(t *Thread, a []any) any { return compareOrder(t, a[0], a[1]) < 0 })),
		Method("void Remove()", v1(xlinq.Remove)),
		Method("string ToString()", func(t *Thread, a []any) any { return xmlFormat(t, node(a[0]), 0) }),
		Method("string ToString(SaveOptions options)", func(t *Thread, a []any) any {
			return xmlFormat(t, node(a[0]), xlinq.SaveOptions(a[1].(EnumValue).Value))
		}),
	)
	return d.with(contentRows("AddAfterSelf", xlinq.AddAfterSelf)...).
		with(contentRows("AddBeforeSelf", xlinq.AddBeforeSelf)...).
		with(contentRows("ReplaceWith", xlinq.ReplaceWith)...)
}

func xmlContainerDecl() *Decl {
	d := class(xmlSpace+"XContainer : XNode",
		Prop("XNode FirstNode", f1(xlinq.FirstNode)),
		Prop("XNode LastNode", f1(xlinq.LastNode)),
		Method("XElement Element(XName name)", func(_ *Thread, a []any) any {
			n, ok := a[1].(xlinq.Name)
			if !ok {
				return nil
			}
			return orNil(xlinq.ChildElement(xmlContainer(a), n))
		}),
		Method("IEnumerable<XElement> Elements()", elements(xlinq.Elements)),
		Method("IEnumerable<XElement> Elements(XName name)", elements(xlinq.Elements)),
		Method("IEnumerable<XElement> Descendants()", elements(xlinq.Descendants)),
		Method("IEnumerable<XElement> Descendants(XName name)", elements(xlinq.Descendants)),
		Method("IEnumerable<XNode> DescendantNodes()", func(_ *Thread, a []any) any {
			c := xmlContainer(a)
			return lazyXML("XNode", func() []xlinq.Node { return xlinq.DescendantNodes(c) })
		}),
		Method("IEnumerable<XNode> Nodes()", func(_ *Thread, a []any) any {
			c := xmlContainer(a)
			return lazyXML("XNode", func() []xlinq.Node { return xlinq.Nodes(c) })
		}),
		Method("void RemoveNodes()", v1(xlinq.RemoveNodes)),
	)
	return d.with(contentRows("Add", xlinq.Add)...).
		with(contentRows("AddFirst", xlinq.AddFirst)...).
		with(contentRows("ReplaceNodes", xlinq.ReplaceNodes)...)
}

// parsedXML is Parse(text) or Parse(text, options).
func parsedXML[T any](parse func(clr.Meter, string, xlinq.LoadOptions) T) Func {
	return func(t *Thread, a []any) any {
		s := argStr(t, a, 0)
		var o xlinq.LoadOptions
		if len(a) > 1 {
			o = xlinq.LoadOptions(a[1].(EnumValue).Value)
		}
		t.Pay(len(s))
		return parse(t, s, o)
	}
}

// loadedXML is Load(reader) for what a StringReader has left.
func loadedXML[T any](parse func(clr.Meter, string, xlinq.LoadOptions) T) Func {
	return strict(func(t *Thread, a []any) any {
		return parsedXML(parse)(t, []any{a[0].(*textReader).rest()})
	})
}

func elementDecl() *Decl {
	make := func(t *Thread, a []any) any {
		n := xmlName(t, a, 0)
		t.Pay(128)
		if len(a) == 1 {
			return xlinq.NewElement(n)
		}
		return xlinq.NewElement(n, xmlContent(t, nil, a[1]))
	}
	// self puts the element itself before the others if it has the name.
	self := func(others func(e *xlinq.Element, name *xlinq.Name) []*xlinq.Element) Func {
		return elements(func(e *xlinq.Element, name *xlinq.Name) []*xlinq.Element {
			list := others(e, name)
			if name == nil || e.Name == *name {
				list = append([]*xlinq.Element{e}, list...)
			}
			return list
		})
	}
	descendants := func(e *xlinq.Element, name *xlinq.Name) []*xlinq.Element { return xlinq.Descendants(e, name) }
	ancestors := func(e *xlinq.Element, name *xlinq.Name) []*xlinq.Element { return xlinq.Ancestors(e, name) }
	end := func(last bool) Func {
		return func(_ *Thread, a []any) any {
			list := element(a).Attributes()
			switch {
			case len(list) == 0:
				return nil
			case last:
				return list[len(list)-1]
			}
			return list[0]
		}
	}
	d := class(xmlSpace+"XElement : XContainer",
		Ctor("(XName name)", make),
		Ctor("(XName name, object content)", make),
		Ctor("(XName name, params object[] content)", make),
		Ctor("(XElement other)", strict(func(t *Thread, a []any) any {
			e := element(a)
			t.Pay(128 * (1 + len(xlinq.DescendantNodes(e))))
			return xlinq.CloneElement(e)
		})),
		Static("XElement Parse(string text)", parsedXML(xlinq.ParseElementWithin)),
		Static("XElement Parse(string text, LoadOptions options)", parsedXML(xlinq.ParseElementWithin)),
		Static("XElement Load(TextReader textReader)", loadedXML(xlinq.ParseElementWithin)),
		StaticProp("IEnumerable<XElement> EmptySequence", func(*Thread, []any) any { return SeqOf(Std().Named(xmlSpace+"XElement"), nil) }),
		PropSet("XName Name", func(_ *Thread, a []any) any { return element(a).Name }, func(t *Thread, a []any) any {
			n, ok := a[1].(xlinq.Name)
			if !ok {
				clr.ThrowNull("value")
			}
			element(a).Name = n
			return nil
		}),
		PropSet("string Value", paid(f1((*xlinq.Element).Value)), func(_ *Thread, a []any) any {
			if a[1] == nil {
				clr.ThrowNull("value")
			}
			element(a).SetValue(a[1])
			return nil
		}),
		Prop("bool HasAttributes", f1((*xlinq.Element).HasAttributes)),
		Prop("bool HasElements", f1((*xlinq.Element).HasElements)),
		Prop("bool IsEmpty", f1((*xlinq.Element).IsEmpty)),
		Prop("XAttribute FirstAttribute", end(false)),
		Prop("XAttribute LastAttribute", end(true)),
		Method("XAttribute Attribute(XName name)", func(_ *Thread, a []any) any {
			n, ok := a[1].(xlinq.Name)
			if !ok {
				return nil
			}
			return orNil(element(a).Attribute(n))
		}),
		Method("IEnumerable<XAttribute> Attributes()", func(_ *Thread, a []any) any {
			return lazyXML("XAttribute", element(a).Attributes)
		}),
		Method("IEnumerable<XAttribute> Attributes(XName name)", func(_ *Thread, a []any) any {
			e := element(a)
			n, ok := a[1].(xlinq.Name)
			return lazyXML("XAttribute", func() []*xlinq.Attribute {
				if x := e.Attribute(n); ok && x != nil {
					return []*xlinq.Attribute{x}
				}
				return nil
			})
		}),
		Method("IEnumerable<XElement> AncestorsAndSelf()", self(ancestors)),
		Method("IEnumerable<XElement> AncestorsAndSelf(XName name)", self(ancestors)),
		Method("IEnumerable<XElement> DescendantsAndSelf()", self(descendants)),
		Method("IEnumerable<XElement> DescendantsAndSelf(XName name)", self(descendants)),
		Method("IEnumerable<XNode> DescendantNodesAndSelf()", func(_ *Thread, a []any) any {
			e := element(a)
			return lazyXML("XNode", func() []xlinq.Node { return append([]xlinq.Node{e}, xlinq.DescendantNodes(e)...) })
		}),
		Method("XNamespace GetDefaultNamespace()", f1((*xlinq.Element).DefaultNamespace)),
		Method("XNamespace GetNamespaceOfPrefix(string prefix)", func(t *Thread, a []any) any {
			if ns, ok := element(a).NamespaceOf(argStr(t, a, 1)); ok {
				return ns
			}
			return nil
		}),
		Method("string GetPrefixOfNamespace(XNamespace ns)", func(t *Thread, a []any) any {
			ns, ok := a[1].(xlinq.Namespace)
			if !ok {
				t.argNull(1)
			}
			if p := element(a).PrefixOf(ns); p != "" {
				return p
			}
			return nil
		}),
		Method("void RemoveAll()", v1((*xlinq.Element).RemoveAll)),
		Method("void RemoveAttributes()", v1((*xlinq.Element).RemoveAttributes)),
		Method("void SetAttributeValue(XName name, object value)", func(t *Thread, a []any) any {
			t.Pay(64)
			element(a).SetAttributeValue(xmlName(t, a, 1), xmlValue(a[2]))
			return nil
		}),
		Method("void SetElementValue(XName name, object value)", func(t *Thread, a []any) any {
			t.Pay(128)
			element(a).SetElementValue(xmlName(t, a, 1), xmlValue(a[2]))
			return nil
		}),
		Method("void SetValue(object value)", func(_ *Thread, a []any) any { element(a).SetValue(xmlValue(a[1])); return nil }),
		Method("void Save(TextWriter textWriter)", saveXML),
	)
	return d.with(contentRows("ReplaceAll", (*xlinq.Element).ReplaceAll)...).
		with(contentRows("ReplaceAttributes", func(e *xlinq.Element, what any) {
			e.RemoveAttributes()
			xlinq.Add(e, what)
		})...).
		with(xmlConversions("XElement element", func(v any) (string, bool) {
			e, ok := v.(*xlinq.Element)
			if !ok {
				return "", false
			}
			return e.Value(), true
		})...).
		holds(&xlinq.Element{})
}

// saveXML writes a document, or an element as one, with its declaration.
func saveXML(t *Thread, a []any) any {
	w, ok := a[1].(*textWriter)
	if !ok {
		t.argNull(1)
	}
	d, ok := a[0].(*xlinq.Document)
	if !ok {
		d = xlinq.NewDocument(xlinq.CloneElement(element(a)))
	}
	w.s.add(t, xlinq.Save(d, 0))
	return nil
}

// xmlConversions are the explicit conversions of elements and attributes.
func xmlConversions(param string, text func(v any) (string, bool)) []Row {
	rows := []Row{Explicit("string("+param+")", func(t *Thread, a []any) any {
		s, ok := text(a[0])
		if !ok {
			return nil
		}
		t.Pay(len(s))
		return s
	})}
	for _, to := range []string{"bool", "int", "uint", "long", "ulong", "float", "double", "decimal", "DateTime", "DateTimeOffset", "TimeSpan", "Guid"} {
		convert := func(s string) any { return xlinq.Convert(s, Std().ParseType(to).Full) }
		rows = append(rows,
			Explicit(to+"("+param+")", func(t *Thread, a []any) any {
				s, ok := text(a[0])
				if !ok {
					t.argNull(0)
				}
				return convert(s)
			}),
			Explicit(to+"?("+param+")", func(_ *Thread, a []any) any {
				s, ok := text(a[0])
				if !ok {
					return nil
				}
				return convert(s)
			}))
	}
	return rows
}

func documentDecl() *Decl {
	make := func(t *Thread, a []any) any {
		t.Pay(128)
		d := xlinq.NewDocument()
		c := contents{t: t}
		for _, v := range a {
			switch v := c.of(v).(type) {
			case *xlinq.Declaration:
				d.Declaration = v
			default:
				xlinq.Add(d, v)
			}
		}
		return d
	}
	return class(xmlSpace+"XDocument : XContainer",
		Ctor("()", make),
		Ctor("(params object[] content)", make),
		Ctor("(XDeclaration declaration, params object[] content)", make),
		Ctor("(XDocument other)", strict(func(t *Thread, a []any) any {
			d := a[0].(*xlinq.Document)
			out := xlinq.NewDocument()
			out.Declaration = d.Declaration
			for _, n := range xlinq.Nodes(d) {
				xlinq.Add(out, xmlContent(t, nil, n))
			}
			return out
		})),
		Static("XDocument Parse(string text)", parsedXML(xlinq.ParseWithin)),
		Static("XDocument Parse(string text, LoadOptions options)", parsedXML(xlinq.ParseWithin)),
		PropSet("XDeclaration Declaration", f1(func(d *xlinq.Document) *xlinq.Declaration { return d.Declaration }),
			v2(func(d *xlinq.Document, decl *xlinq.Declaration) { d.Declaration = decl })),
		Prop("XDocumentType DocumentType", f1((*xlinq.Document).DocumentType)),
		Prop("XElement Root", f1((*xlinq.Document).Root)),
		Method("void Save(TextWriter textWriter)", saveXML),
		Static("XDocument Load(TextReader textReader)", loadedXML(xlinq.ParseWithin)),
	).holds(&xlinq.Document{})
}

func attributeDecl() *Decl {
	d := class(xmlSpace+"XAttribute : XObject",
		Ctor("(XName name, object value)", func(t *Thread, a []any) any {
			t.Pay(64)
			return xlinq.NewAttribute(xmlName(t, a, 0), xmlValue(a[1]))
		}),
		Ctor("(XAttribute other)", strict(f1(func(x *xlinq.Attribute) *xlinq.Attribute { return xlinq.NewAttribute(x.Name(), x.Value) }))),
		StaticProp("IEnumerable<XAttribute> EmptySequence", func(*Thread, []any) any { return SeqOf(Std().Named(xmlSpace+"XAttribute"), nil) }),
		Prop("XName Name", f1((*xlinq.Attribute).Name)),
		PropSet("string Value", f1(func(x *xlinq.Attribute) string { return x.Value }), v2(func(x *xlinq.Attribute, s string) { x.Value = s })),
		Prop("bool IsNamespaceDeclaration", f1((*xlinq.Attribute).IsNamespace)),
		Prop("XAttribute NextAttribute", f1((*xlinq.Attribute).NextAttribute)),
		Prop("XAttribute PreviousAttribute", f1((*xlinq.Attribute).PreviousAttribute)),
		Method("void Remove()", v1((*xlinq.Attribute).Remove)),
		Method("void SetValue(object value)", func(_ *Thread, a []any) any { a[0].(*xlinq.Attribute).SetValue(xmlValue(a[1])); return nil }),
	)
	return d.with(xmlConversions("XAttribute attribute", func(v any) (string, bool) {
		x, ok := v.(*xlinq.Attribute)
		if !ok {
			return "", false
		}
		return x.Value, true
	})...).holds(&xlinq.Attribute{})
}

func declarationDecl() *Decl {
	part := func(name string, field func(d *xlinq.Declaration) *string) Row {
		return PropSet("string "+name, func(_ *Thread, a []any) any {
			if s := *field(a[0].(*xlinq.Declaration)); s != "" {
				return s
			}
			return nil
		}, func(_ *Thread, a []any) any { *field(a[0].(*xlinq.Declaration)) = str(a[1]); return nil })
	}
	return class(xmlSpace+"XDeclaration",
		Ctor("(string version, string encoding, string standalone)", func(_ *Thread, a []any) any {
			return &xlinq.Declaration{Version: str(a[0]), Encoding: str(a[1]), Standalone: str(a[2])}
		}),
		Ctor("(XDeclaration other)", strict(f1(func(d *xlinq.Declaration) *xlinq.Declaration { c := *d; return &c }))),
		part("Version", func(d *xlinq.Declaration) *string { return &d.Version }),
		part("Encoding", func(d *xlinq.Declaration) *string { return &d.Encoding }),
		part("Standalone", func(d *xlinq.Declaration) *string { return &d.Standalone }),
	).holds(&xlinq.Declaration{})
}

func nameDecl() *Decl {
	return class(xmlSpace+"XName",
		Static("XName Get(string expandedName)", f1(xlinq.ParseName)),
		Static("XName Get(string localName, string namespaceName)", f2(xlinq.NewName)),
		Implicit("XName(string expandedName)", func(_ *Thread, a []any) any {
			if a[0] == nil {
				return nil
			}
			return xlinq.ParseName(a[0].(string))
		}),
		Prop("string LocalName", f1(func(n xlinq.Name) string { return n.Local })).
			Fast(func(v any) string { return v.(xlinq.Name).Local }),
		Prop("XNamespace Namespace", f1(xlinq.Name.Namespace)),
		Prop("string NamespaceName", f1(func(n xlinq.Name) string { return n.Space })),
		Op("bool ==(XName left, XName right)", func(_ *Thread, a []any) any { return a[0] == a[1] }),
		Op("bool !=(XName left, XName right)", func(_ *Thread, a []any) any { return a[0] != a[1] }),
	).holds(xlinq.Name{})
}

func namespaceDecl() *Decl {
	constant := func(name, uri string) Row {
		return StaticProp("XNamespace "+name, func(*Thread, []any) any { return xlinq.Namespace{URI: uri} })
	}
	plus := func(t *Thread, a []any) any {
		ns, ok := a[0].(xlinq.Namespace)
		if !ok {
			t.argNull(0)
		}
		return ns.Name(argStr(t, a, 1))
	}
	return class(xmlSpace+"XNamespace",
		Static("XNamespace Get(string namespaceName)", f1(func(s string) xlinq.Namespace { return xlinq.Namespace{URI: s} })),
		constant("None", ""),
		constant("Xml", xlinq.XmlNamespace.URI),
		constant("Xmlns", xlinq.XmlnsNamespace.URI),
		Implicit("XNamespace(string namespaceName)", func(_ *Thread, a []any) any {
			if a[0] == nil {
				return nil
			}
			return xlinq.Namespace{URI: a[0].(string)}
		}),
		Prop("string NamespaceName", f1(func(n xlinq.Namespace) string { return n.URI })),
		Method("XName GetName(string localName)", plus),
		Op("XName +(XNamespace ns, string localName)", plus),
		Op("bool ==(XNamespace left, XNamespace right)", func(_ *Thread, a []any) any { return a[0] == a[1] }),
		Op("bool !=(XNamespace left, XNamespace right)", func(_ *Thread, a []any) any { return a[0] != a[1] }),
	).holds(xlinq.Namespace{})
}

// comparerDecl is a comparer with a constructor; its values come from XNode, so
// that a new one is the same.
func comparerDecl(name, implements string, rows ...Row) *Decl {
	property := map[string]string{"XNodeEqualityComparer": "EqualityComparer", "XNodeDocumentOrderComparer": "DocumentOrderComparer"}[name]
	return class(xmlSpace+name+" : "+implements, rows...).with(Ctor("()", func(t *Thread, a []any) any {
		return Std().Named(xmlSpace + "XNode").MembersNamed(property)[0].Func(nil)(t, a)
	}))
}
