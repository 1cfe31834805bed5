package dotnet

import "testing"

// Every signature of the table is readable and names only types that are
// declared, and no two members of a type take the same arguments.
func TestTable(t *testing.T) {
	l := Std()
	for _, d := range l.Decls() {
		t.Run(d.Full, func(t *testing.T) {
			defer func() {
				if r := recover(); r != nil {
					t.Fatal(r)
				}
			}()
			typ := l.Lookup(d.Full, d.Arity())
			for name, members := range typ.table() {
				seen := map[string]bool{}
				for _, m := range members {
					if m.Kind == FieldMember && m.Value() == nil {
						t.Errorf("%s has no value", m.Signature())
					}
					sig := m.Owner.Full + name + memberKey(m)
					if seen[sig] {
						t.Errorf("declared twice: %s", m.Signature())
					}
					seen[sig] = true
				}
			}
			typ.Interfaces()
			if d.Arity() == 0 && typ.IsValue() && typ.Kind != Enum && Default(typ) == nil {
				t.Errorf("no default value")
			}
		})
	}
}

func memberKey(m *Member) string {
	key := itoa(len(m.TypeParams))
	if m.Kind == ImplicitMember || m.Kind == ExplicitMember {
		key += m.Ret.Full
	}
	for _, p := range m.Params {
		key += "," + p.Type.Full
		if p.Out || p.Ref {
			key += "&"
		}
	}
	return key
}
