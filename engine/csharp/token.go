package csharp

// kind of a token.
type kind uint8

const (
	tEOF kind = iota
	tIdent
	tKeyword
	tInt    // value int32, uint32, int64 or uint64
	tReal   // value float32, float64 or clr.Decimal
	tChar   // value clr.Char
	tString // value string
	tInterp // an interpolated string, to be read by the parser
	tPunct
)

// token is one lexeme. Text is its spelling: of an identifier without @ and with
// escapes resolved.
type token struct {
	kind     kind
	text     string
	value    any
	pos, end int32
	// match is the index of the bracket that closes this one, once it is read.
	match int32
}

// keywords of C# that no identifier may be.
var keywords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range []string{
		"abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const",
		"continue", "decimal", "default", "delegate", "do", "double", "else", "enum", "event", "explicit", "extern",
		"false", "finally", "fixed", "float", "for", "foreach", "goto", "if", "implicit", "in", "int", "interface",
		"internal", "is", "lock", "long", "namespace", "new", "null", "object", "operator", "out", "override",
		"params", "private", "protected", "public", "readonly", "ref", "return", "sbyte", "sealed", "short", "sizeof",
		"stackalloc", "static", "string", "struct", "switch", "this", "throw", "true", "try", "typeof", "uint", "ulong",
		"unchecked", "unsafe", "ushort", "using", "virtual", "void", "volatile", "while",
	} {
		m[w] = true
	}
	return m
}()

// predefined are the keywords that name types.
var predefined = map[string]bool{
	"bool": true, "byte": true, "char": true, "decimal": true, "double": true, "float": true, "int": true,
	"long": true, "object": true, "sbyte": true, "short": true, "string": true, "uint": true, "ulong": true,
	"ushort": true, "void": true,
}

func (t token) is(punct string) bool { return t.kind == tPunct && t.text == punct }

func (t token) word(keyword string) bool { return t.kind == tKeyword && t.text == keyword }

// contextual tells identifiers that are keywords in places: var, when, from.
func (t token) contextual(word string) bool { return t.kind == tIdent && t.text == word }

// describe names the token for "…, found …".
func (t token) describe() string {
	switch t.kind {
	case tEOF:
		return "the end"
	case tString, tInterp:
		return "a string"
	case tChar:
		return "a character"
	case tInt, tReal:
		return "the number " + t.text
	}
	return "\"" + t.text + "\""
}
