package csharp

import (
	"strings"
	"testing"

	"sekisho/engine/source"
)

// Tables of constants keep the order of the labels around them, and goto case finds
// every constant.
func TestSwitchOrder(t *testing.T) {
	const many = `case 10: case 11: case 12: case 13: case 14: case 15: case 16: case 17: case 18: return "many"; `
	f := func(text string, want any) {
		t.Helper()
		if v, ex := compile(t, text).Eval(nil, Limits{}); ex != nil || v != want {
			t.Errorf("%s: %v, %v", text, v, ex)
		}
	}
	f(`{ int v = 12; switch (v) { case int n when n > 11: return "when"; `+many+`default: return "none"; } }`, "when")
	f(`{ int v = 11; switch (v) { case int n when n > 11: return "when"; `+many+`default: return "none"; } }`, "many")
	f(`{ int v = 12; switch (v) { `+many+`case int n when n > 11: return "when"; default: return "none"; } }`, "many")
	f(`{ int v = 20; switch (v) { `+many+`case int n when n > 11: return "when" + n; default: return "none"; } }`, "when20")
	f(`{ int v = 9; switch (v) { default: return "none"; `+many+`} }`, "none")
	f(`{ int? v = null; switch (v) { `+many+`case null: return "null"; default: return "none"; } }`, "null")
	f(`{ int? v = 13; switch (v) { case null: return "null"; `+many+`default: return "none"; } }`, "many")
	f(`{ object v = 13L; switch (v) { `+many+`default: return "none"; } }`, "none")
	f(`{ object v = 13; switch (v) { `+many+`default: return "none"; } }`, "many")
	f(`{ object v = new byte[1]; switch (v) { `+many+`default: return "none"; } }`, "none")
	f(`{ dynamic v = new JValue(13); switch ((int)v) { `+many+`default: return "none"; } }`, "many")
	f(`{ int v = 1; switch (v) { case 1: goto case 15; `+many+`default: return "none"; } }`, "many")
	f(`{ string v = "a"; switch (v) { case "a": goto case null; case null: return "null"; default: return "none"; } }`, "null")
	f(`{ var v = DayOfWeek.Friday; switch (v) { case DayOfWeek.Monday: return 1; case DayOfWeek.Friday: return 5; } return 0; }`, int32(5))

	for _, text := range []string{
		`{ switch (1) { ` + many + `case 14: return 1; } return 0; }`,
		`{ string s = null; switch (s) { case null: return 1; case null: return 1; } return 0; }`,
	} {
		var list source.List
		if p := Compile(source.Detached("x", text).Slice(1, len(text)-1), Block, Options{}, &list); p != nil {
			t.Errorf("%s: it compiled", text)
		} else if d := list.Sorted()[0]; d.Code != "csharp-duplicate-name" || !strings.Contains(d.Message, "already") {
			t.Errorf("%s: %v", text, d)
		}
	}
}
