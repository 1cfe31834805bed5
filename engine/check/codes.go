// Package check loads policy documents without a gateway: what `sekisho check` and
// `sekisho explain` stand on.
package check

import (
	"sekisho/builtins"
	"sekisho/engine/assembly"
	"sekisho/engine/config"
	"sekisho/engine/csharp"
	"sekisho/engine/gateway"
	"sekisho/engine/pipeline"
	"sekisho/engine/policyxml"
	"sekisho/engine/script"
	"sekisho/engine/source"
)

// Codes are all codes of Diagnostics, sorted.
func Codes() []source.CodeDoc {
	return source.MergeCodes(policyxml.Codes, pipeline.Codes, csharp.Codes, script.Codes, config.Codes, builtins.Codes, gateway.Codes, assembly.Codes)
}
