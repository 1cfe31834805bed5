package script

import (
	"context"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dop251/goja"
	"github.com/evanw/esbuild/pkg/api"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/source"
)

// PolicyFolder is where modules declare policies, below the folder of scripts.
const PolicyFolder = "policies"

// Declaration is what a module says of the policy it declares: the default export,
//
//	export default definePolicy({
//	  name: "stamp", summary: "…", sections: ["inbound"], scopes: ["api"],
//	  attributes: { header: { type: "string", required: true, expressions: true } },
//	  run(context, attributes) { … },
//	});
//
// It is read once, at load, by running the module's top-level code without a request.
// What it says is checked for its form here; what the words mean is the business of
// who compiles documents.
type Declaration struct {
	Name, Summary, Example string
	// Sections and Scopes are nil where the module names none.
	Sections, Scopes []string
	Once             bool
	Attributes       []DeclaredAttribute
	Text             *DeclaredAttribute
	// Program runs the policy.
	Program *Program

	module *source.Text
}

// DeclaredAttribute is an attribute of a declared policy, or its text.
type DeclaredAttribute struct {
	Name, Summary string
	// Type is "string", "number", "boolean", "enum" or "any".
	Type string
	// Values are the words that an enum takes.
	Values      []string
	Required    bool
	Expressions bool
	Secret      bool
	// Default is the literal that stands for an absent attribute.
	Default    string
	HasDefault bool
	// Min and Max bound a number, nil for no bound.
	Min, Max *float64
}

// Range is where a member of the declaration stands in the module, by its path; the
// declaration as a whole if that cannot be told.
func (d *Declaration) Range(member ...string) source.Range { return memberRange(d.module, member) }

// Policies reads the declarations of all modules directly in PolicyFolder, by name of
// the module. Modules with errors in them are reported and left out. pool lends the VM
// that runs them.
func (f *Folder) Policies(pool *Pool, diags *source.List) []*Declaration {
	if f.files == nil {
		return nil
	}
	entries, _ := fs.ReadDir(f.files, PolicyFolder)
	var out []*Declaration
	for _, e := range entries {
		name := e.Name()
		if strings.HasSuffix(name, ".d.ts") || strings.HasSuffix(name, ".d.mts") || e.IsDir() {
			continue
		}
		switch path.Ext(name) {
		case ".ts", ".js", ".mts", ".mjs":
			if d := f.policy(PolicyFolder+"/"+name, pool, diags); d != nil {
				out = append(out, d)
			}
		}
	}
	return out
}

// policy compiles one module and reads its declaration.
func (f *Folder) policy(file string, pool *Pool, diags *source.List) *Declaration {
	text, err := f.text(file)
	if err != nil {
		diags.Errorf(source.NewText(f.name+"/"+file, "").View().All(), "script-not-found", "cannot read the module: %v", err)
		return nil
	}
	at := memberRange(text, nil)
	p := f.build(`export { default } from "./`+file+`";`, file, source.View{}, 0, func(m api.Message) bool {
		if m.Location != nil && m.Location.File == entryName && strings.HasPrefix(m.Text, "No matching export") {
			diags.Errorf(at, "policy-declaration", "the module has no default export").
				WithHint("write export default definePolicy({ name: …, run(context, attributes) { … } })")
			return true
		}
		return false
	}, at, diags)
	if p == nil {
		return nil
	}
	p.function, p.policy = false, true
	d := &Declaration{Program: p, module: text}
	reader := &declarationReader{d: d, diags: diags}
	before := diags.Errors()
	_, failed := pool.eval(context.Background(), p, &loading{}, pool.limits, false, nil, func(vm *VM, v goja.Value, _ *outcome) error {
		reader.vm = vm
		reader.read(v)
		return nil
	})
	if failed != nil {
		e := failed.(*Error)
		where := e.Range()
		if where.IsZero() {
			where = at
		}
		diags.Errorf(where, "policy-declaration", "the module fails while it is loaded: %s", e.Message)
	}
	if diags.Errors() > before {
		return nil
	}
	return d
}

// loading is the Host while modules are loaded: there is no request yet.
type loading struct{ Host }

func (*loading) Now() time.Time     { return time.Unix(0, 0).UTC() }
func (*loading) Rand() io.Reader    { return noRandomness{} }
func (*loading) Log(string, string) {}
func (*loading) Send(context.Context, *Outgoing) (*Incoming, error) {
	return nil, errLoading
}

type loadingError struct{}

func (loadingError) Error() string {
	return "a module cannot do this while it is loaded; there is no request yet"
}

var errLoading error = loadingError{}

type noRandomness struct{}

func (noRandomness) Read([]byte) (int, error) { return 0, errLoading }

// inRequest throws unless a request is served: members of context call it.
func (vm *VM) inRequest() {
	if _, ok := vm.cur.(*loading); ok {
		vm.throwType("context is not known while a module is loaded; use it in run")
	}
}

// declarationReader reads what a module exports into a Declaration.
type declarationReader struct {
	vm    *VM
	d     *Declaration
	diags *source.List
}

func (r *declarationReader) fault(path []string, format string, args ...any) *source.Diagnostic {
	return r.diags.Errorf(r.d.Range(path...), "policy-declaration", format, args...)
}

func (r *declarationReader) read(v goja.Value) {
	o, ok := v.(*goja.Object)
	if !ok || promise(v) != nil {
		r.fault(nil, "the default export declares no policy").
			WithHint("write export default definePolicy({ name: …, run(context, attributes) { … } })")
		return
	}
	d := r.d
	r.known(o, nil, "name", "summary", "example", "sections", "scopes", "once", "attributes", "text", "run")
	d.Name = r.text(o, nil, "name")
	if d.Name == "" {
		r.fault([]string{"name"}, `a policy wants a "name"`)
	}
	d.Summary, d.Example = r.text(o, nil, "summary"), r.text(o, nil, "example")
	d.Sections, d.Scopes = r.texts(o, nil, "sections"), r.texts(o, nil, "scopes")
	d.Once = r.flag(o, nil, "once")
	if _, ok := goja.AssertFunction(o.Get("run")); !ok {
		r.fault([]string{"run"}, `a policy wants a function "run"`)
	}
	switch list := o.Get("attributes").(type) {
	case nil:
	case *goja.Object:
		for _, name := range list.Keys() {
			d.Attributes = append(d.Attributes, r.attribute(list.Get(name), name, []string{"attributes", name}))
		}
	default:
		r.wants([]string{"attributes"}, "an object of attributes")
	}
	if v := o.Get("text"); v != nil && !goja.IsUndefined(v) {
		a := r.attribute(v, "text", []string{"text"})
		d.Text = &a
	}
}

func (r *declarationReader) wants(path []string, what string) {
	r.fault(path, "%q wants %s", path[len(path)-1], what)
}

func (r *declarationReader) attribute(v goja.Value, name string, path []string) DeclaredAttribute {
	a := DeclaredAttribute{Name: name, Type: "string"}
	o, ok := v.(*goja.Object)
	if !ok {
		r.wants(path, `an object such as { type: "string", required: true }`)
		return a
	}
	types := []string{"string", "number", "boolean", "enum", "any"}
	r.known(o, path, "type", "summary", "values", "required", "expressions", "secret", "default", "min", "max")
	at := func(member string) []string { return append(slices.Clone(path), member) }
	if t := r.text(o, path, "type"); t != "" {
		if a.Type = t; !slices.Contains(types, t) {
			r.fault(at("type"), "there is no type %q; there are %s", t, strings.Join(types, ", ")).WithHint("%s", near(t, types))
			return a
		}
	}
	a.Summary = r.text(o, path, "summary")
	a.Values = r.texts(o, path, "values")
	a.Required, a.Expressions, a.Secret = r.flag(o, path, "required"), r.flag(o, path, "expressions"), r.flag(o, path, "secret")
	a.Min, a.Max = r.number(o, path, "min"), r.number(o, path, "max")
	if (a.Type == "enum") != (len(a.Values) > 0) {
		r.fault(at("values"), `an attribute of type "enum" has "values", and no other has`)
	}
	for _, w := range a.Values {
		if w == "" || strings.ContainsAny(w, " \t\r\n") {
			r.fault(at("values"), "a value of an enum is one word, not %q", w)
		}
	}
	if a.Type != "number" && (a.Min != nil || a.Max != nil) {
		r.fault(path, `"min" and "max" go with the type "number"`)
	}
	r.standard(o, &a, at("default"))
	return a
}

// standard reads the value that stands for an absent attribute.
func (r *declarationReader) standard(o *goja.Object, a *DeclaredAttribute, path []string) {
	v := o.Get("default")
	if v == nil || goja.IsUndefined(v) {
		return
	}
	if a.Required {
		r.fault(path, "an attribute that is required has no default")
	}
	ok := false
	if _, isObject := v.(*goja.Object); isObject {
		v = goja.Null() // no literal is an object
	}
	switch v.Export().(type) {
	case string:
		ok = a.Type == "string" || a.Type == "any" || a.Type == "enum" && slices.Contains(a.Values, v.String())
	case bool:
		ok = a.Type == "boolean"
	case int64, float64:
		f := v.ToFloat()
		ok = a.Type == "number" && (a.Min == nil || f >= *a.Min) && (a.Max == nil || f <= *a.Max)
	}
	if !ok {
		r.fault(path, "the default is not a value that the attribute could have")
	}
	if ok {
		a.Default, a.HasDefault = v.String(), true
	}
}

// known reports members that mean nothing.
func (r *declarationReader) known(o *goja.Object, path []string, names ...string) {
	for _, k := range o.Keys() {
		if !slices.Contains(names, k) {
			r.fault(append(slices.Clone(path), k), "a declaration has no %q", k).WithHint("%s", near(k, names))
		}
	}
}

func near(word string, words []string) string {
	if w := source.Nearest(word, words); w != "" {
		return "did you mean \"" + w + "\"?"
	}
	return ""
}

func (r *declarationReader) text(o *goja.Object, path []string, name string) string {
	v := o.Get(name)
	if v == nil || goja.IsUndefined(v) {
		return ""
	}
	s, ok := v.(goja.String)
	if !ok {
		r.wants(append(slices.Clone(path), name), "a string")
		return ""
	}
	if clr.HasLoneSurrogate(goString(s)) || s.Length() > 10_000 {
		r.wants(append(slices.Clone(path), name), "a shorter and valid string")
		return ""
	}
	return goString(s)
}

func (r *declarationReader) flag(o *goja.Object, path []string, name string) bool {
	v := o.Get(name)
	if v == nil || goja.IsUndefined(v) {
		return false
	}
	b, ok := v.Export().(bool)
	if _, isObject := v.(*goja.Object); isObject || !ok {
		r.wants(append(slices.Clone(path), name), "true or false")
	}
	return b
}

func (r *declarationReader) number(o *goja.Object, path []string, name string) *float64 {
	v := o.Get(name)
	if v == nil || goja.IsUndefined(v) {
		return nil
	}
	if _, isObject := v.(*goja.Object); isObject || !isNumber(v) {
		r.wants(append(slices.Clone(path), name), "a number")
		return nil
	}
	f := v.ToFloat()
	return &f
}

func (r *declarationReader) texts(o *goja.Object, path []string, name string) []string {
	v := o.Get(name)
	if v == nil || goja.IsUndefined(v) {
		return nil
	}
	list, ok := v.(*goja.Object)
	if !ok || !r.vm.isArray(list) {
		r.wants(append(slices.Clone(path), name), "an array of strings")
		return nil
	}
	var out []string
	for _, k := range list.Keys() {
		s, ok := list.Get(k).(goja.String)
		if !ok {
			r.wants(append(slices.Clone(path), name), "an array of strings")
			return nil
		}
		out = append(out, goString(s))
	}
	return out
}

// Attribute is the value of an attribute as run gets it, held as package clr says.
type Attribute struct {
	Name  string
	Value any
}

// Policy runs a declared policy: run(context, attributes). The result is as Answer's.
func (p *Program) Policy(ctx context.Context, pool *Pool, h Host, attributes []Attribute) (*Answer, error) {
	if attributes == nil {
		attributes = []Attribute{}
	}
	out, err := pool.eval(ctx, p, h, pool.limits, true, attributes, toAnswer)
	return out.answer, err
}

// callPolicy calls the function run of what a module declares.
func (vm *VM) callPolicy(v goja.Value, attributes []Attribute) (goja.Value, error) {
	o, ok := v.(*goja.Object)
	if !ok {
		return nil, &Error{Kind: Thrown, Message: "TypeError: the module declares no policy"}
	}
	var call goja.Callable
	var given *goja.Object
	if err := vm.protect(func() error {
		if call, ok = goja.AssertFunction(o.Get("run")); !ok {
			vm.throwType("run is not a function")
		}
		given = vm.rt.NewObject()
		for _, a := range attributes {
			_ = given.DefineDataProperty(a.Name, vm.imported(a.Value), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_TRUE)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return call(o, vm.context, given)
}
