package dotnet

import (
	"testing"
	"time"

	json "sekisho/engine/dotnet/newtonsoft"
)

// TestMeasureUnbuilt holds that a tree measures the same whether somebody has looked into
// it or not.
func TestMeasureUnbuilt(t *testing.T) {
	var th Thread
	th.Begin(nil, time.Minute, 1<<30, time.Now)
	for _, s := range []string{
		`{}`, `[]`, `1`, `[1]`, `{"a":1}`, `{"a":{}}`, `[[],{},[[]]]`, `{"a":[1,{"b":[2,{"c":null}]},[]],"d":{"e":{"f":1}}}`,
		`new A(1,{"b":[new C(),new D([1])]})`, `[new A({"x":[]})]`,
	} {
		built := json.Parse(s)
		var look func(json.JToken)
		look = func(x json.JToken) {
			for _, c := range json.Children(x) {
				look(c)
			}
		}
		look(built)
		nodes, spaces := measure(&th, built)
		partly := json.Parse(s)
		json.Children(partly)
		for name, x := range map[string]json.JToken{"unbuilt": json.Parse(s), "partly built": partly} {
			if n, m := measure(&th, x); n != nodes || m != spaces {
				t.Errorf("%s, %s: %d tokens and %d spaces, want %d and %d", s, name, n, m, nodes, spaces)
			}
		}
	}
}
