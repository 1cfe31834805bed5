package newtonsoft

import (
	"slices"

	"sekisho/engine/dotnet/clr"
)

// sequence is what JArray and JConstructor share.
type sequence struct {
	node
	items []JToken
	shift int // how many were removed from the front
}

func (s *sequence) Len() int             { return len(s.items) }
func (s *sequence) Child(i int) JToken   { return s.items[i] }
func (s *sequence) indexOf(t JToken) int { return find(s.items, t, s.shift) }
func (s *sequence) clear()               { s.items = nil }

func (s *sequence) set(i int, t JToken) {
	t.base().at = i + s.shift
	s.items[i] = t
}

func (s *sequence) removeAt(i int) {
	if i == 0 {
		s.items[0] = nil
		s.items = s.items[1:]
		s.shift++
		return
	}
	s.items = slices.Delete(s.items, i, i+1)
}

func (s *sequence) insert(i int, t JToken) {
	t.base().at = i + s.shift
	if i == len(s.items) {
		s.items = append(s.items, t)
	} else {
		s.items = slices.Insert(s.items, i, t)
	}
}

func (s *sequence) copyTo(c JContainer, d *sequence) {
	d.items = make([]JToken, len(s.items))
	for i, t := range s.items {
		d.items[i] = t.clone()
		d.items[i].setParent(c)
		d.items[i].base().at = i
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
	c := &JArray{}
	a.copyTo(c, &c.sequence)
	return c
}

// At is a[i].
func (a *JArray) At(i int) JToken { return at(a.items, i) }

// SetAt is a[i] = value.
func (a *JArray) SetAt(i int, value JToken) { Replace(at(a.items, i), value) }

// Insert is JArray.Insert.
func (a *JArray) Insert(i int, value JToken) {
	if i < 0 || i > len(a.items) {
		clr.ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "index")
	}
	addToken(a, i, value)
}

// RemoveAt is JArray.RemoveAt.
func (a *JArray) RemoveAt(i int) {
	if i < 0 || i >= len(a.items) {
		clr.ThrowRange("Index is equal to or greater than Count.", "index")
	}
	Remove(a.items[i])
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
	d := &JConstructor{Name: c.Name}
	c.copyTo(d, &d.sequence)
	return d
}
