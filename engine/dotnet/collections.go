package dotnet

import (
	"sekisho/engine/dotnet/clr"
)

// List is a List<T>.
type List struct {
	Type    *Type
	Items   []any
	version int
}

// NewList makes a List of elem; it takes the slice.
func NewList(elem *Type, items []any) *List {
	return &List{Type: elem.lib.Make("System.Collections.Generic.List", elem), Items: items}
}

// DotnetType implements Typed.
func (l *List) DotnetType() *Type { return l.Type }

// Add appends, as List<T>.Add does.
func (l *List) Add(t *Thread, v any) {
	t.Pay(16)
	l.Items = append(l.Items, v)
	l.version++
}

func (l *List) insert(t *Thread, at int, v any) {
	if at < 0 || at > len(l.Items) {
		clr.ThrowRange("Index must be within the bounds of the List.", "index")
	}
	t.Ticks(len(l.Items) / 64)
	t.Pay(16)
	l.Items = append(l.Items, nil)
	copy(l.Items[at+1:], l.Items[at:])
	l.Items[at] = v
	l.version++
}

func (l *List) removeAt(t *Thread, at, n int) {
	t.Ticks(len(l.Items) / 64)
	l.Items = append(l.Items[:at], l.Items[at+n:]...)
	l.version++
}

func indexRange() {
	clr.ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "index")
}

func (l *List) at(i int) any {
	if i < 0 || i >= len(l.Items) {
		indexRange()
	}
	return l.Items[i]
}

// Dict is a Dictionary<K, V>, or a HashSet<T> whose values do not matter. It
// enumerates as .NET does: in order of insertion, where a removed entry's place
// is taken by the next one added.
type Dict struct {
	Type    *Type
	cmp     *Comparer
	index   map[any]int
	entries []entry
	free    []int
	version int
}

type entry struct {
	key, value any
	used       bool
}

// NewDict makes a dictionary of that type; cmp may be nil.
func NewDict(t *Type, cmp *Comparer) *Dict {
	return &Dict{Type: t, cmp: cmp, index: map[any]int{}}
}

// DotnetType implements Typed.
func (d *Dict) DotnetType() *Type { return d.Type }

func (d *Dict) hash(t *Thread, k any) any {
	if k == nil && d.Type.Is("System.Collections.Generic.Dictionary") {
		clr.ThrowNull("key")
	}
	return comparerKey(d.cmp)(t, k)
}

// Get looks a key up.
func (d *Dict) Get(t *Thread, k any) (v any, ok bool) {
	i, ok := d.index[d.hash(t, k)]
	if !ok {
		return nil, false
	}
	return d.entries[i].value, true
}

// Set adds or replaces.
func (d *Dict) Set(t *Thread, k, v any) { d.put(t, k, v, true) }

// put returns false if the key is there already and must not be replaced.
func (d *Dict) put(t *Thread, k, v any, replace bool) bool {
	h := d.hash(t, k)
	if i, ok := d.index[h]; ok {
		if !replace {
			return false
		}
		d.entries[i].value = v
		return true
	}
	t.Pay(96)
	e := entry{k, v, true}
	if n := len(d.free); n > 0 {
		d.index[h] = d.free[n-1]
		d.entries[d.free[n-1]] = e
		d.free = d.free[:n-1]
	} else {
		d.index[h] = len(d.entries)
		d.entries = append(d.entries, e)
	}
	d.version++
	return true
}

// Remove takes a key out.
func (d *Dict) Remove(t *Thread, k any) (v any, ok bool) {
	h := d.hash(t, k)
	i, ok := d.index[h]
	if !ok {
		return nil, false
	}
	v = d.entries[i].value
	delete(d.index, h)
	d.entries[i] = entry{}
	d.free = append(d.free, i)
	return v, true
}

// Len counts entries.
func (d *Dict) Len() int { return len(d.index) }

func (d *Dict) clear() {
	d.index, d.entries, d.free = map[any]int{}, nil, nil
	d.version++
}

// iterate yields what f makes of each entry.
func (d *Dict) iterate(t *Thread, f func(k, v any) any) Iter {
	i, version := 0, d.version
	return func() (any, bool) {
		if version != d.version {
			modified()
		}
		for i < len(d.entries) && !d.entries[i].used {
			i++
		}
		if i >= len(d.entries) {
			return nil, false
		}
		t.Tick()
		i++
		return f(d.entries[i-1].key, d.entries[i-1].value), true
	}
}

func modified() {
	clr.Throw(clr.InvalidOperationException, "Collection was modified; enumeration operation may not execute.")
}

// Each calls f for every entry in order.
func (d *Dict) Each(f func(k, v any)) {
	for _, e := range d.entries {
		if e.used {
			f(e.key, e.value)
		}
	}
}

// Queue is a Queue<T>, or a Stack<T> whose top is the last item.
type Queue struct {
	Type    *Type
	Items   []any
	version int
}

// DotnetType implements Typed.
func (q *Queue) DotnetType() *Type { return q.Type }

// Iter yields the values of a sequence until its second result is false.
type Iter func() (v any, ok bool)

// Seq is a sequence computed when it is enumerated, and again at every
// enumeration.
type Seq struct {
	Type  *Type
	start func(t *Thread) Iter
	// depth counts the sequences it is built on, whose enumeration nests.
	depth int
	// order is how an IOrderedEnumerable sorts.
	order *ordering
}

// DotnetType implements Typed.
func (s *Seq) DotnetType() *Type { return s.Type }

// newSeq makes an IEnumerable of elem over source, nil if it has none.
func newSeq(elem *Type, source any, start func(t *Thread) Iter) *Seq {
	depth := 1
	if s, ok := source.(*Seq); ok {
		if depth = s.depth + 1; depth > maxChain {
			panic(&Abort{"the expression chains too many sequences"})
		}
	}
	return &Seq{Type: elem.lib.Make("System.Collections.Generic.IEnumerable", elem), start: start, depth: depth}
}

// SeqOf makes a sequence of items.
func SeqOf(elem *Type, items []any) *Seq {
	return newSeq(elem, nil, func(t *Thread) Iter { return sliceIter(t, items) })
}

// Iterable is implemented by collections of other packages: Items are the
// elements now.
type Iterable interface{ Items() []any }

func sliceIter(t *Thread, items []any) Iter {
	i := 0
	return func() (any, bool) {
		if i >= len(items) {
			return nil, false
		}
		t.Tick()
		i++
		return items[i-1], true
	}
}

// Slice are all elements of a sequence.
func Slice(t *Thread, v any) []any {
	switch v := v.(type) {
	case *Array:
		return append([]any(nil), v.Items...)
	case *List:
		return append([]any(nil), v.Items...)
	}
	var out []any
	next := Iterate(t, v)
	for {
		e, ok := next()
		if !ok {
			return out
		}
		t.Pay(16)
		out = append(out, e)
	}
}
