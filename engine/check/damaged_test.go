package check_test

// damaged are documents of the corpus that cannot load as they are, and why. Azure
// API Management would refuse them too.
var damaged = map[string]string{
	"Azure-Samples.Apim-Samples/samples/inference-failover/apim-policies/inference-api-policy-with-retry-tracked.xml":                                    "a template: RETRY_COUNT stands for a number in C#",
	"Azure-Samples.Apim-Samples/samples/inference-failover/apim-policies/inference-api-policy.xml":                                                       "a template: RETRY_COUNT stands for a number in C#",
	"Azure-Samples.Apim-Samples/samples/load-balancing/apim-policies/aca-backend-pool-load-balancing-with-retry-tracked.xml":                             "C# strings in single quotes; a Python template with doubled braces",
	"Azure.api-management-policy-snippets/examples/Call out to an HTTP endpoint and cache the response.policy.xml":                                       "quotes destroyed by a formatter",
	"Azure.api-management-policy-snippets/examples/Loopback request for service at same API Management service.xml":                                      "quotes destroyed by a formatter",
	"Azure.api-management-policy-snippets/examples/Pre-authorize requests based on HTTP method with validate-jwt.policy.xml":                             "quotes destroyed by a formatter",
	"Azure.api-management-policy-snippets/examples/Return a blob URL signed with a user delegation SAS token.xml":                                        "AddSeconds is given a string",
	"Azure.azure-api-management-policy-toolkit/test/Test.Decompiling/TestData/invoke-darp-binding.xml":                                                   "no policy of that name is documented (Dapr misspelt)",
	"Azure.azure-api-management-policy-toolkit/test/Test.Decompiling/TestData/publish-to-darp.xml":                                                       "no policy of that name is documented (Dapr misspelt)",
	"Azure.api-management-policy-snippets/examples/Get OAuth2 access token from AAD using client id and certificate using key vault manage identity.xml": "a duration that ends in ] where a brace was meant",
}
