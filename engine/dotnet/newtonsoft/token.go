// Package newtonsoft is Newtonsoft.Json 13 as policy expressions see it: the tree
// of JTokens, its reader and writer, JSONPath, and JsonConvert.
//
// Tokens are pointers with reference semantics and know their parents: a token
// that is put into a second place is copied, and one that is changed in place is
// changed for whoever holds it. A tree belongs to one exchange; it may be read by
// several goroutines at once, but not while it is changed.
//
// Null as a C# reference is a nil JToken; JSON's null is a *JValue of type Null.
package newtonsoft

import (
	"strconv"
	"strings"

	"sekisho/engine/dotnet/clr"
)

// Full names of Newtonsoft's exceptions.
const (
	JsonException              = "Newtonsoft.Json.JsonException"
	JsonReaderException        = "Newtonsoft.Json.JsonReaderException"
	JsonSerializationException = "Newtonsoft.Json.JsonSerializationException"
	JsonWriterException        = "Newtonsoft.Json.JsonWriterException"
)

// JTokenType is the value of Newtonsoft's enum of that name.
type JTokenType int32

const (
	None JTokenType = iota
	Object
	Array
	Constructor
	Property
	Comment
	Integer
	Float
	String
	Boolean
	Null
	Undefined
	Date
	Raw
	Bytes
	Guid
	Uri
	TimeSpan
)

var typeNames = [...]string{"None", "Object", "Array", "Constructor", "Property", "Comment", "Integer", "Float",
	"String", "Boolean", "Null", "Undefined", "Date", "Raw", "Bytes", "Guid", "Uri", "TimeSpan"}

func (t JTokenType) String() string {
	if t < 0 || int(t) >= len(typeNames) {
		return strconv.Itoa(int(t))
	}
	return typeNames[t]
}

// JToken is any token: *JObject, *JArray, *JProperty, *JValue or *JConstructor.
type JToken interface {
	Type() JTokenType
	// Parent is the container that holds the token, or nil.
	Parent() JContainer
	// String is ToString(): indented JSON, or the bare text of a value.
	String() string

	setParent(JContainer)
	base() *node
	clone() JToken
}

// JContainer is a token that holds others.
type JContainer interface {
	JToken
	Len() int
	Child(i int) JToken
	indexOf(t JToken) int
	// insert, set and removeAt take and give tokens that have been prepared.
	insert(i int, t JToken)
	set(i int, t JToken)
	removeAt(i int)
	clear()
	// check throws if t may not stand in the container. instead is the token
	// whose place it takes, or nil.
	check(t, instead JToken)
}

type node struct {
	parent JContainer
	at     int // where it was put: see find
	height int // of the tree below, at least
}

// maxHeight bounds trees that expressions build: what walks over them recurses.
const maxHeight = 5000

func (n *node) Parent() JContainer { return n.parent }
func (n *node) base() *node        { return n }

// setParent also passes the height on to the containers above. It throws before
// anything changes if the tree becomes too high.
func (n *node) setParent(p JContainer) {
	h := n.height
	for c := p; c != nil; c = c.Parent() {
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
	n.parent = p
}

// find is the index of t among items, or -1. The search begins where t was put,
// moved by shift: loops that walk over siblings or remove them from the front or
// the end find each at once. Nothing is written: branches of one exchange may
// read a tree at the same time.
func find[T JToken](items []T, t JToken, shift int) int {
	guess := min(max(t.base().at-shift, 0), len(items)-1)
	for d := 0; d < len(items); d++ {
		if i := guess - d; i >= 0 && JToken(items[i]) == t {
			return i
		}
		if i := guess + d; i < len(items) && JToken(items[i]) == t {
			return i
		}
	}
	return -1
}

// ClassName is the full name of the token's class.
func ClassName(t JToken) string {
	const ns = "Newtonsoft.Json.Linq."
	switch t := t.(type) {
	case *JObject:
		return ns + "JObject"
	case *JArray:
		return ns + "JArray"
	case *JProperty:
		return ns + "JProperty"
	case *JConstructor:
		return ns + "JConstructor"
	case *JValue:
		if t.kind == Raw {
			return ns + "JRaw"
		}
		return ns + "JValue"
	}
	return ns + "JToken"
}

func shortName(t JToken) string { return strings.TrimPrefix(ClassName(t), "Newtonsoft.Json.Linq.") }

// Len is Count of a container, 0 for a value.
func Len(t JToken) int {
	if c, ok := t.(JContainer); ok {
		return c.Len()
	}
	return 0
}

// HasValues is JToken.HasValues.
func HasValues(t JToken) bool { return Len(t) > 0 }

// Children is JToken.Children(): a copy, so that the tree may change meanwhile.
func Children(t JToken) []JToken {
	c, ok := t.(JContainer)
	if !ok {
		return nil
	}
	out := make([]JToken, c.Len())
	for i := range out {
		out[i] = c.Child(i)
	}
	return out
}

// First and Last are JToken.First and Last; they throw on a value.
func First(t JToken) JToken {
	c := needContainer(t)
	if c.Len() == 0 {
		return nil
	}
	return c.Child(0)
}

func Last(t JToken) JToken {
	c := needContainer(t)
	if c.Len() == 0 {
		return nil
	}
	return c.Child(c.Len() - 1)
}

func needContainer(t JToken) JContainer {
	c, ok := t.(JContainer)
	if !ok {
		clr.Throw(clr.InvalidOperationException, "%s", "Cannot access child value on "+ClassName(t)+".")
	}
	return c
}

// Next and Previous are the siblings of a token, or nil.
func Next(t JToken) JToken { return sibling(t, 1) }

func Previous(t JToken) JToken { return sibling(t, -1) }

func sibling(t JToken, d int) JToken {
	p := t.Parent()
	if p == nil {
		return nil
	}
	i := p.indexOf(t) + d
	if i < 0 || i >= p.Len() {
		return nil
	}
	return p.Child(i)
}

// Root is JToken.Root.
func Root(t JToken) JToken {
	for {
		p := t.Parent()
		if p == nil {
			return t
		}
		t = p
	}
}

// Ancestors is JToken.Ancestors(), from the nearest.
func Ancestors(t JToken) []JToken {
	var out []JToken
	for p := t.Parent(); p != nil; p = p.Parent() {
		out = append(out, p)
	}
	return out
}

// Descendants is JContainer.Descendants(), in document order.
func Descendants(t JToken) []JToken {
	var out []JToken
	walk(t, func(d JToken) { out = append(out, d) })
	return out[1:]
}

// walk visits t and everything in it in document order, without recursion.
func walk(t JToken, visit func(JToken)) {
	stack := []JToken{t}
	for len(stack) > 0 {
		t := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		visit(t)
		if c, ok := t.(JContainer); ok {
			for i := c.Len() - 1; i >= 0; i-- {
				stack = append(stack, c.Child(i))
			}
		}
	}
}

// Path is JToken.Path: "a.b[0]".
func Path(t JToken) string {
	var parts []string
	for ; t.Parent() != nil; t = t.Parent() {
		switch p := t.Parent().(type) {
		case *JArray:
			parts = append(parts, "["+strconv.Itoa(p.indexOf(t))+"]")
		case *JConstructor:
			parts = append(parts, "["+strconv.Itoa(p.indexOf(t))+"]")
		case *JObject:
			parts = append(parts, pathName(t.(*JProperty).Name))
		}
	}
	if p, ok := t.(*JProperty); ok && p.parent == nil {
		parts = append(parts, pathName(p.Name))
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		appendPath(&b, parts[i])
	}
	return b.String()
}

func appendPath(b *strings.Builder, part string) {
	if b.Len() > 0 && !strings.HasPrefix(part, "[") {
		b.WriteByte('.')
	}
	b.WriteString(part)
}

// pathName is a property's name in a path: quoted where it has a character that
// means something there.
func pathName(name string) string {
	if strings.ContainsAny(name, ". '/\"[]()\t\n\r\f\b\\\u0085\u2028\u2029") {
		return "['" + string(appendEscaped(nil, name, '\'')) + "']"
	}
	return name
}

const parentMissing = "The parent is missing."

func needParent(t JToken) JContainer {
	p := t.Parent()
	if p == nil {
		clr.Throw(clr.InvalidOperationException, parentMissing)
	}
	return p
}

// Remove is JToken.Remove().
func Remove(t JToken) {
	p := needParent(t)
	if _, ok := p.(*JProperty); ok {
		throwFixed()
	}
	p.removeAt(p.indexOf(t))
	t.setParent(nil)
}

// Replace is JToken.Replace(value).
func Replace(t, value JToken) {
	p := needParent(t)
	if value == t {
		return
	}
	value = adopt(p, value)
	p.check(value, t)
	value.setParent(p)
	p.set(p.indexOf(t), value)
	t.setParent(nil)
}

// AddAfterSelf is JToken.AddAfterSelf(content).
func AddAfterSelf(t JToken, content any) {
	p := needParent(t)
	addContent(p, p.indexOf(t)+1, content)
}

// AddBeforeSelf is JToken.AddBeforeSelf(content).
func AddBeforeSelf(t JToken, content any) {
	p := needParent(t)
	addContent(p, p.indexOf(t), content)
}

// Add is JContainer.Add(content): tokens, values, or several of them.
func Add(c JContainer, content any) { addContent(c, c.Len(), content) }

// AddFirst is JContainer.AddFirst(content).
func AddFirst(c JContainer, content any) { addContent(c, 0, content) }

// Clear is JContainer.RemoveAll().
func Clear(c JContainer) {
	for i := 0; i < c.Len(); i++ {
		c.Child(i).setParent(nil)
	}
	c.clear()
}

// ReplaceAll is JContainer.ReplaceAll(content).
func ReplaceAll(c JContainer, content any) {
	Clear(c)
	Add(c, content)
}

func addContent(c JContainer, at int, content any) {
	if items, ok := multiple(content); ok {
		items(func(v any) bool {
			addContent(c, at, v)
			at++
			return true
		})
		return
	}
	addToken(c, at, FromContent(content))
}

func addToken(c JContainer, at int, t JToken) {
	t = adopt(c, t)
	c.check(t, nil)
	t.setParent(c)
	c.insert(at, t)
}

// adopt makes t ready to stand in p: null becomes a null value, and a token that
// stands elsewhere a copy.
func adopt(p JContainer, t JToken) JToken {
	if t == nil {
		return NewNull()
	}
	if t.Parent() != nil || t == JToken(p) || Root(p) == t && HasValues(t) {
		return t.clone()
	}
	return t
}

// multiple reports whether content is several contents: a collection that is
// neither a token nor a value.
func multiple(content any) (func(func(any) bool), bool) {
	switch v := content.(type) {
	case JToken:
		return nil, false
	case []any:
		return func(f func(any) bool) {
			for _, x := range v {
				if !f(x) {
					return
				}
			}
		}, true
	case []JToken:
		return func(f func(any) bool) {
			for _, x := range v {
				if !f(x) {
					return
				}
			}
		}, true
	case Members:
		return nil, false
	case Items:
		return v.JSONItems, true
	}
	return nil, false
}

// FromContent is the token of one content: a token itself, or a value.
func FromContent(content any) JToken {
	if t, ok := content.(JToken); ok && t != nil {
		return t
	}
	return NewValue(content)
}

// DeepClone is JToken.DeepClone().
func DeepClone(t JToken) JToken { return t.clone() }

// DeepEquals is JToken.DeepEquals(a, b): the order of properties does not matter.
func DeepEquals(a, b JToken) bool {
	if a == nil || b == nil {
		return a == b
	}
	switch a := a.(type) {
	case *JValue:
		b, ok := b.(*JValue)
		return ok && a.Equal(b)
	case *JProperty:
		b, ok := b.(*JProperty)
		return ok && a.Name == b.Name && DeepEquals(a.value, b.value)
	case *JObject:
		b, ok := b.(*JObject)
		if !ok || len(a.props()) != len(b.props()) {
			return false
		}
		for _, p := range a.props() {
			q := b.Property(p.Name)
			if q == nil || !DeepEquals(p.value, q.value) {
				return false
			}
		}
		return true
	case *JArray:
		b, ok := b.(*JArray)
		return ok && equalItems(a.items(), b.items())
	case *JConstructor:
		b, ok := b.(*JConstructor)
		return ok && a.Name == b.Name && equalItems(a.items(), b.items())
	}
	return false
}

func equalItems(a, b []JToken) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !DeepEquals(a[i], b[i]) {
			return false
		}
	}
	return true
}

// Get is the indexer token[key], where key is a string or an int32.
func Get(t JToken, key any) JToken {
	if key == nil {
		clr.ThrowNull("key")
	}
	switch t := t.(type) {
	case *JObject:
		if name, ok := key.(string); ok {
			return t.Value(name)
		}
		clr.ThrowArgument("Accessed JObject values with invalid key value: "+keyText(key)+". Object property name expected.", "")
	case *JArray:
		if i, ok := key.(int32); ok {
			return t.At(int(i))
		}
		clr.ThrowArgument("Accessed JArray values with invalid key value: "+keyText(key)+". Int32 array index expected.", "")
	case *JConstructor:
		if i, ok := key.(int32); ok {
			return at(t.items(), int(i))
		}
		clr.ThrowArgument("Accessed JConstructor values with invalid key value: "+keyText(key)+". Argument position index expected.", "")
	}
	clr.Throw(clr.InvalidOperationException, "%s", "Cannot access child value on "+ClassName(t)+".")
	return nil
}

// Set is token[key] = value.
func Set(t JToken, key any, value JToken) {
	if key == nil {
		clr.ThrowNull("key")
	}
	switch t := t.(type) {
	case *JObject:
		if name, ok := key.(string); ok {
			t.SetValue(name, value)
			return
		}
		clr.ThrowArgument("Set JObject values with invalid key value: "+keyText(key)+". Object property name expected.", "")
	case *JArray:
		if i, ok := key.(int32); ok {
			t.SetAt(int(i), value)
			return
		}
		clr.ThrowArgument("Set JArray values with invalid key value: "+keyText(key)+". Int32 array index expected.", "")
	case *JConstructor:
		if i, ok := key.(int32); ok {
			Replace(at(t.items(), int(i)), value)
			return
		}
		clr.ThrowArgument("Set JConstructor values with invalid key value: "+keyText(key)+". Argument position index expected.", "")
	}
	clr.Throw(clr.InvalidOperationException, "%s", "Cannot set child value on "+ClassName(t)+".")
}

func keyText(key any) string {
	if s, ok := key.(string); ok {
		return `"` + s + `"`
	}
	s, _ := clr.String(key)
	return s
}

func at(items []JToken, i int) JToken {
	if i < 0 || i >= len(items) {
		clr.ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "index")
	}
	return items[i]
}
