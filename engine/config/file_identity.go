package config

type fileIdentitySource struct {
	place
	ID           text `yaml:"id,required" doc:"The id: what client-id in policies may name, like the client id itself. The identity system stands for the system-assigned one, for policies without client-id."`
	Source       text `yaml:"source" enum:"auto,imds,appService,arc,serviceFabric,workload,clientSecret,clientCertificate" default:"auto" doc:"Where its tokens come from. auto finds out from the environment, in the order of Azure's SDKs."`
	ClientID     text `yaml:"clientId" doc:"The client id of the user-assigned identity or of the application. Default: none for the system-assigned identity; AZURE_CLIENT_ID for workload."`
	TenantID     text `yaml:"tenantId" doc:"The tenant, for workload, clientSecret and clientCertificate. Default: AZURE_TENANT_ID."`
	Authority    text `yaml:"authority" doc:"The URL of the token service, for workload, clientSecret and clientCertificate. Default: AZURE_AUTHORITY_HOST, or https://login.microsoftonline.com."`
	Endpoint     text `yaml:"endpoint" doc:"The URL of the local token endpoint, for imds, appService, arc and serviceFabric. Default: that of the environment, for imds http://169.254.169.254."`
	Header       text `yaml:"header" secret:"true" doc:"What the endpoint wants to see, for appService and serviceFabric. Default: IDENTITY_HEADER."`
	Thumbprint   text `yaml:"thumbprint" doc:"The SHA-1 thumbprint of the endpoint's certificate, for serviceFabric. Default: IDENTITY_SERVER_THUMBPRINT."`
	KeyDirectory text `yaml:"keyDirectory" doc:"The folder that arc's challenge files must be in. Default: that of the Azure Connected Machine agent."`
	TokenFile    text `yaml:"tokenFile" doc:"The file with the federated token, for workload: read anew for every request. Default: AZURE_FEDERATED_TOKEN_FILE."`
	ClientSecret text `yaml:"clientSecret" secret:"true" doc:"The secret of the application, for clientSecret."`
	Certificate  text `yaml:"certificate" doc:"The id of one of certificates, with its private key, for clientCertificate."`
}

type fileCredentialManager struct {
	place
	Directory          text                   `yaml:"directory" default:".sekisho" doc:"The folder of the store, the master key and the token of the admin listener. It is made if it is not there, for its owner only."`
	Key                text                   `yaml:"key" doc:"The master key: file:<path>, env:<NAME>, azure-kv://<vault>/keys/<name> or hcvault://<host>/transit/keys/<name>. Default: file:master.key in the directory, made at the first start."`
	PostLoginRedirects []text                 `yaml:"postLoginRedirects" doc:"Where the browser may be sent after a consent: URLs, compared exactly but for the query; one that ends in /* allows everything below. Default: nowhere but the gateway's own page."`
	TokenIssuers       []text                 `yaml:"tokenIssuers" doc:"URLs of the OpenID configurations whose tokens say who asks for a connection (identity-type=\"jwt\")."`
	TokenAudience      text                   `yaml:"tokenAudience" default:"https://azure-api.net/authorization-manager" doc:"The audience that such tokens must have."`
	Limits             fileCredentialLimits   `yaml:"limits" doc:"How much there may be."`
	Providers          []fileCredentialSource `yaml:"providers" key:"id" doc:"Providers and their connections. Others may be added over the admin listener; those given here cannot be changed there."`
}

type fileCredentialLimits struct {
	place
	Providers      number `yaml:"providers" min:"1" max:"1000000" default:"1000" doc:"Providers."`
	Connections    number `yaml:"connections" min:"1" max:"1000000" default:"10000" doc:"Connections of one provider."`
	AccessPolicies number `yaml:"accessPolicies" min:"1" max:"100000" default:"100" doc:"Access policies of one connection."`
	Authorizations number `yaml:"authorizationsPerMinute" min:"1" max:"1000000" default:"250" doc:"Times a minute that one connection may be asked for."`
}

type fileCredentialSource struct {
	place
	ID               text             `yaml:"id,required" doc:"provider-id in policies."`
	Name             text             `yaml:"name" doc:"A name for people. Default: the id."`
	IdentityProvider text             `yaml:"identityProvider" default:"oauth2" doc:"The kind of provider: oauth2, oauth2pkce, oauth21, aad, or a preset such as github. sekisho connections list --presets names them."`
	GrantType        text             `yaml:"grantType" enum:"authorizationCode,clientCredentials" default:"authorizationCode" doc:"How tokens are granted."`
	Settings         []pair           `yaml:"settings" secret:"true" doc:"The provider's settings, as in Azure: clientId, clientSecret, scopes, authorizationUrl, tokenUrl, refreshUrl and so on."`
	Connections      []fileConnection `yaml:"connections" key:"id" doc:"The connections."`
}

type fileConnection struct {
	place
	ID             text               `yaml:"id,required" doc:"authorization-id in policies."`
	Parameters     []pair             `yaml:"parameters" secret:"true" doc:"Its parameters; for clientCredentials clientId and clientSecret."`
	AccessPolicies []fileAccessPolicy `yaml:"accessPolicies" key:"id" doc:"Who may use it beside the gateway itself."`
}

type fileAccessPolicy struct {
	place
	ID       text `yaml:"id,required" doc:"The id."`
	TenantID text `yaml:"tenantId,required" doc:"The tenant (tid) of the caller's token."`
	ObjectID text `yaml:"objectId,required" doc:"The object id (oid) of the caller's token, or of one of its groups."`
}

type fileDevelopment struct {
	place
	Address  text                 `yaml:"address" default:"127.0.0.1:8081" doc:"host:port on loopback where the development services are."`
	Identity *fileSandboxIdentity `yaml:"identity" doc:"An identity provider: an OpenID issuer at /identity, and the token endpoints of a machine in Azure: /metadata/identity/oauth2/token and /msi/token."`
	Services []fileSandboxService `yaml:"services" key:"id" doc:"Services at /services/<id> that want a token of the identity provider, as App Service authentication does."`
}

type fileSandboxIdentity struct {
	place
	TenantID    text              `yaml:"tenantId" default:"00000000-0000-0000-0000-00000000dead" doc:"The tenant in its tokens."`
	KeyRotation duration          `yaml:"keyRotation" default:"24h" doc:"How often it signs with a new key."`
	Lifetime    duration          `yaml:"tokenLifetime" default:"1h" doc:"How long its access tokens are good."`
	Clients     []fileSandboxApp  `yaml:"applications" key:"id" doc:"The applications that may ask for tokens. The identity system is always there."`
	Users       []fileSandboxUser `yaml:"users" key:"id" doc:"Who may log in."`
}

type fileSandboxApp struct {
	place
	ID           text   `yaml:"id,required" doc:"The client id."`
	Secret       text   `yaml:"secret" secret:"true" doc:"The client secret. Without one it is a public client, or a managed identity."`
	RedirectURIs []text `yaml:"redirectUris" doc:"Where the browser may be sent with a code."`
	Roles        []text `yaml:"roles" doc:"The roles in its tokens."`
}

type fileSandboxUser struct {
	place
	ID    text `yaml:"id,required" doc:"The name to log in with."`
	Name  text `yaml:"name" doc:"The name. Default: the id."`
	Email text `yaml:"email" doc:"The address."`
}

type fileSandboxService struct {
	place
	ID           text   `yaml:"id,required" doc:"The service is at /services/<id>."`
	Audience     text   `yaml:"audience,required" doc:"The audience that tokens must have."`
	Applications []text `yaml:"allowedApplications,required" doc:"The client ids of the applications that may call it."`
}
