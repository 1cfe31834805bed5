package mcp

import (
	"encoding/json"
	"unicode/utf8"
)

// member is one member of a JSON object.
type member struct {
	key   string
	value json.RawMessage
}

// members splits an object into its members, in order. No key may be there twice.
func members(raw json.RawMessage) ([]member, error) {
	if !utf8.Valid(raw) {
		return nil, errText
	}
	s := scanner{data: raw}
	s.space()
	var seen keys
	var all []member
	err := s.object(func(key string) error {
		if !seen.add(key) {
			return errDuplicate
		}
		v, err := s.value(false)
		all = append(all, member{key, v})
		return err
	})
	if err == nil {
		err = s.end()
	}
	return all, err
}

// lookup is the value of a key, nil if there is none.
func lookup(all []member, key string) json.RawMessage {
	for _, m := range all {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

// find is the value of a key of an object; nil if there is none, or no object.
func find(raw json.RawMessage, key string) json.RawMessage {
	all, err := members(raw)
	if err != nil {
		return nil
	}
	return lookup(all, key)
}

// set replaces or adds a member; a nil value removes it.
func set(all []member, key string, value json.RawMessage) []member {
	out := make([]member, 0, len(all)+1)
	for _, m := range all {
		if m.key != key {
			out = append(out, m)
		}
	}
	if value != nil {
		out = append(out, member{key, value})
	}
	return out
}

func object(all []member) json.RawMessage {
	b := []byte{'{'}
	for i, m := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, marshal(m.key)...), ':')
		b = append(b, m.value...)
	}
	return append(b, '}')
}

// str is the text of a JSON string, "" for anything else.
func str(raw json.RawMessage) string {
	s, err := text(raw)
	if err != nil {
		return ""
	}
	return s
}

func resultBody(id, result json.RawMessage) []byte {
	b := append([]byte(`{"jsonrpc":"2.0","id":`), id...)
	b = append(append(b, `,"result":`...), result...)
	return append(b, '}')
}

// notification is a message without an id; params may be nil.
func notification(method string, params json.RawMessage) []byte {
	return request(nil, method, params)
}

// request is a message with a method.
func request(id json.RawMessage, method string, params json.RawMessage) []byte {
	b := []byte(`{"jsonrpc":"2.0"`)
	if id != nil {
		b = append(append(b, `,"id":`...), id...)
	}
	b = append(append(b, `,"method":`...), marshal(method)...)
	if params != nil {
		b = append(append(b, `,"params":`...), params...)
	}
	return append(b, '}')
}
