package builtins

import (
	"slices"
	"strings"

	"sekisho/builtins/liquid"
	"sekisho/engine/source"
)

// Codes are the kinds of faults that policies report beside those that every element
// can have.
var Codes = slices.Concat(liquid.Codes, []source.CodeDoc{
	{
		Code:  "forbidden-header",
		Title: "a header that no policy may change",
		Text: "Connection, Content-Length, Keep-Alive and Transfer-Encoding say how a message is sent. The gateway writes " +
			"them itself, from the message as it is in the end, and set-header cannot set, append to or delete them. " +
			"Deleting Server from a response has no effect either, which is a warning.",
		Bad:  `<set-header name="Content-Length"><value>0</value></set-header>`,
		Good: `<set-body></set-body>`,
	},
	{
		Code:  "no-credential-manager",
		Title: "a connection without a credential manager",
		Text: "get-authorization-context asks the credential manager for the token of a connection. This gateway has none, " +
			"so that every request that comes to the policy fails.",
		Bad:  `<get-authorization-context provider-id="github" authorization-id="bot" context-variable-name="auth" />`,
		Good: "credentialManager: {} # in gateway.yaml",
	},
	{
		Code:  "conflicting-attributes",
		Title: "attributes that exclude one another",
		Text: "Some attributes are alternatives: base-url and backend-id of set-backend-service, of which exactly one must " +
			"stand there; timeout and timeout-ms of forward-request, of which at most one may.",
		Bad:  `<set-backend-service base-url="https://a.example.com" backend-id="a" />`,
		Good: `<set-backend-service backend-id="a" />`,
	},
	{
		Code:  "unknown-parameter",
		Title: "a parameter that the URL template does not have",
		Text: "The {names} in the template of rewrite-uri are parameters of the URL template of the operation, and there " +
			"are no others. Where a document applies to several operations, all of their parameters are known.",
		Bad:  `<rewrite-uri template="/orders/{order}" /> <!-- in an operation with the URL template /orders/{id} -->`,
		Good: `<rewrite-uri template="/orders/{id}" />`,
	},
	{
		Code:  "empty-base-url",
		Title: "an empty base-url",
		Text:  "An empty base-url of set-backend-service changes nothing; the policy can go.",
		Bad:   `<set-backend-service base-url="" />`,
		Good:  `<set-backend-service base-url="https://a.example.com" />`,
	},
	{
		Code:  "dimension-without-value",
		Title: "a dimension without a value",
		Text: "A dimension of emit-metric needs a value, unless it is one of those that have one by themselves: " +
			"API ID, Operation ID, Product ID, User ID, Subscription ID, Location and Gateway ID. Others are left out.",
		Bad:  `<emit-metric name="calls"><dimension name="tenant" /></emit-metric>`,
		Good: `<emit-metric name="calls"><dimension name="tenant" value="@(context.Subscription.Id)" /></emit-metric>`,
	},
	{
		Code:  "too-many-dimensions",
		Title: "more dimensions than a metric may have",
		Text: "A metric may have at most five dimensions with a value of one's own: every combination of their values is " +
			"a time series that somebody must keep.",
	},
	{
		Code:  "bad-address",
		Title: "an address that is none, or a range that holds none",
		Text: "The <address> of ip-filter and the ends of its ranges are IP addresses. What is none, a placeholder for " +
			"example, stands for no caller; so does a range that ends before it begins, or that begins with an IPv4 " +
			"address and ends with an IPv6 address.",
		Bad:  `<ip-filter action="allow"><address>YOUR_ADDRESS</address></ip-filter>`,
		Good: `<ip-filter action="allow"><address>192.0.2.7</address></ip-filter>`,
	},
	{
		Code:  "bad-key",
		Title: "a key that cannot be used",
		Text: "The <key> of validate-jwt is a secret in base64, a certificate-id, or n with e of an RSA key in base64url; that " +
			"of <decryption-keys> has no n and e. A secret of less than 32 bytes or an RSA key of less than 2048 bits " +
			"could be guessed and verifies no token.",
		Bad:  `<validate-jwt header-name="Authorization"><issuer-signing-keys><key /></issuer-signing-keys></validate-jwt>`,
		Good: `<validate-jwt header-name="Authorization"><issuer-signing-keys><key>MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=</key></issuer-signing-keys></validate-jwt>`,
	},
	{
		Code:  "bad-origin",
		Title: "an origin that is none",
		Text: "An origin of cors is a scheme and a host, with a port if that is not the scheme's own, and no path. What is " +
			"none fits no request. \"*\" stands for every origin, and then must be the only one.",
		Bad:  `<cors><allowed-origins><origin>app.example.com</origin></allowed-origins><allowed-headers><header>*</header></allowed-headers></cors>`,
		Good: `<cors><allowed-origins><origin>https://app.example.com</origin></allowed-origins><allowed-headers><header>*</header></allowed-headers></cors>`,
	},
})

// quoted lists names for a hint.
func quoted(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }
