package script

import "sekisho/engine/source"

// Codes are the Diagnostics that compiling scripts can give.
var Codes = []source.CodeDoc{
	{
		Code: "script-syntax", Title: "JavaScript or TypeScript that cannot be compiled",
		Text: "The text is not what the parser of its language accepts, or nests so deep that it is refused before a parser sees it. @js(…) takes one expression; @js{…} takes statements and returns the value. Big integers (10n) and \\p{…} in regular expressions are not available.",
		Bad:  `<policies><inbound><set-variable name="x" value="@js(1 +)" /></inbound></policies>`,
		Good: `<policies><inbound><set-variable name="x" value="@js(1 + 1)" /></inbound></policies>`,
	},
	{
		Code: "script-not-found", Title: "no such module",
		Text: "A module is named by its path inside the scripts folder, with or without its extension. Imports inside modules are relative to the importing file.",
	},
	{
		Code: "script-import", Title: "an import that scripts may not make",
		Text: "Modules are imported by relative paths (\"./greet\") that stay inside the scripts folder. There are no packages and no modules of Node.js.",
	},
	{
		Code: "script-no-export", Title: "the module does not export that name",
		Text: "The attribute export of <script> names the function that runs; it is \"default\" where none is given. The module must export it.",
	},
	{
		Code: "script-source", Title: "a <script> without a script, or with two",
		Text: "The script stands inside of <script>, or in a module that the attribute src names by its path in the scripts folder. The attribute export chooses a function of a module.",
		Bad:  `<policies><inbound><script src="greet.ts">return;</script></inbound></policies>`,
		Good: `<policies><inbound><script>return;</script></inbound></policies>`,
	},
	{
		Code: "policy-declaration", Title: "a module that declares no policy, or declares one wrongly",
		Text: "Each module in the folder policies below the folder of scripts declares one policy by its default export: definePolicy({ name, summary, sections, scopes, attributes, run }). Its top-level code runs once while the folder is loaded, without a request. scripts/sekisho.d.ts describes all members of a declaration.",
	},
	{
		Code: "policy-name", Title: "a policy of a name that is taken, or is none",
		Text: "Documents find a policy by its element name. A policy of a script cannot replace one that is built in, nor one that another module declares, and its name is made of words in lower case joined by hyphens.",
	},
	{
		Code: "script-warning", Title: "something in a script that is probably not meant",
		Text: "The bundler compiled the module and says that a part of it can hardly be meant as written: a comparison that is always false, an assignment to a constant, a duplicate key.",
	},
}
