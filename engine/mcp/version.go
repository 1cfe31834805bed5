package mcp

import "slices"

// Revisions of the specification, named as it names them: by the day of their release.
const (
	V20241105 = "2024-11-05" // HTTP+SSE
	V20250326 = "2025-03-26" // Streamable HTTP with sessions
	V20250618 = "2025-06-18" // MCP-Protocol-Version on every request after initialize
	V20251125 = "2025-11-25" // the last one with sessions
	V20260728 = "2026-07-28" // stateless: _meta in every request, mirrored in header fields
)

// Versions are the revisions this package speaks, newest first. Nobody changes it.
var Versions = []string{V20260728, V20251125, V20250618, V20250326, V20241105}

// Stateless reports whether a revision has neither sessions nor initialize. Revisions are
// days written so that they compare as texts.
func Stateless(version string) bool { return version >= V20260728 }

func known(version string) bool { return slices.Contains(Versions, version) }

// negotiated is the revision in which an initialize that asks for version is answered: the
// same where it has initialize and is known, else the newest that has.
func negotiated(version string) string {
	if known(version) && !Stateless(version) {
		return version
	}
	return V20251125
}
