package apim

// Azure is what a Context may have besides: what exists in a gateway on Azure, or
// in a resolver of GraphQL. A Context that does not implement it has none of it.
type Azure interface {
	// GraphQL is nil outside of resolvers.
	GraphQL() *GraphQL
}

// AzureRequest is the same for a Request.
type AzureRequest interface {
	PrivateEndpointConnection() *PrivateEndpointConnection
	AzureVnetInfo() *AzureVnetInfo
	Foundry() *Foundry
}

// GraphQL is the field that a resolver is run for. Its parts are JSON objects, of
// package newtonsoft, or nil.
type GraphQL struct{ Arguments, Parent any }

// PrivateEndpointConnection is the private endpoint that a request came by.
type PrivateEndpointConnection struct{ Name, GroupID, MemberName string }

// AzureVnetInfo is the virtual network that a request came from.
type AzureVnetInfo struct {
	VnetTrafficTag, SubnetID, PrivateLinkID int32
	SnatVIP                                 string
}

// Foundry is the deployment of a model that a request is for.
type Foundry struct{ Deployment string }
