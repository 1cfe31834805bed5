// Package identity gets access tokens for the gateway itself: the tokens behind
// authentication-managed-identity. It implements pipeline.Identities.
//
// # Which identity
//
// A policy without client-id means the identity called "system". One that is not
// configured is found in the environment, in the order in which Azure's SDKs look
// (detect.go). A policy with a client-id means the configured identity of that client id
// or name. A client-id that none has is asked of the source of "system" as a
// user-assigned identity, which IMDS, App Service and workload federation know; the other
// sources stand for one identity, and refuse.
//
// # Sources
//
//	imds               a machine in Azure                          imds.go
//	appService         App Service, Functions, Container Apps      appservice.go
//	arc                a machine that Azure Arc knows              arc.go
//	serviceFabric      a cluster of Service Fabric                 fabric.go
//	workload           a federated token in a file                 entra.go
//	clientSecret       an application and its secret               entra.go
//	clientCertificate  an application and its certificate          entra.go
//
// They talk over net/http, to the configured address only: without a proxy, without
// following redirects, with bounds on time and size, and with the retries that each
// source's documentation asks for (client.go). Answers are read leniently, since one
// service writes as a string what another writes as a number (answer.go).
//
// # Secrets
//
// Tokens live in a tokencache.Cache under keys of identity, client id and resource.
// Errors say what was asked of whom, a status and an error code of letters and digits;
// they quote nothing that was sent, and no text that was answered.
package identity
