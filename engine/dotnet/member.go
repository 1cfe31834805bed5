package dotnet

// Param of a Member.
type Param struct {
	Name string
	Type *Type
	// Out and Ref parameters take variables.
	Out, Ref bool
	// Params takes any number of arguments.
	Params bool
	// Optional parameters have a Default.
	Optional bool
	Default  any
}

// Member is a method, property, field, constructor, indexer, operator or
// conversion of a type, with that type's generic arguments filled in.
type Member struct {
	Kind       MemberKind
	Name       string // "" for constructors and indexers, the symbol for operators
	Static     bool
	Ext        bool // an extension method: Params[0] is the receiver
	Owner      *Type
	TypeParams []*Type // of the method, still open
	Params     []Param
	Ret        *Type
	row        *Row
}

// Outside tells members that are not on Azure API Management's list.
func (m *Member) Outside() bool {
	return m.row != nil && m.row.outside || m.Owner.decl != nil && m.Owner.decl.outside
}

// Settable tells properties and indexers that can be assigned to.
func (m *Member) Settable() bool { return m.row.set != nil }

// Setter does an assignment: receiver, indices, value.
func (m *Member) Setter() Func { return m.row.set }

// Value of a constant or static field.
func (m *Member) Value() any { return m.row.value }

// FastForm is what Row.Fast was given, nil if nothing.
func (m *Member) FastForm() any { return m.row.fast }

// Func is how the member does its work, for the generic arguments of a call.
func (m *Member) Func(methodArgs []*Type) Func {
	if m.row.make == nil && m.Kind == CtorMember {
		fn := m.row.fn
		return func(t *Thread, a []any) any {
			t.Pay(48) // whatever it is
			return fn(t, a)
		}
	}
	if m.row.make == nil {
		return dress(m.Ret, m.row.fn)
	}
	args := methodArgs
	if len(m.Owner.Args) > 0 {
		args = append(append([]*Type(nil), m.Owner.Args...), methodArgs...)
	}
	return m.row.make(args)
}

// Signature is the member as C# would declare it, for Diagnostics.
func (m *Member) Signature() string {
	s := m.Name
	switch m.Kind {
	case CtorMember:
		s = m.Owner.Name
	case IndexMember:
		s = m.Ret.Name + " this"
	default:
		s = m.Ret.Name + " " + s
	}
	if m.Kind == PropMember || m.Kind == FieldMember {
		return s
	}
	if len(m.TypeParams) > 0 {
		s += "<" + joinNames(m.TypeParams, false) + ">"
	}
	open, end := "(", ")"
	if m.Kind == IndexMember {
		open, end = "[", "]"
	}
	s += open
	params := m.Params
	if m.Ext {
		params = params[1:]
	}
	for i, p := range params {
		if i > 0 {
			s += ", "
		}
		switch {
		case p.Out:
			s += "out "
		case p.Ref:
			s += "ref "
		case p.Params:
			s += "params "
		}
		s += p.Type.Name + " " + p.Name
		if p.Optional {
			s += " = …"
		}
	}
	return s + end
}

// table parses the rows of the type's own declaration and fills in its arguments.
func (t *Type) table() map[string][]*Member {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.members != nil {
		return t.members
	}
	t.members = map[string][]*Member{}
	d := t.decl
	if d == nil {
		return t.members
	}
	if t.Kind == Delegate {
		m := t.lib.parseInvoke(d, t)
		t.members["Invoke"] = []*Member{m}
		return t.members
	}
	for i := range d.rows {
		m := t.lib.parseRow(d, t, &d.rows[i])
		key := m.Name
		switch m.Kind {
		case CtorMember:
			key = ".ctor"
		case IndexMember:
			key = "this[]"
		case ImplicitMember:
			key = "implicit"
		case ExplicitMember:
			key = "explicit"
		case OpMember:
			key = "op " + m.Name
		}
		t.members[key] = append(t.members[key], m)
	}
	if t.Kind == Enum {
		for i, n := range d.names {
			row := &Row{kind: FieldMember, static: true, value: EnumValue{t, d.values[i]}}
			t.members[n] = append(t.members[n], &Member{Kind: FieldMember, Name: n, Static: true, Owner: t, Ret: t, row: row})
		}
	}
	return t.members
}

// MembersNamed are the members of that name which the type itself declares.
// Besides names there are ".ctor", "this[]", "implicit", "explicit" and "op +".
func (t *Type) MembersNamed(name string) []*Member { return t.table()[name] }

// Each calls f for every member name of the type and its bases.
func (t *Type) EachName(f func(name string)) {
	for b := t; b != nil; b = b.Base() {
		for n := range b.table() {
			f(n)
		}
		for _, fd := range b.Fields {
			f(fd.Name)
		}
	}
	for _, i := range t.Interfaces() {
		for n := range i.table() {
			f(n)
		}
	}
}

// Find are the members of that name in the type, its bases and its interfaces,
// the nearest type's first. Interfaces are searched only where the classes have
// nothing, or for interfaces and generic parameters themselves.
func (t *Type) Find(name string) []*Member {
	var out []*Member
	for b := t; b != nil; b = b.Base() {
		out = append(out, b.table()[name]...)
	}
	if len(out) > 0 && t.Kind != Interface {
		return out
	}
	for _, i := range t.Interfaces() {
		out = append(out, i.table()[name]...)
	}
	if t.Kind == Interface {
		out = append(out, t.lib.Object.table()[name]...)
	}
	return out
}

// Extensions are the extension methods of that name, of all static classes.
func (l *Library) Extensions(name string) []*Member {
	l.indexExtensions()
	return l.exts[name]
}

// ExtensionNames are the names of all extension methods, for hints.
func (l *Library) ExtensionNames() []string {
	l.indexExtensions()
	out := make([]string, 0, len(l.exts))
	for n := range l.exts {
		out = append(out, n)
	}
	return out
}

func (l *Library) indexExtensions() {
	l.extOnce.Do(func() {
		l.exts = map[string][]*Member{}
		for _, d := range l.decls {
			if !d.static {
				continue
			}
			t := l.Lookup(d.Full, len(d.params))
			for name, ms := range t.table() {
				for _, m := range ms {
					if m.Ext {
						l.exts[name] = append(l.exts[name], m)
					}
				}
			}
		}
	})
}

// Variance of generic parameter i: 'o' for out, 'i' for in, 0 for neither.
func (d *Decl) Variance(i int) byte { return d.variance[i] }
