package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"sekisho/engine/source"
)

// TestInputs holds what operations of OpenAPI documents take, as it is kept for
// tools. An archive has a document and want.json, the Inputs by operation; what is
// said while it is read is want.diag.
func TestInputs(t *testing.T) {
	archives, _ := filepath.Glob("testdata/inputs/*.txtar")
	if len(archives) == 0 {
		t.Fatal("no archives")
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			m, diags := loadTools(string(a.Files[0].Data), "")
			got := []txtar.File{a.Files[0], {Name: "want.json", Data: inputsOf(m)}}
			if d := render(diags); d != "" {
				got = append(got, txtar.File{Name: "want.diag", Data: []byte(d)})
			}
			result := &txtar.Archive{Comment: a.Comment, Files: got}
			if bytes.Equal(txtar.Format(a), txtar.Format(result)) {
				return
			}
			if !*update {
				t.Fatalf("got:\n%s\nwant:\n%s", txtar.Format(result), txtar.Format(a))
			}
			if err := os.WriteFile(name, txtar.Format(result), 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// loadTools loads an MCP server with the tools of a document.
func loadTools(document, tools string) (*Model, *source.List) {
	var diags source.List
	m := LoadFS(folderOf(map[string]string{
		"gateway.yaml": "apis:\n  api: {path: a, openapi: api.yaml, serviceUrl: https://api.example.com}\n  tools: {type: mcp, path: t, toolsOf: api" + tools + "}\n",
		"api.yaml":     document,
	}), nil, &diags)
	return m, &diags
}

func inputsOf(m *Model) []byte {
	if m == nil {
		return nil
	}
	inputs := map[string]*Input{}
	for _, o := range m.APIs[0].Operations {
		if o.Input != nil {
			inputs[o.ID] = o.Input
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(inputs); err != nil {
		return []byte(err.Error())
	}
	return b.Bytes()
}

const manyOperations = `openapi: 3.0.3
info: {title: t, version: "1"}
paths:
  /a: {get: {operationId: Get A, responses: {}}}
  /b: {get: {operationId: getB, responses: {}}}
  /c: {get: {operationId: getC, responses: {}}}
`

// TestInputsOfToolsOnly: an operation that is no tool keeps nothing.
func TestInputsOfToolsOnly(t *testing.T) {
	for _, tt := range []struct{ tools, want string }{
		{"", "get-a getb getc"},
		{", tools: [{name: getb}, {name: first, operation: Get A}]", "get-a getb"},
	} {
		m, diags := loadTools(manyOperations, tt.tools)
		if m == nil {
			t.Fatal(render(diags))
		}
		var got []string
		for _, o := range m.APIs[0].Operations {
			if o.Input != nil {
				got = append(got, o.ID)
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: %s, want %s", tt.tools, s, tt.want)
		}
	}
	m := mustLoad(t, map[string]string{"gateway.yaml": "apis: {a: {openapi: a.yaml, serviceUrl: https://x}}", "a.yaml": manyOperations}, nil)
	for _, o := range m.APIs[0].Operations {
		if o.Input != nil {
			t.Errorf("%s keeps what it takes, and there is no tool", o.ID)
		}
	}
}

// TestRemoteReferences: nothing that a document names is fetched or opened.
func TestRemoteReferences(t *testing.T) {
	for _, ref := range []string{"http://127.0.0.1:1/schema.json", "https://example.com/a.yaml#/X", "file:///etc/passwd", "other.yaml#/X", "//example.com/x"} {
		_, diags := loadTools(fmt.Sprintf("openapi: 3.1.0\ninfo: {title: t, version: \"1\"}\npaths:\n  /a: {post: {requestBody: {content: {application/json: {schema: {$ref: %q}}}}, responses: {}}}\n", ref), "")
		if s := render(diags); !strings.Contains(s, "disallowed external reference") {
			t.Errorf("%s: %s", ref, s)
		}
	}
}

// TestSchemaBombs: documents of a few lines whose schemas would be without end when
// they are written out.
func TestSchemaBombs(t *testing.T) {
	var doubling strings.Builder
	for i := range 60 {
		fmt.Fprintf(&doubling, "    S%d: {type: object, properties: {a: {$ref: '#/components/schemas/S%d'}, b: {$ref: '#/components/schemas/S%d'}}}\n", i, i+1, i+1)
	}
	doubling.WriteString("    S60: {type: string}\n")
	wide := "    S0: {type: object, properties: {" + strings.Repeat("x", 10)
	for i := range 100 {
		wide += fmt.Sprintf(", p%d: {$ref: '#/components/schemas/S0'}", i)
	}
	wide = strings.Replace(wide, "xxxxxxxxxx, ", "", 1) + "}}\n"
	long := "    S0: {type: object, properties: {"
	for i := range 200 {
		long += fmt.Sprintf("p%d: {$ref: '#/components/schemas/S1'}, ", i)
	}
	long += "}}\n    S1: {type: string, description: '" + strings.Repeat("d", 20000) + "', default: '" + strings.Repeat("d", 20000) + "'}\n"
	enum := "    S0: {enum: [" + strings.Repeat("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', ", 20000) + "]}\n"
	for name, schemas := range map[string]string{"doubling": doubling.String(), "wide": wide, "long": long, "enum": enum} {
		m, diags := loadTools("openapi: 3.0.0\ninfo: {title: t, version: \"1\"}\npaths:\n  /a:\n    post:\n      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/S0'}}}}\n      responses: {\"200\": {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/S0'}}}}}\ncomponents:\n  schemas:\n"+schemas, "")
		if m == nil {
			t.Errorf("%s: %s", name, render(diags))
			continue
		}
		in := m.APIs[0].Operations[0].Input
		if !strings.Contains(render(diags), string(CodeLargeSchema)) {
			t.Errorf("%s: nothing is said of it: %s", name, render(diags))
		}
		if len(in.Body.Schema) > maxSchemaBytes || len(in.Output) > maxSchemaBytes || !json.Valid(in.Body.Schema) {
			t.Errorf("%s: %d and %d bytes", name, len(in.Body.Schema), len(in.Output))
		}
	}
}
