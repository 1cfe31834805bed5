package pipeline

import (
	"net/http"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
)

// APIM is the Exchange as expressions and scripts see it.
func (x *Exchange) APIM() apim.Context { return view{x} }

// ReasonPhrase is the usual phrase of a status, "" if there is none.
func ReasonPhrase(status int) string { return http.StatusText(status) }

// view is an Exchange under APIM's names. Being one pointer, it costs no allocation
// as an interface.
type view struct{ x *Exchange }

func (v view) RequestID() clr.Guid              { return v.x.ID }
func (v view) Timestamp() clr.DateTime          { return clr.DateTimeOf(v.x.Start) }
func (v view) Elapsed() clr.TimeSpan            { return clr.TimeSpan(v.x.Services.Now().Sub(v.x.Start) / 100) }
func (v view) Tracing() bool                    { return v.x.Tracing }
func (v view) Trace(message string)             { v.x.TraceMessage("context", "information", message, nil) }
func (v view) API() *apim.API                   { return v.route().API }
func (v view) Operation() *apim.Operation       { return v.route().Operation }
func (v view) Product() *apim.Product           { return v.x.Product }
func (v view) Subscription() *apim.Subscription { return v.x.Subscription }
func (v view) User() *apim.User                 { return v.x.User }
func (v view) Deployment() *apim.Deployment     { return v.route().Deployment }
func (v view) Workspace() *apim.Workspace       { return v.route().Workspace }
func (v view) Request() apim.Request            { return request(v) }
func (v view) Response() apim.Response          { return v.x.Response.APIM() }
func (v view) Variables() apim.Variables        { return &v.x.vars }

// noRoute stands in while a request has not been matched: on-error of the global
// scope runs for those too.
var noRoute = &Route{API: &apim.API{}, Operation: &apim.Operation{}, Deployment: &apim.Deployment{}}

func (v view) route() *Route {
	if v.x.Route == nil {
		return noRoute
	}
	return v.x.Route
}

func (v view) Backend() *apim.Backend {
	if v.x.BackendID == "" || v.x.Forwarder == nil {
		return nil
	}
	_, pool, _ := v.x.Forwarder.BackendURL(v.x.BackendID)
	return &apim.Backend{ID: v.x.BackendID, IsPool: pool}
}

func (v view) LastError() *apim.LastError {
	f := v.x.fault
	if f == nil {
		return nil
	}
	return &apim.LastError{
		Source: f.Source, Reason: f.Reason, Message: f.Message,
		Scope: f.Scope.String(), Section: f.Section.String(),
		Path: f.Path, PolicyID: f.PolicyID, HTTPErrorCode: int32(f.Status),
	}
}

// request is the client's request under APIM's names.
type request struct{ x *Exchange }

func (r request) Method() string                 { return r.x.Request.Method }
func (r request) URL() *apim.URL                 { return r.x.Request.URL.APIM() }
func (r request) OriginalURL() *apim.URL         { return r.x.OriginalURL.APIM() }
func (r request) IPAddress() string              { return r.x.ClientIP }
func (r request) Headers() apim.MultiValues      { return &r.x.Request.Header }
func (r request) Body() apim.Body                { return bodyOf(&r.x.Request.Body) }
func (r request) Certificate() *apim.Certificate { return r.x.ClientCert }
func (r request) MatchedParameters() apim.Values {
	if r.x.Parameters == nil {
		return noValues{}
	}
	return r.x.Parameters
}

type noValues struct{}

func (noValues) Lookup(string) (string, bool)   { return "", false }
func (noValues) Len() int                       { return 0 }
func (noValues) Each(func(string, string) bool) {}

// TraceMessage records a message of the trace policy or of context.Trace: it goes to
// the log at a level that follows the severity, with the request's id.
func (x *Exchange) TraceMessage(source, severity, message string, metadata []Field) {
	x.Services.Trace(x, source, severity, message, metadata)
}
