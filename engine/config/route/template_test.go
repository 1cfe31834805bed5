package route

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseTemplate(t *testing.T) {
	for _, f := range []struct{ in, want string }{
		{"/", ""},
		{"/a", ""},
		{"/a/{id}", "id"},
		{"/a/{id}/", "id"},
		{"/Products({id})/x.{format}", "id format"},
		{"/a/*", ""},
		{"/*", ""},
		{"/a/{*path}", "*path"},
		{"/a/{*path}?q={q}", "*path ?q"},
		{"/a?x={x}&y=lit&z={z-1}", "?x ?z-1"},
		{"/?x={x}", "?x"},
		{"/caf%C3%A9/é", ""},
	} {
		got, err := ParseTemplate(f.in)
		if err != nil {
			t.Errorf("ParseTemplate(%q): %v", f.in, err)
			continue
		}
		var names []string
		for _, p := range got.Params {
			names = append(names, map[ParamKind]string{InPath: "", Rest: "*", InQuery: "?"}[p.Kind]+p.Name)
		}
		if s := strings.Join(names, " "); s != f.want || got.Source != f.in {
			t.Errorf("ParseTemplate(%q) has %q, want %q", f.in, s, f.want)
		}
	}
}

func TestParseTemplateErrors(t *testing.T) {
	for _, f := range []struct{ in, want string }{
		{"", `"": a URL template begins with "/"`},
		{"a/b", `"a/b": a URL template begins with "/"`},
		{"/a//b", `"//": a URL template holds no empty segments: requests are matched with "//" made "/"`},
		{"/a/../b", `"..": the segment ".." never matches: requests are matched with dot segments resolved`},
		{"/a/{id", `"{id": this parameter has no closing "}"`},
		{"/a/{}", `"{}": this parameter has no name`},
		{"/a/id}", `"}": this "}" closes nothing`},
		{"/a/{b{c}", `"{": '{' cannot stand in the name of a parameter`},
		{"/a/{x}{y}", `"{y}": two parameters need a literal between them`},
		{"/a/{x}/b/{X}", `"X": the parameter "X" stands twice`},
		{"/a/*/b", `"*": a wildcard stands at the end of the path only`},
		{"/a/{*x}/b", `"{*x}": a wildcard stands at the end of the path only`},
		{"/a/{*x}.json", `"{*x}.json": a wildcard parameter is a whole segment, such as {*path}`},
		{"/a/b*", `"*": a wildcard is a whole segment at the end: /* or /{*name}`},
		{"/a b", `" ": ' ' cannot stand in a URL`},
		{"/a#b", `"#": '#' cannot stand in a URL`},
		{"/a%zz", `"%zz": "%" begins no escape`},
		{"/a%00", `"%00": "%00" never matches: requests that hold it are refused`},
		{"/a?", `"": the query of a URL template is name={parameter} or name=value`},
		{"/a?b", `"b": the query of a URL template is name={parameter} or name=value`},
		{"/a?b={c}&", `"": the query of a URL template is name={parameter} or name=value`},
		{"/a?b=x{c}", `"x{c}": the value of a query parameter is a literal or one {parameter}`},
		{"/a?{b}=c", `"{b}": the name of a query parameter is a literal`},
		{"/{a}?b={a}", `"a": the parameter "a" stands twice`},
		{"/a?b={}", `"{}": this parameter has no name`},
	} {
		_, err := ParseTemplate(f.in)
		if err == nil {
			t.Errorf("ParseTemplate(%q): no error", f.in)
			continue
		}
		if got := fmt.Sprintf("%q: %s", f.in[err.Start:err.End], err.Message); got != f.want {
			t.Errorf("ParseTemplate(%q): %s\nwant %s", f.in, got, f.want)
		}
	}
	many := "/{a}"
	for i := range MaxParams {
		many += fmt.Sprintf("/{p%d}", i)
	}
	if _, err := ParseTemplate(many); err == nil {
		t.Error("too many parameters: no error")
	}
	if _, err := ParseTemplate("/" + strings.Repeat("a", MaxTemplate)); err == nil {
		t.Error("too long: no error")
	}
}

func FuzzParseTemplate(f *testing.F) {
	for _, s := range []string{"/", "/a/{b}/*", "/f({x}).{y}?q={z}&r=1", "/{*p}", "/{", "/%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParseTemplate(s)
		if err != nil {
			if err.Start < 0 || err.End < err.Start || err.End > len(s) {
				t.Fatalf("%q: the error is at %d:%d", s, err.Start, err.End)
			}
			return
		}
		table, _ := New([]API{{Current: true, Operations: []Operation{{"GET", p}}}})
		path, _, _ := strings.Cut(s, "?")
		if n, ok := NormalizePath(path); ok {
			table.Match("h", n, "", "GET", nil)
		}
	})
}
