package builtins

import (
	"time"

	"sekisho/engine/pipeline"
)

// ForwardRequest sends the request to its backend and makes the answer the response.
//
//	<forward-request timeout="60" follow-redirects="false" buffer-request-body="false"
//	                 buffer-response="true" fail-on-error-status-code="false" />
//
// timeout (seconds, 300 by default) or timeout-ms is the time to wait for the
// response's headers; continue-timeout that for a 100 Continue. buffer-request-body
// keeps the body, so that a retry can send it again. Every piece of the response goes
// on at once, whatever buffer-response says: that is what "false" asks for, and "true"
// promises nothing more. http-version="2or1" goes over HTTP/1.1. With fail-on-error-status-code answers
// from 400 to 599 go to on-error. Failures have the reasons Timeout,
// BackendConnectionFailure and ClientConnectionFailure.
//
// Spec: https://learn.microsoft.com/azure/api-management/forward-request-policy
// Ours: the page allows one in a document; real documents have one in each branch of a
// choose, so more are not refused. http-version="2or1" may go over HTTP/1.1 like
// APIM's; "2" alone is not available yet.
var ForwardRequest = pipeline.Policy{
	Name:     "forward-request",
	Summary:  "Sends the request to its backend.",
	Sections: pipeline.Backend,
	Scopes:   pipeline.AnyScope,
	Example:  `<forward-request timeout="60" buffer-request-body="true" />`,
	New:      func() pipeline.Step { return new(forwardRequest) },
}

type forwardRequest struct {
	Timeout         pipeline.Float `attr:"timeout" range:"0" default:"300"`
	TimeoutMS       pipeline.Float `attr:"timeout-ms" range:"0"`
	ContinueTimeout pipeline.Float `attr:"continue-timeout" range:"0"`
	HTTPVersion     string         `attr:"http-version" enum:"1 2or1 2" default:"1"`
	FollowRedirects pipeline.Bool  `attr:"follow-redirects" default:"false"`
	BufferRequest   bool           `attr:"buffer-request-body" default:"false"`
	BufferResponse  bool           `attr:"buffer-response" default:"true"`
	FailOnError     bool           `attr:"fail-on-error-status-code" default:"false"`
}

// Check refuses two timeouts, and what HTTP/2 alone can do.
func (f *forwardRequest) Check(c *pipeline.Check) {
	e := c.Element()
	if e.Attr("timeout") != nil && e.Attr("timeout-ms") != nil {
		c.Errorf(&f.TimeoutMS, "conflicting-attributes", `<forward-request> wants only one of the attributes "timeout" and "timeout-ms"`)
	}
	if f.HTTPVersion == "2" {
		c.Errorf(&f.HTTPVersion, "not-available-yet", `http-version="2" is not available yet`).WithHint(`"2or1" goes over HTTP/1.1 where it must`)
	}
}

func (f *forwardRequest) Run(x *pipeline.Exchange) error {
	o := pipeline.ForwardOptions{
		BufferRequestBody: f.BufferRequest,
		FailOnErrorStatus: f.FailOnError,
	}
	var err error
	if o.FollowRedirects, err = f.FollowRedirects.Get(x); err != nil {
		return err
	}
	timeout, unit := &f.Timeout, time.Second
	if f.TimeoutMS.IsSet() {
		timeout, unit = &f.TimeoutMS, time.Millisecond
	}
	if o.Timeout, err = duration(x, timeout, unit); err != nil {
		return err
	}
	if o.ContinueTimeout, err = duration(x, &f.ContinueTimeout, time.Second); err != nil {
		return err
	}
	return x.Forwarder.Forward(x, o)
}

// duration is a number of units as a Duration; negative ones count as none.
func duration(x *pipeline.Exchange, v *pipeline.Float, unit time.Duration) (time.Duration, error) {
	n, err := v.Get(x)
	return seconds(n * unit.Seconds()), err
}
