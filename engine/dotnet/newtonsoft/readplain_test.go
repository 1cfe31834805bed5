package newtonsoft

import (
	"fmt"
	"strings"
	"testing"

	"sekisho/engine/dotnet/clr"
)

// readBy is what comes of a text: its tape, what was paid and what is wrong with it. With
// plain set it is read as containers are, otherwise token by token.
func readBy(s string, plain bool) (got string) {
	var m spent
	r := newReader(&m, s)
	err := clr.Try(func() {
		if !r.read() {
			r.fail("empty")
		}
		if plain && len(r.stack) > 0 {
			r.container()
		} else {
			for len(r.stack) > 0 && r.read() {
			}
		}
		if len(r.stack) > 0 {
			r.fail("Unexpected end of content while loading J" + strings.TrimPrefix(r.stack[0].kind.String(), "Start") + ".")
		}
		for r.read() {
		}
	})
	if err != nil {
		return fmt.Sprint(err.Message, m)
	}
	for i := range r.tape { // only plain finds out what is exact
		r.tape[i] &^= entryExact
	}
	return fmt.Sprint(r.tape, m)
}

func samePlainly(t *testing.T, s string) {
	want := readBy(s, false)
	if got := readBy(s, true); got != want {
		t.Fatalf("%q is read to\n%s\nwant\n%s", s, got, want)
	}
}

// almost are texts that stop being plain at some place, or end there.
var almost = []string{
	`{"a":1,"b":[1,2.5,-3,"x",true,false,null,{},[]],"c":{"d":{"e":"f"}}} `,
	"{\n\t\"a\" : 1 ,\r\n \"é\": \"é\\u00e9\\n\\/\\'\", \"b\": tru}", `[1,2}`, `{"a":[1}`, `{"a":{"b":1]}`, `[[1)]`,
	`{"a":}`, `{"a":,"b":1}`, `{"a":1,}`, `{"a":1,,}`, `{,"a":1}`, `[1,]`, `[,1]`, `[1 2]`, `["a" "b"]`, `{"a" 1}`, `{"a":1 "b":2}`, `{"a""b"}`,
	`{"a":01,"b":-,"c":1.,"d":.5}`, `{"a":-01}`, `[-]`, `[1.]`, `[1.x]`, `[1x]`, `[nul]`, `[nullx]`, `[truefalse]`, `["\x"]`, `["\u12"]`, `["\`, `["a`, "[\"a\nb\",\x01]",
	"[1\u00a0,2\u2028]", `[true/**/,1//x`, `{"a":1/`, "[\"\xff\",\"\x7f\"]", `[1]]`, `[1] x`, `{"a":"b"`, `{"a":"b`, `{"a":`, `{"a`, `[tr`,
}

func TestReadPlainly(t *testing.T) {
	long := strings.Repeat("1", maxIntegerDigits)
	texts := []string{sample(2000), "[" + long + "]", "[" + long + "1]", "[1." + long + "]", "[-" + long + ",0." + long[4:] + "]"}
	for _, depth := range []int{maxDepth - 1, maxDepth, maxDepth + 1} {
		texts = append(texts, strings.Repeat("[", depth)+"1"+strings.Repeat("]", depth), strings.Repeat(`{"a":`, depth)+"1"+strings.Repeat("}", depth))
	}
	for _, list := range [][]string{odd, written, almost, texts} {
		for _, s := range list {
			samePlainly(t, s)
			for i := range min(len(s), 300) {
				samePlainly(t, s[:i])
				samePlainly(t, s[:i]+"x"+s[i:])
				samePlainly(t, s[:i]+s[i+1:])
			}
		}
	}
}

func FuzzReadPlainly(f *testing.F) {
	for _, list := range [][]string{odd, written, almost} {
		for _, s := range list {
			f.Add(s)
		}
	}
	f.Fuzz(samePlainly)
}

// TestExact has texts within an array of which it is known, or not, that they are written
// as they were read.
func TestExact(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want bool
	}{
		{`{"a":1,"b":[1.5,"é\n",true],"c":{},"d":[]}`, true},
		{`["2024-03-05T10:00:00Z","2024-03-05T10:00:00+02:00x"]`, true},
		{`["2024-03-05T10:00:00+02:00"]`, false},
		{`["/Date(0)/"]`, false}, {`["\/"]`, false}, {`["\u0041"]`, false}, {"[\"\u2028\"]", false}, {"[\"\u0085\"]", false},
		{`[1.50]`, false}, {`[-0]`, false}, {`[1e5]`, false}, {`[1 ]`, false}, {`[1,]`, false}, {`{"a":1,}`, false}, {`{"a": 1}`, false},
		{`{'a':1}`, false}, {`{"a":1,"a":2}`, false}, {`{"a":{"b":1,"b":2}}`, false}, {`{"a":{"b":1},"c":{"b":1}}`, true},
		{manyNames(30, -1), true}, {manyNames(30, 29), false}, {manyNames(40, -1), false},
		{`new A()`, false}, {`[new A()]`, false}, {`[/**/1]`, false}, {`["\""]`, true},
	} {
		r := newReader(nil, "["+tt.in+",0]")
		r.read()
		r.container()
		if got := r.tape[header].exact(); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.in, got, tt.want)
		}
	}
}
