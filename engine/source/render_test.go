package source

import (
	"bytes"
	"strings"
	"testing"
)

func at(t *Text, s string) Range {
	i := strings.Index(t.Content, s)
	if i < 0 {
		panic("no " + s)
	}
	return Range{t, i, i + len(s)}
}

func samples() []Diagnostic {
	orders := NewText("apis/orders.xml", "<policies>\n\t<inbound>\r\n\t\t<set-status code=\"4o4\" reasn=\"Not Found\" />\r\n\t</inbound>\n</policies>\n")
	global := NewText("global.xml", "<policies>\n <base />\n</policies>")
	long := NewText("long, 100%.xml", strings.Repeat("é日", 100)+"<here>"+strings.Repeat("z", 300))
	var l List
	l.Errorf(at(orders, "4o4"), "bad-value", "attribute %q of <set-status> wants an integer or an expression, got %q", "code", "4o4").
		WithHint("write a number such as 404, or @(...) to compute it").
		WithNote(at(global, "<base />"), "reached through <base /> here")
	l.Errorf(at(orders, "reasn"), "unknown-attribute", "<set-status> has no attribute %q", "reasn").WithHint("did you mean %q?", "reason")
	l.Warnf(Range{orders, 0, len(orders.Content)}, "several-lines", "two\nlines")
	l.Warnf(Range{orders, len(orders.Content), len(orders.Content)}, "at-the-end", "nothing here")
	l.Errorf(at(long, "<here>"), "far-out", "50%% of it, \x1b[31mred")
	l.Add(Diagnostic{Code: "no-place", Message: "there is no file", Hint: "make one", Notes: []Note{{Message: "none at all"}}})
	return l.Sorted()
}

func TestWriteText(t *testing.T) {
	var b bytes.Buffer
	if err := WriteText(&b, samples(), TextOptions{}); err != nil {
		t.Fatal(err)
	}
	diff(t, b.String(), ""+
		"error: there is no file [no-place]\n"+
		"  = hint: make one\n"+
		"  = note: none at all\n"+
		"apis/orders.xml:1:1: warning: two lines [several-lines]\n"+
		"  1 | <policies>\n"+
		"    | ^^^^^^^^^^\n"+
		"apis/orders.xml:3:21: error: attribute \"code\" of <set-status> wants an integer or an expression, got \"4o4\" [bad-value]\n"+
		"  3 | \t\t<set-status code=\"4o4\" reasn=\"Not Found\" />\n"+
		"    | \t\t                  ^^^\n"+
		"    = hint: write a number such as 404, or @(...) to compute it\n"+
		"  global.xml:2:2: note: reached through <base /> here\n"+
		"apis/orders.xml:3:26: error: <set-status> has no attribute \"reasn\" [unknown-attribute]\n"+
		"  3 | \t\t<set-status code=\"4o4\" reasn=\"Not Found\" />\n"+
		"    | \t\t                       ^^^^^\n"+
		"    = hint: did you mean \"reason\"?\n"+
		"apis/orders.xml:6:1: warning: nothing here [at-the-end]\n"+
		"  6 | \n"+
		"    | ^\n"+
		"long, 100%.xml:1:501: error: 50% of it, \uFFFD[31mred [far-out]\n"+
		"  1 | …"+strings.Repeat("é日", 8)+"<here>"+strings.Repeat("z", 74)+"…\n"+
		"    |  "+strings.Repeat("   ", 8)+"^^^^^^\n")
}

func TestWriteTextLimit(t *testing.T) {
	all := samples()
	for _, c := range []struct {
		limit int
		want  string
	}{
		{2, "and 4 more\n"},
		{6, "^^^^^^\n"},
		{-1, "^^^^^^\n"},
	} {
		var b bytes.Buffer
		if err := WriteText(&b, all, TextOptions{Limit: c.limit}); err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(b.String(), c.want) {
			t.Errorf("with limit %d it ends in %q, want %q", c.limit, b.String()[b.Len()-20:], c.want)
		}
	}
	many := make([]Diagnostic, DefaultLimit+3)
	var b bytes.Buffer
	_ = WriteText(&b, many, TextOptions{})
	if !strings.HasSuffix(b.String(), "\nand 3 more\n") {
		t.Errorf("by default it ends in %q", b.String()[b.Len()-20:])
	}
}

func TestWriteTextColor(t *testing.T) {
	var b bytes.Buffer
	if err := WriteText(&b, samples()[2:3], TextOptions{Color: true}); err != nil {
		t.Fatal(err)
	}
	diff(t, b.String(), ""+
		"\x1b[1mapis/orders.xml:3:21:\x1b[0m \x1b[1;31merror:\x1b[0m attribute \"code\" of <set-status> wants an integer or an expression, got \"4o4\" [bad-value]\n"+
		"  \x1b[1;34m3\x1b[0m | \t\t<set-status code=\"4o4\" reasn=\"Not Found\" />\n"+
		"    | \t\t                  \x1b[1;31m^^^\x1b[0m\n"+
		"    \x1b[1;34m= hint:\x1b[0m write a number such as 404, or @(...) to compute it\n"+
		"  \x1b[1mglobal.xml:2:2:\x1b[0m \x1b[1;34mnote:\x1b[0m reached through <base /> here\n")
}

// A substituted secret is in the View that is compiled, and never in what is shown.
func TestSecretsDoNotShow(t *testing.T) {
	v := NewText("p.xml", `<a b="{{key}}"/>`).View()
	b := NewBuilder(v)
	b.Copy(0, 6)
	b.Replace(6, 13, "s3cret\nvalue")
	b.Copy(13, len(v.S))
	v = b.View()
	var l List
	l.Errorf(v.Range(8, 10), "bad-value", "not a number")
	var out bytes.Buffer
	_ = WriteText(&out, l.Sorted(), TextOptions{})
	diff(t, out.String(), "p.xml:1:7: error: not a number [bad-value]\n  1 | <a b=\"{{key}}\"/>\n    |       ^^^^^^^\n")
}

func TestWriteJSON(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, samples()[:3]); err != nil {
		t.Fatal(err)
	}
	diff(t, b.String(), `{"severity":"error","code":"no-place","message":"there is no file","hint":"make one","notes":[{"message":"none at all"}]}
{"severity":"warning","code":"several-lines","message":"two\nlines","file":"apis/orders.xml","line":1,"column":1,"endLine":6,"endColumn":1,"start":0,"end":94}
{"severity":"error","code":"bad-value","message":"attribute \"code\" of <set-status> wants an integer or an expression, got \"4o4\"","file":"apis/orders.xml","line":3,"column":21,"endLine":3,"endColumn":24,"start":43,"end":46,"hint":"write a number such as 404, or @(...) to compute it","notes":[{"message":"reached through <base /> here","file":"global.xml","line":2,"column":2,"endLine":2,"endColumn":10,"start":12,"end":20}]}
`)
}

func TestWriteGitHub(t *testing.T) {
	var b bytes.Buffer
	if err := WriteGitHub(&b, samples()); err != nil {
		t.Fatal(err)
	}
	diff(t, b.String(), `::error title=no-place::there is no file%0Ahint: make one%0Anote: none at all
::warning file=apis/orders.xml,line=1,endLine=6,title=several-lines::two%0Alines
::error file=apis/orders.xml,line=3,col=21,endColumn=23,title=bad-value::attribute "code" of <set-status> wants an integer or an expression, got "4o4"%0Ahint: write a number such as 404, or @(...) to compute it%0Anote: reached through <base /> here (global.xml:2:2)
::error file=apis/orders.xml,line=3,col=26,endColumn=30,title=unknown-attribute::<set-status> has no attribute "reasn"%0Ahint: did you mean "reason"?
::warning file=apis/orders.xml,line=6,col=1,endColumn=1,title=at-the-end::nothing here
::error file=long%2C 100%25.xml,line=1,col=201,endColumn=206,title=far-out::50%25 of it, `+"\x1b"+`[31mred
`)
}

func TestWriteSARIF(t *testing.T) {
	var b bytes.Buffer
	docs := []CodeDoc{{Code: "bad-value", Title: "a value does not fit", Text: "Each attribute wants a kind of value."}}
	if err := WriteSARIF(&b, samples()[1:3], docs, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	diff(t, b.String(), `{
  "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
  "version": "2.1.0",
  "runs": [
    {
      "tool": {
        "driver": {
          "name": "sekisho",
          "version": "1.2.3",
          "rules": [
            {
              "id": "bad-value",
              "shortDescription": {
                "text": "a value does not fit"
              },
              "fullDescription": {
                "text": "Each attribute wants a kind of value."
              }
            },
            {
              "id": "several-lines"
            }
          ]
        }
      },
      "columnKind": "utf16CodeUnits",
      "results": [
        {
          "ruleId": "several-lines",
          "ruleIndex": 1,
          "level": "warning",
          "message": {
            "text": "two\nlines"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "apis/orders.xml"
                },
                "region": {
                  "startLine": 1,
                  "startColumn": 1,
                  "endLine": 6,
                  "endColumn": 1,
                  "byteOffset": 0,
                  "byteLength": 94
                }
              }
            }
          ]
        },
        {
          "ruleId": "bad-value",
          "ruleIndex": 0,
          "level": "error",
          "message": {
            "text": "attribute \"code\" of <set-status> wants an integer or an expression, got \"4o4\" (hint: write a number such as 404, or @(...) to compute it)"
          },
          "locations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "apis/orders.xml"
                },
                "region": {
                  "startLine": 3,
                  "startColumn": 21,
                  "endLine": 3,
                  "endColumn": 24,
                  "byteOffset": 43,
                  "byteLength": 3
                }
              }
            }
          ],
          "relatedLocations": [
            {
              "physicalLocation": {
                "artifactLocation": {
                  "uri": "global.xml"
                },
                "region": {
                  "startLine": 2,
                  "startColumn": 2,
                  "endLine": 2,
                  "endColumn": 10,
                  "byteOffset": 12,
                  "byteLength": 8
                }
              },
              "message": {
                "text": "reached through <base /> here"
              }
            }
          ]
        }
      ]
    }
  ]
}
`)
}

func TestSorted(t *testing.T) {
	one, again := NewText("b.xml", "abc"), NewText("b.xml", "abc")
	var l List
	l.Errorf(Range{one, 1, 2}, "x", "m")
	l.Errorf(Range{NewText("a.xml", "abc"), 2, 2}, "x", "m")
	l.Warnf(Range{one, 1, 2}, "x", "a")
	l.Errorf(Range{again, 1, 2}, "x", "m") // a file that was loaded twice
	l.Errorf(Range{one, 1, 2}, "y", "m")
	var got []string
	for _, d := range l.Sorted() {
		got = append(got, d.Range.Text.Name+" "+d.Severity.String()+" "+string(d.Code)+" "+d.Message)
	}
	diff(t, strings.Join(got, "\n"), "a.xml error x m\nb.xml error x m\nb.xml error y m\nb.xml warning x a")
}

func TestMergeCodes(t *testing.T) {
	got := MergeCodes([]CodeDoc{{Code: "b", Title: "first"}, {Code: "c"}}, []CodeDoc{{Code: "b", Title: "second"}, {Code: "a"}})
	if len(got) != 3 || got[0].Code != "a" || got[1].Title != "first" || got[2].Code != "c" {
		t.Errorf("got %v", got)
	}
}

func diff(t *testing.T, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.SplitAfter(got, "\n"), strings.SplitAfter(want, "\n")
	for i := range max(len(g), len(w)) {
		var gl, wl string
		if i < len(g) {
			gl = g[i]
		}
		if i < len(w) {
			wl = w[i]
		}
		if gl != wl {
			t.Errorf("line %d is\n%q, want\n%q", i+1, gl, wl)
		}
	}
}
