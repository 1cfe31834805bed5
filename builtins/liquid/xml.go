package liquid

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"sekisho/builtins/xmljson"
)

// element is an element of an XML body. Members are found by local name, without
// regard to case if need be: the templates that APIM generates for SOAP write
// body.envelope.body. Elements go before attributes; several elements of one name
// are a list.
type element struct {
	name     string
	attrs    []pair
	children []*element
	content  string // text of an element without children
	null     bool   // xsi:nil, where that is read as null
}

func (e *element) text() string {
	if len(e.children) == 0 {
		return e.content
	}
	var b strings.Builder
	e.appendText(&b)
	return b.String()
}

// appendText recurs as deep as the document, which maxXMLDepth bounds.
func (e *element) appendText(b *strings.Builder) {
	b.WriteString(e.content)
	for _, c := range e.children {
		c.appendText(b)
	}
}

// value is the element as templates see it: null where it says so.
func (e *element) value() any {
	if e.null {
		return nil
	}
	return e
}

// isList tells whether all children are of one name: what an array looks like.
func (e *element) isList() bool {
	for _, c := range e.children {
		if c.name != e.children[0].name {
			return false
		}
	}
	return len(e.children) > 0
}

// Lookup implements object.
func (e *element) Lookup(name string) (any, bool) {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		var found []any
		for _, c := range e.children {
			if same(c.name, name) {
				found = append(found, c.value())
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], true
		default:
			return found, true
		}
		for i := range e.attrs {
			if same(e.attrs[i].key, name) {
				return e.attrs[i].value, true
			}
		}
	}
	return nil, false
}

const (
	maxXMLDepth  = 256
	xsiNamespace = "http://www.w3.org/2001/XMLSchema-instance"
)

// parseXML reads a document into an element that stands above its root.
func parseXML(data []byte, xsiNull bool) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = xmljson.Charset
	top := &element{}
	stack := []*element{top}
	texts := [][]byte{nil}
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the body is not XML: %w", err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if len(stack) > maxXMLDepth {
				return nil, fmt.Errorf("the XML of the body is nested deeper than %d elements", maxXMLDepth)
			}
			e := &element{name: t.Name.Local}
			for _, a := range t.Attr {
				switch {
				case a.Name.Space == "xmlns", a.Name.Space == "" && a.Name.Local == "xmlns":
				case a.Name.Space == xsiNamespace && a.Name.Local == "nil":
					e.null = xsiNull && (a.Value == "true" || a.Value == "1")
				default:
					e.attrs = append(e.attrs, pair{a.Name.Local, a.Value})
				}
			}
			parent := stack[len(stack)-1]
			parent.children = append(parent.children, e)
			stack = append(stack, e)
			texts = append(texts, nil)
		case xml.EndElement:
			e := stack[len(stack)-1]
			e.content = string(texts[len(texts)-1])
			if len(e.children) > 0 && strings.TrimSpace(e.content) == "" {
				e.content = ""
			}
			stack, texts = stack[:len(stack)-1], texts[:len(texts)-1]
		case xml.CharData:
			texts[len(texts)-1] = append(texts[len(texts)-1], t...)
		}
	}
	if len(top.children) == 0 {
		return nil, errors.New("the body is not XML: there is no element in it")
	}
	return top, nil
}
