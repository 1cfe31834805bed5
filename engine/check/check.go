package check

import (
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"sekisho/builtins"
	"sekisho/engine/pipeline"
	"sekisho/engine/policyxml"
	"sekisho/engine/source"
)

// Report is what a check found.
type Report struct {
	// Documents counts the policy documents and fragments that were read, Loaded
	// those without an error; Expressions those that stand in documents, Compiled
	// those of them that compile.
	Documents, Loaded, Expressions, Compiled int
	// Plans says how the expressions run that compile.
	Plans []pipeline.ExprPlan
	Diags source.List
}

// Files checks policy documents by themselves, without the gateway they belong to. An
// unknown named value stands for a text, or for a value of unknown type in code;
// unknown fragments, backends and certificates are warnings. A path that is a folder
// stands for all .xml files below it. A fragment in a folder named "fragments" beside
// a document is not looked for: what a document includes is not known here.
func (r *Report) Files(paths []string) error {
	files, err := expand(paths)
	if err != nil {
		return err
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		r.Document(source.NewText(filepath.ToSlash(name), string(content)))
	}
	return nil
}

// Add adds what another check has counted.
func (r *Report) Add(documents, loaded, expressions, compiled int) {
	r.Documents += documents
	r.Loaded += loaded
	r.Expressions += expressions
	r.Compiled += compiled
}

// Document checks one policy document or fragment by itself.
func (r *Report) Document(t *source.Text) {
	var diags source.List
	v := policyxml.Substitute(t.View(), policyxml.NamedValues{StandIns: true}, &diags)
	doc := policyxml.Parse(v, policyxml.Options{Roots: []string{"policies", "fragment"}}, &diags)
	env := &bareEnv{Expressions: pipeline.NewExpressions(nil, "")}
	if doc.Root != nil {
		table := builtins.Table()
		if doc.Root.Name == "fragment" {
			pipeline.CheckFragment(doc, table, env, &diags)
		} else {
			pipeline.Compile(doc, pipeline.AnyScope, table, env, &diags)
		}
	}
	r.Documents++
	r.Expressions += doc.Expressions()
	r.Compiled += env.Compiled()
	r.Plans = append(r.Plans, env.Plans()...)
	if diags.Errors() == 0 {
		r.Loaded++
	}
	r.Diags.Append(diags)
}

// bareEnv is the Env of a file without a folder: it knows nothing, and forgives that.
type bareEnv struct{ *pipeline.Expressions }

func (*bareEnv) Fragment(string) (*policyxml.Document, bool) { return nil, false }
func (*bareEnv) Fragments() []string                         { return nil }
func (*bareEnv) Backends() []string                          { return nil }
func (*bareEnv) Certificates() []string                      { return nil }
func (*bareEnv) Parameters() ([]string, bool)                { return nil, false }
func (*bareEnv) CredentialManager() bool                     { return true }
func (*bareEnv) Lenient() bool                               { return true }

// expand turns paths into the names of policy documents, sorted, each once.
func expand(paths []string) ([]string, error) {
	seen := map[string]bool{}
	var out []string
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			add(p)
			continue
		}
		err = filepath.WalkDir(p, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if !d.IsDir() && strings.EqualFold(filepath.Ext(name), ".xml") {
				add(name)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	sort.Strings(out)
	return out, nil
}
