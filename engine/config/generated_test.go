package config

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
	"golang.org/x/tools/txtar"
)

// TestGenerated keeps the schema and the reference page current; -update writes them.
func TestGenerated(t *testing.T) {
	for name, want := range map[string][]byte{"gateway.schema.json": Schema(), "gateway-yaml.md": Reference()} {
		path := filepath.Join("..", "..", "docs", name)
		got, err := os.ReadFile(path)
		if err == nil && bytes.Equal(got, want) {
			continue
		}
		if !*update {
			t.Errorf("docs/%s is not current: run go test ./engine/config -update", name)
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaID, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(schemaID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, content string) error {
	var v any
	if err := yaml.Load([]byte(content), &v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(jsonable(v))
	if err != nil {
		t.Fatal(err)
	}
	inst, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(inst)
}

// jsonable makes texts of the keys of mappings, as YAML language servers do.
func jsonable(v any) any {
	switch v := v.(type) {
	case map[any]any:
		out := map[string]any{}
		for k, x := range v {
			b, _ := json.Marshal(k)
			out[strings.Trim(string(b), `"`)] = jsonable(x)
		}
		return out
	case map[string]any:
		for k, x := range v {
			v[k] = jsonable(x)
		}
	case []any:
		for i, x := range v {
			v[i] = jsonable(x)
		}
	}
	return v
}

// TestSchema holds the schema to what the loader accepts, and refuses.
func TestSchema(t *testing.T) {
	s := compileSchema(t)
	good := strings.NewReplacer("mode: Development", "mode: development", "scheme: Header", "scheme: header", "method: get", "method: GET").Replace(everything)
	if err := validate(t, s, good); err != nil {
		t.Errorf("the schema refuses what loads: %v", err)
	}
	for _, c := range Codes {
		if c.Good != "" {
			if err := validate(t, s, c.Good); err != nil {
				t.Errorf("%s: the schema refuses the good: %v", c.Code, err)
			}
		}
		switch c.Code {
		case CodeUnknownKey, CodeWrongType, CodeBadValue, CodeMissingKey:
			if validate(t, s, c.Bad) == nil {
				t.Errorf("%s: the schema accepts the bad", c.Code)
			}
		}
	}
	a, err := txtar.ParseFile("testdata/mistakes/ids.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(t, s, string(a.Files[0].Data)); err != nil {
		t.Errorf("the schema refuses what is only wrong in company: %v", err)
	}
}
