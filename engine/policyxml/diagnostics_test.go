package policyxml_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"sekisho/engine/policyxml"
	"sekisho/engine/source"
)

var update = flag.Bool("update", false, "rewrite the wanted diagnostics in testdata")

// TestDiagnostics reads archives of pairs: a document, and what is said about it.
func TestDiagnostics(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	if len(files) == 0 {
		t.Fatal("there are no archives in testdata")
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(a.Files); i += 2 {
			doc, want := a.Files[i], &a.Files[i+1]
			if want.Name != strings.TrimSuffix(doc.Name, ".xml")+".diag" {
				t.Fatalf("%s: %s follows %s", file, want.Name, doc.Name)
			}
			_, found := parse(strings.TrimSuffix(string(doc.Data), "\n"))
			var got bytes.Buffer
			if err := source.WriteText(&got, found.Sorted(), source.TextOptions{Limit: -1}); err != nil {
				t.Fatal(err)
			}
			if *update {
				want.Data = got.Bytes()
				continue
			}
			if got.String() != string(want.Data) {
				t.Errorf("%s: %s earns\n%swant\n%s", file, doc.Name, got.String(), want.Data)
			}
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestCodes holds the documentation of codes to what it says: the bad example earns
// just that code, the good one nothing.
func TestCodes(t *testing.T) {
	for _, c := range policyxml.Codes {
		if c.Title == "" || c.Text == "" {
			t.Errorf("%s: there is no text", c.Code)
		}
		if c.Bad == "" {
			continue // no text can show it
		}
		_, found := parse(c.Bad)
		for _, d := range found.Sorted() {
			if d.Code != c.Code {
				t.Errorf("%s: the bad example earns %s", c.Code, d.Code)
			}
		}
		if found.Len() == 0 {
			t.Errorf("%s: the bad example earns nothing", c.Code)
		}
		if _, found := parse(c.Good); found.Len() > 0 || c.Good == "" {
			t.Errorf("%s: the good example earns %q", c.Code, codes(found))
		}
	}
}

// TestEveryCodeIsDocumented looks for codes in the code.
func TestEveryCodeIsDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, c := range policyxml.Codes {
		documented[`"`+string(c.Code)+`"`] = true
	}
	files, _ := filepath.Glob("*.go")
	used := map[string]bool{}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") || f == "codes.go" {
			continue
		}
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for code := range documented {
			if bytes.Contains(content, []byte(code)) {
				used[code] = true
			}
		}
		for _, call := range []string{"p.errorf(", "p.report(", "diags.Errorf(", "diags.Warnf("} {
			for _, rest := range strings.Split(string(content), call)[1:] {
				line, _, _ := strings.Cut(rest, "\n")
				if !strings.Contains(line, `"`) {
					// The code stands on the next line.
					line, _, _ = strings.Cut(strings.SplitN(rest, "\n", 2)[1], "\n")
				}
				parts := strings.Split(line, `"`)
				if len(parts) > 2 && !documented[`"`+parts[1]+`"`] {
					t.Errorf("%s: the code %q has no documentation", f, parts[1])
				}
			}
		}
	}
	for code := range documented {
		if !used[code] {
			t.Errorf("nothing earns the code %s", code)
		}
	}
}

func TestLimits(t *testing.T) {
	long := strings.Repeat("x", 300<<10)
	for _, c := range []struct{ name, doc, want string }{
		{"a large document", "<policies><!--" + long + "--></policies>", "large-document"},
		{"a fragment of that size", "<fragment><!--" + long + "--></fragment>", ""},
		{"a large fragment", "<fragment><!--" + long + long + "--></fragment>", "large-document"},
		{"a document that is too large", "<policies>" + strings.Repeat(" ", 4<<20) + "</policies>", "document-too-large"},
		{"256 elements", strings.Repeat("<a>", 256) + strings.Repeat("</a>", 256), ""},
		{"one more, empty", strings.Repeat("<a>", 256) + "<a/>" + strings.Repeat("</a>", 256), ""},
		{"one more", strings.Repeat("<a>", 257), "nested-too-deep"},
		{"UTF-16", "\xff\xfe<\x00a\x00/\x00>\x00", "bad-encoding"},
		{"Latin-1", "<a>caf\xe9</a>", "bad-encoding"},
		{"nothing", "", "no-root"},
		{"only a comment", "<!-- x -->", "no-root"},
	} {
		if _, found := parse(c.doc); codes(found) != c.want {
			t.Errorf("%s earns %q, want %q", c.name, codes(found), c.want)
		}
	}
}

func TestWrongRoot(t *testing.T) {
	var found source.List
	policyxml.Parse(source.Detached("p.xml", "<fragment/>"), policyxml.Options{Roots: []string{"policies"}}, &found)
	if codes(&found) != "wrong-root" {
		t.Errorf("got %q", codes(&found))
	}
}

// TestHostile feeds what would cost a careless parser its stack, or its size squared.
func TestHostile(t *testing.T) {
	for name, unit := range map[string]string{
		"open elements":          "<a>",
		"end tags":               "</a>",
		"open expressions":       `<a b="@(">`,
		"open blocks in text":    "<a>@{</a>",
		"open strings":           `<a b="@(@"`,
		"open JavaScript":        "<a b=\"@js(`\"/>",
		"attributes":             ` a="1"`,
		"quotes":                 `"`,
		"ampersands":             "&",
		"entities":               "&#x1F600;",
		"comments":               "<!-- -->",
		"open comments":          "<!--",
		"open CDATA":             "<![CDATA[",
		"declarations":           "<!x ",
		"bodies":                 "<set-body>",
		"empty bodies":           "<set-body></set-body>",
		"scripts":                "<script><set-body>",
		"closed bodies":          "<set-body><b>x</set-body>",
		"named values":           "{{host}}",
		"unknown named values":   "{{no}}",
		"braces":                 "{{",
		"brackets":               "((((",
		"interpolation":          `$"{`,
		"expressions in text":    "<a>x @(y) @( </a>",
		"trailing text":          `<a b="@(1) x" c="@(1)"d/>`,
		"line ends":              "\r",
		"lone less-than signs":   "< ",
		"regular expressions":    "<a b='@js(/[/'/>",
		"after expressions":      "<a>@(1)<b/></a>",
		"unclosed values":        `<a b="<c d="e">`,
		"templates in templates": "`${",
	} {
		for _, frame := range []string{"%", "<policies>%</policies>", "<a %/>", `<a b="%"/>`, `<a b="@(%)"/>`, `<a b="@js(%)"/>`, "<a>%", "<set-body>%</set-body>", "<script>%"} {
			n := (1 << 17) / len(unit)
			before, after, _ := strings.Cut(frame, "%")
			doc := before + strings.Repeat(unit, n) + after
			_, found := parse(doc)
			if found.Len() > 500 {
				t.Errorf("%s in %s earn %d diagnostics", name, frame, found.Len())
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, doc := range a.Files {
			if strings.HasSuffix(doc.Name, ".xml") {
				f.Add(string(doc.Data))
			}
		}
	}
	for _, c := range policyxml.Codes {
		f.Add(c.Bad)
		f.Add(c.Good)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, standIns := range []bool{false, true} {
			var found source.List
			file := source.NewText("p.xml", text)
			v := policyxml.Substitute(file.View(), policyxml.NamedValues{
				Resolve:  func(name string) (string, bool) { return `"<a>&lt;{{x}}`, name == "x" },
				StandIns: standIns,
			}, &found)
			d := policyxml.Parse(v, policyxml.Options{}, &found)
			for v := range d.Values() {
				inside(t, file, v.View.All())
				inside(t, file, v.Inner().All())
				_ = v.AsWritten()
				_ = v.HasStandIn()
			}
			for _, d := range found.Sorted() {
				inside(t, file, d.Range)
				for _, n := range d.Notes {
					inside(t, file, n.Range)
				}
				if d.Code == "" || d.Message == "" {
					t.Errorf("a diagnostic without code or message: %+v", d)
				}
			}
			if d.Root == nil && found.Errors() == 0 {
				t.Error("no root, and no error")
			}
			var out bytes.Buffer
			if err := source.WriteText(&out, found.Sorted(), source.TextOptions{}); err != nil {
				t.Error(err)
			}
		}
	})
}

func inside(t *testing.T, file *source.Text, r source.Range) {
	t.Helper()
	if r.Text != file || r.Start < 0 || r.End < r.Start || r.End > len(file.Content) {
		t.Errorf("range %d to %d lies outside of the file's %d bytes", r.Start, r.End, len(file.Content))
	}
}
