package builtins

import "sekisho/engine/pipeline"

// IncludeFragment puts the policies of a fragment in its place.
//
//	<include-fragment fragment-id="log-caller" />
//
// The fragment's policies are checked against the section and the scope that they are
// included in, share the variables of the document, and may not include fragments
// themselves. The loader does all this; what runs are the fragment's Steps.
//
// Spec: https://learn.microsoft.com/azure/api-management/include-fragment-policy
var IncludeFragment = pipeline.Policy{
	Name:     "include-fragment",
	Summary:  "Puts the policies of a fragment in its place.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example:  `<include-fragment fragment-id="example" />`,
	New:      func() pipeline.Step { return new(pipeline.Include) },
}
