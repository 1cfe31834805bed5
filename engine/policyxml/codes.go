package policyxml

import "sekisho/engine/source"

// Codes documents the diagnostics of this package.
var Codes = []source.CodeDoc{
	{
		Code:  "bad-encoding",
		Title: "the file is not UTF-8",
		Text:  "Policy documents are UTF-8, with or without a byte order mark. Editors offer to save a file in another encoding; on Windows, files written by older tools are often UTF-16 or Latin-1.",
		Bad:   "<policies><!-- caf\xe9 --></policies>",
		Good:  "<policies><!-- café --></policies>",
	},
	{
		Code:  "document-too-large",
		Title: "the document is larger than 4 MiB",
		Text:  "A policy document of this size is not read. Move large texts, such as a page that is returned, into a static backend, and repeated parts into fragments.",
	},
	{
		Code:  "document-type",
		Title: "the document has a document type or another declaration",
		Text:  "A declaration <!DOCTYPE …> or <!ENTITY …> has no meaning in policy documents. Entities other than those of XML itself do not exist; named values, {{name}}, are what texts are shared with.",
		Bad:   "<!DOCTYPE policies><policies></policies>",
		Good:  "<policies></policies>",
	},
	{
		Code:  "duplicate-attribute",
		Title: "an element has the same attribute twice",
		Text:  "Only one of the two could hold, and which would be a guess.",
		Bad:   `<policies><inbound><set-variable name="a" value="1" name="b" /></inbound></policies>`,
		Good:  `<policies><inbound><set-variable name="a" value="1" /></inbound></policies>`,
	},
	{
		Code:  "expression-inside-text",
		Title: "an expression stands in the middle of a text, and is text",
		Text:  "An expression is always the whole value of an attribute or an element. An @(…) with text before it is not evaluated, but sent as it stands, which is hardly ever meant: join the parts inside of one expression. A text that should have this form can be written as a string in an expression to silence the warning.",
		Bad:   `<policies><inbound><trace source="a"><message>got @(context.Request.Method)</message></trace></inbound></policies>`,
		Good:  `<policies><inbound><trace source="a"><message>@("got " + context.Request.Method)</message></trace></inbound></policies>`,
	},
	{
		Code:  "large-document",
		Title: "the document is larger than Azure API Management takes",
		Text:  "Azure API Management refuses policy documents of more than 256 KiB, and fragments of more than 512 KiB. Here larger ones load.",
	},
	{
		Code:  "malformed-tag",
		Title: "a tag cannot be read",
		Text:  "A tag is < and a name, attributes written name=\"value\" with blanks between them, and > or />. A quote inside of a value is written &quot;, or the value is put in the other kind of quotes; only inside of expressions quotes may stand as they are.",
		Bad:   `<policies><inbound><set-variable name=a value="1" /></inbound></policies>`,
		Good:  `<policies><inbound><set-variable name="a" value="1" /></inbound></policies>`,
	},
	{
		Code:  "nested-too-deep",
		Title: "elements are nested deeper than 256",
		Text:  "No document that was written by hand comes near. What follows in the file was not read.",
	},
	{
		Code:  "no-root",
		Title: "the document has no element",
		Text:  "A policy document is <policies> with the sections <inbound>, <backend>, <outbound> and <on-error>. A fragment is <fragment> with policies.",
		Bad:   "<!-- nothing yet -->",
		Good:  "<policies><inbound><base /></inbound></policies>",
	},
	{
		Code:  "second-root",
		Title: "the document has more than one outermost element",
		Text:  "A file holds one policy document, or one fragment. A list of policies without an element around it is a fragment: write <fragment> … </fragment> around it.",
		Bad:   `<policies></policies><policies></policies>`,
		Good:  `<fragment><set-method>GET</set-method><set-method>PUT</set-method></fragment>`,
	},
	{
		Code:  "stray-end-tag",
		Title: "an end tag ends nothing",
		Text:  "There is no element of this name that is open here: its end tag stands twice, its name is misspelt, or its start tag was closed with /> already.",
		Bad:   `<policies><inbound><choose /></choose></inbound></policies>`,
		Good:  `<policies><inbound><base></base></inbound></policies>`,
	},
	{
		Code:  "stray-text",
		Title: "text stands among the elements of a section",
		Text:  "A section and a document hold elements only. Often the text is the rest of something that was taken out, or of a comment that ended early.",
		Bad:   `<policies><inbound>todo <base /></inbound></policies>`,
		Good:  `<policies><inbound><!-- todo --> <base /></inbound></policies>`,
	},
	{
		Code:  "text-after-expression",
		Title: "text follows an expression",
		Text:  "An expression is always the whole value of an attribute or an element: after its closing bracket nothing but blanks may stand. Put the text into the expression, as a string. Often it is a bracket too many. A text that begins with @( is written @@(.",
		Bad:   `<policies><inbound><set-variable name="a" value="@(context.Request.Method) now" /></inbound></policies>`,
		Good:  `<policies><inbound><set-variable name="a" value="@(context.Request.Method + " now")" /></inbound></policies>`,
	},
	{
		Code:  "text-outside-root",
		Title: "text stands outside of the document's root element",
		Text:  "Before and after the root element only comments may stand.",
		Bad:   `<policies></policies> done`,
		Good:  `<policies></policies> <!-- done -->`,
	},
	{
		Code:  "unbalanced-expression",
		Title: "an expression has no end",
		Text:  "The closing bracket of the expression was not found, by the lexical rules of its language: brackets in strings, characters and comments do not count. Mostly a quote is missing or stands twice, or a bracket is missing. A text that begins with @( is written @@(.",
		Bad:   `<policies><inbound><set-variable name="a" value="@(context.Request.Headers["x"" /></inbound></policies>`,
		Good:  `<policies><inbound><set-variable name="a" value="@(context.Request.Headers["x"])" /></inbound></policies>`,
	},
	{
		Code:  "unclosed-element",
		Title: "an element has no end tag",
		Text:  "Every element is closed by its end tag, or is empty and ends in />. The note says where another end tag stands instead.",
		Bad:   `<policies><inbound><choose><when condition="true"></choose></inbound></policies>`,
		Good:  `<policies><inbound><choose><when condition="true"></when></choose></inbound></policies>`,
	},
	{
		Code:  "unclosed-markup",
		Title: "a comment, CDATA section or processing instruction has no end",
		Text:  "A comment ends with -->, a CDATA section with ]]>, a processing instruction with ?>. Without it, all that follows in the file belongs to it.",
		Bad:   `<policies></policies><!-- to be done`,
		Good:  `<policies></policies><!-- to be done -->`,
	},
	{
		Code:  "unclosed-quote",
		Title: "the value of an attribute has no closing quote",
		Text:  "The next quote that was found begins the value of another attribute, so one is missing before it.",
		Bad:   "<policies><inbound><set-variable name=\"a value=\"1\">\n</set-variable><set-method>GET</set-method></inbound></policies>",
		Good:  "<policies><inbound><set-variable name=\"a\" value=\"1\">\n</set-variable><set-method>GET</set-method></inbound></policies>",
	},
	{
		Code:  "unknown-named-value",
		Title: "there is no named value of this name",
		Text:  "{{name}} is replaced by the named value of that name before the document is read: everywhere but in its comments. Names consist of letters, digits, dots, hyphens and underscores, and case counts. Braces that mean something else are left alone: in Liquid templates, and in the text of interpolated C# strings. In a literal text, braces that should stay are written with blanks, {{ name }}, or as &#123;&#123;. In scripts it is only a warning.",
		Bad:   `<policies><inbound><set-backend-service base-url="https://{{hots}}/" /></inbound></policies>`,
		Good:  `<policies><inbound><set-backend-service base-url="https://{{host}}/" /></inbound></policies>`,
	},
	{
		Code:  "wrong-root",
		Title: "the root element is not the one that is wanted here",
		Text:  "Where a policy document is wanted its root is <policies>; a fragment's is <fragment>.",
	},
}
