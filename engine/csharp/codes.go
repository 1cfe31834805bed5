package csharp

import "sekisho/engine/source"

// Codes are the Diagnostics of this package. Bad and Good are values of an
// attribute or an element.
var Codes = []source.CodeDoc{
	{
		Code: "csharp-ambiguous", Title: "a call or a name can mean several things",
		Text: "Two overloads of a method fit the arguments equally well, or a short name belongs to types of several namespaces. The compiler does not guess: cast an argument to the type that is meant, or write the type's full name.",
		Bad:  `@(Encoding.UTF8.GetBytes(null).Length)`, Good: `@(Encoding.UTF8.GetBytes((string)null ?? "").Length)`,
	},
	{
		Code: "csharp-constant", Title: "a constant that its type does not hold",
		Text: "A constant is computed when the document is loaded, and its value lies outside of its type's range, or it divides by zero. Use a larger type, or unchecked(…) if the overflow is meant.",
		Bad:  `@(int.MaxValue + 1)`, Good: `@(int.MaxValue + 1L)`,
	},
	{
		Code: "csharp-duplicate-name", Title: "a name or a case that is there already",
		Text: "C# allows a name once in a block and the blocks around it, a case once in a switch, and a member once in an object. Choose another name.",
		Bad:  `@{ var a = 1; if (a > 0) { var a = 2; } return a; }`, Good: `@{ var a = 1; if (a > 0) { var b = 2; } return a; }`,
	},
	{
		Code: "csharp-fall-through", Title: "a section of a switch runs into the next",
		Text: "Every section of a switch ends with break, return, throw or goto case: C# does not run on into the next one. Several labels may share one section.",
		Bad:  `@{ switch (context.Request.Method) { case "GET": var a = 1; default: return 2; } }`, Good: `@{ switch (context.Request.Method) { case "GET": return 1; default: return 2; } }`,
	},
	{
		Code: "csharp-missing-return", Title: "not every way returns a value",
		Text: "An expression in @{ } gives the value that it returns, so every way through it must end with return or throw. A value alone, without return, gives nothing.",
		Bad:  `@{ if (context.Request.Method == "GET") { return true; } }`, Good: `@{ if (context.Request.Method == "GET") { return true; } return false; }`,
	},
	{
		Code: "csharp-never-null", Title: "a comparison of null with what is never null",
		Text: "Numbers, bool, DateTime and other value types are never null, so the comparison always gives the same. Perhaps the value before a conversion is meant, or a nullable type such as int?.",
		Bad:  `@(context.Response.StatusCode == null)`, Good: `@(context.Response.StatusCode == 0)`,
	},
	{
		Code: "csharp-no-operator", Title: "no operator for these types",
		Text: "Neither C# nor the types have this operator for these operands. A variable from context.Variables[…] is an object until it is cast; strings are compared with string.Compare, not with < and >.",
		Bad:  `@(context.Variables["n"] + 1)`, Good: `@((int)context.Variables["n"] + 1)`,
	},
	{
		Code: "csharp-no-overload", Title: "no overload takes these arguments",
		Text: "There is a method, constructor or indexer of that name, and none of its forms takes arguments of these types in this number. The hint lists the forms that exist.",
		Bad:  `@("abc".Substring("1"))`, Good: `@("abc".Substring(1))`,
	},
	{
		Code: "csharp-not-allowed", Title: "in .NET, and not allowed in expressions",
		Text: "Azure API Management allows policy expressions a list of .NET's types and members: no files, no network, no threads, no reflection; nor does it allow parts of the language that need them, such as async and unsafe. Sekisho allows what Azure allows. The hint says what does the same.",
		Bad:  `@(Environment.MachineName)`, Good: `@("{{machine-name}}")`,
	},
	{
		Code: "csharp-not-assignable", Title: "something that cannot be assigned to",
		Text: "Values go into variables, elements and properties that can be set. Everything in context can only be read: policies change the request and the response. A single = assigns; == compares.",
		Bad:  `@(context.Response.StatusCode = 404)`, Good: `@(context.Response.StatusCode == 404)`,
	},
	{
		Code: "csharp-not-available", Title: "allowed by Azure, not available here yet",
		Text: "Azure API Management allows this and Sekisho does not offer it yet. Nothing is skipped silently: the document does not load, so that it cannot behave otherwise than it says.",
		Bad:  `@{ int a = 1; ref int b = ref a; return b; }`, Good: `@{ int a = 1; return a; }`,
	},
	{
		Code: "csharp-outside-list", Title: "works here, and Azure may refuse it",
		Text: "The type or member is part of .NET and offered by Sekisho, and not on the list of what Azure API Management allows. The document runs here; there it may be refused. A warning.",
		Bad:  `@(DateTime.UtcNow.ToUniversalTime().ToString("o"))`, Good: `@(DateTime.UtcNow.ToString("o"))`,
	},
	{
		Code: "csharp-syntax", Title: "this is no C#",
		Text: "The text does not follow the grammar of C# 7.3. Only the first such fault of an expression is reported: what follows it would be guessing. Strings stand in double quotes, characters in single ones; a backslash in a string is written twice, or the string begins with @\".",
		Bad:  `@(context.Request.Headers.GetValueOrDefault("a" "b"))`, Good: `@(context.Request.Headers.GetValueOrDefault("a", "b"))`,
	},
	{
		Code: "csharp-too-deep", Title: "an expression beyond the compiler's bounds",
		Text: "Brackets and statements may be nested 256 deep, a row may have 4000 operators, and an expression one mebibyte of text. Nobody writes such expressions by hand; the bounds keep a document from hurting the process that loads it.",
	},
	{
		Code: "csharp-type-mismatch", Title: "a value of the wrong type",
		Text: "C# decides types when the document is loaded. A value of another type is wanted here, and there is no implicit conversion. A cast, ToString() or one of the Parse methods converts; the hint names the one that fits.",
		Bad:  `@{ int n = context.Request.Headers.GetValueOrDefault("n", "0"); return n; }`, Good: `@{ int n = int.Parse(context.Request.Headers.GetValueOrDefault("n", "0")); return n; }`,
	},
	{
		Code: "csharp-unassigned", Title: "a variable without a value",
		Text: "C# wants a local variable to have a value on every way to where it is read. A variable of a pattern or of TryParse has its value only where the pattern fits or the call was made.",
		Bad:  `@{ int n; if (context.Request.Method == "GET") { n = 1; } return n; }`, Good: `@{ int n = 0; if (context.Request.Method == "GET") { n = 1; } return n; }`,
	},
	{
		Code: "csharp-unknown-member", Title: "a member that the type does not have",
		Text: "The type has no property or method of that name, and no extension method has it. C# tells upper from lower case. The hint gives the nearest name.",
		Bad:  `@(context.Requst.Method)`, Good: `@(context.Request.Method)`,
	},
	{
		Code: "csharp-unknown-name", Title: "a name that means nothing here",
		Text: "It is no variable, no type and no namespace. Policy variables are read with context.Variables[\"name\"]; only context and what the expression declares itself have names of their own. Types need no namespace if it is one of the usual ones.",
		Bad:  `@(token + "x")`, Good: `@((string)context.Variables["token"] + "x")`,
	},
	{
		Code: "csharp-unreachable", Title: "a statement that is never reached",
		Text: "What stands before it always returns, throws, breaks or continues, or a condition is constant. It does no harm; probably a condition is missing. A warning.",
		Bad:  `@{ return 1; return 2; }`, Good: `@{ return 1; }`,
	},
	{
		Code: "csharp-unused", Title: "a local function or a label that nothing uses",
		Text: "Nothing calls it or goes to it. It does no harm; probably a name is misspelt or a call was removed. A warning.",
		Bad:  `@{ int f() { return 1; } return 2; }`, Good: `@{ int f() { return 1; } return f(); }`,
	},
}
