package script

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"sekisho/engine/source"
)

func folder(files ...string) *Folder {
	m := fstest.MapFS{}
	for i := 0; i < len(files); i += 2 {
		m[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return NewFolder(m, "scripts")
}

func answer(t *testing.T, p *Program, h *testHost) (*Answer, error) {
	t.Helper()
	return p.Answer(context.Background(), testPool(t), h, 0)
}

func TestModules(t *testing.T) {
	greet := `export default (context: any): string => greeting + context.Request.Method; import { greeting } from "./lib/words";`
	for _, tt := range []struct {
		name, src, export string
		files             []string
		want              string // body of the answer
	}{
		{"typescript", "a.ts", "default", []string{"a.ts", `
			interface Answer { status: number; body?: string }
			enum Mood { Good = "good" }
			export default function (context: { Request: { Method: string } }): Answer {
				return { status: 200, body: context.Request.Method + Mood.Good };
			}`}, "GETgood"},
		{"imports", "main", "default", []string{
			"main.ts", `import g from "./greet.js"; export default (c: any) => ({ status: 200, body: g(c) });`,
			"greet.ts", greet, "lib/words.js", `export const greeting = "hello ";`,
		}, "hello GET"},
		{"cycle", "a.js", "default", []string{
			"a.js", `import { b } from "./b.js"; export const name = "a"; export default () => ({ status: 200, body: b() });`,
			"b.js", `import { name } from "./a.js"; export const b = () => "b sees " + name;`,
		}, "b sees a"},
		{"named export", "x.js", "go", []string{"x.js", `export function go() { return { status: 200, body: "gone" }; }`}, "gone"},
		{"json", "x.js", "default", []string{"x.js", `import d from "./d.json"; export default () => ({ status: 200, body: d.a })`, "d.json", `{"a":"data"}`}, "data"},
		{"async generators", "x.ts", "default", []string{"x.ts", `
			async function* numbers() { yield 1; yield 2; }
			export default async function () { let s = ""; for await (const n of numbers()) s += n; return { status: 200, body: s }; }`}, "12"},
		{"state of a module lives as long as an evaluation", "x.js", "default", []string{"x.js", `
			let count = 0; export default () => ({ status: 200, body: String(++count) });`}, "1"},
		{"class", "x.js", "default", []string{"x.js", `
			class E extends Error { constructor(m) { super(m); this.name = "E"; this.message = m + "!"; } }
			export default () => { try { throw new E("x") } catch (e) { return { status: 200, body: String(e) + (e instanceof E) } } }`}, "E: x!true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var diags source.List
			p := folder(tt.files...).Module(tt.src, tt.export, source.Range{}, source.Range{}, &diags)
			if p == nil {
				t.Fatalf("%v", diags.Sorted())
			}
			pool := testPool(t)
			for range 2 {
				a, err := p.Answer(context.Background(), pool, newTestHost(), 0)
				if err != nil || a == nil || string(a.Body) != tt.want {
					t.Fatalf("answer %+v, %v; want %q", a, err, tt.want)
				}
			}
		})
	}
}

func TestModuleDiagnostics(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files []string
		src   string
		want  string // place, code and message
	}{
		{"syntax", []string{"a.ts", "export default function () {\n  return 1 +;\n}"}, "a.ts",
			`scripts/a.ts:2:13 script-syntax unexpected ";"`},
		{"syntax in an import", []string{"a.ts", `import "./b"; export default 1`, "b.ts", "let x = ;"}, "a.ts",
			`scripts/b.ts:1:9 script-syntax unexpected ";"`},
		{"escape", []string{"a.ts", `import x from "../../etc/passwd"; export default x`}, "a.ts",
			`scripts/a.ts:1:15 script-import cannot import "../../etc/passwd": it is outside of the folder scripts`},
		{"absolute", []string{"a.ts", `import x from "/etc/passwd"; export default x`}, "a.ts",
			`scripts/a.ts:1:15 script-import cannot import "/etc/passwd": there are no packages here`},
		{"node", []string{"a.ts", `import fs from "node:fs"; export default fs`}, "a.ts",
			`scripts/a.ts:1:16 script-import cannot import "node:fs": there are no packages here`},
		{"package", []string{"a.ts", `import _ from "lodash"; export default _`}, "a.ts",
			`scripts/a.ts:1:15 script-import cannot import "lodash": there are no packages here`},
		{"missing import", []string{"a.ts", `import { x } from "./wrods"; export default x`, "words.ts", ""}, "a.ts",
			`scripts/a.ts:1:19 script-not-found there is no module "wrods" in scripts`},
		{"missing module", []string{"a.ts", ""}, "b.ts", `policy.xml:1:1 script-not-found there is no module "b.ts" in scripts`},
		{"escaping src", []string{"a.ts", ""}, "../a.ts", `policy.xml:1:1 script-import cannot import "../a.ts": it is outside of the folder scripts`},
		{"no export", []string{"a.ts", `export const x = 1`}, "a.ts", `policy.xml:1:3 script-no-export the module "scripts/a.ts" has no export named "default"`},
		{"top-level await", []string{"a.ts", `await 1; export default 1`}, "a.ts",
			`scripts/a.ts:1:1 script-syntax top-level await is currently not supported with the "iife" output format`},
		{"big integer", []string{"a.ts", `export default () => 10n`}, "a.ts", `scripts/a.ts:1:22 script-syntax big integers are not available here`},
		{"nesting", []string{"a.ts", strings.Repeat("[", 2000)}, "a.ts", `scripts/a.ts:1:1001 script-syntax more than 1000 brackets are open here`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var diags source.List
			doc := source.NewText("policy.xml", "abc def")
			p := folder(tt.files...).Module(tt.src, "default", source.Range{Text: doc, Start: 0, End: 1}, source.Range{Text: doc, Start: 2, End: 3}, &diags)
			if p != nil || diags.Errors() == 0 {
				t.Fatalf("compiled; diagnostics %v", diags.Sorted())
			}
			d := diags.Sorted()[0]
			got := fmt.Sprintf("%s:%d:%d %s %s", d.Range.Text.Name, d.Range.Pos().Line, d.Range.Pos().Col, d.Code, d.Message)
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestInline(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"statements", "\n  const n: number = 2;\n  return { status: 200 + n };", "202 "},
		{"await", "const x = await Promise.resolve(3); return { status: 200, body: x + 1 };", "200 4"},
		{"module", "import { w } from './words';\nexport default (context: any) => ({ status: 200, body: w });", "200 imported"},
		{"nothing", "context.Variables.x = 1;", "none"},
		{"returnResponse", "context.returnResponse({ status: 418 });", "418 "},
		{"a comment at the end", "return { status: 204 } // done", "204 "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var diags source.List
			p := folder("words.ts", `export const w = "imported"`).Inline(source.Detached("p.xml", tt.text), &diags)
			if p == nil {
				t.Fatal(diags.Sorted())
			}
			a, err := answer(t, p, newTestHost())
			got := "none"
			if a != nil {
				got = fmt.Sprintf("%d %s", a.Status, a.Body)
			}
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// Positions of what is thrown lead to the texts that people wrote.
func TestStacks(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(diags *source.List) *Program
		want string
	}{
		{"module", func(d *source.List) *Program {
			return folder("a.ts", "import { fail } from './lib/b';\n\nexport default function run(context: any) {\n  type T = 1;\n  return fail(context);\n}",
				"lib/b.ts", "interface X { a: 1 }\nexport const fail = (c: any) => {\n    return c.nothing.here;\n};").Module("a.ts", "default", source.Range{}, source.Range{}, d)
		}, "TypeError: Cannot read property 'here' of undefined\n    at fail (scripts/lib/b.ts:3:22)\n    at run (scripts/a.ts:5:10)"},
		{"rejected after await", func(d *source.List) *Program {
			return folder("a.ts", "export default async function run() {\n  await null;\n  throw new Error('late');\n}").Module("a.ts", "default", source.Range{}, source.Range{}, d)
		}, "Error: late\n    at run (scripts/a.ts:3:9)"},
		{"inline", func(d *source.List) *Program {
			doc := source.NewText("p.xml", "<script>\n  const a = null;\n  return a.b;\n</script>")
			return folder().Inline(doc.View().Slice(8, len(doc.Content)-9), d)
		}, "TypeError: Cannot read property 'b' of undefined\n    at p.xml:3:12"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var diags source.List
			p := tt.make(&diags)
			if p == nil {
				t.Fatal(diags.Sorted())
			}
			_, err := answer(t, p, newTestHost())
			var e *Error
			if !errors.As(err, &e) || e.Kind != Thrown {
				t.Fatalf("got %v", err)
			}
			if got := e.Detail(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
