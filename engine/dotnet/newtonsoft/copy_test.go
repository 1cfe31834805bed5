package newtonsoft

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"sekisho/engine/dotnet/clr"
)

// written are texts of whose tokens some are written otherwise than they were read.
var written = []string{
	`[0,-0,7,-7,00,123456789012345678,-123456789012345678,1234567890123456789,9223372036854775807,9223372036854775808,-9223372036854775809]`,
	`[0.0,-0.0,-0.00,0.5,0.50,5.00,5.10,12.0,-12.50,0.0001,0.00010,0.00001,0.00012345,-0.0001,0.001000,100.001]`,
	`[123456789012345.0,12345678901234.5,123456789012345.6,0.123456789012345,0.1234567890123456,999999999999999.0,1000000000000000.0]`,
	`[1e5,1E5,1e-5,1.5e300,1e400,-1e400,5e-324,0e0,1.,.5,-.5,12.e3,0x1F,0X1f,017,1.7976931348623157e308]`,
	`[NaN,Infinity,-Infinity,undefined,null,true,false,,]`,
	`["\"","\\","\/","\b\f\n\r\t","\u0041","\u00e9\ud83d\ude00","\ud83d","\u0085\u2028\u2029\u0000","\'","a\/b\"c"]`,
	"['a','\"','\\\"','\\'',\"'\",\"\u0085\",\"\u2028\",\"\u2029\",\"\u2030\",\"é漢😀\",\"tab\there\",\"line\nend\r\n\",\"nul\x00\",\"del\x7f\"]",
	"[\"broken \xff\xc2\",\"\xe2\x80\",\"\xc2\",\"\xe2\",\"\xed\xa0\xbd\"]",
	`["2024-03-05T10:00:00Z","2024-03-05T10:00:00","2024-03-05T10:00:00z","2024-03-05T10:00:00+02:00","2024-03-05T10:00:00-0230","2024-03-05T10:00:00+02"]`,
	`["2024-03-05T10:00:00.1Z","2024-03-05T10:00:00.10Z","2024-03-05T10:00:00.1234567","2024-03-05T10:00:00.1234560","2024-03-05T10:00:00.12345678Z","2024-03-05T10:00:00.0","2024-03-05T10:00:00.000Z"]`,
	`["2024-03-05T24:00:00Z","2024-02-30T10:00:00Z","0001-01-01T00:00:00","9999-12-31T24:00:00","9999-12-31T23:59:59.9999999Z","2024-03-05T10:00","2024-03-05","0000-03-05T10:00:00Z"]`,
	`["/Date(0)/","/Date(1+0100)/","\/Date(0)\/","/Date(0+00\n)/","/Date(x)/","\/Date(0+00\"x)/","2024-03-05T10:00:\u0030\u0030Z","/Date(0+00\")/"]`,
	`{"2024-03-05T10:00:00Z":"2024-03-05T10:00:00Z", "/Date(0)/" : 1 , 'q':"x", u:1, "\u0075":2, "e\"":3, "e\u0022" : 4,"\/":5,"/":6}`,
	`{"a":1,"b":{"a":1,"c":2,"a":[{"x":1,"x":2}]},"b":{"c":{},"d":[],"c":1}}`,
	`{"a":[ ],"b":{ },"c":[[ ],[{ }]],"d":[1,],"e":{"x":1,}}`,
	`{/*1*/"a"/*2*/:/*3*/1/*4*/,/*5*/"b":[/*6*/1/*7*/,/*8*/]/*9*/}`,
	`[new Date ( 1 , "x" ),new A(),new A.b([new C(1.50)],{"k":new D('x')})]`,
	"{\n  \"a\": 1,\n  \"b\": [\n    1.5,\n    \"x\"\n  ],\n  \"c\": {}\n}",
	"[1,2 ,3\t,4\r\n,5\v,6\f,\u00a07]",
}

// manyNames is an object of n members, of which that at again has the name of the first.
func manyNames(n, again int) string {
	var b strings.Builder
	b.WriteByte('{')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		name := i
		if i == again {
			name = 0
		}
		fmt.Fprintf(&b, `"n%d":%d`, name, i)
	}
	b.WriteByte('}')
	return b.String()
}

// writtenBoth is a tree as it is written without and with indentation.
func writtenBoth(t JToken) string { return Format(t, false) + "\n" + Format(t, true) }

// change makes a change somewhere in a tree; r decides where and which.
func change(root JToken, r *rand.Rand) {
	at := root
	for Len(at) > 0 && r.IntN(4) > 0 {
		at = at.(JContainer).Child(r.IntN(Len(at)))
	}
	value := func() JToken {
		switch r.IntN(5) {
		case 0:
			return NewValue(int64(r.IntN(100)))
		case 1:
			return NewNull()
		case 2:
			return Parse(odd[r.IntN(len(odd)-2)]) // the last are comments
		case 3: // of the tree itself: a copy is put in
			from := root
			for Len(from) > 0 && r.IntN(3) > 0 {
				from = from.(JContainer).Child(r.IntN(Len(from)))
			}
			if p, ok := from.(*JProperty); ok {
				return p.Value()
			}
			return from
		}
		return NewString("set\u2028\"")
	}
	// What the tree does not allow throws, in both trees the same.
	_ = clr.Try(func() {
		switch r.IntN(6) {
		case 0:
			Remove(at)
		case 1:
			Replace(at, value())
		case 2:
			AddAfterSelf(at, value())
		default:
			switch c := at.(type) {
			case *JObject:
				c.SetValue("k"+strconv.Itoa(r.IntN(4)), value())
			case *JProperty:
				c.SetValue(value())
			case *JArray:
				c.Insert(r.IntN(c.Len()+1), value())
			case *JConstructor:
				Add(c, value())
			case *JValue:
				c.SetValue(int64(r.IntN(100)))
			}
		}
	})
}

// sameAsBuilt compares how a text is written from its tape with how the tree of it is
// written that is there as a whole, also after the same changes of both.
func sameAsBuilt(t *testing.T, s string, seed uint64) {
	lazy, err := TryParse(s)
	if err != nil {
		return
	}
	whole := Parse(s)
	walk(whole, func(JToken) {})
	want := writtenBoth(whole)
	if got := writtenBoth(lazy); got != want {
		t.Fatalf("%q is written\n%s\nwant\n%s", s, got, want)
	}
	if Len(whole) > 0 && Len(whole.(JContainer).Child(0)) > 0 {
		// A container within, from the middle of the text.
		one := Parse(s).(JContainer).Child(0)
		if got, want := writtenBoth(one), writtenBoth(whole.(JContainer).Child(0)); got != want {
			t.Fatalf("the first of %q is written\n%s\nwant\n%s", s, got, want)
		}
	}
	a, b := rand.New(rand.NewPCG(seed, 2)), rand.New(rand.NewPCG(seed, 2))
	for range 8 {
		change(lazy, a)
		change(whole, b)
		got := writtenBoth(lazy)
		walk(whole, func(JToken) {}) // what was put in is built as well
		if want := writtenBoth(whole); got != want {
			t.Fatalf("%q changed by %d is written\n%s\nwant\n%s", s, seed, got, want)
		}
		if len(got) > 1<<20 {
			return
		}
	}
}

func TestWrittenAsBuilt(t *testing.T) {
	texts := append(append([]string{}, odd...), written...)
	texts = append(texts, sample(2000), manyNames(10, 9), manyNames(comparedNames, comparedNames-1), manyNames(comparedNames+1, -1),
		manyNames(comparedNames+1, 20), "["+manyNames(keptNames+1, 500)+","+manyNames(40, -1)+","+manyNames(40, 39)+"]")
	for _, s := range texts {
		for seed := range uint64(40) {
			sameAsBuilt(t, s, seed)
		}
	}
}

// TestWrittenNumbers holds the numbers that are copied to those that are formatted.
func TestWrittenNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	digits := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "0001234567890"[r.IntN(13)]
		}
		return string(b)
	}
	for range 20000 {
		s := digits(1 + r.IntN(18))
		if r.IntN(4) > 0 {
			s += "." + digits(1+r.IntN(16))
		}
		if r.IntN(3) == 0 {
			s = "-" + s
		}
		v, err := TryParse(s)
		if err != nil {
			continue
		}
		want := "[" + Format(v, false) + "]"
		if got := Format(Parse("["+s+"]"), false); got != want {
			t.Fatalf("%s is written %s, want %s", s, got, want)
		}
	}
}

// TestSkipPlain has each byte at each place.
func TestSkipPlain(t *testing.T) {
	for n := range 20 {
		for at := range n {
			for c := range 256 {
				b := []byte(strings.Repeat("~", n))
				b[at] = byte(c)
				want := n
				if c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
					want = at
				}
				for from := range at + 1 {
					if got := skipPlain(string(b), from); got != want {
						t.Fatalf("skipPlain(%q, %d) = %d, want %d", b, from, got, want)
					}
				}
			}
		}
	}
}

// TestWriteAtTheSameTime has branches of one exchange write one tree while others look
// into it.
func TestWriteAtTheSameTime(t *testing.T) {
	s := sample(5000)
	want := writtenBoth(Parse(s))
	root := Parse(s)
	var done sync.WaitGroup
	for seed := range uint64(4) {
		done.Go(func() {
			for range 10 {
				wander(root, rand.New(rand.NewPCG(seed, 1)), 20)
				if got := writtenBoth(root); got != want {
					t.Errorf("written as\n%s", got)
				}
			}
		})
	}
	done.Wait()
}

// TestWriteChangedAllocates holds that only what is on the way to a change is built.
func TestWriteChangedAllocates(t *testing.T) {
	const most = 60
	s := sample(100 << 10)
	if got := testing.AllocsPerRun(10, func() {
		o := ParseObject(s)
		o.SetValue("name", NewString("x"))
		o.Value("items").(*JArray).At(3).(*JObject).SetValue("id", NewValue(int64(1)))
		Format(o, false)
	}); got > most {
		t.Errorf("%v allocations, want at most %d", got, most)
	}
}

// TestRepeatedNamesWithin holds that names that come twice at each depth do not make
// writing take longer than the text is long.
func TestRepeatedNamesWithin(t *testing.T) {
	const depth = 60
	s := strings.Repeat(`{"a":0,"a":`, depth) + "1" + strings.Repeat("}", depth)
	if got, want := Format(Parse(s), false), strings.Repeat(`{"a":`, depth)+"1"+strings.Repeat("}", depth); got != want {
		t.Errorf("written as %s", got)
	}
}

func FuzzWrittenAsBuilt(f *testing.F) {
	for i, s := range append(append([]string{}, odd...), written...) {
		f.Add(s, uint64(i))
	}
	f.Fuzz(sameAsBuilt)
}
