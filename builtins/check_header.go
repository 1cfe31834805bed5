package builtins

import (
	"strings"

	"sekisho/engine/pipeline"
)

// CheckHeader lets a request through only if a header is there, with one of the values
// given, if any are.
//
//	<check-header name="Authorization" failed-check-httpcode="401"
//	              failed-check-error-message="Not authorized" ignore-case="false">
//	  <value>f6dc69a089844cf6b2019bae6d36fac8</value>
//	</check-header>
//
// All four attributes are required and accept expressions. A failure answers with the
// status and the message given; LastError has the reason HeaderNotFound or
// HeaderValueNotAllowed, and its Message tells which header it was.
//
// Spec: https://learn.microsoft.com/azure/api-management/check-header-policy
// Ours: a header that comes in several lines has no value that could be allowed, as in
// the emulator of Microsoft's policy toolkit: the backend might read another line than
// the one that was checked.
var CheckHeader = pipeline.Policy{
	Name:     "check-header",
	Summary:  "Lets a request through only if it has a header, with one of the values given.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.AnyScope,
	Example: `<check-header name="Authorization" failed-check-httpcode="401" failed-check-error-message="Not authorized" ignore-case="false">
  <value>f6dc69a089844cf6b2019bae6d36fac8</value>
</check-header>`,
	New: func() pipeline.Step { return new(checkHeader) },
}

type checkHeader struct {
	Name       pipeline.String   `attr:"name,required"`
	Status     pipeline.Int      `attr:"failed-check-httpcode,required" range:"100 999"`
	Message    pipeline.String   `attr:"failed-check-error-message,required"`
	IgnoreCase pipeline.Bool     `attr:"ignore-case,required"`
	Values     []pipeline.String `child:"value"`
}

func (c *checkHeader) Run(x *pipeline.Exchange) error {
	name, err := c.Name.Get(x)
	if err != nil {
		return err
	}
	lines, _ := x.Request.Header.Lookup(name)
	if len(lines) == 0 {
		return c.fail(x, "HeaderNotFound", "Header "+name+" was not found in the request. Access denied.")
	}
	if len(c.Values) == 0 {
		return nil
	}
	ignoreCase, err := c.IgnoreCase.Get(x)
	if err != nil {
		return err
	}
	if len(lines) == 1 {
		for i := range c.Values {
			v, err := c.Values[i].Get(x)
			if err != nil {
				return err
			}
			if v == lines[0] || ignoreCase && strings.EqualFold(v, lines[0]) {
				return nil
			}
		}
	}
	return c.fail(x, "HeaderValueNotAllowed", "Header "+name+" value of "+strings.Join(lines, ",")+" is not allowed. Access denied.")
}

func (c *checkHeader) fail(x *pipeline.Exchange, reason, message string) error {
	status, err := c.Status.Get(x)
	if err != nil {
		return err
	}
	if status < 100 || status > 999 {
		return badValue("The computed failed-check-httpcode is no HTTP status.")
	}
	public, err := c.Message.Get(x)
	if err != nil {
		return err
	}
	return &pipeline.Fault{Status: int(status), Reason: reason, Message: message, Public: public}
}
