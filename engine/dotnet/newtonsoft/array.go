package newtonsoft

import (
	"slices"

	"sekisho/engine/dotnet/clr"
)

// sequence is what JArray and JConstructor share.
type sequence struct {
	node
	unbuilt
	owner JContainer // of what is built: the container itself
	list  []JToken   // items gives it
	shift int        // how many were removed from the front
}

// items are the elements. Whatever touches the fields calls it first.
func (s *sequence) items() []JToken {
	if d := s.from.Load(); d != nil {
		s.build(d)
	}
	return s.list
}

func (s *sequence) Len() int             { return len(s.items()) }
func (s *sequence) Child(i int) JToken   { return s.items()[i] }
func (s *sequence) indexOf(t JToken) int { return find(s.items(), t, s.shift) }

func (s *sequence) clear() {
	s.from.Store(nil)
	s.list = nil
}

func (s *sequence) set(i int, t JToken) {
	t.base().at = i + s.shift
	s.items()[i] = t
}

func (s *sequence) removeAt(i int) {
	items := s.items()
	if i == 0 {
		items[0] = nil
		s.list = items[1:]
		s.shift++
		return
	}
	s.list = slices.Delete(items, i, i+1)
}

func (s *sequence) insert(i int, t JToken) {
	t.base().at = i + s.shift
	if items := s.items(); i == len(items) {
		s.list = append(items, t)
	} else {
		s.list = slices.Insert(items, i, t)
	}
}

// copyTo copies what has been built.
func (s *sequence) copyTo(c JContainer, d *sequence) {
	d.list = make([]JToken, len(s.list))
	for i, t := range s.list {
		d.list[i] = t.clone()
		d.list[i].setParent(c)
		d.list[i].base().at = i
	}
}

// JArray is an array.
type JArray struct{ sequence }

// NewArray is new JArray().
func NewArray() *JArray { return &JArray{} }

// NewArrayOf is new JArray(content).
func NewArrayOf(content any) *JArray {
	a := NewArray()
	Add(a, content)
	return a
}

func (a *JArray) Type() JTokenType { return Array }
func (a *JArray) String() string   { return Format(a, true) }

func (a *JArray) check(t, _ JToken) {
	if _, ok := t.(*JProperty); ok {
		clr.ThrowArgument("Can not add "+ClassName(t)+" to Newtonsoft.Json.Linq.JArray.", "")
	}
}

func (a *JArray) clone() JToken {
	if d := a.from.Load(); d != nil {
		return d.container(a.entry)
	}
	c := &JArray{}
	a.copyTo(c, &c.sequence)
	return c
}

// At is a[i].
func (a *JArray) At(i int) JToken { return at(a.items(), i) }

// SetAt is a[i] = value.
func (a *JArray) SetAt(i int, value JToken) { Replace(at(a.items(), i), value) }

// Insert is JArray.Insert.
func (a *JArray) Insert(i int, value JToken) {
	if i < 0 || i > len(a.items()) {
		clr.ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "index")
	}
	addToken(a, i, value)
}

// RemoveAt is JArray.RemoveAt.
func (a *JArray) RemoveAt(i int) {
	if i < 0 || i >= len(a.items()) {
		clr.ThrowRange("Index is equal to or greater than Count.", "index")
	}
	Remove(a.items()[i])
}

// RemoveItem is JArray.Remove(item).
func (a *JArray) RemoveItem(t JToken) bool {
	if t == nil || t.Parent() != JContainer(a) {
		return false
	}
	Remove(t)
	return true
}

// IndexOf is JArray.IndexOf(item): by reference.
func (a *JArray) IndexOf(t JToken) int {
	if t == nil || t.Parent() != JContainer(a) {
		return -1
	}
	return a.indexOf(t)
}

// Contains is JArray.Contains(item): by reference.
func (a *JArray) Contains(t JToken) bool { return a.IndexOf(t) >= 0 }

// JConstructor is JavaScript's new Name(…), which Newtonsoft's reader accepts.
type JConstructor struct {
	sequence
	Name string
}

// NewConstructor is new JConstructor(name, content).
func NewConstructor(name string, content any) *JConstructor {
	c := &JConstructor{Name: name}
	if content != nil {
		Add(c, content)
	}
	return c
}

func (c *JConstructor) Type() JTokenType { return Constructor }
func (c *JConstructor) String() string   { return Format(c, true) }

func (c *JConstructor) check(t, _ JToken) {
	if _, ok := t.(*JProperty); ok {
		clr.ThrowArgument("Can not add "+ClassName(t)+" to Newtonsoft.Json.Linq.JConstructor.", "")
	}
}

func (c *JConstructor) clone() JToken {
	if d := c.from.Load(); d != nil {
		copied := d.container(c.entry).(*JConstructor)
		copied.Name = c.Name
		return copied
	}
	d := &JConstructor{Name: c.Name}
	c.copyTo(d, &d.sequence)
	return d
}
