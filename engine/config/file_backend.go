package config

type fileBackend struct {
	place
	ID             text            `yaml:"id,required" doc:"What backend-id in policies and backend in APIs name."`
	Type           text            `yaml:"type" enum:"single,pool,echo,static" doc:"single calls a URL, pool shares calls among backends; echo answers with the request it got and static with a fixed response, both without a network. Default: what the other keys say."`
	Title          text            `yaml:"title" doc:"A name for people."`
	URL            text            `yaml:"url" doc:"The URL that requests are sent to; the operation's path is appended."`
	Protocol       text            `yaml:"protocol" enum:"http,soap" default:"http" doc:"The protocol, for APIM's sake: both are sent the same way."`
	Credentials    fileCredentials `yaml:"credentials" doc:"What is added to requests for this backend."`
	TLS            fileBackendTLS  `yaml:"tls" doc:"How the backend's certificate is checked."`
	CircuitBreaker *fileBreaker    `yaml:"circuitBreaker" doc:"When to stop calling the backend for a while."`
	Pool           *filePool       `yaml:"pool" doc:"The members of a pool."`
	Static         *fileStatic     `yaml:"static" doc:"The response of a static backend."`
}

func (f *fileBackend) short(v text)     { f.URL = v }
func (f *fileBackend) shortDoc() string { return "The URL." }

type fileCredentials struct {
	place
	Headers       []pair             `yaml:"headers" secret:"true" doc:"Headers to set, each with one or several values."`
	Query         []pair             `yaml:"query" secret:"true" doc:"Query parameters to set, each with one or several values."`
	Authorization *fileAuthorization `yaml:"authorization" doc:"The Authorization header."`
	Certificates  []text             `yaml:"certificates" doc:"The id of the certificate to present as client."`
}

type fileAuthorization struct {
	place
	Scheme    text `yaml:"scheme,required" doc:"The scheme, such as Bearer or Basic."`
	Parameter text `yaml:"parameter,required" secret:"true" doc:"What follows the scheme."`
}

type fileBackendTLS struct {
	place
	ValidateChain truth  `yaml:"validateCertificateChain" default:"true" doc:"Whether the certificate must come from a trusted authority."`
	ValidateName  truth  `yaml:"validateCertificateName" default:"true" doc:"Whether the certificate must be for the host that is called."`
	Roots         []text `yaml:"roots" doc:"PEM files of the authorities that are trusted. Default: the system's."`
	ServerName    text   `yaml:"serverName" doc:"The name to ask for and to check, instead of the URL's host."`
}

type fileBreaker struct {
	place
	Rules []fileBreakerRule `yaml:"rules,required" doc:"The rule. APIM allows one."`
}

type fileBreakerRule struct {
	place
	Name             text        `yaml:"name" doc:"A name for logs and metrics."`
	FailureCondition fileFailure `yaml:"failureCondition,required" doc:"When it trips."`
	TripDuration     duration    `yaml:"tripDuration,required" doc:"How long it stays open."`
	AcceptRetryAfter truth       `yaml:"acceptRetryAfter" default:"false" doc:"Whether a Retry-After header of the backend replaces tripDuration."`
}

type fileFailure struct {
	place
	Count            number            `yaml:"count" min:"1" max:"10000" doc:"So many failures in the interval trip it."`
	Percentage       number            `yaml:"percentage" min:"1" max:"100" doc:"So many failures per hundred calls in the interval trip it, instead of count."`
	Interval         duration          `yaml:"interval,required" doc:"The time in which failures are counted."`
	StatusCodeRanges []fileStatusRange `yaml:"statusCodeRanges" doc:"The status codes that count as failures."`
	ErrorReasons     []text            `yaml:"errorReasons" doc:"The errors that count as failures: BackendConnectionFailure, Timeout, Server errors."`
}

type fileStatusRange struct {
	place
	Min number `yaml:"min,required" min:"100" max:"599" doc:"The first."`
	Max number `yaml:"max,required" min:"100" max:"599" doc:"The last."`

	written text
}

func (f *fileStatusRange) short(v text) {
	f.written = v
	f.Min.Set, f.Max.Set = true, true // not missing: the builder reads them
}

func (f *fileStatusRange) shortDoc() string {
	return "One code, such as 429, or a range, such as 500-599."
}

type filePool struct {
	place
	Services        []filePoolMember `yaml:"services,required" doc:"The members, at most 30: single, echo or static backends."`
	SessionAffinity *fileAffinity    `yaml:"sessionAffinity" doc:"Keeps a client at the member it was first sent to."`
}

type filePoolMember struct {
	place
	ID       text   `yaml:"id,required" doc:"The id of the backend, also written /backends/<id>."`
	Priority number `yaml:"priority" min:"1" max:"100" default:"1" doc:"Members with a higher number are used only when all with lower ones are tripped."`
	Weight   number `yaml:"weight" min:"1" max:"100" default:"1" doc:"The member's share of the calls of its priority."`
}

func (f *filePoolMember) short(v text)     { f.ID = v }
func (f *filePoolMember) shortDoc() string { return "The id." }

type fileAffinity struct {
	place
	SessionID fileSessionID `yaml:"sessionId" doc:"Where the session's id stands."`
}

type fileSessionID struct {
	place
	Source text `yaml:"source" enum:"cookie" default:"cookie" doc:"Where it stands."`
	Name   text `yaml:"name" default:"SessionId" doc:"The name of the cookie; the gateway sets it."`
}

type fileStatic struct {
	place
	Status  number `yaml:"status" min:"200" max:"599" default:"200" doc:"The status code."`
	Headers []pair `yaml:"headers" doc:"The headers."`
	Body    tree   `yaml:"body" doc:"The body: a text as it is, anything else as JSON."`
}
