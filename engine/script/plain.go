package script

import (
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// Guards cost tens of milliseconds and most of a megabyte for each VM, because they touch
// all intrinsics. A program that certainly reaches none of them but a few, by name, needs
// none but theirs, and runs in a VM that has no others: a plain one. Such a VM becomes a
// full one when a program wants that, or when a value turns up that brings intrinsics with
// it; see VM.complete.
//
// What makes a program plain is read off its tree, and what is not known to be harmless
// makes it none:
//
//   - Members have names that are written, and names that no intrinsic has, or those of
//     plainMembers, whose functions are guarded before the program runs. So there is no way
//     to a prototype or a constructor, and no way round a guard. Functions that do not look
//     at the clock are called and never handed on.
//   - Nothing is assigned to but variables and the members of context that may be: so no
//     intrinsic can be changed, and need not be frozen.
//   - There are no classes, generators, async functions, getters, symbols, spreads, patterns
//     and regular expressions, so that native code never runs over what a script iterates.

// needs are the guards that a plain program wants.
type needs uint8

const (
	needLists needs = 1 << iota // of strings and arrays, for their methods and for conversions
	needJSON
	needConversions // of parseInt and the like
)

// plainMembers are names of intrinsics that plain programs may use.
var plainMembers = func() map[string]needs {
	out := map[string]needs{}
	for names, n := range map[string]needs{
		// Members of data, of context and of dictionaries, and functions whose work is bounded.
		`length message name host hash port hostname origin href protocol pathname username password index input groups
		size description error info debug warn done value get has set append delete getAll a add is all any test encoding
		Api Backend Deployment Elapsed LastError Operation Product Request RequestId Response Subscription Timestamp Tracing User
		Variables Workspace Trace setBackend returnResponse Headers
		E PI MAX_SAFE_INTEGER MIN_SAFE_INTEGER EPSILON MAX_VALUE MIN_VALUE`: 0,
		numberFunctions: 0,
		`toLowerCase toUpperCase trim trimStart trimEnd startsWith endsWith includes indexOf lastIndexOf slice substring substr
		charAt at charCodeAt codePointAt split replace replaceAll padStart padEnd concat repeat toString join map filter some every
		find findIndex findLast findLastIndex reduce reduceRight reverse push pop shift unshift sort forEach`: needLists,
		`parse stringify`: needJSON | needLists,
	} {
		for name := range setOf(names) {
			out[name] = n
		}
	}
	return out
}()

// numberFunctions are functions of Math and Number and methods of numbers.
const numberFunctions = "floor ceil round abs min max trunc random pow sqrt sign log log2 log10 isInteger isNaN isFinite isSafeInteger toFixed"

// callOnly are members that a plain program may call and not hand on: native code that
// calls one of these again and again, a sort by Math.max, would never look at the clock.
var callOnly = func() map[string]bool {
	out := setOf(numberFunctions)
	for name, n := range plainMembers {
		if n != 0 {
			out[name] = true
		}
	}
	return out
}()

// plainGlobals are the globals that plain programs may use.
var plainGlobals = map[string]needs{
	"context": 0, "undefined": 0, "NaN": 0, "Infinity": 0, "String": 0, "Number": 0, "Boolean": 0, "Math": 0,
	"isNaN": 0, "isFinite": 0, "Error": 0, "TypeError": 0, "RangeError": 0, "JSON": needJSON,
	"parseInt": needConversions, "parseFloat": needConversions, "encodeURIComponent": needConversions, "decodeURIComponent": needConversions,
	"encodeURI": needConversions, "decodeURI": needConversions,
}

// otherGlobals are those without a capital that they may not.
var otherGlobals = setOf(`globalThis eval arguments escape unescape console crypto setTimeout clearTimeout queueMicrotask
	structuredClone btoa atob fetch definePolicy`)

// iterating are names that no intrinsic has, or a plain one has not, but which want the
// prelude.
var iterating = setOf("bytes form keys values entries")

// plainProgram finds out whether a program is plain, and what it needs. tree is the
// function around an expression, not yet changed by guardJoins.
func (out *Program) plainProgram(tree *ast.Program) {
	if len(tree.Body) != 1 {
		return
	}
	s, ok := tree.Body[0].(*ast.ExpressionStatement)
	if !ok {
		return
	}
	f, ok := s.Expression.(*ast.FunctionLiteral)
	if !ok || f.Async {
		return
	}
	p := plainness{declared: map[string]bool{}, members: map[string]bool{"join": true}}
	p.statements(f.Body.List[1:])
	for name := range p.used {
		if p.declared[name] {
			continue
		}
		n, known := plainGlobals[name]
		p.refused = p.refused || !known
		p.needs |= n
		p.members[name] = true
	}
	for name := range p.declared {
		// A variable of a global's name: the same name might mean the global elsewhere.
		_, global := plainGlobals[name]
		p.refused = p.refused || global || otherGlobals[name] || name[0] >= 'A' && name[0] <= 'Z' && intrinsicNames[name]
	}
	if !p.refused {
		out.plain, out.needs, out.members = true, p.needs, p.members
	}
}

// plainness walks over a program. refused is set by what is not known to be harmless.
type plainness struct {
	refused  bool
	needs    needs
	declared map[string]bool
	used     map[string]bool
	members  map[string]bool // names of functions that want guards
}

func (p *plainness) statements(list []ast.Statement) {
	for _, s := range list {
		p.statement(s)
	}
}

func (p *plainness) statement(s ast.Statement) {
	if p.refused {
		return
	}
	switch s := s.(type) {
	case nil, *ast.EmptyStatement:
	case *ast.BlockStatement:
		p.statements(s.List)
	case *ast.ExpressionStatement:
		p.expr(s.Expression)
	case *ast.ReturnStatement:
		p.expr(s.Argument)
	case *ast.ThrowStatement:
		p.expr(s.Argument)
	case *ast.IfStatement:
		p.expr(s.Test)
		p.statement(s.Consequent)
		p.statement(s.Alternate)
	case *ast.VariableStatement:
		p.bindings(s.List)
	case *ast.LexicalDeclaration:
		p.bindings(s.List)
	case *ast.FunctionDeclaration:
		p.function(s.Function)
	case *ast.WhileStatement:
		p.expr(s.Test)
		p.statement(s.Body)
	case *ast.DoWhileStatement:
		p.expr(s.Test)
		p.statement(s.Body)
	case *ast.ForStatement:
		switch i := s.Initializer.(type) {
		case nil:
		case *ast.ForLoopInitializerExpression:
			p.expr(i.Expression)
		case *ast.ForLoopInitializerVarDeclList:
			p.bindings(i.List)
		case *ast.ForLoopInitializerLexicalDecl:
			p.bindings(i.LexicalDeclaration.List)
		}
		p.expr(s.Test)
		p.expr(s.Update)
		p.statement(s.Body)
	case *ast.BranchStatement:
		p.refused = s.Label != nil
	case *ast.SwitchStatement:
		p.expr(s.Discriminant)
		for _, c := range s.Body {
			p.expr(c.Test)
			p.statements(c.Consequent)
		}
	case *ast.TryStatement:
		p.statement(s.Body)
		if s.Catch != nil {
			if s.Catch.Parameter != nil {
				p.declare(s.Catch.Parameter)
			}
			p.statement(s.Catch.Body)
		}
		if s.Finally != nil {
			p.statement(s.Finally)
		}
	default:
		p.refused = true
	}
}

func (p *plainness) bindings(list []*ast.Binding) {
	for _, b := range list {
		p.declare(b.Target)
		p.expr(b.Initializer)
	}
}

func (p *plainness) declare(target ast.BindingTarget) {
	id, ok := target.(*ast.Identifier)
	if !ok {
		p.refused = true
		return
	}
	p.declared[id.Name.String()] = true
}

func (p *plainness) function(f *ast.FunctionLiteral) {
	if f.Async || f.Generator {
		p.refused = true
		return
	}
	if f.Name != nil {
		p.declare(f.Name)
	}
	p.parameters(f.ParameterList)
	p.statement(f.Body)
}

func (p *plainness) parameters(list *ast.ParameterList) {
	if list.Rest != nil {
		p.refused = true
		return
	}
	p.bindings(list.List)
}

func (p *plainness) exprs(list []ast.Expression) {
	for _, e := range list {
		p.expr(e)
	}
}

func (p *plainness) expr(e ast.Expression) {
	if p.refused {
		return
	}
	switch e := e.(type) {
	case nil, *ast.StringLiteral, *ast.NumberLiteral, *ast.BooleanLiteral, *ast.NullLiteral:
	case *ast.Identifier:
		p.name(e, false)
	case *ast.TemplateLiteral:
		p.refused = e.Tag != nil
		p.exprs(e.Expressions)
	case *ast.UnaryExpression:
		p.unary(e)
	case *ast.BinaryExpression:
		p.refused = e.Operator == token.INSTANCEOF
		p.expr(e.Left)
		p.expr(e.Right)
	case *ast.ConditionalExpression:
		p.expr(e.Test)
		p.expr(e.Consequent)
		p.expr(e.Alternate)
	case *ast.SequenceExpression:
		p.exprs(e.Sequence)
	case *ast.AssignExpression:
		p.target(e.Left)
		p.expr(e.Right)
	case *ast.DotExpression:
		p.member(e.Identifier.Name.String(), false)
		p.expr(e.Left)
	case *ast.BracketExpression:
		switch m := e.Member.(type) {
		case *ast.StringLiteral:
			p.member(m.Value.String(), false)
		case *ast.NumberLiteral:
		default:
			p.refused = true
		}
		p.expr(e.Left)
	case *ast.OptionalChain:
		p.expr(e.Expression)
	case *ast.Optional:
		p.expr(e.Expression)
	case *ast.CallExpression:
		p.callee(e.Callee)
		p.exprs(e.ArgumentList)
	case *ast.NewExpression:
		id, ok := e.Callee.(*ast.Identifier)
		p.refused = !ok || id.Name != "Error" && id.Name != "TypeError" && id.Name != "RangeError"
		p.expr(e.Callee)
		p.exprs(e.ArgumentList)
	case *ast.ArrayLiteral:
		p.needs |= needLists
		p.exprs(e.Value)
	case *ast.ObjectLiteral:
		p.object(e)
	case *ast.FunctionLiteral:
		p.function(e)
	case *ast.ArrowFunctionLiteral:
		p.refused = e.Async
		p.parameters(e.ParameterList)
		switch body := e.Body.(type) {
		case *ast.BlockStatement:
			p.statement(body)
		case *ast.ExpressionBody:
			p.expr(body.Expression)
		default:
			p.refused = true
		}
	default:
		p.refused = true
	}
}

func (p *plainness) unary(e *ast.UnaryExpression) {
	switch e.Operator {
	case token.DELETE:
		p.refused = true
	case token.INCREMENT, token.DECREMENT:
		p.target(e.Operand)
	default:
		p.expr(e.Operand)
	}
}

func (p *plainness) object(o *ast.ObjectLiteral) {
	for _, property := range o.Value {
		k, ok := property.(*ast.PropertyKeyed)
		if !ok || k.Computed || k.Kind != ast.PropertyKindValue && k.Kind != ast.PropertyKindMethod {
			p.refused = true
			return
		}
		switch key := k.Key.(type) {
		case *ast.StringLiteral:
			p.refused = p.refused || key.Value == "__proto__"
		case *ast.NumberLiteral:
		default:
			p.refused = true
		}
		p.expr(k.Value)
	}
}

// callee is what is called.
func (p *plainness) callee(e ast.Expression) {
	e, _ = optional(e)
	switch m := e.(type) {
	case *ast.DotExpression:
		p.member(m.Identifier.Name.String(), true)
		p.expr(m.Left)
	case *ast.Identifier:
		p.name(m, true)
	default:
		p.expr(e)
	}
}

// name is a variable or a global.
func (p *plainness) name(id *ast.Identifier, called bool) {
	name := id.Name.String()
	if p.used == nil {
		p.used = map[string]bool{}
	}
	p.used[name] = true
	p.refused = p.refused || !called && (name == "isNaN" || name == "isFinite")
}

// member is the name of a member that is read, or called.
func (p *plainness) member(name string, called bool) {
	p.refused = p.refused || !called && callOnly[name]
	n, known := plainMembers[name]
	p.needs |= n
	if n != 0 {
		p.members[name] = true
	}
	if !known && (intrinsicNames[name] || iterating[name]) {
		p.refused = true
	}
}

// settable are the objects of context whose members may be assigned to.
var settable = setOf("Request Response Variables Headers Url Query")

// target is what something is assigned to: a variable, or a member of one of the objects
// of context that say themselves what may be assigned.
func (p *plainness) target(e ast.Expression) {
	if id, ok := e.(*ast.Identifier); ok {
		p.expr(id)
		return
	}
	p.expr(e)
	depth := 0
	for ; ; depth++ {
		var left ast.Expression
		var name string
		switch m := e.(type) {
		case *ast.DotExpression:
			left, name = m.Left, m.Identifier.Name.String()
		case *ast.BracketExpression:
			s, ok := m.Member.(*ast.StringLiteral)
			if !ok {
				p.refused = true
				return
			}
			left, name = m.Left, s.Value.String()
		case *ast.Identifier:
			p.refused = p.refused || m.Name != "context" || depth < 2
			return
		default:
			p.refused = true
			return
		}
		if depth > 0 && !settable[name] {
			p.refused = true
			return
		}
		e = left
	}
}
