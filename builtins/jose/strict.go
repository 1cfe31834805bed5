package jose

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep the JSON of a header, of claims or of a key set may be nested.
const maxDepth = 16

var (
	errJSON      = errors.New("it is not a JSON object in UTF-8")
	errDuplicate = errors.New("a member stands twice")
	errDepth     = errors.New("it is nested too deep")
)

// member is a member of an object, its value as it was written.
type member struct {
	name, value string
}

// object is a JSON object as it was written: two readers of it cannot disagree on what
// a member is, because no object within has two of a name.
type object []member

// parseObject reads a JSON object strictly: UTF-8 without a byte order mark, nothing
// behind it, no member twice at any depth, bounded depth.
//
// What it returns is of text, which is not copied.
func parseObject(text string) (object, error) {
	if !utf8.ValidString(text) || !json.Valid([]byte(text)) {
		return nil, errJSON
	}
	w := walker{data: text}
	w.space()
	if w.data[w.at] != '{' {
		return nil, errJSON
	}
	return w.object(1)
}

// get is the value of a member, "" if there is none.
func (o object) get(name string) string {
	for i := range o {
		if o[i].name == name {
			return o[i].value
		}
	}
	return ""
}

// text is the string that a member holds; ok is false if it holds something else, and
// true if there is none.
func (o object) text(name string) (s string, ok bool) {
	v := o.get(name)
	if v == "" {
		return "", true
	}
	return jsonString(v)
}

// texts are the strings of a member that is an array of strings.
func (o object) texts(name string) (list []string, ok bool) {
	v := o.get(name)
	if v == "" {
		return nil, true
	}
	items, err := parseArray(v)
	if err != nil {
		return nil, false
	}
	for _, item := range items {
		s, ok := jsonString(item)
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
}

// parseArray reads the items of an array that stands in an object.
func parseArray(v string) ([]string, error) {
	if v == "" || v[0] != '[' {
		return nil, errJSON
	}
	var items []string
	w := walker{data: v}
	err := w.array(0, func(item string) { items = append(items, item) })
	return items, err
}

func jsonString(v string) (s string, ok bool) {
	if v[0] != '"' {
		return "", false
	}
	if inner := v[1 : len(v)-1]; strings.IndexByte(inner, '\\') < 0 {
		return inner, true
	}
	return unescaped(v)
}

// unescaped is by itself since what it decodes to is allocated, used or not.
func unescaped(v string) (s string, ok bool) { return s, json.Unmarshal([]byte(v), &s) == nil }

// walker walks over JSON that is known to be well-formed.
type walker struct {
	data string
	at   int
}

func (w *walker) space() {
	for w.at < len(w.data) && isSpace(w.data[w.at]) {
		w.at++
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// object walks over an object whose brace is next.
func (w *walker) object(depth int) (object, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	var o object
	if depth == 1 {
		o = make(object, 0, 10)
	}
	var seen map[string]bool // of many members
	w.at++
	for {
		w.space()
		switch w.data[w.at] {
		case '}':
			w.at++
			return o, nil
		case ',':
			w.at++
			continue
		}
		name, _ := jsonString(w.text())
		if len(o) == 16 {
			seen = make(map[string]bool, 64)
			for _, m := range o {
				seen[m.name] = true
			}
		}
		if seen != nil && seen[name] || seen == nil && o.get(name) != "" {
			return nil, errDuplicate
		}
		if seen != nil {
			seen[name] = true
		}
		w.space()
		w.at++ // the colon
		w.space()
		from := w.at
		if err := w.value(depth); err != nil {
			return nil, err
		}
		o = append(o, member{name, w.data[from:w.at]})
	}
}

// value walks over the value that is next.
func (w *walker) value(depth int) error {
	switch w.data[w.at] {
	case '"':
		w.text()
		return nil
	case '{':
		_, err := w.object(depth + 1)
		return err
	case '[':
		return w.array(depth, nil)
	}
	for ; w.at < len(w.data); w.at++ {
		if c := w.data[w.at]; c == ',' || c == ']' || c == '}' || isSpace(c) {
			break
		}
	}
	return nil
}

// array walks over the array whose bracket is next, and tells found, if that is not nil, of
// its items.
func (w *walker) array(depth int, found func(item string)) error {
	if depth+1 > maxDepth {
		return errDepth
	}
	w.at++
	for {
		w.space()
		switch w.data[w.at] {
		case ']':
			w.at++
			return nil
		case ',':
			w.at++
			continue
		}
		from := w.at
		if err := w.value(depth + 1); err != nil {
			return err
		}
		if found != nil {
			found(w.data[from:w.at])
		}
	}
}

// text walks over the string that is next and returns it with its quotes.
func (w *walker) text() string {
	from := w.at
	for w.at++; w.data[w.at] != '"'; w.at++ {
		if w.data[w.at] == '\\' {
			w.at++
		}
	}
	w.at++
	return w.data[from:w.at]
}
