// Package liquid renders the templates of set-body: Liquid as DotLiquid understands
// it in APIM, where names of filters are C# names (Upcase), dates are formatted by
// C# format strings, and {% JSONArrayFor x in coll %} makes the members of a JSON
// array with their commas.
//
// # The rules that are DotLiquid's rather than Liquid's
//
//   - Replace and ReplaceFirst take a .NET regular expression, and Replace its
//     substitutions ($1); Remove takes text.
//   - {%- and {{- drop blanks and tabs before them, -%} and -}} one line end or the
//     blanks and tabs after them: less than other Liquids drop.
//   - Conditions group from the right: a and b or c is a and (b or c).
//   - Comparing values of two types converts the right one to the type of the left.
//   - Plus on a string appends. Capitalize raises every word. Round rounds halves to
//     the even neighbour. Split drops empty parts.
//   - An array prints its items with nothing between them, a dictionary its pairs as
//     [key, value], a boolean in lower case, null nothing.
//
// Filters are found by their C# name, by their lower-case name and by the one with
// underscores: StripHtml, striphtml, strip_html.
//
// Where DotLiquid writes "Liquid error: …" into the text and goes on, Render returns
// an error: a body that tells of an error would be sent as if it were one.
//
// # Bounds
//
// A Template is compiled once and is immutable. Rendering is bounded in steps, in
// bytes of output and in time; nesting is bounded when compiling.
package liquid
