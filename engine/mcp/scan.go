package mcp

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// maxDepth bounds how deep arrays and objects may nest in a message.
const maxDepth = 64

var (
	errSyntax    = errors.New("this is not JSON")
	errDepth     = errors.New("arrays and objects are nested deeper than 64")
	errDuplicate = errors.New("an object has the same key twice")
	errText      = errors.New("a string is not Unicode")
)

// scanner goes over one JSON text once, allocating only for keys, and holds on to offsets.
// It reads what RFC 8259 allows and nothing else; the text must be UTF-8 (checked by
// whoever starts it).
type scanner struct {
	data  []byte
	pos   int
	depth int
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// value passes one value and what space is before it, and is the value's bytes. Where
// strict is set no object in it may have a key twice.
func (s *scanner) value(strict bool) (json.RawMessage, error) {
	s.space()
	start := s.pos
	var err error
	switch c := s.peek(); {
	case c == '{':
		var seen keys
		err = s.object(func(key string) error {
			if strict && !seen.add(key) {
				return errDuplicate
			}
			_, err := s.value(strict)
			return err
		})
	case c == '[':
		err = s.array(func() error {
			_, err := s.value(strict)
			return err
		})
	case c == '"':
		err = s.text()
	case c == '-' || '0' <= c && c <= '9':
		err = s.number()
	case c == 't':
		err = s.word("true")
	case c == 'f':
		err = s.word("false")
	case c == 'n':
		err = s.word("null")
	default:
		err = errSyntax
	}
	return s.data[start:s.pos:s.pos], err
}

// object passes an object; member must pass the value of the key it is told.
func (s *scanner) object(member func(key string) error) error {
	return s.list('{', '}', func() error {
		s.space()
		start := s.pos
		if err := s.text(); err != nil {
			return err
		}
		key, err := decode(s.data[start:s.pos])
		if err != nil {
			return err
		}
		s.space()
		if s.peek() != ':' {
			return errSyntax
		}
		s.pos++
		s.space()
		return member(key)
	})
}

func (s *scanner) array(element func() error) error { return s.list('[', ']', element) }

func (s *scanner) list(open, end byte, item func() error) error {
	if s.peek() != open {
		return errSyntax
	}
	if s.depth++; s.depth > maxDepth {
		return errDepth
	}
	s.pos++
	s.space()
	if s.peek() == end {
		s.pos++
		s.depth--
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		s.space()
		switch s.peek() {
		case ',':
			s.pos++
		case end:
			s.pos++
			s.depth--
			return nil
		default:
			return errSyntax
		}
	}
}

// text passes a string, quotes and all.
func (s *scanner) text() error {
	if s.peek() != '"' {
		return errSyntax
	}
	for s.pos++; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return nil
		case c < ' ':
			return errSyntax
		case c == '\\':
			s.pos++
			switch s.peek() {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if s.pos+4 >= len(s.data) {
					return errSyntax
				}
				for _, h := range s.data[s.pos+1 : s.pos+5] {
					if !strings.ContainsRune("0123456789abcdefABCDEF", rune(h)) {
						return errSyntax
					}
				}
				s.pos += 4
			default:
				return errSyntax
			}
		}
	}
	return errSyntax
}

func (s *scanner) digits() bool {
	start := s.pos
	for '0' <= s.peek() && s.peek() <= '9' {
		s.pos++
	}
	return s.pos > start
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
	} else if !s.digits() {
		return errSyntax
	}
	if s.peek() == '.' {
		if s.pos++; !s.digits() {
			return errSyntax
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return errSyntax
		}
	}
	return nil
}

func (s *scanner) word(w string) error {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(w)) {
		return errSyntax
	}
	s.pos += len(w)
	return nil
}

// end is nil where nothing but space is left.
func (s *scanner) end() error {
	s.space()
	if s.pos != len(s.data) {
		return errSyntax
	}
	return nil
}

// decode is the text of a string that the scanner has passed. Halves of surrogate pairs,
// which every reader makes something else of, are refused.
func decode(raw []byte) (string, error) {
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner), nil
	}
	for i := 0; i < len(inner); i++ {
		if inner[i] != '\\' {
			continue
		}
		if i++; inner[i] != 'u' {
			continue
		}
		unit := hex4(inner[i+1:])
		i += 4
		if unit < 0xd800 || unit > 0xdfff {
			continue
		}
		if unit > 0xdbff || i+6 >= len(inner) || inner[i+1] != '\\' || inner[i+2] != 'u' {
			return "", errText
		}
		if low := hex4(inner[i+3:]); low < 0xdc00 || low > 0xdfff {
			return "", errText
		}
		i += 6
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", errSyntax
	}
	return text, nil
}

func hex4(b []byte) (n uint32) {
	for _, c := range b[:4] {
		switch {
		case c <= '9':
			n = n<<4 | uint32(c-'0')
		default:
			n = n<<4 | uint32(c|0x20-'a'+10)
		}
	}
	return n
}

// keys are the keys an object has had so far. Nearly all objects are small.
type keys struct {
	few  []string
	many map[string]bool
}

func (k *keys) add(key string) (isNew bool) {
	if k.many == nil {
		for _, f := range k.few {
			if f == key {
				return false
			}
		}
		if k.few = append(k.few, key); len(k.few) < 16 {
			return true
		}
		k.many = make(map[string]bool, 32)
		for _, f := range k.few {
			k.many[f] = true
		}
		return true
	}
	if k.many[key] {
		return false
	}
	k.many[key] = true
	return true
}
