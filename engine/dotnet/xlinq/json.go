package xlinq

import (
	"strings"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/newtonsoft"
)

// ToJSON is JsonConvert.SerializeXNode: attributes become "@name", text "#text",
// elements of the same name an array.
func ToJSON(n Node, omitRoot bool) newtonsoft.JToken {
	if d, ok := n.(*Document); ok {
		out := newtonsoft.NewObject()
		if d.Declaration != nil {
			decl := newtonsoft.NewObject()
			for _, p := range [...][2]string{{"@version", d.Declaration.Version}, {"@encoding", d.Declaration.Encoding}, {"@standalone", d.Declaration.Standalone}} {
				if p[1] != "" {
					decl.SetValue(p[0], newtonsoft.NewString(p[1]))
				}
			}
			out.SetValue("?xml", decl)
		}
		if r := d.Root(); r != nil {
			if omitRoot {
				return elementJSON(r)
			}
			out.SetValue(viewOf(r).Name(), elementJSON(r))
		}
		return out
	}
	e, ok := n.(*Element)
	if !ok {
		return newtonsoft.NewString(ValueOf(n))
	}
	if omitRoot {
		return elementJSON(e)
	}
	out := newtonsoft.NewObject()
	out.SetValue(viewOf(e).Name(), elementJSON(e))
	return out
}

// JSONToken is how JsonConvert.SerializeObject writes the node.
func (e *Element) JSONToken() newtonsoft.JToken  { return ToJSON(e, false) }
func (d *Document) JSONToken() newtonsoft.JToken { return ToJSON(d, false) }

func elementJSON(e *Element) newtonsoft.JToken {
	nodes := joined(e.children.nodes)
	if len(e.attributes) == 0 {
		if e.IsEmpty() {
			return newtonsoft.NewNull()
		}
		if len(nodes) == 0 {
			return newtonsoft.NewString("")
		}
		if t, ok := nodes[0].(*Text); ok && len(nodes) == 1 && !t.CData {
			return newtonsoft.NewString(t.Value)
		}
	}
	out := newtonsoft.NewObject()
	for _, a := range e.attributes {
		out.SetValue("@"+viewOf(a).Name(), newtonsoft.NewString(a.Value))
	}
	for _, n := range nodes {
		var v newtonsoft.JToken
		switch n := n.(type) {
		case *Element:
			v = elementJSON(n)
		case *Comment:
			continue
		default:
			v = newtonsoft.NewString(ValueOf(n))
		}
		name := viewOf(n).Name()
		switch old := out.Value(name).(type) {
		case nil:
			out.SetValue(name, v)
		case *newtonsoft.JArray:
			newtonsoft.Add(old, v)
		default:
			out.SetValue(name, newtonsoft.NewArrayOf([]newtonsoft.JToken{old, v}))
		}
	}
	return out
}

// FromJSON is JsonConvert.DeserializeXNode: the document of an object with one
// property, or with those of the object below an element named root.
func FromJSON(o *newtonsoft.JObject, root string) *Document {
	d := NewDocument()
	if root != "" {
		wrapped := newtonsoft.NewObject()
		wrapped.SetValue(root, newtonsoft.DeepClone(o))
		o = wrapped
	}
	for _, p := range o.Properties() {
		if p.Name == "?xml" {
			d.Declaration = declarationOf(p.Value())
			continue
		}
		if d.Root() != nil || p.Value().Type() == newtonsoft.Array && newtonsoft.Len(p.Value()) != 1 {
			clr.Throw(newtonsoft.JsonSerializationException, "JSON root object has multiple properties. The root object must have a single property in order to create a valid XML document. Consider specifying a DeserializeRootElementName. Path '%s'.", newtonsoft.Path(p.Value()))
		}
		fromJSON(d, nil, p.Name, p.Value())
	}
	return d
}

func declarationOf(t newtonsoft.JToken) *Declaration {
	o, ok := t.(*newtonsoft.JObject)
	if !ok {
		return nil
	}
	get := func(name string) string {
		if v := o.Value(name); v != nil {
			return v.String()
		}
		return ""
	}
	return &Declaration{Version: get("@version"), Encoding: get("@encoding"), Standalone: get("@standalone")}
}

// fromJSON adds what a property stands for to a container. scope are the
// namespaces declared around it.
func fromJSON(c Container, scope []binding, name string, v newtonsoft.JToken) {
	if name == "#text" {
		Add(c, scalarText(v))
		return
	}
	if name == "#cdata-section" {
		Add(c, &Text{Value: scalarText(v), CData: true})
		return
	}
	if a, ok := v.(*newtonsoft.JArray); ok {
		for _, x := range newtonsoft.Children(a) {
			fromJSON(c, scope, name, x)
		}
		return
	}
	e := &Element{}
	o, isObject := v.(*newtonsoft.JObject)
	if isObject {
		for _, p := range o.Properties() {
			if p.Name == "@xmlns" {
				scope = append(scope[:len(scope):len(scope)], binding{"", scalarText(p.Value())})
			} else if rest, ok := strings.CutPrefix(p.Name, "@xmlns:"); ok {
				scope = append(scope[:len(scope):len(scope)], binding{rest, scalarText(p.Value())})
			}
		}
	}
	e.Name = jsonName(name, scope, true)
	switch {
	case isObject:
		for _, p := range o.Properties() {
			switch attribute, ok := strings.CutPrefix(p.Name, "@"); {
			case ok && attribute == "xmlns":
				e.addAttribute(NewAttribute(Name{Local: "xmlns"}, scalarText(p.Value())))
			case ok && strings.HasPrefix(attribute, "xmlns:"):
				e.addAttribute(NewAttribute(Name{xmlnsNS, attribute[len("xmlns:"):]}, scalarText(p.Value())))
			case ok:
				e.addAttribute(NewAttribute(jsonName(attribute, scope, false), scalarText(p.Value())))
			default:
				fromJSON(e, scope, p.Name, p.Value())
			}
		}
	case v.Type() != newtonsoft.Null:
		Add(e, scalarText(v))
	}
	Add(c, e)
}

func jsonName(name string, scope []binding, element bool) Name {
	prefix, local, ok := strings.Cut(name, ":")
	if !ok {
		prefix, local = "", name
	}
	uri := ""
	if prefix != "" || element {
		uri, _ = lookup(scope, prefix)
	}
	var b strings.Builder
	for i, r := range local {
		if r != ':' && (nameStart(r) || i > 0 && nameChar(r)) {
			b.WriteRune(r)
		} else {
			b.WriteString(encodeNameChar(r))
		}
	}
	return NewName(b.String(), uri)
}

// encodeNameChar is XmlConvert.EncodeName's form of a character that a name cannot
// have: _x0020_.
func encodeNameChar(r rune) string {
	const hex = "0123456789ABCDEF"
	out := "_x"
	for shift := 12; shift >= 0; shift -= 4 {
		out += string(hex[r>>shift&15])
	}
	return out + "_"
}

func scalarText(v newtonsoft.JToken) string {
	x, ok := v.(*newtonsoft.JValue)
	if !ok {
		return v.String()
	}
	return TextOf(orEmpty(x.Value()))
}

func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}
