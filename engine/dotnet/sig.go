package dotnet

import (
	"strconv"
	"strings"
)

// sigParser reads the signatures of the table. They are our own text: what it
// cannot read is an internal error.
type sigParser struct {
	l      *Library
	s      string
	i      int
	class  []*Type // generic parameters of the declaring type
	method []*Type // of the method
}

func (p *sigParser) fail(what string) {
	panic("dotnet: internal error: signature " + strconv.Quote(p.s) + " at " + strconv.Itoa(p.i) + ": " + what)
}

func (p *sigParser) space() {
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
}

func (p *sigParser) peek() byte {
	p.space()
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *sigParser) take(tok string) bool {
	p.space()
	if strings.HasPrefix(p.s[p.i:], tok) {
		p.i += len(tok)
		return true
	}
	return false
}

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// word takes a keyword if it stands alone.
func (p *sigParser) word(w string) bool {
	p.space()
	if strings.HasPrefix(p.s[p.i:], w) && p.i+len(w) < len(p.s) && !isNameByte(p.s[p.i+len(w)]) {
		p.i += len(w)
		return true
	}
	return false
}

func (p *sigParser) name() string {
	p.space()
	from := p.i
	for p.i < len(p.s) && (isNameByte(p.s[p.i]) || p.s[p.i] == '.') {
		p.i++
	}
	if from == p.i {
		p.fail("a name is wanted")
	}
	return p.s[from:p.i]
}

// typ reads a type.
func (p *sigParser) typ() *Type {
	var t *Type
	if p.take("(") {
		var parts []*Type
		var names []string
		for !p.take(")") {
			parts = append(parts, p.typ())
			n := ""
			if c := p.peek(); c != ',' && c != ')' {
				n = p.name()
			}
			names = append(names, n)
			p.take(",")
		}
		t = p.l.TupleOf(parts, names)
	} else {
		n := p.name()
		var args []*Type
		// A space before it makes an operator of it: "bool <(T a, T b)".
		if p.i < len(p.s) && p.s[p.i] == '<' {
			p.i++
			for !p.take(">") {
				args = append(args, p.typ())
				p.take(",")
			}
		}
		t = p.l.resolve(n, args, p.class, p.method)
		if t == nil {
			p.fail("no type " + n)
		}
	}
	for {
		switch {
		case p.take("?"):
			t = p.l.NullableOf(t)
		case p.take("[]"):
			t = p.l.ArrayOf(t, 1)
		case p.take("[,]"):
			t = p.l.ArrayOf(t, 2)
		default:
			return t
		}
	}
}

func (l *Library) resolve(name string, args, class, method []*Type) *Type {
	if len(args) == 0 {
		for _, m := range method {
			if m.Name == name {
				return m
			}
		}
		for _, c := range class {
			if c.Name == name {
				return c
			}
		}
		if t := l.Keyword(name); t != nil {
			return t
		}
	}
	var t *Type
	if strings.Contains(name, ".") {
		t = l.Lookup(name, len(args))
	} else if ts := l.Short(name, len(args)); len(ts) > 0 {
		t = ts[0]
	}
	if t == nil || len(args) == 0 {
		return t
	}
	return l.construct(t.decl, args)
}

// Keyword is the type that a keyword of C# names, nil for any other word.
func (l *Library) Keyword(w string) *Type {
	switch w {
	case "object":
		return l.Object
	case "bool":
		return l.Bool
	case "char":
		return l.Char
	case "sbyte":
		return l.SByte
	case "byte":
		return l.Byte
	case "short":
		return l.ShortInt
	case "ushort":
		return l.UShort
	case "int":
		return l.Int
	case "uint":
		return l.UInt
	case "long":
		return l.Long
	case "ulong":
		return l.ULong
	case "float":
		return l.Float
	case "double":
		return l.Double
	case "decimal":
		return l.Decimal
	case "string":
		return l.String
	case "void":
		return l.Void
	case "dynamic":
		return l.Dynamic
	}
	return nil
}

func (l *Library) mustParseType(s string, class []*Type) *Type {
	p := &sigParser{l: l, s: s, class: class}
	return p.typ()
}

// ParseType reads a type as C# writes it, with the implicit usings. It panics if
// it cannot: the names are our own.
func (l *Library) ParseType(s string) *Type { return l.mustParseType(s, nil) }

func (p *sigParser) params(end string) (out []Param) {
	for !p.take(end) {
		var prm Param
		switch {
		case p.word("out"):
			prm.Out = true
		case p.word("ref"):
			prm.Ref = true
		case p.word("params"):
			prm.Params = true
		}
		prm.Type = p.typ()
		prm.Name = p.name()
		if p.take("=") {
			prm.Optional = true
			prm.Default = p.literal(prm.Type)
		}
		out = append(out, prm)
		p.take(",")
	}
	return out
}

func (p *sigParser) literal(t *Type) any {
	switch {
	case p.take("null"), p.take("default"):
		return Default(t)
	case p.take("true"):
		return true
	case p.take("false"):
		return false
	case p.peek() == '"':
		end := strings.IndexByte(p.s[p.i+1:], '"') + p.i + 1
		v := p.s[p.i+1 : end]
		p.i = end + 1
		return v
	case p.peek() == '-' || p.peek() >= '0' && p.peek() <= '9':
		from := p.i
		p.i++
		for p.i < len(p.s) && p.s[p.i] >= '0' && p.s[p.i] <= '9' {
			p.i++
		}
		return ConvertNumber(int32(parseInt(p.s[from:p.i])), t)
	}
	n := p.name() // a value of the parameter's enum
	if t.Kind == Enum {
		for i, have := range t.decl.names {
			if have == n {
				return EnumValue{t, t.decl.values[i]}
			}
		}
	}
	p.fail("a default value is wanted")
	return nil
}

func (l *Library) parseRow(d *Decl, owner *Type, r *Row) *Member {
	p := &sigParser{l: l, s: r.sig, class: d.params}
	m := &Member{Kind: r.kind, Static: r.static, Owner: owner, row: r}
	switch r.kind {
	case CtorMember:
		if !p.take("(") {
			p.fail("( is wanted")
		}
		m.Params = p.params(")")
		m.Ret = owner
	case ImplicitMember, ExplicitMember:
		m.Ret = p.typ()
		p.take("(")
		m.Params = p.params(")")
	case IndexMember:
		m.Ret = p.typ()
		if !p.take("this[") {
			p.fail("this[ is wanted")
		}
		m.Params = p.params("]")
	case OpMember:
		m.Ret = p.typ()
		p.space()
		from := p.i
		for p.i < len(p.s) && p.s[p.i] != '(' {
			p.i++
		}
		m.Name = strings.TrimSpace(p.s[from:p.i])
		p.take("(")
		m.Params = p.params(")")
	case PropMember, FieldMember:
		m.Ret = p.typ()
		m.Name = p.name()
	default:
		// The method's own generic parameters stand after its name and are
		// used before it.
		list := paramList(r.sig)
		if open := list; open > 0 && r.sig[open-1] == '>' {
			from := open - 1
			for depth := 0; ; from-- {
				if r.sig[from] == '>' {
					depth++
				} else if r.sig[from] == '<' {
					if depth--; depth == 0 {
						break
					}
				}
			}
			for _, n := range strings.Split(r.sig[from+1:open-1], ",") {
				n = strings.TrimSpace(n)
				p.method = append(p.method, &Type{Kind: TypeParam, Name: n, Full: n, Index: len(p.method), OfMethod: true, lib: l})
			}
			m.TypeParams = p.method
		}
		m.Ret = p.typ()
		m.Name = p.name()
		p.i = list
		p.take("(")
		if p.word("this") {
			m.Ext = true
		}
		m.Params = p.params(")")
	}
	if len(owner.Args) > 0 && owner.Args[0] != nil && &owner.Args[0] != &d.params[0] {
		m.Ret = Subst(m.Ret, owner.Args, nil)
		for i := range m.Params {
			m.Params[i].Type = Subst(m.Params[i].Type, owner.Args, nil)
		}
	}
	return m
}

// paramList is where the parameters of a method's signature begin: at the bracket
// that its last one closes.
func paramList(sig string) int {
	depth := 0
	for i := len(sig) - 1; i >= 0; i-- {
		switch sig[i] {
		case ')':
			depth++
		case '(':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	panic("dotnet: internal error: signature " + strconv.Quote(sig) + " has no parameters")
}

func (l *Library) parseInvoke(d *Decl, owner *Type) *Member {
	p := &sigParser{l: l, s: d.invoke, class: d.params}
	m := &Member{Kind: MethodMember, Name: "Invoke", Owner: owner, row: &Row{}}
	m.Ret = Subst(p.typ(), owner.Args, nil)
	p.take("(")
	m.Params = p.params(")")
	for i := range m.Params {
		m.Params[i].Type = Subst(m.Params[i].Type, owner.Args, nil)
	}
	m.row.fn = func(t *Thread, a []any) any { return a[0].(*Closure).Call(t, a[1:]) }
	return m
}
