package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"sekisho/engine/source"
)

// FuzzLoad loads whatever: it returns, and every Diagnostic has a code and lies
// inside its file.
func FuzzLoad(f *testing.F) {
	f.Add(everything, petstore)
	archives, _ := filepath.Glob("testdata/mistakes/*.txtar")
	for _, name := range archives {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range txtar.Parse(data).Files {
			if file.Name == "gateway.yaml" {
				f.Add(string(file.Data), "")
			}
		}
	}
	f.Fuzz(func(t *testing.T, gateway, other string) {
		var diags source.List
		m := LoadFS(folderOf(map[string]string{
			"gateway.yaml": gateway, "pets.yaml": other, "orders.yaml": other, "policies/global.xml": other, "c.pem": other,
		}), func(s string) (string, bool) { return other, s == "SET" }, &diags)
		for _, d := range diags.Sorted() {
			r := d.Range
			if d.Code == "" || d.Message == "" || r.Text == nil || r.Start < 0 || r.End < r.Start || r.End > len(r.Text.Content) {
				t.Fatalf("%+v", d)
			}
		}
		if m != nil {
			m.Match("h", "/a/b", "", "GET", nil)
		}
	})
}

// TestHostileYAML loads files that are made to hurt.
func TestHostileYAML(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString("x-0: &a0 [x]\n")
	for i := range 200 {
		laughs.WriteString(strings.NewReplacer("N", itoa(i), "M", itoa(i+1)).Replace("x-M: &aM [*aN, *aN]\n"))
	}
	for name, content := range map[string]string{
		"brackets":     strings.Repeat("[", 1e6),
		"braces":       strings.Repeat("{a: ", 1e5),
		"indent":       strings.Repeat("- ", 1e5),
		"itself":       "apis: &a {b: *a}\n",
		"itself, list": "listeners: &a [*a]\n",
		"a value":      "backends: {b: {static: {body: &a {x: *a}}}}\n",
		"doubling":     laughs.String() + "backends: {b: {static: {body: *a200}}}\n",
		"long key":     strings.Repeat("k", 1e6) + ": 1\n",
		"many keys": func() string {
			var b strings.Builder
			for i := range 20000 {
				b.WriteString("k" + itoa(i) + ": 1\n")
			}
			return b.String()
		}(),
		"many aliases":  "x-a: &a 1\nlisteners: [" + strings.Repeat("*a,", 1e5) + "]\n",
		"quotes":        strings.Repeat("\"", 1e5),
		"question":      strings.Repeat("? ", 1e5),
		"NUL":           "\x00",
		"not UTF-8":     "gateway: {id: \xff}\n",
		"UTF-16":        "\xff\xfeg\x00",
		"references":    "gateway: {id: \"" + strings.Repeat("${", 1e5) + "\"}\n",
		"control":       "gateway: {id: \x1b[31m}\n",
		"anchors":       strings.Repeat("&a ", 1e5),
		"comments only": strings.Repeat("#\n", 1e5),
	} {
		t.Run(name, func(t *testing.T) {
			var diags source.List
			LoadFS(folderOf(map[string]string{"gateway.yaml": content}), nil, &diags)
			if diags.Len() == 0 && name != "comments only" {
				t.Error("nothing said")
			}
		})
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

// TestPositions finds columns behind characters of several bytes, tabs, anchors,
// and all kinds of line breaks.
func TestPositions(t *testing.T) {
	for _, f := range []struct{ content, want string }{
		{"gateway: {id: é, mode: bad}", "bad"},
		{"\uFEFFgateway: {mode: bad}", "bad"},
		{"a: 1\r\ngateway: {mode: bad}\r\n", "bad"},
		{"# a\rgateway: {mode: bad}", "bad"},
		{"# a\u2028gateway: {mode: bad}", "bad"},
		{"gateway:\n  mode: &x bad", "bad"},
		{"gateway:\n  mode: &x\n    bad", "bad"},
		{"gateway:\n  mode: !!str bad", "bad"},
		{"gateway:\n  mode: \"b\\u0061d\"", `"b\u0061d"`},
		{"gateway:\n  mode: 'it''s bad'", `'it''s bad'`},
		{"gateway:\n  mode: |\n    bad\n", "|"},
		{"gateway: {id: \"a${NONE}b\"}", "${NONE}"},
		{"gateway:\n  id: a${NONE}b", "${NONE}"},
		{"apis: {a: {operations: [{method: GET, urlTemplate: \"/é/{x}/{x}\"}]}}", "x"},
	} {
		var diags source.List
		LoadFS(folderOf(map[string]string{"gateway.yaml": f.content}), nil, &diags)
		found := false
		for _, d := range diags.Sorted() {
			found = found || d.Range.Text.Content[d.Range.Start:d.Range.End] == f.want
		}
		if !found {
			t.Errorf("%q:\n%s", f.content, render(&diags))
		}
	}
}
