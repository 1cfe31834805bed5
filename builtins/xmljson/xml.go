package xmljson

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxDepth bounds how deep elements and JSON values may be nested.
const maxDepth = 256

// element is an element with its qualified name, as it stands in the document.
type element struct {
	name     string
	attrs    []attribute
	children []node
	empty    bool           // <name />
	index    map[string]int // of attrs, where they are set one by one
}

type attribute struct{ name, value string }

// node is an *element or a text.
type node struct {
	element *element
	text    string
	cdata   bool
}

// document is a root element, with what stands in the XML declaration.
type document struct {
	declaration []attribute
	root        *element
}

// parseXML reads a document. Names keep their prefixes, which are not resolved.
func parseXML(data []byte) (*document, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = Charset
	doc := &document{}
	var stack []*element
	for {
		before := d.InputOffset()
		tok, err := d.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("it is not XML: %w", err)
		}
		switch t := tok.(type) {
		case xml.ProcInst:
			if t.Target == "xml" {
				doc.declaration = pseudoAttributes(string(t.Inst))
			}
		case xml.StartElement:
			if len(stack) >= maxDepth {
				return nil, fmt.Errorf("elements are nested deeper than %d", maxDepth)
			}
			e := &element{name: qualified(t.Name), empty: endsWith(data, d.InputOffset(), "/>")}
			for _, a := range t.Attr {
				e.attrs = append(e.attrs, attribute{qualified(a.Name), a.Value})
			}
			switch {
			case len(stack) > 0:
				parent := stack[len(stack)-1]
				parent.children = append(parent.children, node{element: e})
			case doc.root != nil:
				return nil, errors.New("it is not XML: there is a second root element")
			default:
				doc.root = e
			}
			stack = append(stack, e)
		case xml.EndElement:
			if len(stack) == 0 || stack[len(stack)-1].name != qualified(t.Name) {
				return nil, fmt.Errorf("it is not XML: </%s> closes nothing", qualified(t.Name))
			}
			stack = stack[:len(stack)-1]
		case xml.CharData:
			cdata := endsWith(data, d.InputOffset(), "]]>") && startsAt(data, before, "<![CDATA[")
			if len(stack) == 0 {
				if strings.TrimSpace(string(t)) != "" {
					return nil, errors.New("it is not XML: there is text outside the root element")
				}
				continue
			}
			if s := string(t); cdata || strings.TrimSpace(s) != "" {
				e := stack[len(stack)-1]
				e.children = append(e.children, node{text: s, cdata: cdata})
			}
		}
	}
	if doc.root == nil || len(stack) > 0 {
		return nil, errors.New("it is not XML: an element is not closed")
	}
	return doc, nil
}

func qualified(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

func endsWith(data []byte, offset int64, end string) bool {
	return offset >= int64(len(end)) && offset <= int64(len(data)) && string(data[offset-int64(len(end)):offset]) == end
}

func startsAt(data []byte, offset int64, start string) bool {
	return offset+int64(len(start)) <= int64(len(data)) && string(data[offset:offset+int64(len(start))]) == start
}

// pseudoAttributes reads version="1.0" encoding="utf-8".
func pseudoAttributes(s string) []attribute {
	var out []attribute
	for {
		name, rest, ok := strings.Cut(s, "=")
		rest = strings.TrimSpace(rest)
		if !ok || rest == "" || rest[0] != '"' && rest[0] != '\'' {
			return out
		}
		value, more, _ := strings.Cut(rest[1:], rest[:1])
		out = append(out, attribute{strings.TrimSpace(name), value})
		s = more
	}
}

// Charset decodes the encodings whose bytes are code points: UTF-8, ASCII, Latin 1. It
// is what package encoding/xml calls a CharsetReader.
func Charset(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return input, nil
	case "iso-8859-1", "latin1":
		data, err := io.ReadAll(input)
		if err != nil {
			return nil, err
		}
		runes := make([]rune, len(data))
		for i, c := range data {
			runes[i] = rune(c)
		}
		return strings.NewReader(string(runes)), nil
	}
	return nil, fmt.Errorf("the encoding %q is not supported", label)
}
