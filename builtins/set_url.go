package builtins

import (
	"strings"

	"sekisho/engine/pipeline"
)

// SetURL is where a send-request goes; it may stand nowhere else.
//
//	<set-url>https://users.example.com/me</set-url>
//
// The URL is absolute, with http or https. Blanks and characters that no URL may hold
// are percent-encoded.
//
// Spec: https://learn.microsoft.com/azure/api-management/send-request-policy
var SetURL = pipeline.Policy{
	Name:     "set-url",
	Summary:  "Says where a send-request goes.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example: `<send-request mode="new" response-variable-name="user">
  <set-url>https://users.example.com/me</set-url>
  <set-method>GET</set-method>
</send-request>`,
	New: func() pipeline.Step { return new(setURL) },
}

type setURL struct {
	URL pipeline.String `text:",required"`
}

// Check wants an absolute URL, inside a request that is being made.
func (s *setURL) Check(c *pipeline.Check) {
	if p := c.Element().Parent; p == nil || p.Name != "send-request" && p.Name != "send-one-way-request" {
		c.Errorf(nil, "misplaced-policy", "<set-url> may stand only in <send-request> and <send-one-way-request>").
			WithHint("set-backend-service and rewrite-uri change where a request is forwarded to")
		return
	}
	if u, ok := s.URL.Literal(); ok && !c.Element().Content.HasStandIn() {
		if _, ok := pipeline.ParseURL(escapeURL(u)); !ok {
			c.Errorf(&s.URL, "bad-value", "<set-url> wants an absolute http or https URL, got %q", c.Element().Content.AsWritten())
		}
	}
}

func (s *setURL) Run(x *pipeline.Exchange) error {
	text, err := s.URL.Get(x)
	if err != nil {
		return err
	}
	u, ok := pipeline.ParseURL(escapeURL(text))
	if !ok {
		return pipeline.Faultf(500, pipeline.ReasonBackend, "The URL of the request is not an absolute http or https URL.")
	}
	request, _ := x.Target()
	request.URL = u
	return nil
}

const hexDigits = "0123456789ABCDEF"

// escapeURL percent-encodes what may not stand in a URL and leaves all else, an
// existing encoding included.
func escapeURL(s string) string {
	s = strings.TrimSpace(s)
	bad := func(c byte) bool {
		return c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' || c == '^' || c == '`' ||
			c == '{' || c == '|' || c == '}'
	}
	i := 0
	for i < len(s) && !bad(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:i])
	for ; i < len(s); i++ {
		if c := s[i]; bad(c) {
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
