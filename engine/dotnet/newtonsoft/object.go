package newtonsoft

import (
	"slices"

	"sekisho/engine/dotnet/clr"
)

// JObject is an object: properties in the order they were added.
type JObject struct {
	node
	unbuilt
	list  []*JProperty          // props gives it
	index map[string]*JProperty // nil while there are few
	shift int                   // how many were removed from the front
}

// indexed is the number of properties from which a map finds them.
const indexed = 12

// NewObject is new JObject().
func NewObject() *JObject { return &JObject{} }

// NewObjectOf is new JObject(content).
func NewObjectOf(content any) *JObject {
	o := NewObject()
	if other, ok := content.(*JObject); ok && other != nil {
		return other.clone().(*JObject)
	}
	Add(o, content)
	return o
}

func (o *JObject) Type() JTokenType         { return Object }
func (o *JObject) String() string           { return Format(o, true) }
func (o *JObject) Len() int                 { return len(o.props()) }
func (o *JObject) Child(i int) JToken       { return o.props()[i] }
func (o *JObject) Properties() []*JProperty { return slices.Clone(o.props()) }

// props are the properties. Whatever touches the fields calls it first.
func (o *JObject) props() []*JProperty {
	if d := o.from.Load(); d != nil {
		o.build(d)
	}
	return o.list
}

// Property is JObject.Property(name), or nil.
func (o *JObject) Property(name string) *JProperty {
	o.props()
	return o.lookup(name)
}

// lookup is Property of what has been built.
func (o *JObject) lookup(name string) *JProperty {
	if o.index != nil {
		return o.index[name]
	}
	for _, p := range o.list {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// reindex makes the index when there are many properties.
func (o *JObject) reindex() {
	if o.index != nil || len(o.list) < indexed {
		return
	}
	o.index = make(map[string]*JProperty, 2*len(o.list))
	for _, p := range o.list {
		o.index[p.Name] = p
	}
}

// PropertyComparison is JObject.Property(name, comparison): an exact match comes
// first.
func (o *JObject) PropertyComparison(name string, c clr.StringComparison) *JProperty {
	if p := o.Property(name); p != nil || c == clr.Ordinal {
		return p
	}
	for _, p := range o.props() {
		if clr.EqualComparison(p.Name, name, c) {
			return p
		}
	}
	return nil
}

// Value is the value of a property, or nil: o["name"], GetValue.
func (o *JObject) Value(name string) JToken {
	if p := o.Property(name); p != nil {
		return p.value
	}
	return nil
}

// ValueComparison is JObject.GetValue(name, comparison).
func (o *JObject) ValueComparison(name string, c clr.StringComparison) JToken {
	if p := o.PropertyComparison(name, c); p != nil {
		return p.value
	}
	return nil
}

// TryGetValue is JObject.TryGetValue.
func (o *JObject) TryGetValue(name string) (JToken, bool) {
	v := o.Value(name)
	return v, v != nil
}

// ContainsKey is JObject.ContainsKey.
func (o *JObject) ContainsKey(name string) bool { return o.Property(name) != nil }

// SetValue is o["name"] = value.
func (o *JObject) SetValue(name string, value JToken) {
	if p := o.Property(name); p != nil {
		p.SetValue(value)
		return
	}
	addToken(o, len(o.props()), NewProperty(name, value))
}

// AddValue is JObject.Add(name, value).
func (o *JObject) AddValue(name string, value JToken) {
	addToken(o, len(o.props()), NewProperty(name, value))
}

// RemoveName is JObject.Remove(name).
func (o *JObject) RemoveName(name string) bool {
	p := o.Property(name)
	if p == nil {
		return false
	}
	Remove(p)
	return true
}

// Values is JObject.PropertyValues().
func (o *JObject) Values() []JToken {
	out := make([]JToken, len(o.props()))
	for i, p := range o.props() {
		out[i] = p.value
	}
	return out
}

func (o *JObject) indexOf(t JToken) int { return find(o.props(), t, o.shift) }

func (o *JObject) check(t, instead JToken) {
	p, ok := t.(*JProperty)
	if !ok {
		clr.ThrowArgument("Can not add "+ClassName(t)+" to Newtonsoft.Json.Linq.JObject.", "")
	}
	if old, ok := instead.(*JProperty); ok && old.Name == p.Name {
		return
	}
	if o.Property(p.Name) != nil {
		clr.ThrowArgument("Can not add property "+p.Name+" to Newtonsoft.Json.Linq.JObject. Property with the same name already exists on object.", "")
	}
}

func (o *JObject) insert(i int, t JToken) {
	p := t.(*JProperty)
	p.at = i + o.shift
	if i == len(o.props()) {
		o.list = append(o.list, p)
	} else {
		o.list = slices.Insert(o.list, i, p)
	}
	if o.index != nil {
		o.index[p.Name] = p
	}
	o.reindex()
}

func (o *JObject) set(i int, t JToken) {
	p := t.(*JProperty)
	p.at = i + o.shift
	old := &o.props()[i]
	if o.index != nil {
		delete(o.index, (*old).Name)
		o.index[p.Name] = p
	}
	*old = p
}

func (o *JObject) removeAt(i int) {
	old := o.props()[i]
	if o.index != nil {
		delete(o.index, old.Name)
	}
	if i == 0 {
		o.list[0] = nil
		o.list = o.list[1:]
		o.shift++
		return
	}
	o.list = slices.Delete(o.list, i, i+1)
}

func (o *JObject) clear() {
	o.from.Store(nil)
	o.list, o.index = nil, nil
}

func (o *JObject) clone() JToken {
	if d := o.from.Load(); d != nil {
		return d.container(o.entry)
	}
	c := &JObject{list: make([]*JProperty, len(o.list))}
	for i, p := range o.list {
		q := p.clone().(*JProperty)
		q.setParent(c)
		q.at = i
		c.list[i] = q
	}
	c.reindex()
	return c
}

// JProperty is a name with its value.
type JProperty struct {
	node
	Name  string
	value JToken
}

// NewProperty is new JProperty(name, value).
func NewProperty(name string, value JToken) *JProperty {
	p := &JProperty{Name: name}
	p.value = adopt(p, value)
	if _, ok := p.value.(*JProperty); ok {
		p.check(p.value, nil)
	}
	p.value.setParent(p)
	return p
}

// NewPropertyOf is new JProperty(name, content): several contents are an array.
func NewPropertyOf(name string, content any) *JProperty {
	if _, ok := multiple(content); ok {
		return NewProperty(name, NewArrayOf(content))
	}
	return NewProperty(name, FromContent(content))
}

func (p *JProperty) Type() JTokenType   { return Property }
func (p *JProperty) String() string     { return Format(p, true) }
func (p *JProperty) Len() int           { return 1 }
func (p *JProperty) Child(int) JToken   { return p.value }
func (p *JProperty) Value() JToken      { return p.value }
func (p *JProperty) indexOf(JToken) int { return 0 }

// SetValue is property.Value = value.
func (p *JProperty) SetValue(value JToken) {
	if value == p.value {
		return
	}
	value = adopt(p, value)
	p.check(value, p.value)
	value.setParent(p)
	p.value.setParent(nil)
	p.value = value
}

func (p *JProperty) check(t, instead JToken) {
	if _, ok := t.(*JProperty); ok {
		clr.ThrowArgument("Can not add "+ClassName(t)+" to Newtonsoft.Json.Linq.JProperty.", "")
	}
	if instead == nil && p.value != nil && t != p.value {
		clr.Throw(JsonException, "Newtonsoft.Json.Linq.JProperty cannot have multiple values.")
	}
}

func throwFixed() {
	clr.Throw(JsonException, "Cannot add or remove items from Newtonsoft.Json.Linq.JProperty.")
}

func (p *JProperty) insert(int, JToken)  { throwFixed() }
func (p *JProperty) set(_ int, t JToken) { p.value = t }
func (p *JProperty) removeAt(int)        { throwFixed() }
func (p *JProperty) clear()              { throwFixed() }

func (p *JProperty) clone() JToken {
	c := &JProperty{Name: p.Name, value: p.value.clone()}
	c.value.setParent(c)
	return c
}
