package builtins

import (
	"slices"
	"strings"

	"sekisho/engine/pipeline"
)

// SetMethod changes the method of the request.
//
//	<set-method>POST</set-method>
//
// In on-error it changes the method of the request as expressions see it; nothing is
// sent any more.
//
// Spec: https://learn.microsoft.com/azure/api-management/set-method-policy
// Ours: the usual methods are written in capitals whatever their case, others as they
// stand. The page allows no expression inside send-request; APIM takes one, and so do
// we.
var SetMethod = pipeline.Policy{
	Name:     "set-method",
	Summary:  "Changes the method of the request.",
	Sections: pipeline.Inbound | pipeline.OnError,
	Scopes:   pipeline.AnyScope,
	Example:  `<set-method>POST</set-method>`,
	New:      func() pipeline.Step { return new(setMethod) },
}

type setMethod struct {
	Method pipeline.String `text:",required"`
}

var usualMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}

// Check wants a method that can be sent.
func (s *setMethod) Check(c *pipeline.Check) {
	if m, ok := s.Method.Literal(); ok && !isToken(m) && !c.Element().Content.HasStandIn() {
		c.Errorf(&s.Method, "bad-value", "%q is not a method that a request can have", m)
	}
}

func (s *setMethod) Run(x *pipeline.Exchange) error {
	m, err := s.Method.Get(x)
	if err != nil {
		return err
	}
	m = strings.TrimSpace(m)
	if !isToken(m) {
		return badValue("The computed method is not one that a request can have.")
	}
	if u := strings.ToUpper(m); slices.Contains(usualMethods, u) {
		m = u
	}
	request, _ := x.Target()
	if request == nil {
		request = &x.Request
	}
	request.Method = m
	return nil
}
