package clr

import "strconv"

// Full names of the exceptions that this package and its siblings throw.
const (
	ArgumentException           = "System.ArgumentException"
	ArgumentNullException       = "System.ArgumentNullException"
	ArgumentOutOfRangeException = "System.ArgumentOutOfRangeException"
	DivideByZeroException       = "System.DivideByZeroException"
	FormatException             = "System.FormatException"
	IndexOutOfRangeException    = "System.IndexOutOfRangeException"
	InvalidCastException        = "System.InvalidCastException"
	InvalidOperationException   = "System.InvalidOperationException"
	KeyNotFoundException        = "System.Collections.Generic.KeyNotFoundException"
	NotSupportedException       = "System.NotSupportedException"
	NullReferenceException      = "System.NullReferenceException"
	OverflowException           = "System.OverflowException"
	TimeZoneNotFoundException   = "System.TimeZoneNotFoundException"
)

// ThrowArgument throws ArgumentException about the parameter named param.
func ThrowArgument(msg, param string) {
	panic(&Exception{Type: ArgumentException, Message: withParam(msg, param)})
}

// ThrowNull throws ArgumentNullException about the parameter named param.
func ThrowNull(param string) {
	panic(&Exception{Type: ArgumentNullException, Message: withParam("Value cannot be null.", param)})
}

// ThrowRange throws ArgumentOutOfRangeException about the parameter named param.
func ThrowRange(msg, param string) {
	panic(&Exception{Type: ArgumentOutOfRangeException, Message: withParam(msg, param)})
}

// ThrowNegative throws what .NET throws for a negative length or index that its
// message names together with the value.
func ThrowNegative(param string, value int) {
	v := strconv.Itoa(value)
	panic(&Exception{Type: ArgumentOutOfRangeException,
		Message: withParam(param+" ('"+v+"') must be a non-negative value.", param) + "\nActual value was " + v + "."})
}

func withParam(msg, param string) string {
	if param == "" {
		return msg
	}
	return msg + " (Parameter '" + param + "')"
}

// ThrowOverflow throws OverflowException for a value that does not fit the type,
// named as .NET's message names it: "an Int32", "an unsigned byte".
func ThrowOverflow(typeWithArticle string) {
	panic(&Exception{Type: OverflowException,
		Message: "Value was either too large or too small for " + typeWithArticle + "."})
}

func throwFormat(msg string) { panic(&Exception{Type: FormatException, Message: msg}) }

const indexRange = "Index was out of range. Must be non-negative and less than or equal to the size of the collection."
