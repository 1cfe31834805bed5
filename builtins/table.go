package builtins

import "sekisho/engine/pipeline"

// All lists the policies that documents may use, in the order of APIM's
// documentation. It is the one place that names them: the loader, `explain`, "did
// you mean" and the tests read it. A row of notYet is a policy that APIM documents
// and that a document may not use here so far.
var All = []*pipeline.Policy{
	// Control and flow.
	&Choose,
	&IncludeFragment,
	&Retry,
	&Wait,

	// Limits and quotas.
	&RateLimit,
	&RateLimitByKey,
	&Quota,
	&QuotaByKey,
	&LimitConcurrency,
	notYet("llm-token-limit"),
	notYet("azure-openai-token-limit"),

	// Authentication and authorization.
	&CheckHeader,
	&IPFilter,
	&ValidateJWT,
	&ValidateAzureADToken,
	&ValidateClientCertificate,
	&AuthenticationBasic,
	&AuthenticationCertificate,
	&AuthenticationManagedIdentity,
	&GetAuthorizationContext,

	// Content validation.
	notYet("validate-content"),
	notYet("validate-parameters"),
	notYet("validate-headers"),
	notYet("validate-status-code"),
	notYet("validate-graphql-request"),
	notYet("validate-odata-request"),
	notYet("llm-content-safety"),

	// Routing.
	&ForwardRequest,
	&SetBackendService,
	notYet("proxy"),

	// Caching.
	&CacheLookup,
	&CacheStore,
	&CacheLookupValue,
	&CacheStoreValue,
	&CacheRemoveValue,
	notYet("cache-value"),
	notYet("llm-semantic-cache-lookup"),
	notYet("azure-openai-semantic-cache-lookup"),
	notYet("llm-semantic-cache-store"),
	notYet("azure-openai-semantic-cache-store"),

	// Transformation.
	&SetMethod,
	&SetStatus,
	&SetVariable,
	&SetBody,
	&SetHeader,
	&SetQueryParameter,
	&RewriteURI,
	&JSONToXML,
	&XMLToJSON,
	&FindAndReplace,
	&RedirectContentURLs,
	notYet("xsl-transform"),
	&ReturnResponse,
	&MockResponse,

	// Cross-domain.
	&CORS,
	notYet("cross-domain"),
	notYet("jsonp"),

	// Integration.
	&SendRequest,
	&SendOneWayRequest,
	&SetURL,
	notYet("log-to-eventhub"),
	notYet("send-service-bus-message"),
	notYet("publish-to-dapr"),
	notYet("invoke-dapr-binding"),

	// Logging.
	&Trace,
	&EmitMetric,
	notYet("llm-emit-token-metric"),
	notYet("azure-openai-emit-token-metric"),

	// GraphQL resolvers.
	notYet("http-data-source"),
	notYet("sql-data-source"),
	notYet("cosmosdb-data-source"),
	notYet("publish-event"),
	notYet("set-graphql-resolver"),

	// Ours.
	&Script,

	// Known to Microsoft's policy toolkit only.
	notYet("invoke-request"),
}

// Table is All, ready to look up.
func Table() *pipeline.Table { return pipeline.NewTable(All) }

// notYet declares a policy that is documented by APIM and not available yet.
func notYet(name string) *pipeline.Policy { return &pipeline.Policy{Name: name} }
