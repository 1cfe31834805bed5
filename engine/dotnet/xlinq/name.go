// Package xlinq is System.Xml.Linq: the tree of XElement and its relatives, its
// reader and its writer, and what expressions use of XmlDocument and XmlReader.
//
// Nodes are pointers with reference semantics and know their parents: a node that
// is put into a second place is copied. A tree belongs to one exchange; it may be
// read by several goroutines at once, but not while it is changed. The reader refuses document types, so that there
// are no entities to expand, and bounds the depth.
package xlinq

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"
)

// XmlException is the full name of the reader's exception.
const XmlException = "System.Xml.XmlException"

const (
	xmlNS   = "http://www.w3.org/XML/1998/namespace"
	xmlnsNS = "http://www.w3.org/2000/xmlns/"
)

// Name is an XName. Names are equal with ==.
type Name struct{ Space, Local string }

// String is the expanded name, "{urn:x}a".
func (n Name) String() string {
	if n.Space == "" {
		return n.Local
	}
	return "{" + n.Space + "}" + n.Local
}

// Namespace is XName.Namespace.
func (n Name) Namespace() Namespace { return Namespace{n.Space} }

// ParseName is XName.Get(expandedName), and the conversion of a string to XName.
func ParseName(s string) Name {
	if s == "" {
		clr.ThrowArgument("The value cannot be an empty string.", "expandedName")
	}
	if s[0] != '{' {
		return NewName(s, "")
	}
	end := strings.LastIndexByte(s, '}')
	if end <= 1 || end == len(s)-1 {
		clr.ThrowArgument("'"+s+"' is an invalid expanded name.", "")
	}
	return NewName(s[end+1:], s[1:end])
}

// NewName is XName.Get(localName, namespaceName).
func NewName(local, space string) Name {
	verifyName(local)
	return Name{Space: space, Local: local}
}

// verifyName throws if s is no NCName.
func verifyName(s string) {
	if s == "" {
		clr.ThrowArgument("The value cannot be an empty string.", "name")
	}
	for i, r := range s {
		if r != ':' && (nameStart(r) || i > 0 && nameChar(r)) {
			continue
		}
		if i == 0 {
			throwXML("Name cannot begin with the '%c' character, hexadecimal value 0x%02X.", r, r)
		}
		throwXML("The '%c' character, hexadecimal value 0x%02X, cannot be included in a name.", r, r)
	}
}

func throwXML(format string, args ...any) {
	panic(&clr.Exception{Type: XmlException, Message: fmt.Sprintf(format, args...)})
}

func nameStart(r rune) bool {
	if r < utf8.RuneSelf {
		return r == '_' || r == ':' || r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.Is(unicode.Nl, r))
}

func nameChar(r rune) bool {
	if r < utf8.RuneSelf {
		return nameStart(r) || r == '-' || r == '.' || r >= '0' && r <= '9'
	}
	return nameStart(r) || r == 0xB7 || unicode.Is(unicode.M, r) || unicode.Is(unicode.Nd, r) || unicode.Is(unicode.Lm, r)
}

// Namespace is an XNamespace. Namespaces are equal with ==.
type Namespace struct{ URI string }

func (n Namespace) String() string { return n.URI }

// Name is namespace + "local".
func (n Namespace) Name(local string) Name { return NewName(local, n.URI) }

// XmlNamespace and XmlnsNamespace are XNamespace.Xml and Xmlns.
var (
	XmlNamespace   = Namespace{xmlNS}
	XmlnsNamespace = Namespace{xmlnsNS}
)
