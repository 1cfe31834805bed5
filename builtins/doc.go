// Package builtins holds the policies that come with Sekisho, one file each: the
// declaration, a struct whose tags say what an element may hold, Check for what tags
// cannot say, and Run. All is the one table that names them.
//
// The comment at the head of each policy shows its XML and the rules it follows;
// where Microsoft's documentation is silent or contradicts itself, it says what was
// decided. Golden cases in testdata run every policy through a real listener and a
// real backend.
package builtins
