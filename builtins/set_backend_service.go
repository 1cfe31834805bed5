package builtins

import (
	"strings"

	"sekisho/engine/pipeline"
)

// SetBackendService changes where the request is forwarded to. It sends nothing.
//
//	<set-backend-service base-url="https://eu.example.com/v2" />
//	<set-backend-service backend-id="orders" />
//
// Exactly one of the two stands there. base-url replaces scheme, host and the path
// before the operation's own; backend-id names a backend of gateway.yaml with its
// credentials, circuit breaker or pool. The last one that runs wins, save that a
// backend-id of a broader scope gives way to a backend-id only, never to a base-url.
//
// Spec: https://learn.microsoft.com/azure/api-management/set-backend-service-policy
// Ours: the query of a base-url is put before the request's. An empty base-url, which
// documents have, changes nothing and is a warning; an empty computed one is a Fault.
// A base-url that gives way to an inherited backend-id says so in the trace. The
// attributes of Service Fabric and Dapr are not available yet.
var SetBackendService = pipeline.Policy{
	Name:     "set-backend-service",
	Summary:  "Changes the backend that the request is forwarded to.",
	Sections: pipeline.Inbound | pipeline.Backend,
	Scopes:   pipeline.AnyScope,
	Example:  `<set-backend-service base-url="https://eu.example.com/v2" />`,
	New:      func() pipeline.Step { return new(setBackendService) },
}

type setBackendService struct {
	BaseURL   pipeline.String `attr:"base-url"`
	BackendID pipeline.String `attr:"backend-id"`

	// Declared for what they are said of; no document with one of them loads.
	SFResolveCondition    pipeline.String `attr:"sf-resolve-condition"`
	SFServiceInstanceName pipeline.String `attr:"sf-service-instance-name"`
	SFPartitionKey        pipeline.String `attr:"sf-partition-key"`
	SFListenerName        pipeline.String `attr:"sf-listener-name"`
	SFReplicaType         pipeline.String `attr:"sf-replica-type"`
	DaprAppID             pipeline.String `attr:"dapr-app-id"`
	DaprMethod            pipeline.String `attr:"dapr-method"`
	DaprNamespace         pipeline.String `attr:"dapr-namespace"`

	literal pipeline.URL // of BaseURL
}

// Check wants one target that exists.
func (s *setBackendService) Check(c *pipeline.Check) {
	later := false
	for i := range c.Element().Attrs {
		a := &c.Element().Attrs[i]
		if strings.HasPrefix(a.Name, "sf-") || strings.HasPrefix(a.Name, "dapr-") {
			c.Diags().Errorf(a.NameRange, "not-available-yet", "the attribute %q of <set-backend-service> is not available yet", a.Name)
			later = true
		}
	}
	if later {
		return
	}
	if s.BaseURL.IsSet() == s.BackendID.IsSet() {
		c.Errorf(nil, "conflicting-attributes", `<set-backend-service> wants exactly one of the attributes "base-url" and "backend-id"`)
		return
	}
	if s.BackendID.IsSet() {
		if !isStandIn(c, "backend-id") {
			c.Backend(&s.BackendID)
		}
		return
	}
	base, ok := s.BaseURL.Literal()
	if !ok || isStandIn(c, "base-url") {
		return
	}
	if base == "" {
		c.Warnf(&s.BaseURL, "empty-base-url", "an empty base-url changes nothing")
		return
	}
	if s.literal, ok = pipeline.ParseURL(escapeURL(base)); !ok {
		c.Errorf(&s.BaseURL, "bad-value", `attribute "base-url" of <set-backend-service> wants an absolute http or https URL, got %q`,
			c.Element().Attr("base-url").Value.AsWritten())
	}
}

func (s *setBackendService) Run(x *pipeline.Exchange) error {
	if s.BackendID.IsSet() {
		return s.backend(x)
	}
	base := s.literal
	if base.Host == "" {
		text, err := s.BaseURL.Get(x)
		if err != nil {
			return err
		}
		if _, literal := s.BaseURL.Literal(); literal && text == "" {
			return nil
		}
		var ok bool
		if base, ok = pipeline.ParseURL(escapeURL(text)); !ok {
			return badValue("The computed base-url of set-backend-service is not an absolute http or https URL.")
		}
	}
	if x.BackendID != "" && broader(x.BackendScope, x.Scope()) {
		x.TraceMessage("set-backend-service", "information", "The base-url has no effect: a broader scope chose a backend-id.", nil)
		return nil
	}
	x.Request.URL.SetService(base)
	x.BackendID, x.BackendScope = "", 0
	if q := base.Query; q != "" && x.Request.URL.Query != q && !strings.HasPrefix(x.Request.URL.Query, q+"&") {
		if x.Request.URL.Query != "" {
			q += "&" + x.Request.URL.Query
		}
		x.Request.URL.Query = q
	}
	return nil
}

func (s *setBackendService) backend(x *pipeline.Exchange) error {
	id, err := s.BackendID.Get(x)
	if err != nil {
		return err
	}
	u, pool, ok := x.Forwarder.BackendURL(id)
	if !ok {
		return pipeline.Faultf(500, reasonNoBackend, "There is no backend with the id %q.", id)
	}
	if !pool {
		x.Request.URL.SetService(u)
	}
	x.BackendID, x.BackendScope = id, x.Scope()
	return nil
}

// broader tells whether a is a broader scope than b.
func broader(a, b pipeline.Scope) bool { return a != 0 && a < b }
