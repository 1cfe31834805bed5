package script

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dop251/goja/parser"
	"github.com/evanw/esbuild/pkg/api"
	"github.com/go-sourcemap/sourcemap"

	"sekisho/engine/source"
)

// Folder is a folder of modules, in JavaScript or TypeScript. Modules import each
// other by relative path and nothing else. It is used for one load: files are read
// once. It is not safe for use by several goroutines.
type Folder struct {
	files fs.FS
	name  string

	mu    sync.Mutex              // esbuild loads modules in parallel
	texts map[string]*source.Text // by path inside the folder
}

// NewFolder makes a Folder of files; name is its path as the user would write it,
// which Diagnostics begin with. A file system that refuses symbolic links to what is
// outside, as os.Root's does, keeps modules inside for certain. files may be nil.
func NewFolder(files fs.FS, name string) *Folder {
	return &Folder{files: files, name: strings.TrimSuffix(name, "/"), texts: map[string]*source.Text{}}
}

// extensions are tried in order where an import names none.
var extensions = []string{".ts", ".js", ".mts", ".mjs", ".json", "/index.ts", "/index.js"}

const (
	maxModules = 500
	namespace  = "module"
	// The entry is made here; imports in it are relative to the folder.
	entryName  = "script.ts"
	globalName = "__exports"
	// entryFunction is what esbuild calls the default export of an inline script.
	entryFunction = "script_default"
)

// Module compiles the function that a module exports under a name, "default" for its
// default export. src is the module's path inside the folder; at is where a document
// names it, and exportAt where it names the export. It returns nil if there were
// errors; they are in diags.
func (f *Folder) Module(src, export string, at, exportAt source.Range, diags *source.List) *Program {
	found, err := f.find(".", src, src)
	if err != nil {
		diags.Errorf(at, err.code, "%s", err.message).WithHint("%s", err.hint)
		return nil
	}
	if export != "default" && !identifier.MatchString(export) {
		diags.Errorf(exportAt, "script-no-export", "%q is no name that a module can export", export)
		return nil
	}
	entry := fmt.Sprintf("export { %s as default } from %q;", export, "./"+found)
	p := f.build(entry, found, source.View{}, 0, func(m api.Message) bool {
		if m.Location != nil && m.Location.File != entryName {
			return false
		}
		if strings.HasPrefix(m.Text, "No matching export") {
			diags.Errorf(exportAt, "script-no-export", "the module %q has no export named %q", f.name+"/"+found, export).
				WithHint("%s", exportHint(export))
			return true
		}
		return false
	}, at, diags)
	return p
}

func exportHint(export string) string {
	if export == "default" {
		return "write export default function (context) { … }, or name the function in the attribute export"
	}
	return "write export in front of the function"
}

var (
	identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)
	moduleForm = regexp.MustCompile(`(?m)^[ \t]*(import\b[ \t]*["'{*A-Za-z_$]|export\b[ \t]*[{*a-z])`)
)

const inlinePrefix = "export default function (context) {"

// Inline compiles the text of a <script>: statements, in which context is known,
// await may stand and return ends the script; or, if a line begins with import or
// export, a module with a default export, whose imports are relative to the folder.
// Both may be TypeScript.
func (f *Folder) Inline(v source.View, diags *source.List) *Program {
	if !scanView(v, diags) {
		return nil
	}
	entry, prefix := v.S, 0
	if !moduleForm.MatchString(v.S) {
		head := inlinePrefix
		if strings.Contains(v.S, "await") {
			// Only then: an async function costs ten times as much to call.
			head = strings.Replace(head, "function", "async function", 1)
		}
		entry, prefix = head+v.S+"\n}", len(head)
	}
	return f.build(entry, entryName, v, prefix, func(api.Message) bool { return false }, v.All(), diags)
}

// build bundles an entry and compiles the bundle. inline is the View that the entry
// was made of, if it was. own may take a message for itself.
func (f *Folder) build(entry, name string, inline source.View, prefix int, own func(api.Message) bool, at source.Range, diags *source.List) *Program {
	before := diags.Errors()
	b := &bundler{folder: f}
	// Where TypeScript imports a name that is not there, it may be a type.
	loader := api.LoaderTS
	if inline.Text == nil {
		loader = api.LoaderJS
	}
	result := api.Build(api.BuildOptions{
		Stdin:         &api.StdinOptions{Contents: entry, Sourcefile: entryName, Loader: loader, ResolveDir: "/"},
		AbsWorkingDir: "/",
		Outfile:       "/bundle.js",
		Bundle:        true,
		Format:        api.FormatIIFE,
		GlobalName:    globalName,
		Target:        api.ES2022,
		Supported:     map[string]bool{"async-generator": false, "for-await": false, "dynamic-import": false},
		Platform:      api.PlatformNeutral,
		Charset:       api.CharsetUTF8,
		Sourcemap:     api.SourceMapExternal,
		// The texts are at hand; the map need not carry them.
		SourcesContent: api.SourcesContentExclude,
		TsconfigRaw:    `{"compilerOptions":{"strict":true,"target":"ES2022"}}`,
		Banner:         map[string]string{"js": `(function(){"use strict";`},
		Footer:         map[string]string{"js": "return " + globalName + ".default})()"},
		Plugins:        []api.Plugin{{Name: "scripts", Setup: b.setup}},
		LogLevel:       api.LogLevelSilent,
	})
	p := &Program{function: true, places: map[string]place{}, at: at}
	for path, text := range f.texts {
		p.places[namespace+":"+path] = place{text.View(), 0}
	}
	if inline.Text != nil {
		p.places[entryName] = place{inline, prefix}
	}
	for _, m := range result.Errors {
		if !own(m) {
			p.report(source.Error, m, diags)
		}
	}
	for _, m := range result.Warnings {
		p.report(source.Warning, m, diags)
	}
	if diags.Errors() != before {
		return nil
	}
	code := ""
	for _, out := range result.OutputFiles {
		if path.Ext(out.Path) != ".map" {
			code = string(out.Contents)
			continue
		}
		m, err := sourcemap.Parse("", out.Contents)
		if err != nil {
			panic("script: internal error: " + err.Error())
		}
		p.bundle = m
	}
	tree, err := parser.ParseFile(nil, "/bundle.js", code, 0, parser.WithDisableSourceMaps)
	if err != nil {
		p.syntaxErrors(err, diags)
		return nil
	}
	p.compile(tree, diags)
	if p.code == nil {
		return nil
	}
	return p
}

// report turns a message of esbuild into a Diagnostic.
func (p *Program) report(severity source.Severity, m api.Message, diags *source.List) {
	code, hint := source.Code("script-syntax"), ""
	if failed, ok := m.Detail.(*importError); ok {
		code, hint = failed.code, failed.hint
	}
	if severity == source.Warning {
		code = "script-warning"
	}
	d := source.Diagnostic{Severity: severity, Code: code, Range: p.spot(m.Location), Message: lowerFirst(m.Text), Hint: hint}
	if d.Range.IsZero() {
		d.Range = p.at
	}
	for _, n := range m.Notes {
		if r := p.spot(n.Location); !r.IsZero() {
			d.WithNote(r, "%s", lowerFirst(n.Text))
		}
	}
	diags.Add(d)
}

// spot is the place of a location of esbuild.
func (p *Program) spot(l *api.Location) source.Range {
	if l == nil {
		return source.Range{}
	}
	pl, ok := p.places[l.File]
	if !ok {
		return source.Range{}
	}
	at := lineOffset(pl.view.S, l.Line) + l.Column
	if l.Line == 1 {
		at -= pl.prefix
	}
	n := len(pl.view.S)
	at = min(max(at, 0), n)
	return pl.view.Range(at, min(at+max(l.Length, 1), n))
}

// lineOffset is where a line, counted from 1, begins.
func lineOffset(s string, line int) int {
	at := 0
	for ; line > 1; line-- {
		n := strings.IndexByte(s[at:], '\n')
		if n < 0 {
			return len(s)
		}
		at += n + 1
	}
	return at
}

// bundler answers esbuild's questions during one build.
type bundler struct {
	folder  *Folder
	modules atomic.Int64
}

// importError is why an import is refused.
type importError struct {
	code          source.Code
	message, hint string
}

func (b *bundler) setup(build api.PluginBuild) {
	build.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
		from := "."
		if a.Namespace == namespace {
			from = path.Dir(a.Importer)
		}
		found, err := b.folder.resolve(from, a.Path)
		if err != nil {
			return api.OnResolveResult{Errors: []api.Message{{Text: err.message, Detail: err}}}, nil
		}
		return api.OnResolveResult{Path: found, Namespace: namespace}, nil
	})
	build.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: namespace}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
		return b.load(a.Path), nil
	})
}

func (b *bundler) load(name string) api.OnLoadResult {
	fail := func(format string, args ...any) api.OnLoadResult {
		return api.OnLoadResult{Errors: []api.Message{{Text: fmt.Sprintf(format, args...)}}}
	}
	if b.modules.Add(1) > maxModules {
		return fail("more than %d modules are imported", maxModules)
	}
	text, err := b.folder.text(name)
	if err != nil {
		return fail("cannot read the module: %v", err)
	}
	if path.Ext(name) != ".json" {
		if p := scan(text.Content); p != nil {
			pos := text.Pos(p.at)
			line, _ := text.Line(pos.Line)
			return api.OnLoadResult{Errors: []api.Message{{Text: p.message, Location: &api.Location{
				File: namespace + ":" + name, Line: pos.Line, Column: pos.Col - 1, Length: p.end - p.at, LineText: line,
			}}}}
		}
	} else if d := jsonDepth(text.Content); d > maxDepth || len(text.Content) > maxSource {
		return fail("the JSON is too long or nests too deep")
	}
	loader := api.LoaderTS
	switch path.Ext(name) {
	case ".json":
		loader = api.LoaderJSON
	case ".js", ".mjs":
		loader = api.LoaderJS
	}
	contents := strings.TrimPrefix(text.Content, "\uFEFF")
	return api.OnLoadResult{Contents: &contents, Loader: loader}
}

// text reads a file once.
func (f *Folder) text(name string) (*source.Text, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t := f.texts[name]; t != nil {
		return t, nil
	}
	file, err := f.files.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil {
		return nil, err
	} else if info.Size() > maxSource {
		return nil, fmt.Errorf("it has %d bytes; at most %d are allowed", info.Size(), maxSource)
	}
	data, err := fs.ReadFile(f.files, name)
	if err != nil {
		return nil, err
	}
	t := source.NewText(f.name+"/"+name, string(data))
	f.texts[name] = t
	return t, nil
}

// resolve finds the file that an import of a module in folder dir names.
func (f *Folder) resolve(dir, target string) (string, *importError) {
	if !strings.HasPrefix(target, "./") && !strings.HasPrefix(target, "../") {
		return "", &importError{"script-import", fmt.Sprintf("cannot import %q: there are no packages here", target),
			fmt.Sprintf("import modules of the folder %s by relative path, such as \"./name\"", f.name)}
	}
	return f.find(dir, target, target)
}

// find finds the file of a path relative to dir; shown is what messages call it.
func (f *Folder) find(dir, target, shown string) (string, *importError) {
	name := path.Join(dir, target)
	if name == ".." || strings.HasPrefix(name, "../") || !fs.ValidPath(name) {
		return "", &importError{"script-import", fmt.Sprintf("cannot import %q: it is outside of the folder %s", shown, f.name), ""}
	}
	if f.files == nil {
		return "", &importError{"script-not-found", fmt.Sprintf("there is no module %q: no folder of scripts is known here", shown), ""}
	}
	candidates := []string{name}
	for _, ext := range extensions {
		candidates = append(candidates, name+ext)
	}
	// TypeScript's way to name a module is the name of what it will become.
	if base, ok := strings.CutSuffix(name, ".js"); ok {
		candidates = append(candidates, base+".ts")
	}
	for _, c := range candidates {
		if info, err := fs.Stat(f.files, c); err == nil && info.Mode().IsRegular() {
			switch path.Ext(c) {
			case ".ts", ".js", ".mts", ".mjs", ".json":
				return c, nil
			}
			return "", &importError{"script-import", fmt.Sprintf("cannot import %q: modules end in .ts, .js, .mts, .mjs or .json", shown), ""}
		}
	}
	hint := ""
	if near := source.Nearest(path.Base(name), f.siblings(path.Dir(name))); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return "", &importError{"script-not-found", fmt.Sprintf("there is no module %q in %s", name, f.name), hint}
}

// siblings are the files of a folder, with and without their extensions.
func (f *Folder) siblings(dir string) (names []string) {
	entries, _ := fs.ReadDir(f.files, dir)
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name(), strings.TrimSuffix(e.Name(), path.Ext(e.Name())))
		}
	}
	return names
}
