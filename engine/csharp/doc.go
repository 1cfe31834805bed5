// Package csharp compiles the C# of policy expressions, @(…) and @{…}, into Go
// closures over a typed tree.
//
// An expression passes four stages at load: End finds where it ends in the
// document, the lexer and parser make a syntax tree, the binder gives every node
// its static type by the rules of C# 7.3 against the library of package dotnet,
// and the emitter turns bound nodes into closures. Only the last run per request.
// Static types decide what an expression means (whether (string)x unboxes or
// converts, whether == compares text or references, whether / truncates), so
// nothing is left to run time but what is dynamic in C# as well.
package csharp
