package builtins

import (
	"sekisho/builtins/liquid"
	"sekisho/engine/dotnet"
	"sekisho/engine/pipeline"
)

// SetBody replaces the body of the message at hand.
//
//	<set-body>text</set-body>
//	<set-body>@(context.Request.Body.As<JObject>(true)["order"].ToString())</set-body>
//	<set-body template="liquid" xsi-nil="null" parse-date="false">{"id": "{{body.order.id}}"}</set-body>
//
// Text stands as it is, blanks and markup included, unless all of it is one
// expression. The value of an expression is sent as .NET writes it, a byte[] byte for
// byte, null as an empty body. A Liquid template sees the message's body as `body`,
// read by its Content-Type; in a return-response that is the new response's, which
// has none. The old Content-Encoding goes with the old body; Content-Type stays what it
// was, and none is invented.
//
// Spec: https://learn.microsoft.com/azure/api-management/set-body-policy
// Ours: the page says that a request without a body cannot be given one; that is
// so for the caller's GET and HEAD requests, and a Fault. The overview of on-error
// counts set-body in, the page leaves it out: it is allowed there.
var SetBody = pipeline.Policy{
	Name:     "set-body",
	Summary:  "Replaces the body of the request or the response by text, a computed value or a Liquid template.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example:  `<set-body template="liquid">{"name": "{{context.Request.Url.Path | Upcase}}"}</set-body>`,
	New:      func() pipeline.Step { return new(setBody) },
}

type setBody struct {
	Template string       `attr:"template" enum:"liquid Liquid none"`
	XsiNil   string       `attr:"xsi-nil" enum:"blank null" default:"blank"`
	Dates    bool         `attr:"parse-date" default:"true"`
	Content  pipeline.Any `text:",raw"`

	template *liquid.Template
}

// Check compiles the template.
func (s *setBody) Check(c *pipeline.Check) {
	if content := c.Element().Content; (s.Template == "liquid" || s.Template == "Liquid") && !content.IsExpression() && content.View.Text != nil {
		s.template = liquid.Compile(content.View, c.Diags())
	}
}

func (s *setBody) Run(x *pipeline.Exchange) error {
	header, body := x.TargetHeader(), x.TargetBody()
	request, _ := x.Target()
	if request == &x.Request && !body.Present() && (request.Method == "GET" || request.Method == "HEAD") {
		return pipeline.Faultf(500, reasonNoBody, "The body of a %s request that has none cannot be set.", request.Method)
	}
	var content []byte
	if s.template != nil {
		text, err := s.template.Render(s.data(x, header, body), liquid.Limits{Context: x.Context, Output: int(min(x.BodyLimit, 1<<30))})
		if err != nil {
			return &pipeline.Fault{Status: 500, Reason: pipeline.ReasonExpression, Message: "Liquid template evaluation failed. " + err.Error(), Cause: err}
		}
		content = []byte(text)
	} else {
		v, err := s.Content.Get(x)
		if err != nil {
			return err
		}
		content = bodyBytes(v)
	}
	replaceBody(header, body, content)
	return nil
}

func (s *setBody) data(x *pipeline.Exchange, header *pipeline.Header, body *pipeline.Body) liquid.Data {
	d := liquid.Data{Context: x.APIM(), KeepDates: !s.Dates, XsiNull: s.XsiNil == "null", Now: x.Services.Now}
	if body.Present() {
		d.Body = func() ([]byte, string, error) {
			content, err := body.Text()
			return content, header.Get("Content-Type"), err
		}
	}
	return d
}

// bodyBytes is a value as a body sends it.
func bodyBytes(v any) []byte {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return []byte(v)
	case []byte:
		return v
	}
	return []byte(dotnet.ToString(v))
}

// replaceBody gives a message a new body, which is not encoded. Its length is written
// by whoever sends it.
func replaceBody(header *pipeline.Header, body *pipeline.Body, content []byte) {
	body.SetBytes(content)
	header.Del("Content-Encoding")
	header.Del("Content-Length")
	header.Del("Transfer-Encoding")
}
