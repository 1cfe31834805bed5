package pipeline

import "strings"

// Field is one header line.
type Field struct{ Name, Value string }

// Header holds the header lines of a message in order, with names as they came.
// Names compare without regard to ASCII case. The zero Header is empty and ready.
// It implements apim.MultiValues.
type Header struct {
	fields []Field
	block  string
}

// ReadFrom says that the lines which are pieces of block were read from it: whoever
// sends them on need not look at each byte again. It does not add any.
func (h *Header) ReadFrom(block string) { h.block = block }

// Block is what ReadFrom was given, "" if nothing was.
func (h *Header) Block() string { return h.block }

// Len counts the distinct names.
func (h *Header) Len() int {
	n := 0
	for i := range h.fields {
		if h.index(h.fields[i].Name) == i {
			n++
		}
	}
	return n
}

// Fields returns the lines themselves, good until the next change.
func (h *Header) Fields() []Field { return h.fields }

// Reset empties the Header and keeps its memory.
func (h *Header) Reset() {
	clear(h.fields)
	h.fields, h.block = h.fields[:0], ""
}

// CopyFrom makes h equal to o.
func (h *Header) CopyFrom(o *Header) {
	h.fields, h.block = append(h.fields[:0], o.fields...), o.block
}

func (h *Header) index(name string) int {
	for i := range h.fields {
		if equalFold(h.fields[i].Name, name) {
			return i
		}
	}
	return -1
}

// equalFold compares names of headers; names are ASCII, so lengths must agree.
func equalFold(a, b string) bool { return len(a) == len(b) && (a == b || strings.EqualFold(a, b)) }

// Get returns the value of the first line of that name, or "".
func (h *Header) Get(name string) string {
	if i := h.index(name); i >= 0 {
		return h.fields[i].Value
	}
	return ""
}

// Has tells whether there is a line of that name.
func (h *Header) Has(name string) bool { return h.index(name) >= 0 }

// Lookup returns the values of all lines of that name.
func (h *Header) Lookup(name string) (values []string, ok bool) {
	for i := range h.fields {
		if equalFold(h.fields[i].Name, name) {
			values = append(values, h.fields[i].Value)
		}
	}
	return values, values != nil
}

// First returns the value of the first line of that name, and how many lines there are.
func (h *Header) First(name string) (value string, n int) {
	for i := range h.fields {
		if equalFold(h.fields[i].Name, name) {
			if n == 0 {
				value = h.fields[i].Value
			}
			n++
		}
	}
	return value, n
}

// Each calls f once for every distinct name, with the values of all its lines.
func (h *Header) Each(f func(name string, values []string) bool) {
	for i := range h.fields {
		if h.index(h.fields[i].Name) != i {
			continue
		}
		values, _ := h.Lookup(h.fields[i].Name)
		if !f(h.fields[i].Name, values) {
			return
		}
	}
}

// Add appends a line.
func (h *Header) Add(name, value string) { h.fields = append(h.fields, Field{name, value}) }

// Set leaves exactly one line of that name: in the place of the first one, and
// with the name as given.
func (h *Header) Set(name, value string) {
	i := h.index(name)
	if i < 0 {
		h.Add(name, value)
		return
	}
	h.fields[i] = Field{name, value}
	h.delFrom(i+1, name)
}

// SetValues leaves one line for each value, in the place of the first.
func (h *Header) SetValues(name string, values []string) {
	if len(values) == 0 {
		h.Del(name)
		return
	}
	h.Set(name, values[0])
	for _, v := range values[1:] {
		h.Add(name, v)
	}
}

// Del removes all lines of that name.
func (h *Header) Del(name string) { h.delFrom(0, name) }

func (h *Header) delFrom(from int, name string) {
	kept := h.fields[:from]
	for _, f := range h.fields[from:] {
		if !equalFold(f.Name, name) {
			kept = append(kept, f)
		}
	}
	clear(h.fields[len(kept):])
	h.fields = kept
}
