package csharp

import (
	"fmt"
	"sort"
	"strings"

	"sekisho/engine/dotnet"
	"sekisho/engine/source"
)

// maxWork bounds the binding of one expression: lambdas in overloaded calls are
// bound once per overload, and nested ones multiply.
const maxWork = 400_000

// exprKind is what a bound expression is.
type exprKind uint8

const (
	kValue   exprKind = iota
	kType             // the name of a type
	kSpace            // the name of a namespace
	kGroup            // methods of one name
	kLambda           // a lambda that has no type yet
	kNull             // the literal null
	kDefault          // the bare word default
	kThrow            // a throw expression
	kOutVar           // out var x, its type not yet known
	kTuple            // a tuple literal
	kBad              // reported already
)

// expr is a bound expression.
type expr struct {
	kind exprKind
	typ  *dotnet.Type
	at   span
	// konst expressions have their value in val.
	konst bool
	val   any
	gen   func(g *emitter) code
	lv    *lvalue // for what can be assigned to
	group *group
	lam   *lambdaRef
	sym   *symbol // of a local, or of out var
	space string
	items []*expr // of a tuple literal
	names []string
	// concat are the flattened operands of a concatenation.
	concat []*expr
	// context tells the context itself, which an evaluation has at hand.
	context bool
	// effect tells expressions that may stand as statements
	effect bool
	// adopt are the warnings of the lambda that a conversion chose.
	adopt []diag
	// dyn is what a member of a value of unknown type was asked for.
	dyn *dynamicName
}

// lvalue is how to assign to an expression: parts are evaluated once, first.
type lvalue struct {
	local *symbol // set for locals, which need no parts
	gen   func(g *emitter) (parts func(f *frame) []any, load func(f *frame, parts []any) any, store func(f *frame, parts []any, v any))
	// readonly says why there is no assigning
	readonly string
}

// group is a method group.
type group struct {
	recv    *expr // nil for static members
	typ     *dotnet.Type
	name    string
	nameAt  span
	members []*dotnet.Member
	targs   []*dotnet.Type
	local   *symbol // a local function
}

// symbol is a local variable, constant, parameter or local function.
type symbol struct {
	name     string
	typ      *dotnet.Type
	at       span
	fn       *function
	konst    bool
	val      any
	captured bool
	used     bool
	readonly string // "a foreach variable"…
	byRef    bool   // an out or ref parameter: its value is a *dotnet.Ref
	local    *localFunction

	home *emitter
	slot int
}

// scope of names.
type scope struct {
	parent *scope
	names  map[string]*symbol
	locals []*symbol
	fn     *function
	// loop and sw tell whether continue and break have a target; breaks notes
	// that break was met.
	loop, sw bool
	breaks   *bool
	info     *switchInfo
	catch    *symbol // the exception being handled
	// labels of the statements of this scope
	labels map[string]*label
	// types are the generic arguments of a local function
	types map[string]*dotnet.Type
}

// label of a statement.
type label struct {
	name string
	at   span
	used bool
}

// function being bound: the expression itself, a lambda or a local function.
type function struct {
	parent *function
	slots  []*returnSlot
}

// binder gives every node its meaning.
type binder struct {
	lib     *dotnet.Library
	v       source.View
	diags   *source.List
	found   []diag
	quiet   int // speculating: faults are counted, not kept
	faults  int
	sc      *scope
	fn      *function
	checked bool
	// unchecked is set inside of unchecked(…), where constants may overflow.
	unchecked bool
	work      int
	// anyType accepts what is not on Azure's list.
	anyType bool
}

type diag struct {
	sev  source.Severity
	code source.Code
	at   span
	msg  string
	hint string
}

func (b *binder) errorf(at span, code source.Code, format string, args ...any) *diag {
	b.faults++
	d := diag{source.Error, code, at, fmt.Sprintf(format, args...), ""}
	if b.quiet > 0 {
		return &d
	}
	b.found = append(b.found, d)
	return &b.found[len(b.found)-1]
}

func (b *binder) warnf(at span, code source.Code, format string, args ...any) *diag {
	d := diag{source.Warning, code, at, fmt.Sprintf(format, args...), ""}
	if b.quiet > 0 {
		return &d
	}
	b.found = append(b.found, d)
	return &b.found[len(b.found)-1]
}

func (d *diag) hintf(format string, args ...any) {
	if d.hint == "" && format != "" {
		d.hint = fmt.Sprintf(format, args...)
	}
}

// bad is what stands for an expression that was reported.
func (b *binder) bad(at span) *expr {
	return &expr{kind: kBad, typ: b.lib.Dynamic, at: at, gen: func(*emitter) code { return constCode(nil) }}
}

func (b *binder) spend(at span) {
	if b.work++; b.work > maxWork {
		fail("csharp-too-deep", at.pos, at.end, "the expression takes too long to understand: lambdas are nested in overloaded calls too deeply")
	}
}

// speculate runs f without keeping what it reports; ok is false if it reported.
func (b *binder) speculate(f func()) (ok bool) {
	before := b.faults
	b.quiet++
	f()
	b.quiet--
	ok = b.faults == before
	b.faults = before
	return ok
}

// open begins a scope in the current function; close ends it.
func (b *binder) open() *scope {
	sc := &scope{parent: b.sc, fn: b.fn}
	if b.sc != nil {
		sc.loop, sc.sw, sc.breaks, sc.catch = b.sc.loop, b.sc.sw, b.sc.breaks, b.sc.catch
	}
	b.sc = sc
	return sc
}

func (b *binder) close() { b.sc = b.sc.parent }

// declare adds a local to the current scope.
func (b *binder) declare(name string, typ *dotnet.Type, at span) *symbol {
	s := &symbol{name: name, typ: typ, at: at, fn: b.fn}
	if name == "_" {
		b.sc.locals = append(b.sc.locals, s)
		return s
	}
	for sc := b.sc; sc != nil; sc = sc.parent {
		if old := sc.names[name]; old != nil {
			b.errorf(at, "csharp-duplicate-name", "the name %q is declared already", name).hintf("choose another name")
			break
		}
	}
	if b.sc.names == nil {
		b.sc.names = map[string]*symbol{}
	}
	b.sc.names[name] = s
	b.sc.locals = append(b.sc.locals, s)
	return s
}

func (b *binder) lookup(name string) *symbol {
	for sc := b.sc; sc != nil; sc = sc.parent {
		if s := sc.names[name]; s != nil {
			return s
		}
	}
	return nil
}

// namedValuePrefix begins the identifiers that stand for named values whose text
// is not known.
const namedValuePrefix = "__nv_"

// NamedValue is the identifier that stands, in the place of code, for a named
// value whose text is not known: an expression of unknown type, which compiles
// and throws when it is evaluated.
func NamedValue(name string) string {
	var s strings.Builder
	s.WriteString(namedValuePrefix)
	for _, r := range name {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			s.WriteRune(r)
		} else {
			s.WriteByte('_')
		}
	}
	return s.String()
}

// InCode tells whether offset at of a policy expression, which begins with the
// bracket at s[open], is code, rather than the inside of a string, a character
// or a comment. A hole of an interpolated string is code.
func InCode(s string, open, at int) bool {
	return inCode(s, open, at, 0)
}

func inCode(s string, i, at, nesting int) bool {
	for i < at && i < len(s) {
		switch s[i] {
		case '"', '\'', '/', '@', '$':
			end, ok := skipLexeme(s, i, nesting)
			if ok && end <= at {
				i = end
				continue
			}
			if end == i+1 && ok {
				return true
			}
			verbatim, interpolated, quote := stringPrefix(s, i)
			if quote < 0 || !interpolated || nesting > maxStringNesting {
				return s[i] == '/' && !isComment(s, i)
			}
			return inInterpolated(s, quote+1, at, verbatim, nesting+1)
		default:
			i++
		}
	}
	return true
}

func isComment(s string, i int) bool {
	return i+1 < len(s) && (s[i+1] == '/' || s[i+1] == '*')
}

func inInterpolated(s string, i, at int, verbatim bool, nesting int) bool {
	for i < at && i < len(s) {
		switch c := s[i]; {
		case c == '\\' && !verbatim, c == '"' && verbatim, c == '{' && i+1 < len(s) && s[i+1] == '{' && i+1 != at:
			i += 2
		case c == '{':
			end, colon, ok := skipHole(s, i+1, nesting)
			if ok && end <= at {
				i = end
				continue
			}
			if colon >= 0 && at > colon {
				return false
			}
			return inCode(s, i+1, at, nesting)
		default:
			i++
		}
	}
	return false
}

// names in scope, for hints.
func (b *binder) visible() []string {
	var out []string
	for sc := b.sc; sc != nil; sc = sc.parent {
		for n := range sc.names {
			out = append(out, n)
		}
	}
	out = append(out, "context")
	out = append(out, b.lib.TypeNames()...)
	sort.Strings(out)
	return out
}
