package script

import (
	"errors"
	"strings"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/file"
	"github.com/dop251/goja/parser"
	"github.com/go-sourcemap/sourcemap"

	"sekisho/engine/source"
)

// Program is compiled JavaScript: immutable, shared by all VMs and requests.
type Program struct {
	code *goja.Program
	// function tells that running the code yields a function to be called with context.
	function bool
	// held tells that it yields a function that has no state: a VM makes it once. Module
	// code runs anew for each evaluation.
	held bool
	// policy tells that it yields the declaration of a policy.
	policy bool
	// places leads positions back to the texts that people wrote, by the name that
	// positions carry.
	places map[string]place
	// bundle leads positions in a bundle back to its modules, nil for an expression.
	bundle *sourcemap.Consumer
	// at is the whole of what was compiled.
	at source.Range
	// native runs the Program without a VM; nil if its form is not simple, for which
	// plan says why.
	native *nativeProgram
	plan   Plan
	// plain: it runs in a plain VM that has the guards of needs, of functions named members.
	plain   bool
	needs   needs
	members map[string]bool
}

// paddings are arguments that make goja's stack, which is new for each call from outside
// and twice as large as the arguments want, large enough for most expressions at once.
var paddings = []goja.Value{goja.Undefined(), goja.Undefined(), goja.Undefined()}

// padding is what the function of an expression is called with. Plain ones cannot tell:
// they do not name their arguments.
func (p *Program) padding() []goja.Value {
	if p.plain {
		return paddings
	}
	return nil
}

// Heavy tells whether the Program wants a full VM, which takes long to make.
func (p *Program) Heavy() bool { return !p.plain }

// place is a text with what was put before its first byte for compiling.
type place struct {
	view   source.View
	prefix int
}

// Range is where the Program was written.
func (p *Program) Range() source.Range { return p.at }

const (
	exprPrefix  = `(function(){"use strict";return(`
	exprSuffix  = "\n)})"
	blockPrefix = `(function(){"use strict";`
	blockSuffix = "\n})"
	asyncWord   = "async "
)

// CompileExpr compiles the text inside the brackets of @js(…), or with block that of
// @js{…}, whose statements return the value. Text with the word await may wait, as
// the body of an async function. It returns nil if there were errors; they are in
// diags.
func CompileExpr(v source.View, block bool, diags *source.List) *Program {
	if !scanView(v, diags) {
		return nil
	}
	if v.Trim().S == "" {
		diags.Errorf(v.All(), "script-syntax", "the expression is empty")
		return nil
	}
	prefix, suffix := exprPrefix, exprSuffix
	if block {
		prefix, suffix = blockPrefix, blockSuffix
	}
	if strings.Contains(v.S, "await") {
		prefix = "(" + asyncWord + prefix[1:]
	}
	name := "expression"
	if v.Text != nil {
		name = v.Text.Name
	}
	p := &Program{held: true, places: map[string]place{name: {view: v, prefix: len(prefix)}}, at: v.All()}
	tree, err := parser.ParseFile(nil, name, prefix+v.S+suffix, 0, parser.WithDisableSourceMaps)
	if err != nil {
		p.syntaxErrors(err, diags)
		return nil
	}
	if !block && !returnsOnly(tree) {
		diags.Errorf(v.All(), "script-syntax", "@js(…) wants one expression").
			WithHint("write statements as @js{ …; return value; }")
		return nil
	}
	p.planNative(tree)
	p.plainProgram(tree)
	p.compile(tree, diags)
	if p.code == nil {
		return nil
	}
	return p
}

// returnsOnly tells whether the function around an expression holds its return and
// nothing else.
func returnsOnly(tree *ast.Program) bool {
	if len(tree.Body) != 1 {
		return false
	}
	s, ok := tree.Body[0].(*ast.ExpressionStatement)
	if !ok {
		return false
	}
	f, ok := s.Expression.(*ast.FunctionLiteral)
	if !ok || len(f.Body.List) != 2 {
		return false
	}
	_, ok = f.Body.List[1].(*ast.ReturnStatement)
	return ok
}

func (p *Program) compile(tree *ast.Program, diags *source.List) {
	guardJoins(tree)
	code, err := goja.CompileAST(tree, true)
	if err != nil {
		p.syntaxErrors(err, diags)
		return
	}
	p.code = code
}

// scanView reports what scan refuses.
func scanView(v source.View, diags *source.List) bool {
	p := scan(v.S)
	if p == nil {
		return true
	}
	diags.Errorf(v.Range(p.at, p.end), "script-syntax", "%s", p.message).WithHint("%s", p.hint)
	return false
}

// syntaxErrors reports the first error of goja's parser or compiler; those after it
// mostly follow from it.
func (p *Program) syntaxErrors(err error, diags *source.List) {
	message, pos := err.Error(), file.Position{}
	var list parser.ErrorList
	var compile *goja.CompilerSyntaxError
	switch {
	case errors.As(err, &list) && len(list) > 0:
		message, pos = list[0].Message, list[0].Position
	case errors.As(err, &compile):
		message = compile.Message
		if compile.File != nil {
			pos = compile.File.Position(compile.Offset)
		}
	}
	at := p.locate(pos)
	if at.IsZero() {
		at = p.at
	}
	if at.Start == at.End && at.End == p.at.End {
		message = "the expression ends too early"
	}
	diags.Errorf(at, "script-syntax", "%s", lowerFirst(message))
}

// locate is the place in a text of a position in compiled code, the zero Range if it
// is not known. It spans the word that stands there.
func (p *Program) locate(pos file.Position) source.Range {
	if p.bundle != nil {
		// Source maps count columns from 0. goja could do this, but takes columns from 1
		// for such ones.
		name, _, line, col, ok := p.bundle.Source(pos.Line, pos.Column-1)
		if !ok {
			return source.Range{}
		}
		pos = file.Position{Filename: name, Line: line, Column: col + 1}
	}
	pl, ok := p.places[pos.Filename]
	if !ok || pos.Line < 1 {
		return source.Range{}
	}
	s := pl.view.S
	at := 0
	for line := 1; line < pos.Line; line++ {
		n := strings.IndexByte(s[at:], '\n')
		if n < 0 {
			return pl.view.Range(len(s), len(s))
		}
		at += n + 1
	}
	at += max(pos.Column, 1) - 1
	if pos.Line == 1 {
		at -= pl.prefix
	}
	if at < 0 || at >= len(s) {
		at = min(max(at, 0), len(s))
		return pl.view.Range(at, at)
	}
	end := at
	for end < len(s) && isWord(s[end]) {
		end++
	}
	return pl.view.Range(at, max(end, at+1))
}

func lowerFirst(s string) string {
	if s == "" || len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
