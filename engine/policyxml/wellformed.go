package policyxml

import (
	"encoding/xml"
	"io"
	"strings"

	"sekisho/engine/source"
)

// wellFormed tells whether a document is XML, named values aside: they are data. It
// only decides which reading of a value is tried first, so it need not be exact.
func wellFormed(v source.View) bool {
	var parts []io.Reader
	for i := 0; i < len(v.S); {
		end, copied := v.Run(i)
		if copied {
			parts = append(parts, strings.NewReader(v.S[i:end]))
		}
		i = end
	}
	d := xml.NewDecoder(io.MultiReader(parts...))
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
