package newtonsoft

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"sekisho/engine/dotnet/clr"
)

// thrown is what f returns as text, or "Type: message" of what it throws.
func thrown(f func() any) string {
	out := ""
	if e := clr.Try(func() {
		switch v := f().(type) {
		case nil:
			out = "nil"
		case JToken:
			out = Format(v, false)
		default:
			out = fmt.Sprint(v)
		}
	}); e != nil {
		return strings.TrimPrefix(e.Type, "Newtonsoft.Json.") + ": " + e.Message
	}
	return out
}

func TestParse(t *testing.T) {
	deep := strings.Repeat("[", 64) + strings.Repeat("]", 64)
	for _, tt := range []struct{ in, want string }{
		{`{"a":1.0,"b":1e5,"c":0.10}`, `{"a":1.0,"b":100000.0,"c":0.1}`},
		{`{"a":12345678901234567890}`, `{"a":12345678901234567890}`},
		{`{"d":"2024-03-05T10:00:00.000Z"}`, `{"d":"2024-03-05T10:00:00Z"}`},
		{`{"d":"2024-03-05T10:00:00+02:00"}`, `{"d":"2024-03-05T08:00:00+00:00"}`},
		{`{"d":"2024-03-05T10:00:00"}`, `{"d":"2024-03-05T10:00:00"}`},
		{`["2024-03-05", "2024-03-05T10:00:00.12345678Z", "/Date(0)/", "2024-02-30T00:00:00Z"]`,
			`["2024-03-05","2024-03-05T10:00:00.12345678Z","1970-01-01T00:00:00Z","2024-02-30T00:00:00Z"]`},
		{`{"a":"x\u00e9\n\"\/"}`, `{"a":"xé\n\"/"}`},
		{`["\ud83d\ude00", "\ud83d"]`, "[\"😀\",\"\xed\xa0\xbd\"]"},
		{`{'a':1,b:2,/*c*/}`, `{"a":1,"b":2}`},
		{`[1,]`, `[1]`}, {`[,]`, `[undefined]`}, {`[0x10, 010, .5, -1, +1]`, "JsonReaderException: Unexpected character encountered while parsing value: +. Path '[3]', line 1, position 20."},
		{`[0x10, 010, .5, -1, NaN, -Infinity]`, `[16,8,0.5,-1,"NaN","-Infinity"]`},
		{`{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{" [ 1 // c\n ] // d", `[1]`}, {"/*c*/[1]", "/*c*/"},
		{`new Date(1)`, `new Date(1)`},
		{`"x"`, `"x"`}, {`nul`, "JsonReaderException: Unexpected end when reading JSON. Path '', line 1, position 3."},
		{`{"a":`, "JsonReaderException: Unexpected end of content while loading JObject. Path 'a', line 1, position 5."},
		{`{"a":1`, "JsonReaderException: Unexpected end of content while loading JObject. Path 'a', line 1, position 6."},
		{``, "JsonReaderException: Error reading JToken from JsonReader. Path '', line 0, position 0."},
		{`{"a":1} x`, "JsonReaderException: Additional text encountered after finished reading JSON content: x. Path '', line 1, position 8."},
		{"{\n \"a\" 1}", "JsonReaderException: Invalid character after parsing property name. Expected ':' but got: 1. Path '', line 2, position 5."},
		{`{"a":[1,2 3]}`, "JsonReaderException: After parsing a value an unexpected character was encountered: 3. Path 'a[1]', line 1, position 10."},
		{`[1}`, "JsonReaderException: JsonToken EndObject is not valid for closing JsonType Array. Path '', line 1, position 3."},
		{`<html>`, "JsonReaderException: Unexpected character encountered while parsing value: <. Path '', line 0, position 0."},
		{`"x`, "JsonReaderException: Unterminated string. Expected delimiter: \". Path '', line 1, position 2."},
		{`["\q"]`, `JsonReaderException: Bad JSON escape sequence: \q. Path '', line 1, position 4.`},
		{`[1.2.3]`, "JsonReaderException: Input string '1.2.3' is not a valid number. Path '', line 1, position 6."},
		{deep, deep},
		{"[" + deep, "JsonReaderException: The reader's MaxDepth of 64 has been exceeded. Path '" + strings.Repeat("[0]", 64) + "', line 1, position 65."},
		{strings.Repeat("[", 1_000_000), "JsonReaderException: The reader's MaxDepth of 64 has been exceeded. Path '" + strings.Repeat("[0]", 64) + "', line 1, position 65."},
	} {
		if got := thrown(func() any { return Parse(tt.in) }); got != tt.want {
			t.Errorf("Parse(%.40s)\n got %s\nwant %s", tt.in, got, tt.want)
		}
	}
	for _, tt := range []struct {
		f    func() any
		want string
	}{
		{func() any { return ParseObject("") }, "JsonReaderException: Error reading JObject from JsonReader. Path '', line 0, position 0."},
		{func() any { return ParseArray("{}") }, "JsonReaderException: Error reading JArray from JsonReader. Current JsonReader item is not an array: StartObject. Path '', line 1, position 1."},
		{func() any { return ParseObject("[1]") }, "JsonReaderException: Error reading JObject from JsonReader. Current JsonReader item is not an object: StartArray. Path '', line 1, position 1."},
		{func() any { return ParseObject("\"s\"") }, "JsonReaderException: Error reading JObject from JsonReader. Current JsonReader item is not an object: String. Path '', line 1, position 3."},
		{func() any { return ParseArray(`"2024-03-05T10:00:00Z"`) }, "JsonReaderException: Error reading JArray from JsonReader. Current JsonReader item is not an array: Date. Path '', line 1, position 22."},
	} {
		if got := thrown(tt.f); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{"a":1,"b":[1,2,{"c":null}]}`, "{\n  \"a\": 1,\n  \"b\": [\n    1,\n    2,\n    {\n      \"c\": null\n    }\n  ]\n}"},
		{`{}`, "{}"}, {`[]`, "[]"}, {`[1,2]`, "[\n  1,\n  2\n]"}, {`{"a":{},"b":[]}`, "{\n  \"a\": {},\n  \"b\": []\n}"},
	} {
		if got := Parse(tt.in).String(); got != tt.want {
			t.Errorf("ToString(%s) = %q", tt.in, got)
		}
	}
	o := ParseObject(`{"s":"t","d":"2024-03-05T10:00:00Z","f":1.0,"n":null,"b":true}`)
	for name, want := range map[string]string{"s": "t", "d": "03/05/2024 10:00:00", "f": "1", "n": "", "b": "True"} {
		if got := o.Value(name).String(); got != want {
			t.Errorf("%s.ToString() = %q, want %q", name, got, want)
		}
	}
	if got := o.Property("f").String(); got != `"f": 1.0` {
		t.Errorf("JProperty.ToString() = %q", got)
	}
}

func TestTree(t *testing.T) {
	p := ParseObject
	i := func(n int64) JToken { return NewValue(n) }
	for _, tt := range []struct {
		f    func() any
		want string
	}{
		{func() any {
			o := p(`{"a":1}`)
			o.SetValue("b", NewString("x"))
			o.SetValue("a", nil)
			o.AddValue("c", NewArrayOf(int32(1)))
			o.RemoveName("zz")
			return o
		}, `{"a":null,"b":"x","c":[1]}`},
		{func() any { p(`{"a":1}`).AddValue("a", i(2)); return nil }, "System.ArgumentException: Can not add property a to Newtonsoft.Json.Linq.JObject. Property with the same name already exists on object."},
		{func() any {
			o := p(`{"a":{"b":1}}`)
			Set(Get(o, "a"), "b", i(5))
			Remove(o.Value("a").(*JObject).Property("b"))
			return o
		}, `{"a":{}}`},
		{func() any { o := p(`{"a":1,"b":2}`); Remove(o.Value("a").Parent()); return o }, `{"b":2}`},
		{func() any { o := p(`{"a":1}`); Remove(o.Value("a")); return o }, "JsonException: Cannot add or remove items from Newtonsoft.Json.Linq.JProperty."},
		{func() any { Remove(NewString("x")); return nil }, "System.InvalidOperationException: The parent is missing."},
		{func() any {
			o, v := NewObject(), p(`{"x":1}`)
			o.SetValue("p", v)
			o.SetValue("q", v)
			v.SetValue("x", i(2))
			return o
		}, `{"p":{"x":2},"q":{"x":1}}`},
		{func() any { o := p(`{"a":1}`); Replace(o.Value("a"), NewString("z")); return o }, `{"a":"z"}`},
		{func() any { o := p(`{"x":[1,2,3]}`); Remove(Get(Get(o, "x"), int32(1))); return o }, `{"x":[1,3]}`},
		{func() any {
			o := NewObject()
			Add(o, NewProperty("x", i(1)))
			AddFirst(o, NewProperty("w", i(0)))
			AddAfterSelf(o.Property("w"), NewProperty("v", i(2)))
			return o
		}, `{"w":0,"v":2,"x":1}`},
		{func() any { return Get(Parse(`[1,2]`), int32(5)) }, "System.ArgumentOutOfRangeException: Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')"},
		{func() any { return Get(Parse(`[1,2]`), "x") }, `System.ArgumentException: Accessed JArray values with invalid key value: "x". Int32 array index expected.`},
		{func() any { return Get(i(1), "x") }, "System.InvalidOperationException: Cannot access child value on Newtonsoft.Json.Linq.JValue."},
		{func() any { return Get(p(`{"a":1}`), int32(0)) }, "System.ArgumentException: Accessed JObject values with invalid key value: 0. Object property name expected."},
		{func() any { return Get(p(`{"a":1}`), "b") }, "nil"},
		{func() any { o := NewObject(); o.SetValue("o", o); return o }, `{"o":{}}`},
		{func() any { Add(NewObject(), i(1)); return nil }, "System.ArgumentException: Can not add Newtonsoft.Json.Linq.JValue to Newtonsoft.Json.Linq.JObject."},
		{func() any { return NewArrayOf([]any{int32(1), "x", nil, true, []any{int32(2)}}) }, `[1,"x",null,true,2]`},
		{func() any { return NewObjectOf([]any{NewProperty("r", NewRaw("[1, 2]"))}) }, `{"r":[1, 2]}`},
		{func() any { return DeepEquals(p(`{"a":1,"b":2}`), p(`{"b":2,"a":1}`)) }, "true"},
		{func() any { return DeepEquals(p(`{"a":1}`), p(`{"a":1.0}`)) }, "false"},
		{func() any { return NewValue(int32(2)).CompareTo(NewValue(int32(10))) }, "-1"},
		{func() any { return NewValue(int32(1)).Equal(NewValue(int64(1))) }, "true"},
		{func() any {
			o := p(`{"a":{"x":1,"y":[1]}}`)
			Merge(nil, o, p(`{"a":{"x":2,"y":[2],"z":3}}`), DefaultMerge)
			return o
		}, `{"a":{"x":2,"y":[1,2],"z":3}}`},
		{func() any {
			a := ParseArray(`[1,{"a":1,"b":2}]`)
			Merge(nil, a, ParseArray(`[1,2,{"b":2,"a":1}]`), MergeOptions{Arrays: MergeUnion})
			return a
		}, `[1,{"a":1,"b":2},2]`},
		{func() any { return Path(SelectToken(nil, p(`{"a b":[{"c":1}]}`), "..c", false)) }, "['a b'][0].c"},
		{func() any { return Next(First(Parse(`[1,2]`))) }, "2"},
		{func() any { return len(Descendants(p(`{"a":[1,2]}`))) }, "4"},
		{func() any { v := NewValue(math.NaN()); return v }, `"NaN"`},
		{func() any { return NewValue(struct{}{}) }, "System.ArgumentException: Could not determine JSON object type for type System.Object."},
	} {
		if got := thrown(tt.f); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
	many := NewObject()
	for n := range 40 {
		many.AddValue(fmt.Sprint("k", n), i(int64(n)))
	}
	many.RemoveName("k3")
	many.SetValue("k5", NewString("x"))
	if many.Property("k3") != nil || many.Value("k39").String() != "39" || many.Value("k5").String() != "x" || many.Len() != 39 {
		t.Error("an object of many properties lost some")
	}
}

// TestLargeTrees walks and empties trees that a quadratic search would take
// minutes for.
func TestLargeTrees(t *testing.T) {
	const n = 100_000
	a := ParseArray("[" + strings.Repeat("0,", n-1) + "0]")
	count := 0
	for x := First(a); x != nil; x = Next(x) {
		count++
	}
	if count != n {
		t.Fatalf("walked over %d of %d", count, n)
	}
	for _, x := range Children(a)[:n/2] {
		Remove(x)
	}
	for a.Len() > 0 {
		Remove(Last(a))
	}
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"k%d":%d,`, i, i)
	}
	o := ParseObject("{" + b.String() + "}")
	for _, p := range o.Properties() {
		Remove(p)
	}
	if o.Len() != 0 {
		t.Fatalf("%d properties are left", o.Len())
	}
}

// TestHighTrees builds trees that would overflow the stack of whatever walks over
// them.
func TestHighTrees(t *testing.T) {
	const want = "System.InsufficientExecutionStackException"
	outward := func() any {
		v := NewObject()
		for range 1_000_000 {
			v = NewObjectOf(NewProperty("a", v))
		}
		return v
	}
	inward := func() any {
		v := NewArray()
		for range 1_000_000 {
			Add(v, NewArray())
			v = v.At(0).(*JArray)
		}
		return v
	}
	for _, f := range []func() any{outward, inward} {
		if got := thrown(f); !strings.HasPrefix(got, want) {
			t.Errorf("got %.60s", got)
		}
	}
}

func TestConversions(t *testing.T) {
	o := ParseObject(`{"i":1,"s":"x","n":null,"f":1.5,"h":2.5,"t":true,"a":[1],"ts":"true","d":"2024-03-05T10:00:00Z",
		"big":9007199254740993,"m":1.10,"huge":12345678901234567890,"g":"11111111-2222-3333-4444-555555555555","five":"5","u":null}`)
	explicit := func(name, typ string) func() any {
		return func() any { return Explicit(o.Value(name), "System."+typ, false) }
	}
	value := func(name, typ string) func() any {
		return func() any { return ValueOf(o.Value(name), "System."+typ, false) }
	}
	for _, tt := range []struct {
		f    func() any
		want string
	}{
		{explicit("i", "Int32"), "1"}, {explicit("f", "Int32"), "2"}, {explicit("h", "Int32"), "2"}, {explicit("t", "Int32"), "1"},
		{explicit("s", "Int32"), "System.FormatException: The input string 'x' was not in a correct format."},
		{explicit("n", "Int32"), "System.ArgumentException: Can not convert Null to Int32."},
		{func() any { return Explicit(o.Value("n"), "System.Int32", true) }, "nil"},
		{func() any { return Explicit(nil, "System.Int32", true) }, "nil"},
		{func() any { return Explicit(nil, "System.Int32", false) }, "System.ArgumentNullException: Value cannot be null. (Parameter 'value')"},
		{explicit("zz", "String"), "nil"}, {explicit("a", "String"), "System.ArgumentException: Can not convert Array to String."},
		{explicit("n", "String"), "nil"}, {explicit("d", "String"), "03/05/2024 10:00:00"}, {explicit("t", "String"), "True"},
		{explicit("ts", "Boolean"), "true"}, {explicit("i", "Boolean"), "true"},
		{explicit("s", "Boolean"), "System.FormatException: String 'x' was not recognized as a valid Boolean."},
		{explicit("i", "Double"), "1"}, {explicit("m", "Decimal"), "1.1"}, {explicit("big", "Int64"), "9007199254740993"},
		{explicit("huge", "Int64"), "System.OverflowException: Value was either too large or too small for an Int64."},
		{explicit("huge", "String"), "12345678901234567890"}, {explicit("g", "Guid"), "11111111-2222-3333-4444-555555555555"},
		{func() any { return explicit("d", "DateTime")().(clr.DateTime).Format("o") }, "2024-03-05T10:00:00.0000000Z"},
		{value("five", "Int32"), "5"}, {value("zz", "String"), "nil"}, {value("s", "String"), "x"}, {value("n", "String"), "nil"},
		{value("a", "String"), "System.InvalidCastException: Cannot cast Newtonsoft.Json.Linq.JArray to Newtonsoft.Json.Linq.JToken."},
		{value("n", "Int32"), "System.InvalidCastException: Null object cannot be converted to a value type."},
		{value("g", "Guid"), "System.InvalidCastException: Invalid cast from 'System.String' to 'System.Guid'."},
		{value("d", "String"), "03/05/2024 10:00:00"},
	} {
		if got := thrown(tt.f); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestSelectToken(t *testing.T) {
	doc := Parse(`{"a":{"b":[{"c":7},{"c":8,"d":"y"}]},"a.b":1,"x":{"x":2},"s":[1,2,3,4,5],"t":["ab","Bc"]}`)
	for _, tt := range []struct{ path, want string }{
		{"a.b[0].c", "[7]"}, {"$.a.b[?(@.c==8)].d", `["y"]`}, {"$.a.b[*].c", "[7,8]"}, {"$..x", `[{"x":2},2]`}, {"['a.b']", "[1]"},
		{"s[1:3]", "[2,3]"}, {"s[-2:]", "[4,5]"}, {"s[::-2]", "[5,3,1]"}, {"s[0,2]", "[1,3]"}, {"$", `[` + Format(doc, false) + `]`},
		{"a.b[?(@.d)].c", "[8]"}, {"a.b[?(@.c>7 && @.d == 'y')].c", "[8]"}, {"a.b[?(@.c<7 || @.d != 'z')].c", "[8]"},
		{"t[?(@ =~ /^b/i)]", `["Bc"]`}, {"s[?(@ >= 4)]", "[4,5]"}, {"a.*", `[[{"c":7},{"c":8,"d":"y"}]]`}, {"a.b..c", "[7,8]"},
		{"zz", "[]"}, {"..['c','d']", `[7,8,"y"]`}, {"a['b'][1]['d']", `["y"]`}, {"s[?($.x.x == @)]", "[2]"},
		{"a.", "JsonException: Unexpected end while parsing path."}, {"a[", "JsonException: Path ended with open indexer."},
		{"a[]", "JsonException: Array index expected."}, {"a[?(", "JsonException: Path ended with open query."},
		{"a[0]x", "JsonException: Unexpected character following indexer: x"}, {"a]", "JsonException: Unexpected character while parsing path: ]"},
		{strings.Repeat("[?(@", 1000), "JsonException: Path has too many filters within filters."},
	} {
		got := thrown(func() any { return NewArrayOf(SelectTokens(nil, doc, tt.path, false)) })
		if got != tt.want {
			t.Errorf("SelectTokens(nil, %.60s)\n got %s\nwant %s", tt.path, got, tt.want)
		}
	}
	for _, tt := range []struct{ path, want string }{
		{"b", "JsonException: Property 'b' does not exist on JObject."}, {"s[9]", "JsonException: Index 9 outside the bounds of JArray."},
		{"a[0]", "JsonException: Index 0 not valid on JObject."}, {"s[0].q", "JsonException: Property 'q' not valid on JValue."},
		{"s[*]", "JsonException: Path returned multiple tokens."},
	} {
		if got := thrown(func() any { return SelectToken(nil, doc, tt.path, true) }); got != tt.want {
			t.Errorf("SelectToken(nil, %s)\n got %s\nwant %s", tt.path, got, tt.want)
		}
	}
}

type members []any // name, value, …

func (m members) JSONMembers(f func(string, any) bool) {
	for i := 0; i < len(m) && f(m[i].(string), m[i+1]); i += 2 {
	}
}

type items []any

func (s items) JSONItems(f func(any) bool) {
	for _, v := range s {
		if !f(v) {
			return
		}
	}
}

type friday struct{}

func (friday) JSONNumber() int64 { return 5 }

func TestSerialize(t *testing.T) {
	d := clr.NewDateTime(2024, 3, 5, 1, 2, 3, 120, clr.Unspecified)
	for _, tt := range []struct {
		v    any
		want string
	}{
		{members{"a", int32(1), "b", 1.0, "c", clr.ParseDecimal("1.50", clr.StyleNumber), "d", "x\"é</a>", "e", nil, "f", clr.Char('c'), "g", true},
			`{"a":1,"b":1.0,"c":1.50,"d":"x\"é</a>","e":null,"f":"c","g":true}`},
		{"a\"b\\/\n\t\u2028", `"a\"b\\/\n\t\u2028"`}, {1e20, "1E+20"}, {float32(0.1), "0.1"}, {math.NaN(), `"NaN"`}, {d, `"2024-03-05T01:02:03.12"`},
		{[]byte{1, 2, 3}, `"AQID"`}, {clr.Guid{}, `"00000000-0000-0000-0000-000000000000"`}, {friday{}, "5"}, {items{}, "[]"},
		{items{members{"Key", "a", "Value", "b"}}, `[{"Key":"a","Value":"b"}]`}, {Parse(`{"a":[1, 2]}`), `{"a":[1,2]}`},
		{"<script>'&\u00e9\u007f\u0085", "\"<script>'&é\x7f\\u0085\""}, {clr.FromUnixSeconds(0), `"1970-01-01T00:00:00+00:00"`},
		{clr.DecimalFromInt(1), "1.0"}, {nil, "null"}, {big.NewInt(7), "7"}, {clr.SpanOf(5, clr.Minute), `"00:05:00"`},
	} {
		if got := Serialize(tt.v, Options{}); got != tt.want {
			t.Errorf("Serialize(%v) = %s, want %s", tt.v, got, tt.want)
		}
		if tt.v != nil {
			if got := Format(FromObject(tt.v), false); got != tt.want {
				t.Errorf("FromObject(%v) = %s, want %s", tt.v, got, tt.want)
			}
		}
	}
	inner := members{"Name", "x", "inner", members{"A", nil}}
	if got, want := Serialize(inner, Options{Indented: true}), "{\n  \"Name\": \"x\",\n  \"inner\": {\n    \"A\": null\n  }\n}"; got != want {
		t.Errorf("indented: %s", got)
	}
	if got := Serialize(members{"a", nil, "b", int32(1)}, Options{IgnoreNull: true}); got != `{"b":1}` {
		t.Errorf("ignoring null: %s", got)
	}
	loop := items{nil}
	loop[0] = loop
	if got := thrown(func() any { return Serialize(loop, Options{}) }); !strings.Contains(got, "Self referencing loop") {
		t.Errorf("a loop: %s", got)
	}
}

func TestDeserialize(t *testing.T) {
	str := &Shape{Name: "System.String", Nullable: true}
	int32s := &Shape{Name: "System.Int32"}
	list := func(e *Shape) *Shape {
		return &Shape{Name: "System.Collections.Generic.List", Kind: ListShape, Nullable: true, Elem: e, List: func(v []any) any { return fmt.Sprint(v) }}
	}
	dict := func(e *Shape) *Shape {
		return &Shape{Name: "Dictionary", Kind: MapShape, Nullable: true, Key: str, Elem: e, Map: func(k, v []any) any { return fmt.Sprint(k, v) }}
	}
	anything := &Shape{Name: "System.Object", Nullable: true, Kind: AnyShape}
	object := &Shape{Name: "Newtonsoft.Json.Linq.JObject", Nullable: true, Kind: TokenShape}
	for _, tt := range []struct {
		text string
		s    *Shape
		want string
	}{
		{`[1,2]`, list(int32s), "[1 2]"}, {`["a",1]`, list(str), "[a 1]"}, {`{"a":"1","b":2}`, dict(str), "[a b] [1 2]"},
		{`{"a":1,"b":[1]}`, dict(anything), "[a b] [1 [\n  1\n]]"}, {`"x"`, str, "x"}, {``, object, "nil"}, {`{"a":1}`, object, `{"a":1}`},
		{`1.5`, int32s, "JsonReaderException: Input string '1.5' is not a valid integer. Path '', line 1, position 3."},
		{`[1]`, object, "JsonSerializationException: Deserialized JSON type 'Newtonsoft.Json.Linq.JArray' is not compatible with expected type 'Newtonsoft.Json.Linq.JObject'. Path '', line 1, position 3."},
		{``, int32s, "JsonSerializationException: No JSON content found and type 'System.Int32' is not nullable. Path '', line 0, position 0."},
		{`null`, anything, "nil"}, {`{"a":1}`, anything, `{"a":1}`},
	} {
		if got := thrown(func() any { return Deserialize(nil, tt.text, tt.s) }); got != tt.want {
			t.Errorf("Deserialize(%s)\n got %s\nwant %s", tt.text, got, tt.want)
		}
	}
	if got := thrown(func() any { return ToObject(Parse(`[1,2]`), list(str)) }); got != "[1 2]" {
		t.Errorf("ToObject: %s", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,"x\u00e9",null,true]}`, `{'a':1,b:2,/*c*/}`, `new Date(1)`, `["2024-03-05T10:00:00Z",NaN]`, "[[[", "{\"a\":"} {
		f.Add(s, "$..a[?(@.b==1)]")
	}
	f.Fuzz(func(t *testing.T, s, path string) {
		token, err := TryParse(s)
		if err != nil {
			return
		}
		compact := Format(token, false)
		clr.Try(func() { SelectTokens(nil, token, path, true) })
		again, err := TryParse(compact)
		if err != nil {
			if strings.Contains(s, "new") || strings.Contains(s, "/*") || strings.Contains(s, "//") {
				return // constructors and comments need not read back
			}
			t.Fatalf("%q was written as %q: %v", s, compact, err)
		}
		if got := Format(again, false); got != compact && !strings.Contains(s, "undefined") && token.Type() != Comment {
			t.Fatalf("%q read back as %q", compact, got)
		}
		DeepEquals(token, token.clone())
		_ = token.String()
	})
}

func FuzzSelect(f *testing.F) {
	token := Parse(`{"a":{"b":[1,2,{"c":"x"}],"d d":null},"e":[[1],[2,[3]]],"f":"2024-03-05T10:00:00Z"}`)
	for _, s := range []string{"$..b[0]", "a['d d']", "$.e[?(@[0] > 1)]", "e[-1:]", "$..[?(@.c =~ /x/i && @.c != 'y')]", "a.b[*].c", "['a','e']"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		for _, must := range []bool{false, true} {
			clr.Try(func() {
				for _, x := range SelectTokens(nil, token, path, must) {
					// What is found is found again by its own path.
					if again := SelectToken(nil, token, Path(x), false); again != x && x.Parent() != nil {
						if _, isProperty := x.(*JProperty); !isProperty {
							t.Fatalf("%q found %q, whose path leads elsewhere", path, Path(x))
						}
					}
				}
			})
		}
	})
}

func BenchmarkParse(b *testing.B) {
	s := `{"id":12345,"name":"Zoë","price":12.50,"tags":["a","b","c"],"created":"2024-03-05T10:00:00Z","nested":{"a":1,"b":null,"c":true}}`
	s = "[" + strings.Repeat(s+",", 50) + s + "]"
	b.SetBytes(int64(len(s)))
	b.ReportAllocs()
	for b.Loop() {
		Parse(s)
	}
}
