package assembly

import "sekisho/engine/source"

const (
	codeAuthorization source.Code = "authorization-server"
	codeCredentials   source.Code = "credential-manager"
	codeDevelopment   source.Code = "development-services"
	codeIdentities    source.Code = "identities"
)

// Codes are the Diagnostics of what stands behind policies. They come when a folder is
// served, since they depend on the machine.
var Codes = []source.CodeDoc{
	{
		Code: codeAuthorization, Title: "an authorization server that cannot start or work",
		Text: "What gateway.yaml says of the authorization server, or of the identity provider behind it, cannot be used, or its state could not be read from the store.",
	},
	{
		Code: codeCredentials, Title: "a credential manager that cannot start or work",
		Text: "The store of the credential manager could not be opened, its master key is not there, or a provider in gateway.yaml lacks a setting. A store that holds connections is never opened without the key that they are sealed with.",
	},
	{
		Code: codeDevelopment, Title: "development services that cannot start",
		Text: "The address under development in gateway.yaml could not be listened on: most often another program has it.",
	},
	{
		Code: codeIdentities, Title: "identities that cannot be used",
		Text: "An identity in gateway.yaml lacks something that its source needs, and the environment does not have it either.",
	},
}
