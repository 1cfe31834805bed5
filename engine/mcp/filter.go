package mcp

import (
	"encoding/json"
	"errors"
	"unicode/utf8"
)

var errTools = errors.New("the server's list of tools cannot be read")

// FilterTools takes what keep refuses out of a tools/list result, and tools whose name
// cannot be read. All else stays as it came, byte for byte. It is an error if there is no
// array of tools, or if readers could differ about what is in it.
func FilterTools(result json.RawMessage, keep func(name string) bool) (json.RawMessage, error) {
	if !utf8.Valid(result) {
		return nil, errTools
	}
	s := scanner{data: result}
	s.space()
	var seen keys
	var start, end int
	var kept []json.RawMessage
	all, found := 0, false
	err := s.object(func(key string) error {
		if !seen.add(key) || misspelt(key, []string{"tools"}) {
			return errTools
		}
		if key != "tools" {
			_, err := s.value(false)
			return err
		}
		found, start = true, s.pos
		err := s.array(func() error {
			tool, err := s.value(false)
			if err != nil {
				return err
			}
			all++
			if name, ok := toolName(tool); ok && keep(name) {
				kept = append(kept, tool)
			}
			return nil
		})
		end = s.pos
		return err
	})
	if err == nil {
		err = s.end()
	}
	if err != nil || !found {
		return nil, errTools
	}
	if len(kept) == all {
		return result, nil
	}
	out := append(make([]byte, 0, len(result)), result[:start]...)
	out = append(out, '[')
	for i, tool := range kept {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, tool...)
	}
	return append(append(out, ']'), result[end:]...), nil
}

func toolName(tool json.RawMessage) (string, bool) {
	s := scanner{data: tool}
	var seen keys
	var name json.RawMessage
	err := s.object(func(key string) error {
		if !seen.add(key) || misspelt(key, []string{"name"}) {
			return errTools
		}
		v, err := s.value(false)
		if key == "name" {
			name = v
		}
		return err
	})
	if err != nil {
		return "", false
	}
	n, err := text(name)
	return n, err == nil
}
