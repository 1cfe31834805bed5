package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"unicode/utf8"

	"sekisho/engine/source"
)

// FileName is the file that makes a folder a gateway's.
const FileName = "gateway.yaml"

// Env looks up an environment variable; os.LookupEnv is one.
type Env func(name string) (value string, ok bool)

// Load reads the gateway in dir, which may also be the path of its gateway.yaml.
// Everything found wrong is added to diags. The Model is what could be made of
// the folder, for further checks; it must not serve if diags holds errors. It is
// nil only where gateway.yaml itself cannot be read.
func Load(dir string, env Env, diags *source.List) *Model {
	name := FileName
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		dir, name = filepath.Split(dir)
	}
	dir = filepath.Clean(dir)
	show := dir
	if dir == "." {
		show = ""
	}
	return load(&folder{fsys: os.DirFS(dir), dir: dir, show: show}, name, env, diags)
}

// LoadFS reads a gateway from a file system, as Load does. It cannot name files
// outside of it.
func LoadFS(fsys fs.FS, env Env, diags *source.List) *Model {
	return load(&folder{fsys: fsys}, FileName, env, diags)
}

func load(files *folder, name string, env Env, diags *source.List) *Model {
	data, err := files.read(name, maxConfigBytes)
	t := source.NewText(files.display(name), string(data))
	if err != nil {
		g := diags.Errorf(source.Range{Text: t}, readCode(err), "cannot read %s: %v", t.Name, err)
		if !files.exists(name) {
			g.WithHint("a gateway's folder has a %s; `sekisho new DIR` makes one", FileName)
		}
		return nil
	}
	f, ok := decodeFile(t, files, env, diags)
	if !ok {
		return nil
	}
	b := &builder{files: files, diags: diags, file: f, text: t, model: &Model{Files: files.fsys}}
	return b.build()
}

// decodeFile reads the text of gateway.yaml into the format's structs.
func decodeFile(t *source.Text, files *folder, env Env, diags *source.List) (*file, bool) {
	if !utf8.ValidString(t.Content) {
		diags.Errorf(source.Range{Text: t}, CodeSyntax, "the file is not UTF-8")
		return nil, false
	}
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	pos := newPositions(t)
	before := diags.Errors()
	n := parseYAML(t, pos, diags)
	if diags.Errors() > before {
		return nil, false
	}
	d := &decoder{pos: pos, files: files, env: env, diags: diags}
	f := &file{}
	d.structure(n, reflect.ValueOf(f).Elem(), "", source.Range{Text: t}, 0)
	return f, true
}

func readCode(err error) source.Code {
	if strings.HasPrefix(err.Error(), errTooLarge.Error()) {
		return CodeTooLarge
	}
	return CodeRead
}
