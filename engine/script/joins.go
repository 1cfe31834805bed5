package script

import (
	"fmt"
	"reflect"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// joinedName is the function that guardJoins puts into programs. No script can write
// this name, so none can put something else behind it.
const joinedName = "+"

// maxHoles is how many values one instruction may join: a template literal is the only
// one that could make a string of more than two.
const maxHoles = 2

// guardJoins bounds the strings that + and template literals make, which are the only
// way to a string that no native function has measured: with each + of two long ones an
// evaluation could double what the next one copies, in one step that nothing ends.
//
//   - A sum of two operands that may both be long is measured when it is there, by the
//     function of joinedName: so no step makes more than twice maxJoined. A sum with a
//     literal, or with what can only be a number, is left alone: it grows by what is
//     written.
//   - A template literal with two holes is measured as well. One with more becomes a sum
//     of such.
func guardJoins(tree *ast.Program) {
	j := joiner{seen: map[any]bool{}, short: map[ast.Expression]bool{}}
	j.walk(reflect.ValueOf(tree))
}

// joiner walks over a program, parts before wholes. short are the expressions whose
// value is at most as long as what is written.
type joiner struct {
	seen  map[any]bool
	short map[ast.Expression]bool
}

var (
	expressionType = reflect.TypeFor[ast.Expression]()
	fileType       = reflect.TypeOf((&ast.Program{}).File)
)

func (j *joiner) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || v.Type() == fileType || j.seen[v.Interface()] {
			return
		}
		j.seen[v.Interface()] = true
		j.walk(v.Elem())
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		j.walk(v.Elem())
		if v.CanSet() && v.Type() == expressionType {
			e := v.Interface().(ast.Expression)
			if guarded := j.guarded(e); guarded != e {
				v.Set(reflect.ValueOf(guarded))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				j.walk(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			j.walk(v.Index(i))
		}
	}
}

// guarded is what stands for an expression whose parts are guarded already.
func (j *joiner) guarded(e ast.Expression) ast.Expression {
	switch e := e.(type) {
	case *ast.StringLiteral, *ast.NumberLiteral, *ast.BooleanLiteral, *ast.NullLiteral, *ast.UnaryExpression:
		j.short[e] = true
	case *ast.BinaryExpression:
		switch e.Operator {
		case token.PLUS:
			left, right := j.short[e.Left], j.short[e.Right]
			if !left && !right {
				return measured(e)
			}
			j.short[e] = left && right
		case token.LOGICAL_AND, token.LOGICAL_OR, token.COALESCE:
		default:
			j.short[e] = true // a number or a boolean
		}
	case *ast.AssignExpression:
		if e.Operator == token.PLUS && !j.short[e.Right] {
			return added(e)
		}
	case *ast.TemplateLiteral:
		switch {
		case e.Tag != nil:
		case len(e.Expressions) == 0:
			j.short[e] = true
		case len(e.Expressions) > 1:
			return sum(e)
		}
	}
	return e
}

// added is an assignment with +=. Where what is assigned to can be read twice without a
// difference, too long a string is not assigned at all; elsewhere it is, before an error
// is thrown, but cannot double any more.
func added(e *ast.AssignExpression) ast.Expression {
	if again(e.Left) {
		both := &ast.BinaryExpression{Operator: token.PLUS, Left: e.Left, Right: e.Right}
		return &ast.AssignExpression{Operator: token.ASSIGN, Left: e.Left, Right: measured(both)}
	}
	return measured(&ast.AssignExpression{Operator: token.PLUS, Left: e.Left, Right: measured(e.Right)})
}

// again tells whether a target can be evaluated twice as well as once.
func again(e ast.Expression) bool {
	plain := func(e ast.Expression) bool {
		switch e.(type) {
		case *ast.Identifier, *ast.ThisExpression, *ast.StringLiteral, *ast.NumberLiteral:
			return true
		}
		return false
	}
	switch e := e.(type) {
	case *ast.Identifier:
		return true
	case *ast.DotExpression:
		return plain(e.Left)
	case *ast.BracketExpression:
		return plain(e.Left) && plain(e.Member)
	}
	return false
}

// sum is a template literal with several holes as guarded ones of at most maxHoles,
// added up.
func sum(t *ast.TemplateLiteral) ast.Expression {
	var out ast.Expression
	for at := 0; at < len(t.Expressions); at += maxHoles {
		end := min(at+maxHoles, len(t.Expressions))
		part := &ast.TemplateLiteral{OpenQuote: t.OpenQuote, CloseQuote: t.CloseQuote, Expressions: t.Expressions[at:end]}
		part.Elements = append(part.Elements, t.Elements[at:end]...)
		if end == len(t.Expressions) {
			part.Elements = append(part.Elements, t.Elements[end])
		} else {
			part.Elements = append(part.Elements, &ast.TemplateElement{Idx: t.Elements[end].Idx, Valid: true})
		}
		right := ast.Expression(part)
		if len(part.Expressions) > 1 {
			right = measured(part)
		}
		if out == nil {
			out = right
			continue
		}
		out = measured(&ast.BinaryExpression{Operator: token.PLUS, Left: out, Right: right})
	}
	return out
}

func measured(e ast.Expression) ast.Expression {
	return &ast.CallExpression{
		Callee:       &ast.Identifier{Name: joinedName, Idx: e.Idx0()},
		ArgumentList: []ast.Expression{e}, LeftParenthesis: e.Idx0(), RightParenthesis: e.Idx1(),
	}
}

// installJoins defines what guardJoins calls. It runs more often than any other native
// function, calls no function of the script and ends at once: it does without the care
// of vm.function.
func (vm *VM) installJoins(g *goja.Object) {
	f := vm.rt.ToValue(func(c goja.FunctionCall) goja.Value {
		v := c.Argument(0)
		if s, ok := v.(goja.String); ok && s.Length() > maxJoined/2 {
			vm.fits(s)
		}
		return v
	})
	_ = g.DefineDataProperty(joinedName, f, goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
}

// fits refuses a string that takes more than maxJoined bytes.
func (vm *VM) fits(s goja.String) {
	most := maxJoined
	if wide(s) {
		most /= 2
	}
	if s.Length() > most {
		vm.throwRange(fmt.Sprintf("the string would be longer than %d characters", most))
	}
}

// wide tells whether a string takes two bytes for each unit: goja says so by its type
// only, and converting one would take as long as making it.
func wide(s goja.String) bool {
	switch reflect.ValueOf(s).Kind() {
	case reflect.String:
		return false
	case reflect.Slice:
		return true
	}
	return len(s.String()) != s.Length() // as it came from Go
}
