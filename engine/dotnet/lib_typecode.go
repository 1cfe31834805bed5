package dotnet

// typeCodes are the values of System.TypeCode in their order.
var typeCodes = []struct {
	name string
	prim Prim
}{
	{"Empty", NoPrim}, {"Object", Object}, {"DBNull", NoPrim}, {"Boolean", Bool}, {"Char", Char}, {"SByte", SByte}, {"Byte", Byte},
	{"Int16", Short}, {"UInt16", UShort}, {"Int32", Int}, {"UInt32", UInt}, {"Int64", Long}, {"UInt64", ULong}, {"Single", Float},
	{"Double", Double}, {"Decimal", Decimal},
}

// The codes that are no primitive's.
const (
	codeEmpty    = 0
	codeObject   = 1
	codeDateTime = 16
	codeString   = 18
)

func typeCodeDecl() *Decl {
	return enum("System.TypeCode", "Empty Object DBNull Boolean Char SByte Byte Int16 UInt16 Int32 UInt32 Int64 UInt64 Single Double Decimal DateTime=16 String=18").outsideList()
}

func codeOf(p Prim) goEnum {
	if p == String {
		return codeString
	}
	for i, c := range typeCodes {
		if c.prim == p && p != NoPrim {
			return goEnum(i)
		}
	}
	return codeObject
}

// typeCode is GetTypeCode of a primitive.
func typeCode(p Prim) Row {
	return Method("TypeCode GetTypeCode()", func(*Thread, []any) any { return codeOf(p) })
}

// typeCodeOf is Convert.GetTypeCode.
func typeCodeOf(_ *Thread, a []any) any {
	if a[0] == nil {
		return goEnum(codeEmpty)
	}
	t := TypeOf(unbox(a[0]))
	switch {
	case t.Is("System.DateTime"):
		return goEnum(codeDateTime)
	case t.Kind == Enum:
		return codeOf(Int)
	}
	return codeOf(t.Prim)
}
