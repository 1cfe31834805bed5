package pipeline

import "sekisho/engine/source"

// Codes are the Diagnostics that compiling a policy document can give. Bad and Good
// are whole documents; a test compiles both.
var Codes = []source.CodeDoc{
	{
		Code: "unknown-policy", Title: "no such policy",
		Text: "The element is no policy that Azure API Management documents. Most often its name is misspelt. A document with such an element is refused as a whole: no policy is ever skipped silently.",
		Bad:  `<policies><inbound><set-heder name="X" /></inbound></policies>`,
		Good: `<policies><inbound><set-header name="X"><value>1</value></set-header></inbound></policies>`,
	},
	{
		Code: "not-available-yet", Title: "a documented policy that Sekisho does not offer yet",
		Text: "Azure API Management documents this policy and Sekisho does not run it yet. The document is refused, because running it without the policy would mean something else.",
		Bad:  `<policies><inbound><jsonp callback-parameter-name="cb" /></inbound></policies>`,
		Good: `<policies><inbound><base /></inbound></policies>`,
	},
	{
		Code: "wrong-section", Title: "a policy in a section that cannot hold it",
		Text: "Each policy may stand in certain sections only: forward-request in backend, for example, and cors in inbound.",
		Bad:  `<policies><outbound><rewrite-uri template="/x" /></outbound></policies>`,
		Good: `<policies><inbound><rewrite-uri template="/x" /></inbound></policies>`,
	},
	{
		Code: "wrong-scope", Title: "a policy in a document of a scope that cannot hold it",
		Text: "Some policies make sense in documents of certain scopes only: quota in those of products, for example.",
		Bad:  `<policies><inbound><quota calls="10" renewal-period="3600" /></inbound></policies>`,
		Good: `<policies><inbound><quota-by-key calls="10" renewal-period="3600" counter-key="k" /></inbound></policies>`,
	},
	{
		Code: "misplaced-policy", Title: "a policy where its parent does not take it",
		Text: "Some policies hold others, and take certain ones only: return-response takes set-status, set-header and set-body. <base /> stands in sections, never in fragments.",
		Bad:  `<policies><inbound><return-response><rewrite-uri template="/x" /></return-response></inbound></policies>`,
		Good: `<policies><inbound><return-response><set-status code="204" reason="No Content" /></return-response></inbound></policies>`,
	},
	{
		Code: "policy-twice", Title: "a policy that may stand once in a section stands there again",
		Text: "Some policies may stand only once in a section of a document, cors and rate-limit among them.",
		Bad:  `<policies><inbound><rate-limit calls="5" renewal-period="60" /><rate-limit calls="6" renewal-period="60" /></inbound></policies>`,
		Good: `<policies><inbound><rate-limit calls="5" renewal-period="60" /></inbound></policies>`,
	},
	{
		Code: "unknown-section", Title: "no such section",
		Text: "A policy document holds the sections inbound, backend, outbound and on-error, each at most once and in any order.",
		Bad:  `<policies><inbond /></policies>`,
		Good: `<policies><inbound /></policies>`,
	},
	{
		Code: "duplicate-section", Title: "a section stands twice",
		Text: "Each section may stand once in a document; which of two would run cannot be told.",
		Bad:  `<policies><inbound /><inbound /></policies>`,
		Good: `<policies><inbound /></policies>`,
	},
	{
		Code: "unknown-attribute", Title: "no such attribute",
		Text: "The policy has no attribute of that name.",
		Bad:  `<policies><inbound><set-header name="X" exist-action="skip"><value>1</value></set-header></inbound></policies>`,
		Good: `<policies><inbound><set-header name="X" exists-action="skip"><value>1</value></set-header></inbound></policies>`,
	},
	{
		Code: "missing-attribute", Title: "an attribute that must be there is missing",
		Text: "The policy cannot work without this attribute.",
		Bad:  `<policies><inbound><set-variable name="x" /></inbound></policies>`,
		Good: `<policies><inbound><set-variable name="x" value="1" /></inbound></policies>`,
	},
	{
		Code: "bad-value", Title: "a value of the wrong kind",
		Text: "The attribute or text takes a number, a boolean or one of certain words, and holds something else.",
		Bad:  `<policies><outbound><set-status code="4o4" reason="Not Found" /></outbound></policies>`,
		Good: `<policies><outbound><set-status code="404" reason="Not Found" /></outbound></policies>`,
	},
	{
		Code: "expression-not-allowed", Title: "an expression where only a literal may stand",
		Text: "Azure API Management computes this value at load, so it cannot depend on the request.",
		Bad:  `<policies><inbound><set-variable name="@(context.RequestId.ToString())" value="1" /></inbound></policies>`,
		Good: `<policies><inbound><set-variable name="id" value="@(context.RequestId.ToString())" /></inbound></policies>`,
	},
	{
		Code: "unknown-element", Title: "an element that its parent does not hold",
		Text: "The policy has child elements of certain names only.",
		Bad:  `<policies><inbound><set-header name="X"><vaule>1</vaule></set-header></inbound></policies>`,
		Good: `<policies><inbound><set-header name="X"><value>1</value></set-header></inbound></policies>`,
	},
	{
		Code: "missing-element", Title: "a child element that must be there is missing",
		Text: "The policy cannot work without this element inside.",
		Bad:  `<policies><inbound><choose><otherwise /></choose></inbound></policies>`,
		Good: `<policies><inbound><choose><when condition="true" /><otherwise /></choose></inbound></policies>`,
	},
	{
		Code: "element-twice", Title: "a child element that may stand once stands twice",
		Text: "The policy takes one element of that name.",
		Bad:  `<policies><inbound><choose><when condition="true" /><otherwise /><otherwise /></choose></inbound></policies>`,
		Good: `<policies><inbound><choose><when condition="true" /><otherwise /></choose></inbound></policies>`,
	},
	{
		Code: "missing-text", Title: "a text that must be there is missing",
		Text: "The element means nothing without a text inside.",
		Bad:  `<policies><inbound><set-method></set-method></inbound></policies>`,
		Good: `<policies><inbound><set-method>POST</set-method></inbound></policies>`,
	},
	{
		Code: "unexpected-text", Title: "text where only elements may stand",
		Text: "The policy holds no text. Often an expression was written into the element that belongs into an attribute.",
		Bad:  `<policies><inbound><choose>x<when condition="true" /></choose></inbound></policies>`,
		Good: `<policies><inbound><choose><when condition="true" /></choose></inbound></policies>`,
	},
	{
		Code: "unknown-fragment", Title: "no such fragment",
		Text: "include-fragment names a fragment that the folder does not have. Fragments are the files in the folder `fragments`, by name without extension, and those that gateway.yaml lists.",
		Bad:  `<policies><inbound><include-fragment fragment-id="missing" /></inbound></policies>`,
		Good: `<policies><inbound><base /></inbound></policies>`,
	},
	{
		Code: "nested-fragment", Title: "a fragment includes a fragment",
		Text: "Azure API Management does not let fragments include others.",
		Bad:  `<fragment><include-fragment fragment-id="other" /></fragment>`,
		Good: `<fragment><set-variable name="x" value="1" /></fragment>`,
	},
	{
		Code: "not-in-fragment", Title: "a policy that fragments may not hold",
		Text: "Azure API Management does not support this policy in fragments.",
		Bad:  `<fragment><cache-lookup vary-by-developer="false" vary-by-developer-groups="false" /></fragment>`,
		Good: `<fragment><set-variable name="x" value="1" /></fragment>`,
	},
	{
		Code: "unknown-backend", Title: "no such backend",
		Text: "The document names a backend that gateway.yaml does not have.",
		Bad:  `<policies><inbound><set-backend-service backend-id="missing" /></inbound></policies>`,
		Good: `<policies><inbound><set-backend-service base-url="https://example.com" /></inbound></policies>`,
	},
	{
		Code: "unknown-certificate", Title: "no such certificate",
		Text: "The document names a certificate that gateway.yaml does not have.",
	},
}
