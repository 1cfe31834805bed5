// Package dotnet is the part of .NET that policy expressions may use: types and
// their members in one declarative table, the conversions between them, and the
// collections and LINQ that expressions build on.
//
// # The table
//
// A type is declared once, by a line of C# and rows of C#:
//
//	class("System.Text.StringBuilder",
//		Ctor("()", f0(newStringBuilder)),
//		Prop("int Length", f1((*StringBuilder).Len)),
//		Method("StringBuilder Append(string value)", …))
//
// The rows are allow-list, the type checker's input and the dispatch at once:
// what has no row does not exist for expressions. Signatures are parsed when a
// type is first asked for its members.
//
// # Values
//
// Values are held as the comment of package clr says; reference types of this
// package are Go pointers. A Thread carries what an evaluation may spend: every
// loop of the library that an expression can make long ticks it, and every
// producer of large values pays it in bytes.
package dotnet
