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
	r := &patient{r: io.MultiReader(parts...)}
	d := xml.NewDecoder(r)
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for depth := 0; ; {
		r.left = apimDocument
		t, err := d.RawToken()
		if err != nil {
			return err == io.EOF && depth == 0
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth || len(t.Attr) > maxAttributes {
				return false // it will not be read to its end either
			}
		case xml.EndElement:
			depth--
		}
	}
}

// patient reads up to left bytes: a tag longer than a document may be is not waited for.
type patient struct {
	r    io.Reader
	left int
}

func (p *patient) Read(b []byte) (int, error) {
	if p.left <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := p.r.Read(b)
	p.left -= n
	return n, err
}
