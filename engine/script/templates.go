package script

import (
	"reflect"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// maxHoles is how many values one instruction may join: a template literal with many
// is the only one that makes a string of more than two, and so the only way to outgrow
// a budget many times in one step.
const maxHoles = 2

// splitTemplates makes sums of the template literals of a program that have more than
// maxHoles holes: between two parts of a sum an evaluation can be ended.
func splitTemplates(tree *ast.Program) {
	s := splitter{seen: map[any]bool{}}
	s.walk(reflect.ValueOf(tree))
}

type splitter struct{ seen map[any]bool }

var (
	expressionType = reflect.TypeFor[ast.Expression]()
	fileType       = reflect.TypeOf((&ast.Program{}).File)
)

func (s *splitter) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || v.Type() == fileType || s.seen[v.Interface()] {
			return
		}
		s.seen[v.Interface()] = true
		s.walk(v.Elem())
	case reflect.Interface:
		if v.IsNil() {
			return
		}
		s.walk(v.Elem())
		t, ok := v.Interface().(*ast.TemplateLiteral)
		if ok && t.Tag == nil && len(t.Expressions) > maxHoles && v.CanSet() && v.Type() == expressionType {
			v.Set(reflect.ValueOf(sum(t)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				s.walk(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			s.walk(v.Index(i))
		}
	}
}

// sum is a template literal as templates of at most maxHoles holes, added up.
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
		if out == nil {
			out = part
			continue
		}
		out = &ast.BinaryExpression{Operator: token.PLUS, Left: out, Right: part}
	}
	return out
}
