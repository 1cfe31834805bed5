package scenario

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"sekisho/bench/load"
)

// Data is what the templates of files and env see.
type Data struct {
	Backend string          // host:port of the backend
	JWT     map[string]*Key // by value

	// Of peers only: where they are to listen, and the folder they run in.
	Port int
	Dir  string
}

// Expand fills in a template between [[ and ]].
func Expand(name, text string, d Data) (string, error) {
	if !strings.Contains(text, "[[") {
		return text, nil
	}
	t, err := template.New(name).Delims("[[", "]]").Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, d); err != nil {
		return "", err
	}
	return b.String(), nil
}

// WriteFolder lays out the gateway's folder in dir: a copy of from, if that is not "", and
// over it the scenario's files.
func (s *Scenario) WriteFolder(dir, from string, d Data) error {
	if from != "" {
		if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
			return err
		}
	}
	for _, name := range sortedKeys(s.Files) {
		text, err := Expand(name, s.Files[name], d)
		if err != nil {
			return fmt.Errorf("files: %w", err)
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Environment are the variables that the scenario sets.
func (s *Scenario) Environment(d Data) ([]string, error) {
	var out []string
	for _, name := range sortedKeys(s.Env) {
		v, err := Expand(name, s.Env[name], d)
		if err != nil {
			return nil, fmt.Errorf("env: %w", err)
		}
		out = append(out, name+"="+v)
	}
	return out, nil
}

// HashFolder is a hash of names and contents of all files in a folder, but for hidden ones.
func HashFolder(dir string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(e.Name(), ".") && path != dir {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		fmt.Fprintf(h, "%s\x00%d\x00", filepath.ToSlash(rel), len(data))
		_, _ = h.Write(data)
		return nil
	})
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// Plan is what is sent. The rate is the scenario's, if it is not a share.
func (s *Scenario) Plan(values []load.Value) (*load.Plan, error) {
	p := &load.Plan{Values: values, Connections: s.Load.Connections, Rate: s.Load.Rate.PerSecond, Timeout: s.Load.Timeout, Seed: 1}
	for _, t := range s.Targets {
		out := load.Target{Name: t.Name, Weight: t.Weight, Method: t.Method, Stream: t.Stream}
		out.Check = load.Check{Status: []int{t.Expect.Status}, Contains: []byte(t.Expect.Contains), Bytes: -1}
		if t.Expect.Bytes != nil {
			out.Check.Bytes = int(*t.Expect.Bytes)
		}
		for _, k := range sortedKeys(t.Expect.Headers) {
			out.Check.Headers = append(out.Check.Headers, load.HeaderCheck{Name: k, Contains: t.Expect.Headers[k]})
		}
		var err error
		if out.URL, err = load.ParseTemplate(t.URL, values); err != nil {
			return nil, err
		}
		if t.Text == "" {
			out.Body = load.Literal(t.Content())
		} else if out.Body, err = load.ParseTemplate(t.Text, values); err != nil {
			return nil, err
		}
		for _, k := range sortedKeys(t.Headers) {
			v, err := load.ParseTemplate(t.Headers[k], values)
			if err != nil {
				return nil, err
			}
			out.Headers = append(out.Headers, load.Header{Name: k, Value: v})
		}
		p.Targets = append(p.Targets, out)
	}
	return p, nil
}
