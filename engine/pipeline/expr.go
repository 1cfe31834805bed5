package pipeline

import (
	"cmp"
	"io/fs"
	"maps"
	"slices"

	"sekisho/engine/csharp"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/script"
	"sekisho/engine/source"
)

// Expressions compile the expressions of a folder's documents and count them.
type Expressions struct {
	files     fs.FS
	scriptDir string
	compiled  map[source.Range]ExprPlan

	folder *script.Folder // of modules, made when the first is named
	guard  *Guard
	script bool // some expression or module wants a virtual machine
}

// NewExpressions makes a compiler for a folder with modules under scriptDir; files may
// be nil where there is none.
func NewExpressions(files fs.FS, scriptDir string) *Expressions {
	return &Expressions{files: files, scriptDir: scriptDir, compiled: map[source.Range]ExprPlan{}}
}

// Compiled counts the expressions that compiled, each once: those of a fragment are
// compiled wherever it is included.
func (e *Expressions) Compiled() int { return len(e.compiled) }

// Languages of expressions.
const (
	CSharp     = "C#"
	JavaScript = "JavaScript"
)

// ExprPlan says how an expression runs.
type ExprPlan struct {
	At       source.Range
	Language string
	script.Plan
}

// Plans says of every expression that compiled how it runs, sorted by place.
func (e *Expressions) Plans() []ExprPlan {
	return slices.SortedFunc(maps.Values(e.compiled), func(a, b ExprPlan) int {
		return cmp.Or(cmp.Compare(a.At.Text.Name, b.At.Text.Name), cmp.Compare(a.At.Start, b.At.Start), cmp.Compare(a.At.End, b.At.End))
	})
}

// UseScripts tells whether any JavaScript was compiled that wants a virtual machine.
func (e *Expressions) UseScripts() bool { return e.script }

// CSharp implements Env.
func (e *Expressions) CSharp(v source.View, block bool, diags *source.List) Expr {
	kind := csharp.Expr
	if block {
		kind = csharp.Block
	}
	p := csharp.Compile(v, kind, csharp.Options{}, diags)
	if p == nil {
		return nil
	}
	e.compiled[v.All()] = ExprPlan{At: v.All(), Language: CSharp, Plan: script.Plan{Native: true}}
	return &csharpExpr{p}
}

// csharpExpr is a compiled C# expression.
type csharpExpr struct{ p *csharp.Program }

// Any implements Expr.
func (e *csharpExpr) Any(x *Exchange) (any, error) {
	v, ex := e.p.Eval(x.APIM(), limits(x))
	if ex != nil {
		return nil, e.fault(ex)
	}
	return v, nil
}

// Text implements Expr.
func (e *csharpExpr) Text(x *Exchange) (string, error) {
	s, _, ex := e.p.EvalString(x.APIM(), limits(x))
	if ex != nil {
		return "", e.fault(ex)
	}
	return s, nil
}

// Bool implements Expr. Text that says true or false will do, as in APIM.
func (e *csharpExpr) Bool(x *Exchange) (bool, error) {
	if t := e.p.Type(); t != nil && t.Full == "System.Boolean" {
		b, ex := e.p.EvalBool(x.APIM(), limits(x))
		if ex != nil {
			return false, e.fault(ex)
		}
		return b, nil
	}
	v, err := e.Any(x)
	if err != nil {
		return false, err
	}
	b, ok := truth(v)
	if !ok {
		f := Faultf(500, ReasonExpression, "Expression evaluation failed. The result, %s, is not a boolean.", quoteForMessage(v))
		f.Range = e.p.View().All()
		return false, f
	}
	return b, nil
}

func limits(x *Exchange) csharp.Limits {
	l := x.Services.Expressions
	l.Now = x.Services.Now
	return l
}

// fault is an exception that nothing caught. Its message may quote the request and
// stays inside: on-error sections and the log see it, the client does not.
func (e *csharpExpr) fault(ex *clr.Exception) error {
	return &Fault{
		Status: 500, Reason: ReasonExpression, Message: "Expression evaluation failed. " + ex.Message,
		Cause: ex, Range: e.p.Where(ex),
	}
}
