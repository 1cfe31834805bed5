package dotnet

import (
	"strconv"
	"strings"

	"sekisho/engine/dotnet/clr"
)

// exceptionDecls are Exception and the classes below it that expressions catch,
// throw or see thrown. All are held as *clr.Exception, which knows its class by
// name.
func exceptionDecls() []*Decl {
	root := class("System.Exception",
		Prop("string Message", f1(func(e *clr.Exception) string { return e.Message })),
		Prop("Exception InnerException", f1(func(e *clr.Exception) *clr.Exception { return e.Inner })),
		Prop("string Source", func(*Thread, []any) any { return nil }),
		Prop("string StackTrace", func(*Thread, []any) any { return nil }),
		Prop("string HelpLink", func(*Thread, []any) any { return nil }),
		Prop("int HResult", func(*Thread, []any) any { return int32(-2146233088) }),
		Prop("IDictionary<string, object> Data", func(*Thread, []any) any {
			l := Std()
			return NewDict(l.Make("System.Collections.Generic.Dictionary", l.String, l.Object), nil)
		}),
		Method("Exception GetBaseException()", f1(func(e *clr.Exception) *clr.Exception {
			for e.Inner != nil {
				e = e.Inner
			}
			return e
		})),
		Method("string ToString()", func(t *Thread, a []any) any { return Format(t, a[0], "") }),
	).holds(&clr.Exception{})
	root.with(exceptionCtors(root.Full, "")...)

	out := []*Decl{root}
	for _, e := range exceptionClasses {
		d := class(e.name + " : " + e.base)
		switch e.name {
		case clr.ArgumentNullException, clr.ArgumentOutOfRangeException:
			d.with(paramCtors(e.name, e.message)...)
		default:
			d.with(exceptionCtors(e.name, e.message)...)
		}
		switch e.name {
		case clr.ArgumentException:
			d.with(
				Prop("string ParamName", f1(exceptionParam)),
				Ctor("(string message, string paramName)", func(_ *Thread, a []any) any {
					return newException(e.name, withParamName(messageOr(a[0], e.name, e.message), str(a[1])), nil)
				}),
				Ctor("(string message, string paramName, Exception innerException)", func(_ *Thread, a []any) any {
					return newException(e.name, withParamName(messageOr(a[0], e.name, e.message), str(a[1])), a[2])
				}),
			)
		case "System.ObjectDisposedException":
			d.with(Prop("string ObjectName", func(*Thread, []any) any { return "" }))
		case "Newtonsoft.Json.JsonReaderException", "Newtonsoft.Json.JsonSerializationException":
			d.with(
				Prop("int LineNumber", f1(func(e *clr.Exception) int { return numberAfter(e.Message, "line ") })),
				Prop("int LinePosition", f1(func(e *clr.Exception) int { return numberAfter(e.Message, "position ") })),
				Prop("string Path", f1(func(e *clr.Exception) string {
					_, p, _ := strings.Cut(e.Message, "Path '")
					p, _, _ = strings.Cut(p, "'")
					return p
				})),
			)
		case "System.Xml.XmlException":
			d.with(
				Prop("int LineNumber", f1(func(e *clr.Exception) int { return numberAfter(e.Message, "Line ") })),
				Prop("int LinePosition", f1(func(e *clr.Exception) int { return numberAfter(e.Message, "position ") })),
			)
		}
		out = append(out, d)
	}
	return out
}

// exceptionClasses are the classes below Exception and what they say without a
// message of their own; "" is Exception's own way to say it.
var exceptionClasses = []struct{ name, base, message string }{
	{"System.SystemException", "Exception", "System error."},
	{"System.ApplicationException", "Exception", "Error in the application."},
	{"System.AggregateException", "Exception", "One or more errors occurred."},
	{clr.ArgumentException, "SystemException", "Value does not fall within the expected range."},
	{clr.ArgumentNullException, "ArgumentException", "Value cannot be null."},
	{clr.ArgumentOutOfRangeException, "ArgumentException", "Specified argument was out of the range of valid values."},
	{clr.FormatException, "SystemException", "One of the identified items was in an invalid format."},
	{"System.ArithmeticException", "SystemException", "Overflow or underflow in the arithmetic operation."},
	{clr.OverflowException, "System.ArithmeticException", "Arithmetic operation resulted in an overflow."},
	{clr.DivideByZeroException, "System.ArithmeticException", "Attempted to divide by zero."},
	{clr.InvalidOperationException, "SystemException", "Operation is not valid due to the current state of the object."},
	{"System.ObjectDisposedException", "InvalidOperationException", "Cannot access a disposed object."},
	{clr.InvalidCastException, "SystemException", "Specified cast is not valid."},
	{clr.NullReferenceException, "SystemException", "Object reference not set to an instance of an object."},
	{clr.IndexOutOfRangeException, "SystemException", "Index was outside the bounds of the array."},
	{clr.KeyNotFoundException, "SystemException", "The given key was not present in the dictionary."},
	{clr.NotSupportedException, "SystemException", "Specified method is not supported."},
	{"System.NotImplementedException", "SystemException", "The method or operation is not implemented."},
	{"System.TimeoutException", "SystemException", "The operation has timed out."},
	{"System.UnauthorizedAccessException", "SystemException", "Attempted to perform an unauthorized operation."},
	{"System.ArrayTypeMismatchException", "SystemException", "Attempted to access an element as a type incompatible with the array."},
	{"System.RankException", "SystemException", "Attempted to operate on an array with the incorrect number of dimensions."},
	{"System.OutOfMemoryException", "SystemException", "Insufficient memory to continue the execution of the program."},
	{"System.OperationCanceledException", "SystemException", "The operation was canceled."},
	{clr.TimeZoneNotFoundException, "Exception", ""},
	{"System.InvalidTimeZoneException", "Exception", ""},
	{"System.UriFormatException", "FormatException", ""},
	{"System.IO.IOException", "SystemException", "I/O error occurred."},
	{"System.IO.EndOfStreamException", "System.IO.IOException", "Attempted to read past the end of the stream."},
	{"System.Net.Sockets.SocketException", "SystemException", ""},
	{"System.Net.WebException", "InvalidOperationException", ""},
	{"System.Text.DecoderFallbackException", "ArgumentException", ""},
	{"System.Text.EncoderFallbackException", "ArgumentException", ""},
	{"System.Text.RegularExpressions.RegexParseException", "ArgumentException", ""},
	{"System.Text.RegularExpressions.RegexMatchTimeoutException", "TimeoutException", "The Regex engine has timed out while trying to match a pattern to an input string. This can occur for many reasons, including very large inputs or excessive backtracking caused by nested quantifiers, back-references and other factors."},
	{"System.Security.SecurityException", "SystemException", "Security error."},
	{"System.Security.Cryptography.CryptographicException", "SystemException", "Error occurred during a cryptographic operation."},
	{"System.Xml.XmlException", "SystemException", "An XML error has occurred."},
	{"System.Xml.XPath.XPathException", "SystemException", ""},
	{"Newtonsoft.Json.JsonException", "Exception", ""},
	{"Newtonsoft.Json.JsonReaderException", "JsonException", ""},
	{"Newtonsoft.Json.JsonWriterException", "JsonException", ""},
	{"Newtonsoft.Json.JsonSerializationException", "JsonException", ""},
	{"Microsoft.CSharp.RuntimeBinder.RuntimeBinderException", "Exception", ""},
}

// exceptionCtors are the constructors that every class of exceptions has.
func exceptionCtors(name, message string) []Row {
	return []Row{
		Ctor("()", func(*Thread, []any) any { return newException(name, messageOr(nil, name, message), nil) }),
		Ctor("(string message)", func(_ *Thread, a []any) any {
			return newException(name, messageOr(a[0], name, message), nil)
		}),
		Ctor("(string message, Exception innerException)", func(_ *Thread, a []any) any {
			return newException(name, messageOr(a[0], name, message), a[1])
		}),
	}
}

// paramCtors are those of the classes whose single argument names a parameter.
func paramCtors(name, message string) []Row {
	rows := []Row{
		Ctor("()", func(*Thread, []any) any { return newException(name, message, nil) }),
		Ctor("(string paramName)", func(_ *Thread, a []any) any {
			return newException(name, withParamName(message, str(a[0])), nil)
		}),
		Ctor("(string paramName, string message)", func(_ *Thread, a []any) any {
			return newException(name, withParamName(messageOr(a[1], name, message), str(a[0])), nil)
		}),
		Ctor("(string message, Exception innerException)", func(_ *Thread, a []any) any {
			return newException(name, messageOr(a[0], name, message), a[1])
		}),
	}
	if name == clr.ArgumentOutOfRangeException {
		rows = append(rows, Ctor("(string paramName, object actualValue, string message)", func(_ *Thread, a []any) any {
			msg := withParamName(messageOr(a[2], name, message), str(a[0]))
			if a[1] != nil {
				msg += "\nActual value was " + ToString(a[1]) + "."
			}
			return newException(name, msg, nil)
		}))
	}
	return rows
}

func newException(name, message string, inner any) *clr.Exception {
	e, _ := inner.(*clr.Exception)
	return &clr.Exception{Type: name, Message: message, Inner: e}
}

// messageOr is the message given, or the class's own for null.
func messageOr(given any, name, own string) string {
	if s, ok := given.(string); ok {
		return s
	}
	if own == "" {
		return "Exception of type '" + name + "' was thrown."
	}
	return own
}

func withParamName(message, param string) string {
	if param == "" {
		return message
	}
	return message + " (Parameter '" + param + "')"
}

// exceptionParam is ArgumentException.ParamName: the message names it.
func exceptionParam(e *clr.Exception) string {
	i := strings.LastIndex(e.Message, "(Parameter '")
	if i < 0 {
		return ""
	}
	p, _, _ := strings.Cut(e.Message[i+len("(Parameter '"):], "'")
	return p
}

// numberAfter is the number behind the last occurrence of a word, 0 if none.
func numberAfter(s, word string) int {
	i := strings.LastIndex(s, word)
	if i < 0 {
		return 0
	}
	s = s[i+len(word):]
	end := 0
	for end < len(s) && end < 9 && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, _ := strconv.Atoi(s[:end])
	return n
}
