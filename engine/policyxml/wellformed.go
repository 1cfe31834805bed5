package policyxml

import (
	"encoding/xml"
	"io"
	"strings"
)

// wellFormed tells whether a document is XML. It only decides which reading of a
// value is tried first, so it need not be exact.
func wellFormed(s string) bool {
	d := xml.NewDecoder(strings.NewReader(s))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for depth := 0; ; {
		t, err := d.RawToken()
		if err != nil {
			return err == io.EOF && depth == 0
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
	}
}
