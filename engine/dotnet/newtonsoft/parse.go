package newtonsoft

import (
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
	return r.scalar()
}

// scalar is the token of the value that was just read.
func (r *reader) scalar() JToken {
	v := &JValue{}
	r.fill(v)
	return v
}

func (r *reader) fill(v *JValue) {
	v.value = r.value
	switch r.token {
	case tokenString:
		v.kind = String
	case tokenInteger:
		v.kind = Integer
	case tokenFloat:
		v.kind = Float
	case tokenBoolean:
		v.kind = Boolean
	case tokenDate:
		v.kind = Date
	case tokenComment:
		v.kind = Comment
	case tokenUndefined:
		v.kind = Undefined
	default:
		v.kind = Null
	}
}

// container reads the container whose start was just read. Comments in it are
// dropped, and of properties with the same name the last stands in the place of
// the first.
func (r *reader) container() JToken {
	root := r.begin()
	var (
		open = []JToken{root}
		name string
	)
	put := func(t JToken) {
		switch c := open[len(open)-1].(type) {
		case *JObject:
			if p := c.Property(name); p != nil {
				p.value.setParent(nil)
				p.value = t
				t.setParent(p)
				return
			}
			p := &JProperty{Name: name, value: t}
			t.setParent(p)
			p.setParent(c)
			c.insert(len(c.props), p)
		case *JArray:
			t.setParent(c)
			c.insert(len(c.items), t)
		case *JConstructor:
			t.setParent(c)
			c.insert(len(c.items), t)
		}
	}
	for r.read() {
		switch r.token {
		case tokenStartObject, tokenStartArray, tokenStartConstructor:
			t := r.begin()
			put(t)
			open = append(open, t)
		case tokenEndObject, tokenEndArray, tokenEndConstructor:
			open = open[:len(open)-1]
			if len(open) == 0 {
				return root
			}
		case tokenPropertyName:
			name = r.value.(string)
		case tokenComment:
		default:
			c, ok := open[len(open)-1].(*JObject)
			if !ok || c.Property(name) != nil {
				put(r.scalar())
				break
			}
			// A property and its value are one allocation.
			both := &struct {
				p JProperty
				v JValue
			}{}
			r.fill(&both.v)
			both.p.Name, both.p.value = name, &both.v
			both.v.setParent(&both.p)
			both.p.setParent(c)
			c.insert(len(c.props), &both.p)
		}
	}
	r.fail("Unexpected end of content while loading " + shortName(root) + ".")
	return nil
}

func (r *reader) begin() JToken {
	switch r.token {
	case tokenStartObject:
		return NewObject()
	case tokenStartArray:
		return NewArray()
	}
	return &JConstructor{Name: r.value.(string)}
}

// TryParse is Parse for Go code: the error says what Parse would throw.
func TryParse(s string) (t JToken, err error) {
	if e := clr.Try(func() { t = Parse(s) }); e != nil {
		return nil, e
	}
	return t, nil
}
