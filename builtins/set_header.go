package builtins

import (
	"slices"
	"strings"

	"sekisho/engine/pipeline"
)

// SetHeader changes a header of the message at hand: the request in inbound and
// backend, the response in outbound and on-error, or the message that an enclosing
// send-request or return-response makes.
//
//	<set-header name="X-Caller" exists-action="override"><value>@(context.User.Id)</value></set-header>
//
// exists-action is override (the default), skip, append or delete. Several values are
// joined as "v1,v2" into one line, and so are appended ones with what is there; the
// headers in separateLines get a line for each value.
//
// Connection, Content-Length, Keep-Alive and Transfer-Encoding are the gateway's own:
// naming one is a fault at load. Server stays in responses.
//
// Spec: https://learn.microsoft.com/azure/api-management/set-header-policy
// Ours: a computed name of the gateway's own headers has no effect, since documents
// remove headers in a loop. Blanks around a value go, a line break followed by a
// blank becomes one blank, and any other control character in a value is a Fault.
// Values of a delete are left unread.
var SetHeader = pipeline.Policy{
	Name:     "set-header",
	Summary:  "Sets, appends to or deletes a header of the request or the response.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example: `<set-header name="X-Request-Id" exists-action="skip">
  <value>@(context.RequestId.ToString())</value>
</set-header>`,
	New: func() pipeline.Step { return new(setHeader) },
}

type setHeader struct {
	Name   pipeline.String   `attr:"name,required"`
	Action pipeline.String   `attr:"exists-action" enum:"override skip append delete" default:"override"`
	Values []pipeline.String `child:"value"`

	// plain says that Name is a good literal that is not the gateway's own, Action is
	// override, and there is one value.
	plain bool
}

// What exists-action may be.
const (
	override     = "override"
	skipExisting = "skip"
	appendValue  = "append"
	deleteAll    = "delete"
)

// separateLines are the headers whose values are never joined into one line.
var separateLines = []string{
	"user-agent", "www-authenticate", "proxy-authenticate", "cookie", "set-cookie", "warning", "date", "expires",
	"if-modified-since", "if-unmodified-since", "last-modified", "retry-after",
}

// ownHeaders say how a message is framed: no policy may touch them.
var ownHeaders = []string{"connection", "content-length", "keep-alive", "transfer-encoding"}

// Check looks at literal names and at whether there is a value.
func (s *setHeader) Check(c *pipeline.Check) {
	if name, ok := s.Name.Literal(); ok && !isStandIn(c, "name") {
		switch {
		case !isToken(name):
			c.Errorf(&s.Name, "bad-value", "%q is not a name that a header can have", name)
		case slices.Contains(ownHeaders, strings.ToLower(name)):
			c.Errorf(&s.Name, "forbidden-header", "the header %q is the gateway's own: it follows from how the message is sent", name)
		case strings.EqualFold(name, "Server") && s.is(deleteAll) && c.Section()&(pipeline.Inbound|pipeline.Backend) == 0:
			c.Warnf(&s.Name, "forbidden-header", "the header %q cannot be deleted from a response", name)
		}
	}
	wantValue(c, len(s.Values), &s.Action)
	name, ok := s.Name.Literal()
	s.plain = ok && isToken(name) && !slices.Contains(ownHeaders, strings.ToLower(name)) && s.is(override) && len(s.Values) == 1
}

func (s *setHeader) is(action string) bool {
	a, ok := s.Action.Literal()
	return ok && a == action
}

// wantValue reports a missing <value>, which only delete can do without.
func wantValue(c *pipeline.Check, n int, action *pipeline.String) {
	if a, ok := action.Literal(); n == 0 && ok && a != deleteAll {
		c.Errorf(nil, "missing-element", "<%s> wants a <value> inside, unless it deletes", c.Element().Name)
	}
}

func (s *setHeader) Run(x *pipeline.Exchange) error {
	if s.plain {
		return s.put(x)
	}
	name, err := s.Name.Get(x)
	if err != nil {
		return err
	}
	name = strings.TrimSpace(name)
	if !isToken(name) {
		return badValue("The computed name of a header is not one that a header can have.")
	}
	action, err := s.Action.Get(x)
	if err != nil {
		return err
	}
	request, _ := x.Target()
	h := x.TargetHeader()
	if slices.ContainsFunc(ownHeaders, func(own string) bool { return strings.EqualFold(own, name) }) {
		return nil
	}
	switch action {
	case deleteAll:
		if !strings.EqualFold(name, "Server") || request != nil {
			h.Del(name)
		}
		return nil
	case skipExisting:
		if h.Has(name) {
			return nil
		}
	case override, appendValue:
	default:
		return badValue("The computed exists-action of set-header must be override, skip, append or delete.")
	}
	values := make([]string, len(s.Values))
	for i := range s.Values {
		v, err := s.Values[i].Get(x)
		if err != nil {
			return err
		}
		if values[i], err = headerValue(v); err != nil {
			return err
		}
	}
	putHeader(h, name, values, action == appendValue)
	return nil
}

// put is Run where all but the value is plain.
func (s *setHeader) put(x *pipeline.Exchange) error {
	v, err := s.Values[0].Get(x)
	if err != nil {
		return err
	}
	if v, err = headerValue(v); err != nil {
		return err
	}
	name, _ := s.Name.Literal()
	x.TargetHeader().Set(name, v)
	return nil
}

// putHeader sets a header to values, or adds them to what is there.
func putHeader(h *pipeline.Header, name string, values []string, add bool) {
	if add {
		old, _ := h.Lookup(name)
		values = append(old, values...)
	}
	if len(values) > 1 && !slices.Contains(separateLines, strings.ToLower(name)) {
		values = []string{strings.Join(values, ",")}
	}
	h.SetValues(name, values)
}

// headerValue makes a text fit for a header line.
func headerValue(s string) (string, error) {
	if isPlain(s) {
		return s, nil
	}
	s = strings.TrimSpace(s)
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\r' || c == '\n':
			j := i
			for j < len(s) && (s[j] == '\r' || s[j] == '\n') {
				j++
			}
			if s[j] != ' ' && s[j] != '\t' { // s ends with no blank, so j is inside
				return "", badValue("The value of a header holds a line break.")
			}
			for j < len(s) && (s[j] == ' ' || s[j] == '\t' || s[j] == '\r' || s[j] == '\n') {
				j++
			}
			b.WriteByte(' ')
			i = j - 1
		case c < ' ' && c != '\t' || c == 0x7f:
			return "", badValue("The value of a header holds a control character.")
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// isPlain tells whether a text is printable ASCII without blanks around it.
func isPlain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

// isToken tells whether s can name a header or a method (RFC 9110, token).
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// isStandIn tells whether an attribute holds an unknown named value, for which any
// text may stand: there is nothing to check.
func isStandIn(c *pipeline.Check, attr string) bool {
	a := c.Element().Attr(attr)
	return a != nil && a.Value.HasStandIn()
}
