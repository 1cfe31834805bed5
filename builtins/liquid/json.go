package liquid

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"sekisho/builtins/xmljson"
)

// jsonObject is an object of a JSON body, its members in order.
type jsonObject struct {
	names  []string
	values map[string]any
}

// Lookup implements object. Names are found exactly.
func (o *jsonObject) Lookup(name string) (any, bool) { v, ok := o.values[name]; return v, ok }

// Len implements dict.
func (o *jsonObject) Len() int { return len(o.names) }

// Each implements dict.
func (o *jsonObject) Each(f func(name string, v any) bool) {
	for _, n := range o.names {
		if !f(n, o.values[n]) {
			return
		}
	}
}

func (o *jsonObject) set(name string, v any) {
	if _, ok := o.values[name]; !ok {
		o.names = append(o.names, name)
	}
	o.values[name] = v
}

const maxJSONDepth = 256

// parseJSON reads one JSON value. Strings that look like dates become dates, unless
// they are to be kept.
func parseJSON(data []byte, keepDates bool) (any, error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := readJSON(d, keepDates, 0)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows the first value")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("the body is not JSON: %w", err)
	}
	return v, nil
}

func readJSON(d *json.Decoder, keepDates bool, depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("it is nested deeper than %d", maxJSONDepth)
	}
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := tok.(type) {
	case json.Delim:
		if t == '[' {
			out := []any{}
			for d.More() {
				v, err := readJSON(d, keepDates, depth+1)
				if err != nil {
					return nil, err
				}
				out = append(out, v)
			}
			_, err := d.Token()
			return out, err
		}
		o := &jsonObject{values: map[string]any{}}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := readJSON(d, keepDates, depth+1)
			if err != nil {
				return nil, err
			}
			o.set(name.(string), v)
		}
		_, err := d.Token()
		return o, err
	case json.Number:
		return jsonNumber(t), nil
	case string:
		if v, ok := xmljson.Date(t); ok && !keepDates {
			return v, nil
		}
		return t, nil
	}
	return tok, nil // bool or nil
}

func jsonNumber(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return integer(i)
	}
	f, err := n.Float64()
	if err != nil {
		return n.String()
	}
	return f
}
