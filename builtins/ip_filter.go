package builtins

import (
	"net/netip"

	"sekisho/engine/pipeline"
	"sekisho/engine/policyxml"
)

// IPFilter lets callers through, or keeps them out, by their IP address.
//
//	<ip-filter action="allow">
//	  <address>192.0.2.7</address>
//	  <address-range from="198.51.100.0" to="198.51.100.255" />
//	</ip-filter>
//
// action="allow" refuses callers that are not listed, "forbid" those that are. Each
// ip-filter decides for itself, in the order of the policies. The answer is 403; the
// reasons are CallerIpNotAllowed, CallerIpBlocked and FailedToParseCallerIP. action,
// addresses and the ends of ranges accept expressions.
//
// Spec: https://learn.microsoft.com/azure/api-management/ip-filter-policy
// Ours: the client is told "Forbidden", as by the emulator of Microsoft's policy
// toolkit; LastError has the full message. A literal that is no IP address is a
// warning, since templates hold placeholders, and stands for no caller; a computed one
// is a Fault. An IPv4 address and the same one written as IPv6 are equal. A range
// holds addresses of one family only.
var IPFilter = pipeline.Policy{
	Name:     "ip-filter",
	Summary:  "Lets callers through, or keeps them out, by their IP address.",
	Sections: pipeline.Inbound,
	Scopes:   pipeline.AnyScope,
	Example: `<ip-filter action="allow">
  <address>192.0.2.7</address>
  <address-range from="198.51.100.0" to="198.51.100.255" />
</ip-filter>`,
	New: func() pipeline.Step { return new(ipFilter) },
}

type ipFilter struct {
	Action    pipeline.String `attr:"action,required" enum:"allow forbid"`
	Addresses []*oneAddress   `child:"address"`
	Ranges    []*addressRange `child:"address-range"`
}

type oneAddress struct {
	Value pipeline.String `text:",required"`

	ip address
}

type addressRange struct {
	From pipeline.String `attr:"from,required"`
	To   pipeline.String `attr:"to,required"`

	from, to address
}

// address is a literal address, parsed at load; the zero one stands for an expression
// or a literal that is no address.
type address struct{ ip netip.Addr }

func parseAddress(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a.Unmap().WithZone(""), err == nil
}

// literalAddress parses a literal at load and warns about one that is no address.
func literalAddress(c *pipeline.Check, v *pipeline.String, written policyxml.Value) address {
	s, ok := v.Literal()
	if !ok {
		return address{}
	}
	a, ok := parseAddress(s)
	if !ok && !written.HasStandIn() {
		c.Warnf(v, "bad-address", "%q is no IP address: it stands for no caller", written.AsWritten())
	}
	return address{a}
}

// get is the address for this Exchange; ok is false for none.
func (a address) get(x *pipeline.Exchange, v *pipeline.String) (ip netip.Addr, ok bool, err error) {
	if _, literal := v.Literal(); literal {
		return a.ip, a.ip.IsValid(), nil
	}
	s, err := v.Get(x)
	if err != nil {
		return ip, false, err
	}
	if ip, ok = parseAddress(s); !ok {
		return ip, false, badValue("A computed address of the filter is no IP address.")
	}
	return ip, true, nil
}

// Check wants something to compare with.
func (f *ipFilter) Check(c *pipeline.Check) {
	if len(f.Addresses)+len(f.Ranges) == 0 {
		c.Errorf(nil, "missing-element", "<ip-filter> wants an <address> or an <address-range> inside")
	}
}

// Check parses the literal address.
func (a *oneAddress) Check(c *pipeline.Check) {
	a.ip = literalAddress(c, &a.Value, c.Element().Content)
}

// Check parses the literal ends of a range.
func (r *addressRange) Check(c *pipeline.Check) {
	r.from = literalAddress(c, &r.From, c.Element().Attr("from").Value)
	r.to = literalAddress(c, &r.To, c.Element().Attr("to").Value)
	if from, to := r.from.ip, r.to.ip; from.IsValid() && to.IsValid() {
		switch {
		case from.Is4() != to.Is4():
			c.Warnf(&r.To, "bad-address", "the range begins with an IPv4 address and ends with an IPv6 address, or the reverse: it holds none")
		case to.Less(from):
			c.Warnf(&r.To, "bad-address", "the range ends before it begins: it holds no address")
		}
	}
}

func (f *ipFilter) Run(x *pipeline.Exchange) error {
	action, err := f.Action.Get(x)
	if err != nil {
		return err
	}
	if action != "allow" && action != "forbid" {
		return badValue("The computed action of the filter is neither allow nor forbid.")
	}
	caller, ok := parseAddress(x.ClientIP)
	if !ok {
		return forbidden("FailedToParseCallerIP", "Failed to establish IP address for the caller. Access denied.")
	}
	listed, err := f.lists(x, caller)
	switch {
	case err != nil:
		return err
	case action == "allow" && !listed:
		return forbidden("CallerIpNotAllowed", "Caller IP address "+x.ClientIP+" is not allowed. Access denied.")
	case action == "forbid" && listed:
		return forbidden("CallerIpBlocked", "Caller IP address is blocked. Access denied.")
	}
	return nil
}

func forbidden(reason, message string) error {
	return &pipeline.Fault{Status: 403, Reason: reason, Message: message, Public: "Forbidden"}
}

func (f *ipFilter) lists(x *pipeline.Exchange, caller netip.Addr) (bool, error) {
	for _, a := range f.Addresses {
		ip, ok, err := a.ip.get(x, &a.Value)
		if err != nil || ok && ip == caller {
			return err == nil, err
		}
	}
	for _, r := range f.Ranges {
		from, ok1, err := r.from.get(x, &r.From)
		if err != nil {
			return false, err
		}
		to, ok2, err := r.to.get(x, &r.To)
		if err != nil {
			return false, err
		}
		if ok1 && ok2 && from.Is4() == caller.Is4() && to.Is4() == caller.Is4() && !caller.Less(from) && !to.Less(caller) {
			return true, nil
		}
	}
	return false, nil
}
