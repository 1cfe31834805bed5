package newtonsoft

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"sekisho/engine/dotnet/clr"
)

// sample is an object of about that many bytes: a few members, most of it in an
// array of objects with arrays and objects in them.
func sample(size int) string {
	var b strings.Builder
	b.WriteString(`{"id":12345,"name":"Zoë","escaped":"a\tb","created":"2024-03-05T10:00:00Z","items":[`)
	for i := 0; i == 0 || b.Len() < size; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%d,"name":"item %d","price":%d.50,"tags":["a","b","c"],"text":"some \"text\"","nested":{"a":1,"b":null,"c":true}}`, i, i, i)
	}
	b.WriteString(`],"total":7}`)
	return b.String()
}

// odd are texts that are read in a way of their own, and come out of the tape as
// such.
var odd = []string{
	`{"a":1,"b":2,"a":{"x":[]},"b":[1,,2,]}`,
	`{"a":[1,2.5,"x\u00e9\ud83d\ude00\ud83d",null,true,false],"b\n":{}}`,
	`{'a':1,b : 2,/*c*/"q\"\u0041":'x', /* d */ é$ : [ // e
		1 /*f*/ , ] }`,
	`new Date(1, new A.b ( "x", {} ), new C())`,
	`["2024-03-05T10:00:00Z","/Date(0)/",NaN,-Infinity,Infinity,undefined]`,
	`[0x10,010,1e5,-0.0,12.,.5,123456789012345678901,-01,1234567890.12345678901234567]`,
	"{\"a\nb\":1,\"c\":\"x\r\ny\"} // z",
	`{"a":{"k":1},"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11,"l":12,"m":[{}],"a":[[1]],"m":13,"n":14}`,
	`{"a":{"b":{"c":{"d":[[[]]]}}}}`, `{}`, `[]`, `[[]]`, `"x"`, `/*c*/`, `//c`,
}

// outline is all that can be seen of a tree.
func outline(t JToken) string {
	var b strings.Builder
	b.WriteString(Format(t, true))
	walk(t, func(d JToken) {
		fmt.Fprintf(&b, "\n%s %s %d %d", Path(d), ClassName(d), Len(d), d.Type())
		if v, ok := d.(*JValue); ok {
			fmt.Fprintf(&b, " %T %v", v.value, v.value)
		}
	})
	return b.String()
}

// wander looks into n containers of a tree, each found from the top.
func wander(t JToken, r *rand.Rand, n int) {
	at := t
	for range n {
		if Len(at) == 0 || r.IntN(8) == 0 {
			at = t
			continue
		}
		at = at.(JContainer).Child(r.IntN(Len(at)))
	}
}

// sameInAnyOrder compares what is built from a text when everything is looked at
// in its order with what is built by looking here and there.
func sameInAnyOrder(t *testing.T, s string, seed uint64) {
	whole, err := TryParse(s)
	if err != nil {
		return
	}
	want := outline(whole)
	r := rand.New(rand.NewPCG(seed, 0))
	some := Parse(s)
	untouched := DeepClone(some)
	wander(some, r, 20)
	partly := DeepClone(some)
	for name, x := range map[string]JToken{"wandered": some, "clone": untouched, "clone of wandered": partly} {
		if got := outline(x); got != want {
			t.Fatalf("%s: %q is\n%s\nwant\n%s", name, s, got, want)
		}
	}
	// A tree stays its own when a copy of it that was not built changes.
	if c, ok := Parse(s).(JContainer); ok {
		copied := DeepClone(c).(JContainer)
		Clear(copied)
		if got := outline(c); got != want || copied.Len() != 0 {
			t.Fatalf("%q became\n%s", s, got)
		}
	}
}

func TestBuildInAnyOrder(t *testing.T) {
	for _, s := range append(odd, sample(2000)) {
		for seed := range uint64(20) {
			sameInAnyOrder(t, s, seed)
		}
	}
}

func FuzzBuildInAnyOrder(f *testing.F) {
	for i, s := range odd {
		f.Add(s, uint64(i))
	}
	f.Fuzz(sameInAnyOrder)
}

// TestUnbuiltHeights holds that trees know their height before they are built.
func TestUnbuiltHeights(t *testing.T) {
	var height func(t JToken) int
	height = func(t JToken) int {
		h := 0
		for _, c := range Children(t) {
			h = max(h, height(c)+1)
		}
		return h
	}
	deep := strings.Repeat(`{"a":[`, 32) + strings.Repeat("]}", 32)
	for _, s := range []string{sample(2000), deep, `[]`, `[1]`, `{"a":1}`, `new A([])`, `{"a":[[1]],"b":2}`} {
		root := Parse(s)
		before := root.base().height
		walk(root, func(d JToken) {
			if got, want := d.base().height, height(d); got != want {
				t.Errorf("%.20s: %q is %d high, want %d", s, Path(d), got, want)
			}
		})
		if want := height(root); before != want {
			t.Errorf("%.20s is %d high before it is built, want %d", s, before, want)
		}
	}
	// The bound on heights counts what is not built.
	tower := func() any {
		v := Parse(deep)
		for range (maxHeight - 3*32 + 2) / 2 {
			v = NewObjectOf(NewProperty("a", v))
		}
		return nil
	}
	if got := thrown(tower); !strings.HasPrefix(got, "System.InsufficientExecutionStackException") {
		t.Errorf("got %.60s", got)
	}
}

// TestReadAtTheSameTime has branches of one exchange read one tree.
func TestReadAtTheSameTime(t *testing.T) {
	s := sample(5000)
	want := outline(Parse(s))
	for range 10 {
		root := Parse(s)
		var done sync.WaitGroup
		for seed := range uint64(4) {
			done.Go(func() {
				wander(root, rand.New(rand.NewPCG(seed, 1)), 50)
				if got := outline(DeepClone(root)); got != want {
					t.Errorf("a copy is\n%s", got)
				}
				if got := outline(root); got != want {
					t.Errorf("read as\n%s", got)
				}
			})
		}
		done.Wait()
	}
}

// TestReadOneAllocates holds that the parts of a text nobody looks at are not
// built.
func TestReadOneAllocates(t *testing.T) {
	const most = 30 // 5 members at the top, 4 of them values
	s := sample(100 << 10)
	if got := testing.AllocsPerRun(10, func() { ParseObject(s).Value("total") }); got > most {
		t.Errorf("%v allocations, want at most %d", got, most)
	}
}

type spent struct{ steps, bytes int }

func (s *spent) Spend(bytes int)     { s.steps++; s.bytes += bytes }
func (s *spent) Left() time.Duration { return time.Hour }

// TestParsingIsPaid holds that the whole tree is paid for when its text is parsed,
// whatever will be built of it.
func TestParsingIsPaid(t *testing.T) {
	for _, tt := range []struct {
		in    string
		steps int
	}{
		{`1`, 1}, {`[]`, 2}, {`{"a":1,"b":[2,"x"]}`, 7}, {`new A(1)`, 3},
	} {
		var m spent
		x := ParseWithin(&m, tt.in)
		walk(x, func(JToken) {})
		if want := (spent{tt.steps, tt.steps * valueSize}); m != want {
			t.Errorf("%s: paid %v, want %v", tt.in, m, want)
		}
	}
}

// TestErrorsInside has texts whose errors come behind what is not built.
func TestErrorsInside(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"{\"a\\\"b\":{'c d':[0,{é:x", "Unexpected character encountered while parsing value: x. Path '['a\"b']['c d'][1].é', line 1, position 21."},
		{"[{\"a\":[1,{\"b\":2}]},\n{\"a\":tru }]", "Error parsing boolean value. Path '[1].a', line 2, position 8."},
		{"{\"a\":{\"a\":1},\"a\":[,\"\\u12\"]}", "Invalid Unicode escape sequence: \\u12\"]. Path 'a[0]', line 1, position 22."},
		{"{\"a\nb\":\"x\r\ny\" 1}", "After parsing a value an unexpected character was encountered: 1. Path '['a\\nb']', line 3, position 3."},
		{"new A(1, [2}", "JsonToken EndObject is not valid for closing JsonType Array. Path '[1]', line 1, position 12."},
		{"{\"a\":1}/*x*/{", "Additional text encountered after finished reading JSON content: {. Path '', line 1, position 12."},
		{"[1e5,1e5.5]", "Input string '1e5.5' is not a valid number. Path '[0]', line 1, position 10."},
		{"[\"2024-03-05T10:00:00Z\",\"\\", "Unterminated string. Expected delimiter: \". Path '[0]', line 1, position 26."},
	} {
		if got := thrown(func() any { return Parse(tt.in) }); got != "JsonReaderException: "+tt.want {
			t.Errorf("Parse(%q)\n got %s\nwant %s", tt.in, got, tt.want)
		}
		err := clr.Try(func() { Deserialize(nil, tt.in, &Shape{Kind: AnyShape, Nullable: true}) })
		if err == nil || err.Message != tt.want {
			t.Errorf("Deserialize(%q): %v", tt.in, err)
		}
	}
}

func benchmarkSizes(b *testing.B, of func(s string) func()) {
	for _, kilobytes := range []int{1, 100} {
		s := sample(kilobytes << 10)
		b.Run(fmt.Sprintf("%dKB", kilobytes), func(b *testing.B) {
			f := of(s)
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

func BenchmarkParseAndReadOne(b *testing.B) {
	benchmarkSizes(b, func(s string) func() { return func() { ParseObject(s).Value("total") } })
}

func BenchmarkParseAndFormat(b *testing.B) {
	benchmarkSizes(b, func(s string) func() { return func() { Format(ParseObject(s), false) } })
}

func BenchmarkParseAndWalk(b *testing.B) {
	benchmarkSizes(b, func(s string) func() { return func() { walk(ParseObject(s), func(JToken) {}) } })
}

func BenchmarkFormat(b *testing.B) {
	benchmarkSizes(b, func(s string) func() {
		o := ParseObject(s)
		return func() { Format(o, false) }
	})
}
