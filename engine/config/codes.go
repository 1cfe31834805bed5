package config

import "sekisho/engine/source"

// The codes of this package's Diagnostics.
const (
	CodeSyntax             source.Code = "config-syntax"
	CodeRead               source.Code = "config-read"
	CodeTooLarge           source.Code = "config-too-large"
	CodeUnknownKey         source.Code = "config-unknown-key"
	CodeDuplicateKey       source.Code = "config-duplicate-key"
	CodeWrongType          source.Code = "config-wrong-type"
	CodeBadValue           source.Code = "config-bad-value"
	CodeMissingKey         source.Code = "config-missing-key"
	CodeConflict           source.Code = "config-conflict"
	CodeBadReference       source.Code = "config-bad-reference"
	CodeMissingVariable    source.Code = "config-missing-variable"
	CodeDuplicateID        source.Code = "config-duplicate-id"
	CodeUnknownID          source.Code = "config-unknown-id"
	CodeBadURL             source.Code = "config-bad-url"
	CodeBadPath            source.Code = "config-bad-path"
	CodeBadTemplate        source.Code = "config-bad-template"
	CodeDuplicateOperation source.Code = "config-duplicate-operation"
	CodeOverlap            source.Code = "config-overlapping-apis"
	CodeRevision           source.Code = "config-revision"
	CodeNoOperations       source.Code = "config-no-operations"
	CodeOpenProducts       source.Code = "config-open-products"
	CodeSharedKey          source.Code = "config-shared-key"
	CodePool               source.Code = "config-pool"
	CodeBreaker            source.Code = "config-circuit-breaker"
	CodeCertificate        source.Code = "config-certificate"
	CodeOpenAPI            source.Code = "config-openapi"
	CodeLargeSchema        source.Code = "config-large-schema"
	CodeNotAvailable       source.Code = "config-not-available"
	CodeUnusedFile         source.Code = "config-unused-file"
)

// Codes explains every code of this package. Each row's Bad is a gateway.yaml
// that earns the code, and Good the same put right; a test holds them to it.
var Codes = []source.CodeDoc{
	{
		Code: CodeSyntax, Title: "the file is not YAML",
		Text: "gateway.yaml is read as YAML 1.2. The message is the parser's; the place is where it gave up, which may be a line after the mistake. Indentation by tabs and text with \": \" or \" #\" in it that is not quoted are the usual causes.",
		Bad:  "gateway: {id: a\n", Good: "gateway: {id: a}\n",
	},
	{
		Code: CodeRead, Title: "a file cannot be read",
		Text: "gateway.yaml names a file that is not there, is not a file, or may not be read. Paths are relative to the folder of gateway.yaml.",
		Bad:  "policies: {global: nothing.xml}\n", Good: "policies: {directory: policies}\n",
	},
	{
		Code: CodeTooLarge, Title: "a file is larger, or nested deeper, than is read",
		Text: "Every file has a bound: 4 MiB for gateway.yaml, 256 KiB for a policy document, 512 KiB for a fragment, 1 MiB for a script, 16 MiB for an OpenAPI document. YAML may nest 64 deep, and aliases count as often as they are used.",
	},
	{
		Code: CodeUnknownKey, Title: "a key that there is not",
		Text: "Keys that the gateway does not know are refused, so that a misspelt one is never silently without effect. At the top of the file, keys that begin with \"x-\" are left alone: a place for YAML anchors.",
		Bad:  "gatway: {id: a}\n", Good: "gateway: {id: a}\n",
	},
	{
		Code: CodeDuplicateKey, Title: "a key stands twice in one mapping",
		Text: "Of two equal keys one would be without effect. Where entries are written as a mapping by id, this is also what two entries with one id look like.",
		Bad:  "gateway: {id: a, id: b}\n", Good: "gateway: {id: a}\n",
	},
	{
		Code: CodeWrongType, Title: "a value of the wrong kind",
		Text: "A list stands where a single value is wanted, or a mapping where a list is, or the like.",
		Bad:  "gateway: [a]\n", Good: "gateway: {id: a}\n",
	},
	{
		Code: CodeBadValue, Title: "a value that is not allowed",
		Text: "The value is not one of those that the key allows, or not a number, a duration (30s, 5m, PT30S), a size (64KiB), a time (2026-01-31T12:00:00Z) where it must be one, or out of bounds.",
		Bad:  "gateway: {mode: test}\n", Good: "gateway: {mode: development}\n",
	},
	{
		Code: CodeMissingKey, Title: "a key that must be given is missing",
		Text: "The entry cannot work without this key.",
		Bad:  "subscriptions: {a: {scope: all}}\n", Good: "subscriptions: {a: {scope: all, primaryKey: k}}\n",
	},
	{
		Code: CodeConflict, Title: "two keys that exclude each other",
		Text: "Both say the same thing in different ways; remove one.",
		Bad:  "backends: {b: http://localhost}\napis: {a: {serviceUrl: http://localhost, backend: b, operations: [{method: GET, urlTemplate: /}]}}\n",
		Good: "backends: {b: http://localhost}\napis: {a: {backend: b, operations: [{method: GET, urlTemplate: /}]}}\n",
	},
	{
		Code: CodeBadReference, Title: "a ${…} reference that cannot be read",
		Text: "${NAME} stands for an environment variable, ${NAME:-default} has a default, ${file:path} stands for the content of a file. For a plain ${ write $${.",
		Bad:  "gateway: {id: \"${A B}\"}\n", Good: "gateway: {id: \"$${A B}\"}\n",
	},
	{
		Code: CodeMissingVariable, Title: "an environment variable that is not set",
		Text: "The file refers to an environment variable that the gateway was started without.",
		Bad:  "gateway: {id: \"${SEKISHO_UNSET}\"}\n", Good: "gateway: {id: \"${SEKISHO_UNSET:-local}\"}\n",
	},
	{
		Code: CodeDuplicateID, Title: "two things with one id",
		Text: "Ids are compared without regard to case. Revisions of an API share its id and differ by revision.",
		Bad:  "users: [{id: a}, {id: A}]\n", Good: "users: [{id: a}, {id: b}]\n",
	},
	{
		Code: CodeUnknownID, Title: "an id that nothing has",
		Text: "The entry refers to an API, product, user, group, backend, certificate or version set that is not in the file.",
		Bad:  "products: {p: {apis: [a]}}\n", Good: "products: {p: {}}\n",
	},
	{
		Code: CodeBadURL, Title: "a URL that cannot be called",
		Text: "The URL of a service or backend has a scheme (http or https; ws or wss for WebSocket APIs), a host, perhaps a port and a path. Query and fragment have no place in it, and credentials belong under the backend's credentials.",
		Bad:  "backends: {b: localhost:80}\n", Good: "backends: {b: \"http://localhost:80\"}\n",
	},
	{
		Code: CodeBadPath, Title: "a path prefix, version or host that no request can have",
		Text: "The path of an API is plain segments: no parameters, wildcards, query, dot segments or empty segments. Hosts are names without port, or *.name.",
		Bad:  "apis: {a: {path: \"a/{b}\", operations: [{method: GET, urlTemplate: /}]}}\n",
		Good: "apis: {a: {path: a, operations: [{method: GET, urlTemplate: \"/{b}\"}]}}\n",
	},
	{
		Code: CodeBadTemplate, Title: "a URL template that cannot be read",
		Text: "A URL template begins with a slash. {name} stands for a segment or a part of one, /* or /{*name} at the end for all that follows, ?name={parameter} and ?name=value ask for query parameters. Each name stands once, and at most 16 do.",
		Bad:  "apis: {a: {operations: [{method: GET, urlTemplate: \"/{id\"}]}}\n",
		Good: "apis: {a: {operations: [{method: GET, urlTemplate: \"/{id}\"}]}}\n",
	},
	{
		Code: CodeDuplicateOperation, Title: "two operations that answer the same requests",
		Text: "Two operations of one API have the same method and URL templates that match the same URLs: the names of parameters make no difference, nor does case. The second would never be reached.",
		Bad:  "apis: {a: {operations: [{method: GET, urlTemplate: \"/{a}\"}, {id: two, method: GET, urlTemplate: \"/{b}\"}]}}\n",
		Good: "apis: {a: {operations: [{method: GET, urlTemplate: \"/{a}\"}, {id: two, method: GET, urlTemplate: \"/{b}/two\"}]}}\n",
	},
	{
		Code: CodeOverlap, Title: "two APIs that answer the same requests",
		Text: "Two APIs have the same host and path prefix, and neither version nor revision tells them apart. A version by segment is part of the prefix.",
		Bad:  "apis: {a: {path: x, operations: [{method: GET, urlTemplate: /}]}, b: {path: X, operations: [{method: GET, urlTemplate: /}]}}\n",
		Good: "apis: {a: {path: x, operations: [{method: GET, urlTemplate: /}]}, b: {path: y, operations: [{method: GET, urlTemplate: /}]}}\n",
	},
	{
		Code: CodeRevision, Title: "revisions of an API that do not go together",
		Text: "Of the revisions that share an API's id exactly one is current, and all have the same path and version.",
		Bad:  "apis: {a: {isCurrent: false, operations: [{method: GET, urlTemplate: /}]}}\n",
		Good: "apis: {a: {operations: [{method: GET, urlTemplate: /}]}}\n",
	},
	{
		Code: CodeNoOperations, Title: "an API without operations",
		Text: "Every request to the API is answered with 404. An operation with method * and URL template /* takes everything.",
		Bad:  "apis: {a: {path: a}}\n", Good: "apis: {a: {path: a, operations: [{method: \"*\", urlTemplate: /*}]}}\n",
	},
	{
		Code: CodeOpenProducts, Title: "an API in several open products",
		Text: "A request without a key runs in the context of the open product (subscriptionRequired: false) that contains the API. There can be one.",
		Bad:  "apis: {a: {operations: [{method: GET, urlTemplate: /}]}}\nproducts: {p: {apis: a, subscriptionRequired: false}, q: {apis: a, subscriptionRequired: false}}\n",
		Good: "apis: {a: {operations: [{method: GET, urlTemplate: /}]}}\nproducts: {p: {apis: a, subscriptionRequired: false}, q: {apis: a}}\n",
	},
	{
		Code: CodeSharedKey, Title: "a subscription key that is not one subscription's own",
		Text: "A key tells which subscription a request is for, so no two subscriptions can share one. A key has at most 256 bytes, and is not empty.",
		Bad:  "subscriptions: {a: {scope: all, primaryKey: k}, b: {scope: all, primaryKey: k}}\n",
		Good: "subscriptions: {a: {scope: all, primaryKey: k}, b: {scope: all, primaryKey: l}}\n",
	},
	{
		Code: CodePool, Title: "a pool that cannot share calls",
		Text: "A pool has between 1 and 30 members, each once, and no pool is a member of another.",
		Bad:  "backends: {b: http://localhost, p: {pool: {services: [b, b]}}}\n",
		Good: "backends: {b: http://localhost, p: {pool: {services: [b]}}}\n",
	},
	{
		Code: CodeBreaker, Title: "a circuit breaker that cannot trip, or says so twice",
		Text: "A circuit breaker has one rule. It counts failures, or their percentage, in an interval, and says what a failure is: ranges of status codes, reasons of errors, or both.",
		Bad:  "backends: {b: {url: http://localhost, circuitBreaker: {rules: [{tripDuration: 30s, failureCondition: {interval: 10s, statusCodeRanges: [500-599]}}]}}}\n",
		Good: "backends: {b: {url: http://localhost, circuitBreaker: {rules: [{tripDuration: 30s, failureCondition: {count: 3, interval: 10s, statusCodeRanges: [500-599]}}]}}}\n",
	},
	{
		Code: CodeCertificate, Title: "a certificate or key that cannot be used",
		Text: "The file holds no certificate, or no private key where one is needed, or the two do not belong together, or the password is wrong.",
	},
	{
		Code: CodeOpenAPI, Title: "an OpenAPI document that cannot be used",
		Text: "The file is not an OpenAPI 3 document, or part of it cannot be read. References to other files are not followed.",
	},
	{
		Code: CodeLargeSchema, Title: "a schema that is too large for a tool",
		Text: "Tools carry their schemas whole, and clients give them to models: references are written out, 3,000 schemas and 128 KiB in one at most, and 16 MiB in one document. Of a larger one the depths are left open: there, anything is taken as it is.",
	},
	{
		Code: CodeNotAvailable, Title: "something that is not available yet",
		Text: "Azure API Management has it, and this version of the gateway does not. It is refused, rather than left out silently.",
		Bad:  "apis: {a: {type: graphql}}\n", Good: "apis: {a: {type: websocket}}\n",
	},
	{
		Code: CodeUnusedFile, Title: "a policy document that nothing uses",
		Text: "A file in the policy folder belongs to no API, operation or product and is not named in gateway.yaml, so it has no effect. Its name may be misspelt.",
	},
}
