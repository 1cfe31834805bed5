package config

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"sekisho/engine/source"
)

// tree reads any YAML: a single value becomes its text, a mapping or list JSON,
// keys in the order of the file. References are resolved in both.
func (d *decoder) tree(n *yaml.Node, t *tree, depth int) {
	n = d.follow(n, depth)
	if n == nil {
		return
	}
	t.At, t.Set = d.pos.node(n), true
	if n.Kind == yaml.ScalarNode {
		if !isNull(n) {
			var s text
			d.scalarText(n, &s)
			t.Value = s.Value
		}
		return
	}
	var b bytes.Buffer
	d.json(&b, n, depth)
	t.Value = b.String()
}

// json writes a node as JSON.
func (d *decoder) json(b *bytes.Buffer, n *yaml.Node, depth int) {
	n = d.follow(n, depth)
	switch {
	case isNull(n):
		b.WriteString("null")
	case n.Kind == yaml.SequenceNode:
		b.WriteByte('[')
		for i, c := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			d.json(b, c, depth+1)
		}
		b.WriteByte(']')
	case n.Kind == yaml.MappingNode:
		b.WriteByte('{')
		given := map[string]source.Range{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, ok := d.mappingKey(n.Content[i], d.pos.node(n.Content[i]), given)
			if !ok {
				continue
			}
			if b.Bytes()[b.Len()-1] != '{' {
				b.WriteByte(',')
			}
			writeJSONString(b, key)
			b.WriteByte(':')
			d.json(b, n.Content[i+1], depth+1)
		}
		b.WriteByte('}')
	default:
		d.jsonScalar(b, n)
	}
}

func (d *decoder) jsonScalar(b *bytes.Buffer, n *yaml.Node) {
	switch tag := n.ShortTag(); tag {
	case "!!bool":
		b.WriteString(strings.ToLower(n.Value))
		return
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			b.WriteString(n.Value)
			return
		}
		if f, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			b.WriteString(strconv.FormatInt(f, 10))
			return
		}
	}
	var t text
	d.scalarText(n, &t)
	writeJSONString(b, t.Value)
}

func writeJSONString(b *bytes.Buffer, s string) {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic("config: internal error: " + err.Error()) // strings always encode
	}
	b.Truncate(b.Len() - 1) // the line break of Encode
}
