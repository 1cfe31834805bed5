package newtonsoft

import (
	"strings"

	"sekisho/engine/dotnet/clr"
)

// Parse is JToken.Parse.
func Parse(s string) JToken { return ParseWithin(nil, s) }

// ParseWithin is Parse within what a Meter gives.
func ParseWithin(m clr.Meter, s string) JToken {
	r := newReader(m, s)
	t := readToken(r)
	for r.read() {
	}
	return t
}

// ParseObject is JObject.Parse.
func ParseObject(s string) *JObject { return ParseObjectWithin(nil, s) }

// ParseObjectWithin is ParseObject within what a Meter gives.
func ParseObjectWithin(m clr.Meter, s string) *JObject {
	r := newReader(m, s)
	r.moveTo(tokenStartObject, "JObject", "an object")
	o := r.container().(*JObject)
	for r.read() {
	}
	return o
}

// ParseArray is JArray.Parse.
func ParseArray(s string) *JArray { return ParseArrayWithin(nil, s) }

// ParseArrayWithin is ParseArray within what a Meter gives.
func ParseArrayWithin(m clr.Meter, s string) *JArray {
	r := newReader(m, s)
	r.moveTo(tokenStartArray, "JArray", "an array")
	a := r.container().(*JArray)
	for r.read() {
	}
	return a
}

// moveTo reads the first token that is no comment, which must be want.
func (r *reader) moveTo(want jsonToken, class, article string) {
	if !r.read() {
		r.fail("Error reading " + class + " from JsonReader.")
	}
	for r.token == tokenComment && r.read() {
	}
	if r.token != want {
		r.fail("Error reading " + class + " from JsonReader. Current JsonReader item is not " + article + ": " + r.token.String())
	}
}

func readToken(r *reader) JToken {
	if !r.read() {
		r.fail("Error reading JToken from JsonReader.")
	}
	switch r.token {
	case tokenStartObject, tokenStartArray, tokenStartConstructor:
		return r.container()
	case tokenEndObject, tokenEndArray, tokenEndConstructor:
		r.fail("Error reading JToken from JsonReader. Unexpected token: " + r.token.String())
	}
	return r.single()
}

// single is the token of the value at the root that was just read.
func (r *reader) single() *JValue {
	v := &JValue{}
	v.decode(r.s, r.at)
	return v
}

// container reads the container at the root whose start was just read. Nothing in
// it is built: see document.
func (r *reader) container() JToken {
	start := r.token
	for r.plain(); r.read(); r.plain() {
		if len(r.stack) == 0 {
			d := &document{text: r.s, tape: r.tape}
			return d.container(0)
		}
	}
	r.fail("Unexpected end of content while loading J" + strings.TrimPrefix(start.String(), "Start") + ".")
	return nil
}

// TryParse is Parse for Go code: the error says what Parse would throw.
func TryParse(s string) (t JToken, err error) {
	if e := clr.Try(func() { t = Parse(s) }); e != nil {
		return nil, e
	}
	return t, nil
}
