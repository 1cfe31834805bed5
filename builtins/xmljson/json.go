package xmljson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/newtonsoft"
)

// object is a JSON object with its members in order; arrays are []any, numbers
// json.Number.
type object struct{ members []member }

type member struct {
	name  string
	value any
}

func parseJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\uFEFF"))))
	d.UseNumber()
	v, err := readJSON(d, 0)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows the first value")
		}
	}
	if err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	return v, nil
}

func readJSON(d *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested deeper than %d", maxDepth)
	}
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return tok, nil
	}
	if delim == '[' {
		out := []any{}
		for d.More() {
			v, err := readJSON(d, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		_, err := d.Token()
		return out, err
	}
	o := &object{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := readJSON(d, depth+1)
		if err != nil {
			return nil, err
		}
		o.members = append(o.members, member{name.(string), v})
	}
	_, err = d.Token()
	return o, err
}

// Date reads a string that Newtonsoft.Json takes for a date.
func Date(s string) (clr.DateTime, bool) {
	if len(s) < 9 || len(s) > 40 || strings.ContainsAny(s, `"\`) || !(len(s) > 10 && s[10] == 'T') && !strings.HasPrefix(s, "/Date(") {
		return clr.DateTime{}, false
	}
	t, err := newtonsoft.TryParse(`"` + s + `"`)
	if err != nil {
		return clr.DateTime{}, false
	}
	v, ok := t.(*newtonsoft.JValue)
	if !ok {
		return clr.DateTime{}, false
	}
	d, ok := v.Value().(clr.DateTime)
	return d, ok
}
