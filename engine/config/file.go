package config

// The format of gateway.yaml. Tags:
//
//	yaml     the key; ",required" where it must be given
//	doc      what it means: for the schema, the reference page and editors
//	default  its value where it is not given, as it would be written
//	enum     the allowed values of a text, compared without regard to case
//	min,max  the bounds of a number
//	key      of a list: it may also be written as a mapping from this field
//	secret   the value is one; it only shows in the documentation
//
// A type with a method short also takes a single value; its shortDoc says what that means.

// file is gateway.yaml.
type file struct {
	Schema       text            `yaml:"$schema" doc:"The JSON Schema of this file, for editors. Not read."`
	Gateway      fileGateway     `yaml:"gateway" doc:"What the gateway says of itself."`
	Listeners    []fileListener  `yaml:"listeners" doc:"Where the gateway takes requests. Default: one listener on :8080."`
	Admin        fileAdmin       `yaml:"admin" doc:"The admin listener: health, readiness, metrics and management."`
	Limits       fileLimits      `yaml:"limits" doc:"Bounds on what one client or one request may take."`
	Logging      fileLogging     `yaml:"logging" doc:"The log."`
	Policies     filePolicies    `yaml:"policies" doc:"Where policy documents are."`
	Fragments    []fileFragment  `yaml:"fragments" key:"id" doc:"Policy fragments. Every .xml file in the fragments folder of the policy folder is one too, under its file name."`
	Scripts      fileScripts     `yaml:"scripts" doc:"Where script modules are."`
	Sandbox      fileSandbox     `yaml:"sandbox" doc:"What scripts may reach."`
	VersionSets  []fileVersions  `yaml:"versionSets" key:"id" doc:"Versioning schemes that several APIs share."`
	APIs         []fileAPI       `yaml:"apis" key:"id" doc:"The APIs."`
	Products     []fileProduct   `yaml:"products" key:"id" doc:"The products: APIs that are subscribed to together."`
	Subscription []fileSubscript `yaml:"subscriptions" key:"id" doc:"Who may call what, and with which keys."`
	Users        []fileUser      `yaml:"users" key:"id" doc:"The owners of subscriptions."`
	Groups       []fileGroup     `yaml:"groups" key:"id" doc:"Groups of users. administrators, developers and guests are always there."`
	Backends     []fileBackend   `yaml:"backends" key:"id" doc:"Backends that APIs and policies name by id."`
	NamedValues  []fileNamed     `yaml:"namedValues" key:"name" doc:"Values that policy documents use as {{name}}."`
	Certificates []fileCert      `yaml:"certificates" key:"id" doc:"Certificates that listeners, backends and policies name by id."`

	Identities        []fileIdentitySource     `yaml:"identities" key:"id" doc:"The gateway's own identities, for authentication-managed-identity. Default: one, found from the environment."`
	CredentialManager *fileCredentialManager   `yaml:"credentialManager" doc:"The credential manager: connections to OAuth 2.0 providers, for get-authorization-context."`
	Authorization     *fileAuthorizationServer `yaml:"authorizationServer" doc:"The authorization server of MCP servers: clients register, users log in at an identity provider and consent, tokens are this gateway's own. What it knows is kept in the credential manager's directory."`
	Development       *fileDevelopment         `yaml:"development" doc:"Services to try things with, without a cloud. Never for production."`
}

type fileGateway struct {
	place
	ID          text `yaml:"id" default:"local" doc:"context.Deployment.GatewayId and context.Deployment.Gateway.Id."`
	Region      text `yaml:"region" default:"local" doc:"context.Deployment.Region."`
	ServiceName text `yaml:"serviceName" default:"sekisho" doc:"context.Deployment.ServiceName."`
	ServiceID   text `yaml:"serviceId" default:"sekisho" doc:"context.Deployment.ServiceId."`
	PublicURL   text `yaml:"publicUrl" doc:"The URL that browsers reach the gateway at, such as https://api.example.com: redirect URIs begin with it. Default: the first listener, on this machine."`
	Mode        text `yaml:"mode" enum:"production,development" default:"production" doc:"In development, errors explain themselves to the client: a 404 names the nearest routes."`
}

type fileListener struct {
	place
	Address           text             `yaml:"address,required" doc:"host:port; an empty host means every address, port 0 a free port."`
	TLS               *fileListenerTLS `yaml:"tls" doc:"Serves TLS. Without it the listener speaks plain HTTP."`
	ClientCertificate text             `yaml:"clientCertificate" enum:"none,request,require" default:"none" doc:"Whether clients are asked for a certificate (request), and refused without a trusted one (require). With request, what policies see is not verified unless trust is given."`
	Trust             []text           `yaml:"trust" doc:"PEM files of the authorities that may have signed client certificates. Default: the system's."`
}

type fileListenerTLS struct {
	place
	Certificate text `yaml:"certificate,required" doc:"A PEM file with the certificate chain, or the id of one of certificates."`
	Key         text `yaml:"key" doc:"The PEM file with the private key. Default: the certificate file."`
	MinVersion  text `yaml:"minVersion" enum:"1.2,1.3" default:"1.2" doc:"The oldest version of TLS that is spoken."`
}

type fileAdmin struct {
	place
	Address text `yaml:"address" default:"127.0.0.1:9901" doc:"host:port of /healthz, /readyz, /metrics, /debug/pprof/profile (of processor time), /tokens (those that are kept, without themselves) and /management; off for none. Whoever reaches it may read all but the last: keep it on loopback or a private network."`
	Token   text `yaml:"token" secret:"true" doc:"What callers of /management must present as bearer token. Default: one is made at the first start and kept in admin.token in the credential manager's directory."`
}

type fileLogging struct {
	place
	Format text  `yaml:"format" enum:"text,json" default:"text" doc:"How lines are written."`
	Level  text  `yaml:"level" enum:"debug,info,warn,error" default:"info" doc:"The least level that is written."`
	Access truth `yaml:"access" default:"true" doc:"One line per request."`
}

type filePolicies struct {
	place
	Directory text `yaml:"directory" default:"policies" doc:"The policy folder. In it, found without being named: global.xml, products/<id>.xml, apis/<id>.xml, apis/<id>/<operation>.xml, fragments/<id>.xml."`
	Global    text `yaml:"global" doc:"The policy document of the global scope. Default: global.xml in the policy folder."`
}

type fileFragment struct {
	place
	ID   text `yaml:"id,required" doc:"The fragment-id that documents include."`
	File text `yaml:"file,required" doc:"The file."`
}

type fileScripts struct {
	place
	Directory text `yaml:"directory" default:"scripts" doc:"The folder of script modules, JavaScript and TypeScript."`
}

type fileSandbox struct {
	place
	Time         duration `yaml:"time" default:"50ms" doc:"The processor time that one evaluation of an expression or a script may take. Counts from the next start on."`
	Memory       size     `yaml:"memory" default:"64MiB" doc:"The memory that one evaluation may take. Counts from the next start on."`
	AllowedHosts []text   `yaml:"allowedHosts" doc:"Hosts that scripts may send requests to whatever their addresses are: a name, name:port, *.name, or * for all. All others must not be at loopback, link-local or multicast addresses."`
}

type fileVersions struct {
	place
	ID     text `yaml:"id,required" doc:"What APIs name as versionSet."`
	Name   text `yaml:"name" doc:"A name for people. Default: the id."`
	Scheme text `yaml:"scheme" enum:"segment,header,query" default:"segment" doc:"Where the version stands in a request: in a path segment after the API's path, in a header, in a query parameter."`
	Header text `yaml:"headerName" doc:"The header, with scheme header."`
	Query  text `yaml:"queryName" doc:"The query parameter, with scheme query."`
}

type fileVersioning struct {
	place
	Scheme text `yaml:"scheme" enum:"segment,header,query" default:"segment" doc:"Where the version stands in a request."`
	Name   text `yaml:"name" doc:"The header or the query parameter."`
}

type fileAPI struct {
	place
	ID                   text            `yaml:"id,required" doc:"context.Api.Id, and what products and subscriptions name. A revision may be written as id;rev=N."`
	Name                 text            `yaml:"name" doc:"context.Api.Name. Default: the id."`
	Path                 text            `yaml:"path" doc:"The path prefix of the API's requests, such as shop/orders. Default: the root."`
	Hosts                []text          `yaml:"hosts" doc:"The host names that the API answers to, each a name or *.name. Default: all."`
	Type                 text            `yaml:"type" enum:"http,websocket,soap,graphql,grpc,mcp,a2a" default:"http" doc:"The kind of API. Of these http, websocket and mcp are available."`
	Protocols            []text          `yaml:"protocols" enum:"http,https,ws,wss" doc:"What clients may use to call it. Default: all that the type allows."`
	ServiceURL           text            `yaml:"serviceUrl" doc:"The URL that requests are forwarded to; the operation's path is appended."`
	Backend              text            `yaml:"backend" doc:"The id of the backend that requests are forwarded to, instead of serviceUrl."`
	Version              text            `yaml:"version" doc:"The version of the API at its path, such as v1. Without versionSet or versioning it is a path segment."`
	VersionSet           text            `yaml:"versionSet" doc:"The id of a version set."`
	Versioning           *fileVersioning `yaml:"versioning" doc:"A versioning scheme of its own, instead of versionSet."`
	Revision             text            `yaml:"revision" default:"1" doc:"The revision: what stands after ;rev= in the URL."`
	IsCurrent            truth           `yaml:"isCurrent" doc:"Whether the API answers without ;rev=N. Default: true, unless the id is shared with a revision that says so."`
	SubscriptionRequired truth           `yaml:"subscriptionRequired" default:"true" doc:"Whether a key is needed outside open products."`
	KeyNames             fileKeyNames    `yaml:"subscriptionKeyParameterNames" doc:"Where the subscription key stands in a request."`
	Policy               text            `yaml:"policy" doc:"The policy document of the API. Default: apis/<id>.xml in the policy folder, if it is there."`
	OpenAPI              text            `yaml:"openapi" doc:"An OpenAPI 3 document, YAML or JSON: its operations become the API's."`
	RequiredQuery        text            `yaml:"translateRequiredQueryParameters" enum:"template,query" default:"template" doc:"Whether required query parameters of the OpenAPI document become part of the URL template, so that requests without them match no operation."`
	Operations           []fileOperation `yaml:"operations" key:"id" doc:"The operations. One with the id of an operation of the OpenAPI document adds to it."`
	ToolsOf              text            `yaml:"toolsOf" doc:"For type mcp: the id of an API of this gateway whose operations are the tools, instead of a server at serviceUrl."`
	Tools                []fileTool      `yaml:"tools" key:"name" doc:"For type mcp: what is said of single tools. With toolsOf, the tools that there are; default: one for every operation."`
	MCP                  fileMCP         `yaml:"mcp" doc:"For type mcp: how it is served. Clients reach it at <path>/mcp (Streamable HTTP) and <path>/sse (HTTP+SSE)."`
}

type fileKeyNames struct {
	place
	Header text `yaml:"header" default:"Ocp-Apim-Subscription-Key" doc:"The header. It is looked at first."`
	Query  text `yaml:"query" default:"subscription-key" doc:"The query parameter, looked at where the header is missing."`
}

type fileOperation struct {
	place
	ID          text           `yaml:"id" doc:"context.Operation.Id. Default: made of method and URL template."`
	Name        text           `yaml:"name" doc:"context.Operation.Name. Default: the id."`
	Method      text           `yaml:"method" doc:"The HTTP method; * for every one that no other operation with this template names."`
	URLTemplate text           `yaml:"urlTemplate" doc:"The path after the API's prefix, such as /orders/{id}, /files/*, /blobs/{*path} or /search?q={q}."`
	Policy      text           `yaml:"policy" doc:"The policy document of the operation. Default: apis/<api>/<id>.xml in the policy folder, if it is there."`
	Responses   []fileResponse `yaml:"responses" key:"status" doc:"What it may answer; mock-response takes its bodies from here."`
}

type fileResponse struct {
	place
	Status      number `yaml:"status,required" min:"100" max:"599" doc:"The status code."`
	Description text   `yaml:"description" doc:"What it means."`
	ContentType text   `yaml:"contentType" default:"application/json" doc:"The media type of the examples."`
	Example     tree   `yaml:"example" doc:"The body: a text as it is, anything else as JSON."`
	Examples    []tree `yaml:"examples" doc:"Several bodies; mock-response's index picks one."`
}

type fileProduct struct {
	place
	ID                   text   `yaml:"id,required" doc:"context.Product.Id, and the scope /products/<id>."`
	Name                 text   `yaml:"name" doc:"context.Product.Name. Default: the id."`
	APIs                 []text `yaml:"apis" doc:"The ids of its APIs."`
	SubscriptionRequired truth  `yaml:"subscriptionRequired" default:"true" doc:"Without it the product is open: its APIs may be called without a key. An API can be in one open product."`
	ApprovalRequired     truth  `yaml:"approvalRequired" default:"false" doc:"context.Product.ApprovalRequired."`
	SubscriptionsLimit   number `yaml:"subscriptionsLimit" min:"1" doc:"context.Product.SubscriptionsLimit. Default: none."`
	State                text   `yaml:"state" enum:"published,notPublished" default:"published" doc:"context.Product.State. A product that is not published works all the same."`
	Groups               []text `yaml:"groups" doc:"The ids of the groups that see it."`
	Policy               text   `yaml:"policy" doc:"The policy document of the product. Default: products/<id>.xml in the policy folder, if it is there."`
}

type fileSubscript struct {
	place
	ID           text    `yaml:"id,required" doc:"context.Subscription.Id."`
	Name         text    `yaml:"name" doc:"context.Subscription.Name. Default: the id."`
	Scope        text    `yaml:"scope,required" doc:"What the keys open: /products/<id>, /apis/<id>, /apis for all APIs, or all for everything."`
	PrimaryKey   text    `yaml:"primaryKey,required" secret:"true" doc:"A key, at most 256 bytes."`
	SecondaryKey text    `yaml:"secondaryKey" secret:"true" doc:"A second key, equally good, so that either can be changed."`
	State        text    `yaml:"state" enum:"active,suspended,submitted,rejected,cancelled,expired" default:"active" doc:"Only the keys of an active subscription are good."`
	Owner        text    `yaml:"owner" doc:"The id of the user it belongs to: context.User."`
	CreatedDate  instant `yaml:"createdDate" doc:"context.Subscription.CreatedDate."`
	StartDate    instant `yaml:"startDate" doc:"The keys are good from this time on."`
	EndDate      instant `yaml:"endDate" doc:"The keys are good up to this time."`
	AllowTracing truth   `yaml:"allowTracing" default:"false" doc:"Whether requests with its keys may ask for a trace."`
}

type fileUser struct {
	place
	ID               text           `yaml:"id,required" doc:"context.User.Id."`
	Email            text           `yaml:"email" doc:"context.User.Email."`
	FirstName        text           `yaml:"firstName" doc:"context.User.FirstName."`
	LastName         text           `yaml:"lastName" doc:"context.User.LastName."`
	Note             text           `yaml:"note" doc:"context.User.Note."`
	Groups           []text         `yaml:"groups" doc:"The ids of the user's groups."`
	Identities       []fileIdentity `yaml:"identities" doc:"context.User.Identities."`
	RegistrationDate instant        `yaml:"registrationDate" doc:"context.User.RegistrationDate."`
}

type fileIdentity struct {
	place
	Provider text `yaml:"provider,required" doc:"The provider of the identity, such as Azure."`
	ID       text `yaml:"id,required" doc:"The id at that provider."`
}

type fileGroup struct {
	place
	ID   text `yaml:"id,required" doc:"The id."`
	Name text `yaml:"name" doc:"The name. Default: the id."`
}

type fileNamed struct {
	place
	Name   text  `yaml:"name,required" doc:"What stands between {{ and }}: letters, digits, \".\", \"-\" and \"_\"."`
	Value  text  `yaml:"value,required" doc:"The value: a text, or a policy expression."`
	Secret truth `yaml:"secret" default:"false" doc:"A secret value never shows in traces and logs."`
}

func (f *fileNamed) short(v text)     { f.Value = v }
func (f *fileNamed) shortDoc() string { return "The value." }

type fileCert struct {
	place
	ID       text `yaml:"id,required" doc:"The id: context.Deployment.Certificates[id], certificate-id in policies."`
	File     text `yaml:"file,required" doc:"A PEM file with the certificate chain, or a PKCS#12 file (.pfx, .p12) with chain and key."`
	Key      text `yaml:"key" doc:"The PEM file with the private key. Default: the key in file, if there is one."`
	Password text `yaml:"password" secret:"true" doc:"The password of the PKCS#12 file."`
}

func (f *fileCert) short(v text)     { f.File = v }
func (f *fileCert) shortDoc() string { return "The file." }

func (f *fileFragment) short(v text)     { f.File = v }
func (f *fileFragment) shortDoc() string { return "The file." }

func (f *fileListener) short(v text)     { f.Address = v }
func (f *fileListener) shortDoc() string { return "The address." }
