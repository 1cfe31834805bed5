// Package clr holds the primitive values of .NET as Go values, with .NET's
// semantics: exceptions, UTF-16 strings, characters, decimals, dates, GUIDs,
// their formatting and their parsing.
//
// How a .NET value is held in Go, everywhere in Sekisho:
//
//	null            nil                     string    string (UTF-8; a lone surrogate as WTF-8)
//	bool            bool                    char      clr.Char
//	sbyte, short,   int8, int16,            byte, ushort,   uint8, uint16,
//	int, long       int32, int64            uint, ulong     uint32, uint64
//	float, double   float32, float64        decimal   clr.Decimal
//	DateTime        clr.DateTime            DateTimeOffset  clr.DateTimeOffset
//	TimeSpan        clr.TimeSpan            Guid      clr.Guid
//	byte[]          []byte                  other arrays    *dotnet.Array
//
// and reference types as Go pointers, so that a JObject that one expression
// changes in place is changed for the next one.
//
// Functions that throw in .NET throw here: they panic with an *Exception. Try
// turns that into an error at the places where Go code calls them.
package clr

import "fmt"

// Exception is a .NET exception in flight or caught. It is thrown by panic and
// caught by Try, or by a catch clause of an expression.
type Exception struct {
	// Type is the full .NET name, "System.FormatException".
	Type    string
	Message string
	Inner   *Exception
	// Pos and End are where in its text an expression threw, known once it has
	// been evaluated.
	Pos, End int
}

func (e *Exception) Error() string { return e.Message }

// Throw throws an exception of the full .NET type name.
func Throw(typ, format string, args ...any) {
	msg := format
	if len(args) > 0 {
		msg = fmt.Sprintf(format, args...)
	}
	panic(&Exception{Type: typ, Message: msg})
}

// Try runs f and returns what it threw, if anything. Panics that are no .NET
// exceptions go on.
func Try(f func()) (thrown *Exception) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Exception)
			if !ok {
				panic(r)
			}
			thrown = e
		}
	}()
	f()
	return nil
}

// Char is one UTF-16 code unit, C#'s char.
type Char uint16
