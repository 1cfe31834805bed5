package gateway

import "sekisho/engine/source"

// Codes are the Diagnostics that a gateway gives beside those of what it loads.
var Codes = []source.CodeDoc{
	{
		Code: "gateway-listener", Title: "a listener that waits for the next start",
		Text: "Addresses are bound when the gateway starts. A listener that a reload adds, moves, or turns to TLS or from it is opened at the next start; everything else of the folder is live. Certificates of listeners that serve are renewed by a reload.",
	},
	{
		Code: "gateway-tool", Title: "an operation that cannot be a tool",
		Text: "The tools of an MCP server are made of the operations of an API: of their URL templates, and of the schemas that their OpenAPI document has for what they take and answer. One of them cannot be made; the message names it. Leave it out of tools, or correct the document.",
	},
	{
		Code: "gateway-backend", Title: "a backend that cannot be prepared",
		Text: "The backends of gateway.yaml were read, and one of them cannot be used as it is; the message names it.",
	},
}
