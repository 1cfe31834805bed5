package dotnet

import (
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/xlinq"
)

// xmlExtensions are the extension methods of System.Xml.Linq: what nodes and
// elements have, for all of a sequence.
func xmlExtensions() *Decl {
	type find = func(t *Thread, v any, name *xlinq.Name) []any
	all := func(elem string, f find) Func {
		return func(t *Thread, a []any) any {
			if a[0] == nil {
				clr.ThrowNull("source")
			}
			var name *xlinq.Name
			if len(a) > 1 {
				n, ok := a[1].(xlinq.Name)
				if !ok {
					return SeqOf(Std().Named(xmlSpace+elem), nil)
				}
				name = &n
			}
			of := a[0]
			return newSeq(Std().Named(xmlSpace+elem), of, func(t *Thread) Iter {
				source := Iterate(t, of)
				var part []any
				return func() (any, bool) {
					for len(part) == 0 {
						v, ok := source()
						if !ok {
							return nil, false
						}
						if v != nil {
							part = f(t, v, name)
							t.Pay(16 * len(part))
						}
					}
					t.Tick()
					v := part[0]
					part = part[1:]
					return v, true
				}
			})
		}
	}
	elementsOf := func(f func(v any, name *xlinq.Name) []*xlinq.Element) find {
		return func(_ *Thread, v any, name *xlinq.Name) []any { return anySlice(f(v, name)) }
	}
	withSelf := func(f func(v any, name *xlinq.Name) []*xlinq.Element) find {
		return elementsOf(func(v any, name *xlinq.Name) []*xlinq.Element {
			list := f(v, name)
			if e := v.(*xlinq.Element); name == nil || e.Name == *name {
				list = append([]*xlinq.Element{e}, list...)
			}
			return list
		})
	}
	children := func(v any, name *xlinq.Name) []*xlinq.Element { return xlinq.Elements(v.(xlinq.Container), name) }
	descendants := func(v any, name *xlinq.Name) []*xlinq.Element { return xlinq.Descendants(v.(xlinq.Container), name) }
	ancestors := func(v any, name *xlinq.Name) []*xlinq.Element { return xlinq.Ancestors(node(v), name) }
	attributes := func(_ *Thread, v any, name *xlinq.Name) []any {
		if name == nil {
			return anySlice(v.(*xlinq.Element).Attributes())
		}
		if x := v.(*xlinq.Element).Attribute(*name); x != nil {
			return []any{x}
		}
		return nil
	}
	remove := func(t *Thread, a []any) any {
		if a[0] == nil {
			clr.ThrowNull("source")
		}
		for _, v := range Slice(t, a[0]) {
			t.Tick()
			if x, ok := v.(*xlinq.Attribute); ok {
				x.Remove()
			} else if v != nil {
				xlinq.Remove(node(v))
			}
		}
		return nil
	}
	d := staticClass(xmlSpace+"Extensions",
		Static("IEnumerable<XNode> Nodes(this IEnumerable<XContainer> source)", all("XNode", func(_ *Thread, v any, _ *xlinq.Name) []any {
			return anySlice(xlinq.Nodes(v.(xlinq.Container)))
		})),
		Static("IEnumerable<XNode> DescendantNodes(this IEnumerable<XContainer> source)", all("XNode", func(_ *Thread, v any, _ *xlinq.Name) []any {
			return anySlice(xlinq.DescendantNodes(v.(xlinq.Container)))
		})),
		Static("IEnumerable<XNode> InDocumentOrder(this IEnumerable<XNode> source)", func(t *Thread, a []any) any {
			items := Slice(t, a[0])
			sortItems(t, items, func(t *Thread, a, b any) int { return int(compareOrder(t, a, b)) })
			return SeqOf(Std().Named(xmlSpace+"XNode"), items)
		}),
		Static("void Remove(this IEnumerable<XNode> source)", remove),
		Static("void Remove(this IEnumerable<XAttribute> source)", remove),
	)
	for _, m := range []struct {
		name, of, elem string
		f              find
	}{
		{"Elements", "XContainer", "XElement", elementsOf(children)},
		{"Descendants", "XContainer", "XElement", elementsOf(descendants)},
		{"DescendantsAndSelf", "XElement", "XElement", withSelf(descendants)},
		{"Ancestors", "XNode", "XElement", elementsOf(ancestors)},
		{"AncestorsAndSelf", "XElement", "XElement", withSelf(ancestors)},
		{"Attributes", "XElement", "XAttribute", attributes},
	} {
		sig := "IEnumerable<" + m.elem + "> " + m.name + "(this IEnumerable<" + m.of + "> source"
		d.with(Static(sig+")", all(m.elem, m.f)), Static(sig+", XName name)", all(m.elem, m.f)))
	}
	return d
}

func anySlice[T any](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = v
	}
	return out
}
