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

	// Port is one of loopback that is free: where a peer is to listen; for a gateway, one
	// more, different for each process, for what its folder would have at a fixed one.
	Port int
	Dir  string // of peers only: the folder they run in
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
// over it the scenario's files. Hidden files and folders are not copied: there is nothing
// of a gateway in them but its store of credentials, which belongs to one process.
func (s *Scenario) WriteFolder(dir, from string, d Data) error {
	if from != "" {
		if err := walk(from, func(rel string, data []byte) error { return write(dir, rel, data) }); err != nil {
			return err
		}
	}
	for _, name := range sortedKeys(s.Files) {
		text, err := Expand(name, s.Files[name], d)
		if err != nil {
			return fmt.Errorf("files: %w", err)
		}
		if err := write(dir, name, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// write writes a file of a folder, for its owner only: it may hold keys.
func write(dir, name string, data []byte) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

// walk reads all files of a folder but hidden ones, in order.
func walk(dir string, visit func(name string, data []byte) error) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
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
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(rel), data)
	})
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
	err := walk(dir, func(name string, data []byte) error {
		fmt.Fprintf(h, "%s\x00%d\x00", name, len(data))
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
