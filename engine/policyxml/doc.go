// Package policyxml reads policy documents.
//
// Policy documents look like XML and mostly are not: expressions stand in
// attributes and text as they were typed, with quotes, `<`, `&&`, generics and
// comments, and more than half of the documents in the world cannot be read by
// an XML parser for it. So this package has a scanner of its own, which knows
// one thing that XML does not: where an expression ends.
//
// # How a value is read
//
// A value is the content of an attribute, or the text of an element without
// children. It is an expression if, blanks aside, it begins with `@(`, `@{`,
// `@js(` or `@js{`, and then it is an expression as a whole. Two readings are
// tried:
//
//   - raw: the expression is scanned as it stands by the lexical rules of its
//     language, and after its closing bracket and blanks the value must end
//     (with the delimiting quote, or with `<`);
//   - plain: the value ends where XML says, its entities are decoded, and the
//     result must be one balanced expression.
//
// The raw reading comes first, except in a file that is well-formed XML: what
// stands there was escaped by someone who knew. Entities that are still in an
// expression after the raw reading are decoded, since many documents mix both.
//
// # Named values
//
// Substitute replaces {{name}} before parsing, anywhere in a document. What it
// put in is data: it never ends an attribute, begins an element, or has its
// entities decoded. Only inside an expression it is code, as in APIM.
//
// # Positions
//
// All strings are source.Views, so whoever compiles a value can point into the
// file, whatever was decoded or substituted. Parse reports everything that it
// finds wrong, recovers, and always returns.
package policyxml
