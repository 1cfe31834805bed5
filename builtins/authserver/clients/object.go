package clients

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// maxDepth is how deep objects and lists may stand in each other.
const maxDepth = 16

// object is a JSON object whose members are not read yet. Unlike encoding/json it keeps
// the case of names.
type object map[string]json.RawMessage

// readObject reads one strictly: UTF-8, one object and nothing after it, no name twice in any
// object, bounded depth.
func readObject(data []byte) (object, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	t, err := d.Token()
	if err != nil || t != json.Delim('{') {
		return nil, errors.New("it is no JSON object")
	}
	if err := skipMembers(d, 1); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("something follows the object")
	}
	var o object
	if json.Unmarshal(data, &o) != nil {
		return nil, errors.New("it is no JSON object")
	}
	return o, nil
}

// skipMembers reads to the end of an object whose beginning has been read.
func skipMembers(d *json.Decoder, depth int) error {
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return errors.New("it is no JSON")
		}
		if seen[name] {
			return errors.New("a name stands twice in an object")
		}
		seen[name] = true
		if err := skipValue(d, depth); err != nil {
			return err
		}
	}
	return closing(d)
}

func skipValue(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return errors.New("it is no JSON")
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth++; depth > maxDepth {
		return errors.New("it is too deep")
	}
	if delim == '{' {
		return skipMembers(d, depth)
	}
	for d.More() {
		if err := skipValue(d, depth); err != nil {
			return err
		}
	}
	return closing(d)
}

func closing(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return errors.New("it is no JSON")
	}
	return nil
}

// has tells whether a member is there and not null.
func (o object) has(name string) bool {
	v, ok := o[name]
	return ok && string(v) != "null"
}

// text reads a member that is a string; "" if there is none.
func (o object) text(name string) (s string, err error) {
	if o.has(name) && json.Unmarshal(o[name], &s) != nil {
		return "", errors.New(name + " must be a string")
	}
	return s, nil
}

// texts reads a member that is a list of strings, at most n; nil if there is none.
func (o object) texts(name string, n int) ([]string, error) {
	if !o.has(name) {
		return nil, nil
	}
	var list []*string
	if json.Unmarshal(o[name], &list) != nil {
		return nil, errors.New(name + " must be a list of strings")
	}
	if len(list) > n {
		return nil, errors.New(name + " has too many elements")
	}
	out := make([]string, len(list))
	for i, s := range list {
		if s == nil {
			return nil, errors.New(name + " must be a list of strings")
		}
		out[i] = *s
	}
	return out, nil
}
