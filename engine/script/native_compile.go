package script

import (
	"math"
	"unicode/utf16"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
	"github.com/dop251/goja/unistring"
)

// part is a compiled part of an expression: a value, or a place in the request whose
// members are known when it is compiled.
type part struct {
	run node
	// known are the members of an object of context, dict those of a dictionary, list is
	// what a header or a parameter holds. At most one of them is set.
	known *members
	dict  *dictionaryPart
	list  *listPart
	// reach makes sure that what the object hangs on is there: false if the evaluation
	// gave up or the optional chain has ended. nil if it always is.
	reach func(e *env) bool
}

// nativeScope are the names that a block declares. A name whose declaration has not been
// reached has no place yet.
type nativeScope struct {
	outer *nativeScope
	names map[string]int
}

const notYet = -1

// program compiles the function that CompileExpr puts around what people write.
func (c *nativeCompiler) program(tree *ast.Program) node {
	var f *ast.FunctionLiteral
	if len(tree.Body) == 1 {
		if s, ok := tree.Body[0].(*ast.ExpressionStatement); ok {
			f, _ = s.Expression.(*ast.FunctionLiteral)
		}
	}
	switch {
	case f == nil:
		return c.refuse(nil, "several functions").run
	case f.Async:
		return c.refuse(nil, "await").run
	}
	run := c.block(f.Body.List[1:])
	return func(e *env) value {
		v, _ := run(e)
		return v
	}
}

// statement runs a statement; done tells that it returned.
type statement func(e *env) (v value, done bool)

func (c *nativeCompiler) block(list []ast.Statement) statement {
	c.scope = &nativeScope{outer: c.scope, names: map[string]int{}}
	defer func() { c.scope = c.scope.outer }()
	for _, s := range list {
		if d, ok := s.(*ast.LexicalDeclaration); ok {
			for _, b := range d.List {
				if id, ok := b.Target.(*ast.Identifier); ok {
					c.scope.names[id.Name.String()] = notYet
				}
			}
		}
	}
	var steps []statement
	for _, s := range list {
		if c.why != "" {
			break
		}
		if step := c.statement(s); step != nil {
			steps = append(steps, step)
		}
	}
	if len(steps) == 1 {
		return steps[0]
	}
	return func(e *env) (value, bool) {
		for _, step := range steps {
			if v, done := step(e); done || e.bail {
				return v, true
			}
		}
		return value{}, false
	}
}

// statement compiles a statement; nil if it does nothing.
func (c *nativeCompiler) statement(s ast.Statement) statement {
	switch s := s.(type) {
	case *ast.EmptyStatement:
		return nil
	case *ast.ReturnStatement:
		if s.Argument == nil {
			return func(*env) (value, bool) { return value{}, true }
		}
		run := c.value(s.Argument)
		return func(e *env) (value, bool) { return run(e), true }
	case *ast.BlockStatement:
		return c.block(s.List)
	case *ast.IfStatement:
		return c.choice(s)
	case *ast.LexicalDeclaration:
		return c.declaration(s)
	case *ast.ExpressionStatement:
		c.refuse(s, "an expression whose value nothing takes")
	case *ast.VariableStatement:
		c.refuse(s, "var")
	case *ast.FunctionDeclaration:
		c.refuse(s, "a function")
	case *ast.ThrowStatement:
		c.refuse(s, "throw")
	case *ast.TryStatement:
		c.refuse(s, "try")
	case *ast.SwitchStatement:
		c.refuse(s, "switch")
	case *ast.ForStatement, *ast.ForInStatement, *ast.ForOfStatement, *ast.WhileStatement, *ast.DoWhileStatement:
		c.refuse(s, "a loop")
	default:
		c.refuse(s, "this statement")
	}
	return nil
}

func (c *nativeCompiler) choice(s *ast.IfStatement) statement {
	test := c.value(s.Test)
	then := c.statement(s.Consequent)
	var otherwise statement
	if s.Alternate != nil {
		otherwise = c.statement(s.Alternate)
	}
	return func(e *env) (value, bool) {
		branch := otherwise
		if test(e).truthy() {
			branch = then
		}
		if branch == nil {
			return value{}, false
		}
		return branch(e)
	}
}

func (c *nativeCompiler) declaration(s *ast.LexicalDeclaration) statement {
	var steps []statement
	for _, b := range s.List {
		id, ok := b.Target.(*ast.Identifier)
		if !ok {
			c.refuse(b, "taking an object apart")
			return nil
		}
		run := func(*env) value { return value{} }
		if b.Initializer != nil {
			run = c.value(b.Initializer)
		}
		if c.locals == maxLocals {
			c.refuse(b, "more than a few variables")
			return nil
		}
		slot := c.locals
		c.locals++
		c.scope.names[id.Name.String()] = slot
		steps = append(steps, func(e *env) (value, bool) {
			e.locals[slot] = run(e)
			return value{}, false
		})
	}
	if len(steps) == 1 {
		return steps[0]
	}
	return func(e *env) (value, bool) {
		for _, step := range steps {
			step(e)
		}
		return value{}, false
	}
}

// value compiles an expression for its value.
func (c *nativeCompiler) value(e ast.Expression) node { return c.expr(e).run }

func (c *nativeCompiler) expr(e ast.Expression) part {
	if c.nodes++; c.nodes > maxNodes || c.why != "" {
		return c.refuse(e, "a long expression")
	}
	switch e := e.(type) {
	case *ast.StringLiteral:
		return c.text(e, e.Value)
	case *ast.NumberLiteral:
		switch n := e.Value.(type) {
		case int64:
			return constant(number(float64(n)))
		case float64:
			return constant(number(n))
		}
		return c.refuse(e, "this number")
	case *ast.BooleanLiteral:
		return constant(boolean(e.Value))
	case *ast.NullLiteral:
		return constant(null)
	case *ast.Identifier:
		return c.identifier(e)
	case *ast.TemplateLiteral:
		return c.template(e)
	case *ast.UnaryExpression:
		return c.unary(e)
	case *ast.BinaryExpression:
		return c.binary(e)
	case *ast.ConditionalExpression:
		test, then, otherwise := c.value(e.Test), c.value(e.Consequent), c.value(e.Alternate)
		return part{run: func(e *env) value {
			if test(e).truthy() {
				return then(e)
			}
			return otherwise(e)
		}}
	case *ast.DotExpression:
		return c.member(e, e.Left, e.Identifier.Name.String())
	case *ast.BracketExpression:
		return c.element(e)
	case *ast.CallExpression:
		return c.call(e)
	case *ast.OptionalChain:
		run := c.value(e.Expression)
		return part{run: func(e *env) value {
			v := run(e)
			if e.short {
				e.short = false
				return value{}
			}
			return v
		}}
	case *ast.RegExpLiteral:
		return c.refuse(e, "a regular expression")
	case *ast.ObjectLiteral:
		return c.refuse(e, "an object")
	case *ast.ArrayLiteral:
		return c.refuse(e, "an array")
	case *ast.FunctionLiteral, *ast.ArrowFunctionLiteral:
		return c.refuse(e, "a function")
	case *ast.NewExpression:
		return c.refuse(e, "new")
	case *ast.AssignExpression:
		return c.refuse(e, "an assignment")
	case *ast.SequenceExpression:
		return c.refuse(e, "the comma operator")
	case *ast.AwaitExpression:
		return c.refuse(e, "await")
	}
	return c.refuse(e, "this expression")
}

func constant(v value) part { return part{run: func(*env) value { return v }} }

// text is a literal; goja's own form tells lone surrogates, which the native tier does
// without.
func (c *nativeCompiler) text(n ast.Node, s unistring.String) part {
	v, ok := plainText(s)
	if !ok {
		return c.refuse(n, "half of a surrogate pair")
	}
	return constant(v)
}

func plainText(s unistring.String) (value, bool) {
	units := s.AsUtf16()
	if units == nil {
		return literalText(string(s)), true
	}
	units = units[1:] // a byte order mark, by which goja tells such texts
	for i := 0; i < len(units); i++ {
		if !utf16.IsSurrogate(rune(units[i])) {
			continue
		}
		if i+1 == len(units) || utf16.DecodeRune(rune(units[i]), rune(units[i+1])) == '\uFFFD' {
			return value{}, false
		}
		i++
	}
	return literalText(string(utf16.Decode(units))), true
}

func (c *nativeCompiler) identifier(id *ast.Identifier) part {
	name := id.Name.String()
	for s := c.scope; s != nil; s = s.outer {
		slot, ok := s.names[name]
		if !ok {
			continue
		}
		if slot == notYet {
			return c.refuse(id, "a variable before its declaration")
		}
		return part{run: func(e *env) value { return e.locals[slot] }}
	}
	switch name {
	case "undefined":
		return constant(value{})
	case "NaN":
		return constant(number(math.NaN()))
	case "Infinity":
		return constant(number(math.Inf(1)))
	case "context":
		return part{run: func(*env) value { return object }, known: &contextMembers}
	}
	return c.refuse(id, quoted(name))
}

// global tells whether an expression is the global of a name.
func (c *nativeCompiler) global(e ast.Expression, name string) bool {
	id, ok := e.(*ast.Identifier)
	if !ok || id.Name.String() != name {
		return false
	}
	for s := c.scope; s != nil; s = s.outer {
		if _, ok := s.names[name]; ok {
			return false
		}
	}
	return true
}

// maxParts is how many operands of + are added up at once.
const maxParts = 8

func (c *nativeCompiler) template(t *ast.TemplateLiteral) part {
	if t.Tag != nil {
		return c.refuse(t, "a tagged template")
	}
	var parts []node
	for i, element := range t.Elements {
		v, ok := plainText(element.Parsed)
		if !ok || !element.Valid {
			return c.refuse(t, "half of a surrogate pair")
		}
		if v.s != "" {
			parts = append(parts, constant(v).run)
		}
		if i < len(t.Expressions) {
			parts = append(parts, c.value(t.Expressions[i]))
		}
	}
	return part{run: joinedParts(parts, true)}
}

// joinedParts is a row of operands as concat takes them.
func joinedParts(parts []node, text bool) node {
	for len(parts) > maxParts {
		parts = append([]node{joinedParts(parts[:maxParts:maxParts], text)}, parts[maxParts:]...)
	}
	if len(parts) == 2 {
		left, right := parts[0], parts[1]
		return func(e *env) value {
			row := [2]value{left(e), right(e)}
			if e.bail {
				return value{}
			}
			return e.concat(row[:], text)
		}
	}
	return func(e *env) value {
		var row [maxParts]value
		for i, run := range parts {
			row[i] = run(e)
		}
		if e.bail {
			return value{}
		}
		return e.concat(row[:len(parts)], text)
	}
}

func (c *nativeCompiler) unary(u *ast.UnaryExpression) part {
	switch u.Operator {
	case token.NOT, token.MINUS, token.PLUS, token.TYPEOF:
	default:
		return c.refuse(u, "the operator "+u.Operator.String())
	}
	run := c.value(u.Operand)
	switch u.Operator {
	case token.NOT:
		return part{run: func(e *env) value { return boolean(!run(e).truthy()) }}
	case token.MINUS:
		return part{run: func(e *env) value { return number(-e.toNumber(run(e))) }}
	case token.PLUS:
		return part{run: func(e *env) value { return number(e.toNumber(run(e))) }}
	}
	return part{run: func(e *env) value {
		switch run(e).kind {
		case kindUndefined:
			return ascii("undefined")
		case kindBool:
			return ascii("boolean")
		case kindNumber:
			return ascii("number")
		case kindString:
			return ascii("string")
		}
		return ascii("object")
	}}
}

func (c *nativeCompiler) binary(b *ast.BinaryExpression) part {
	if b.Operator == token.PLUS {
		return part{run: joinedParts(c.operands(b, nil), false)}
	}
	if !nativeOperators[b.Operator] {
		return c.refuse(b, "the operator "+b.Operator.String())
	}
	left, right := c.value(b.Left), c.value(b.Right)
	switch b.Operator {
	case token.LOGICAL_AND:
		return part{run: func(e *env) value {
			if v := left(e); !v.truthy() {
				return v
			}
			return right(e)
		}}
	case token.LOGICAL_OR:
		return part{run: func(e *env) value {
			if v := left(e); v.truthy() {
				return v
			}
			return right(e)
		}}
	case token.COALESCE:
		return part{run: func(e *env) value {
			if v := left(e); !v.nullish() {
				return v
			}
			return right(e)
		}}
	case token.STRICT_EQUAL:
		return part{run: func(e *env) value { return boolean(e.strictEqual(left(e), right(e))) }}
	case token.STRICT_NOT_EQUAL:
		return part{run: func(e *env) value { return boolean(!e.strictEqual(left(e), right(e))) }}
	case token.EQUAL:
		return part{run: func(e *env) value { return boolean(e.looseEqual(left(e), right(e))) }}
	case token.NOT_EQUAL:
		return part{run: func(e *env) value { return boolean(!e.looseEqual(left(e), right(e))) }}
	case token.LESS:
		return part{run: func(e *env) value { o, ok := e.compare(left(e), right(e)); return boolean(ok && o < 0) }}
	case token.LESS_OR_EQUAL:
		return part{run: func(e *env) value { o, ok := e.compare(left(e), right(e)); return boolean(ok && o <= 0) }}
	case token.GREATER:
		return part{run: func(e *env) value { o, ok := e.compare(left(e), right(e)); return boolean(ok && o > 0) }}
	case token.GREATER_OR_EQUAL:
		return part{run: func(e *env) value { o, ok := e.compare(left(e), right(e)); return boolean(ok && o >= 0) }}
	case token.MINUS:
		return part{run: func(e *env) value { return number(e.toNumber(left(e)) - e.toNumber(right(e))) }}
	case token.MULTIPLY:
		return part{run: func(e *env) value {
			f := e.toNumber(left(e)) * e.toNumber(right(e))
			if f == 0 && math.Signbit(f) {
				return e.give() // goja knows no -0 where one factor was a text
			}
			return number(f)
		}}
	case token.SLASH:
		return part{run: func(e *env) value { return number(e.toNumber(left(e)) / e.toNumber(right(e))) }}
	}
	return part{run: func(e *env) value { return number(math.Mod(e.toNumber(left(e)), e.toNumber(right(e)))) }}
}

var nativeOperators = map[token.Token]bool{
	token.LOGICAL_AND: true, token.LOGICAL_OR: true, token.COALESCE: true,
	token.STRICT_EQUAL: true, token.STRICT_NOT_EQUAL: true, token.EQUAL: true, token.NOT_EQUAL: true,
	token.LESS: true, token.LESS_OR_EQUAL: true, token.GREATER: true, token.GREATER_OR_EQUAL: true,
	token.MINUS: true, token.MULTIPLY: true, token.SLASH: true, token.REMAINDER: true,
}

// operands takes a + b + c apart.
func (c *nativeCompiler) operands(e ast.Expression, list []node) []node {
	if b, ok := e.(*ast.BinaryExpression); ok && b.Operator == token.PLUS {
		if c.nodes++; c.nodes > maxNodes {
			c.refuse(e, "a long expression")
			return list
		}
		return append(c.operands(b.Left, list), c.value(b.Right))
	}
	return append(list, c.value(e))
}

// optional takes the mark of ?. off.
func optional(e ast.Expression) (ast.Expression, bool) {
	if o, ok := e.(*ast.Optional); ok {
		return o.Expression, true
	}
	return e, false
}

// reachable is what must hold to read a member of p: that p is neither null nor
// undefined. v is p's value where it is not known otherwise.
func (p part) reachable(opt bool) func(e *env) bool {
	outer := p.reach
	var there func(e *env) bool
	switch {
	case p.known != nil:
		there = p.known.present
	case p.list != nil:
		there = p.list.present
	}
	if there == nil {
		return outer
	}
	return func(e *env) bool {
		if outer != nil && !outer(e) {
			return false
		}
		if there(e) {
			return true
		}
		if opt {
			e.short = true
		} else {
			e.bail = true
		}
		return false
	}
}

// behind reads something once what it hangs on is there.
func behindReach(reach func(e *env) bool, run node) node {
	if reach == nil {
		return run
	}
	return func(e *env) value {
		if !reach(e) {
			return value{}
		}
		return run(e)
	}
}

// member compiles left.name.
func (c *nativeCompiler) member(n ast.Node, left ast.Expression, name string) part {
	left, opt := optional(left)
	p := c.expr(left)
	switch {
	case c.why != "":
		return p
	case p.known != nil:
		m, ok := p.known.of(name)
		if !ok {
			return c.refuse(n, "the member "+quoted(name))
		}
		reach := p.reachable(opt)
		out := part{known: m.object, dict: m.dict, reach: reach}
		switch {
		case m.object != nil:
			there := m.object.present
			out.run = behindReach(reach, func(e *env) value {
				if there != nil && !there(e) {
					return null
				}
				return object
			})
		case m.dict != nil:
			out.run = behindReach(reach, func(*env) value { return object })
		default:
			out.run = behindReach(reach, m.get)
		}
		return out
	case p.dict != nil:
		return c.entry(n, p, name)
	case p.list != nil:
		if name != "length" {
			return c.refuse(n, "the member "+quoted(name))
		}
		list := p.list
		return part{run: behindReach(p.reachable(opt), func(e *env) value { return number(float64(list.count(e))) })}
	case name == "length":
		run := p.run
		return part{run: func(e *env) value {
			v, ok := e.receiver(run, opt)
			if !ok || v.wide && !e.spend(len(v.s)) {
				return value{}
			}
			return number(float64(v.units()))
		}}
	}
	return c.refuse(n, "the member "+quoted(name))
}

// receiver evaluates what a method or a member of a string is read of.
func (e *env) receiver(run node, opt bool) (v value, ok bool) {
	v = run(e)
	switch {
	case e.short || e.bail:
		return v, false
	case v.kind == kindString:
		return v, true
	case opt && v.nullish():
		e.short = true
		return v, false
	}
	e.bail = true
	return v, false
}

// element compiles left[member].
func (c *nativeCompiler) element(b *ast.BracketExpression) part {
	if name, ok := b.Member.(*ast.StringLiteral); ok {
		text, ok := plainText(name.Value)
		if !ok || isDigits(text.s) {
			return c.refuse(b, "this member")
		}
		return c.member(b, b.Left, text.s)
	}
	literal, ok := b.Member.(*ast.NumberLiteral)
	if !ok {
		return c.refuse(b, "a computed member")
	}
	index, ok := literal.Value.(int64)
	if !ok || index < 0 || index > maxString {
		return c.refuse(b, "this index")
	}
	left, opt := optional(b.Left)
	if run := c.splitAt(left, opt, int(index)); run != nil {
		return part{run: run}
	}
	p := c.expr(left)
	switch {
	case c.why != "":
		return p
	case p.list != nil:
		list := p.list
		return part{run: behindReach(p.reachable(opt), func(e *env) value { return list.at(e, int(index)) })}
	case p.known != nil || p.dict != nil:
		return c.refuse(b, "an index of this object")
	}
	run := p.run
	return part{run: func(e *env) value {
		v, ok := e.receiver(run, opt)
		switch {
		case !ok:
			return value{}
		case v.wide:
			return e.give()
		case int(index) >= len(v.s):
			return value{}
		}
		return ascii(v.s[index : index+1])
	}}
}

func isDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func quoted(name string) string { return `"` + clip(name) + `"` }
