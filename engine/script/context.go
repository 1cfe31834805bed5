package script

import (
	"bytes"
	"slices"
	"sort"

	"github.com/dop251/goja"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
)

// member is a property of an object: its name under APIM and how it is read.
type member struct {
	name string
	get  func() goja.Value
}

func (vm *VM) members(o *goja.Object, list []member) {
	for _, m := range list {
		vm.property(o, m.name, m.get, nil)
	}
}

// plain is an object of values made now, frozen.
func (vm *VM) plain(list []member) goja.Value {
	o := vm.rt.NewObject()
	for _, m := range list {
		_ = o.Set(m.name, m.get())
	}
	return vm.freeze(o)
}

func (vm *VM) value(v any) func() goja.Value {
	return func() goja.Value { return vm.rt.ToValue(v) }
}

func (vm *VM) text1(s string) func() goja.Value  { return func() goja.Value { return vm.str(s) } }
func (vm *VM) known(s string) func() goja.Value  { return func() goja.Value { return vm.orNull(s) } }
func (vm *VM) list(s []string) func() goja.Value { return func() goja.Value { return vm.strings(s) } }

// contextObject is `context`. It is dynamic because few of its members are ever used in
// one VM, and a property with its functions takes as much memory as a whole VM without any.
type contextObject struct {
	vm      *VM
	methods map[string]goja.Value
}

// newContext makes `context`. All that a script can change of it is its prototype; end
// puts that back.
func (vm *VM) newContext() *goja.Object {
	o := vm.rt.NewDynamicObject(&contextObject{vm: vm})
	vm.contextProto = o.Prototype()
	return o
}

// contextNames are the members of context in their order. Its methods are hidden.
var contextNames = []string{"RequestId", "Timestamp", "Elapsed", "Tracing", "Api", "Operation", "Product", "Subscription", "User",
	"Deployment", "Backend", "Workspace", "LastError", "Request", "Response", "Variables"}

// Get implements goja.DynamicObject.
func (c *contextObject) Get(name string) goja.Value {
	get := (*VM).request // which most expressions want
	switch name {
	case "Request":
	case "Response":
		get = (*VM).response
	case "Variables":
		get = (*VM).variables
	case "RequestId":
		get = func(vm *VM) goja.Value { return vm.str(vm.cur.RequestID().String()) }
	case "Timestamp":
		get = func(vm *VM) goja.Value { return vm.clrDate(vm.cur.Timestamp()) }
	case "Elapsed":
		get = func(vm *VM) goja.Value { return vm.rt.ToValue(float64(vm.cur.Elapsed()) / 10_000) }
	case "Tracing":
		get = func(vm *VM) goja.Value { return vm.rt.ToValue(vm.cur.Tracing()) }
	case "Api":
		get = (*VM).api
	case "Operation":
		get = (*VM).operation
	case "Product":
		get = (*VM).product
	case "Subscription":
		get = (*VM).subscription
	case "User":
		get = (*VM).user
	case "Deployment":
		get = (*VM).deployment
	case "Backend":
		get = (*VM).backend
	case "Workspace":
		get = (*VM).workspace
	case "LastError":
		get = (*VM).lastError
	case "Trace", "setBackend", "returnResponse":
		return c.method(name)
	default:
		return nil
	}
	c.vm.tick()
	c.vm.inRequest()
	return get(c.vm)
}

func (vm *VM) variables() goja.Value {
	return vm.dictionary(dictVariables, func() *goja.Object {
		return vm.newDictionary(&variablesDict{vm}, vm.proto(protoVariables))
	})
}

// method is a method of context, made when it is first used and frozen.
func (c *contextObject) method(name string) goja.Value {
	if f := c.methods[name]; f != nil {
		return f
	}
	vm := c.vm
	run := vm.setBackend
	switch name {
	case "Trace":
		run = func(c goja.FunctionCall) goja.Value {
			vm.inRequest()
			vm.cur.Trace(clip(vm.text(c.Argument(0))))
			return goja.Undefined()
		}
	case "returnResponse":
		run = vm.returnResponse
	}
	if c.methods == nil {
		c.methods = map[string]goja.Value{}
	}
	f := vm.freeze(vm.function(name, run).(*goja.Object))
	c.methods[name] = f
	return f
}

// Has implements goja.DynamicObject.
func (c *contextObject) Has(name string) bool {
	return slices.Contains(contextNames, name) || name == "Trace" || name == "setBackend" || name == "returnResponse"
}

// Keys implements goja.DynamicObject.
func (c *contextObject) Keys() []string { return contextNames }

// Set implements goja.DynamicObject: nothing of context itself can be assigned to.
func (c *contextObject) Set(string, goja.Value) bool { return false }

// Delete implements goja.DynamicObject.
func (c *contextObject) Delete(string) bool { return false }

func (vm *VM) api() goja.Value {
	return vm.part(partAPI, func(o *goja.Object) {
		vm.members(o, []member{
			{"Id", func() goja.Value { return vm.orNull(vm.cur.API().ID) }},
			{"Name", func() goja.Value { return vm.orNull(vm.cur.API().Name) }},
			{"Path", func() goja.Value { return vm.str(vm.cur.API().Path) }},
			{"Protocols", func() goja.Value { return vm.strings(vm.cur.API().Protocols) }},
			{"Revision", func() goja.Value { return vm.orNull(vm.cur.API().Revision) }},
			{"Version", func() goja.Value { return vm.orNull(vm.cur.API().Version) }},
			{"IsCurrentRevision", func() goja.Value { return vm.rt.ToValue(vm.cur.API().IsCurrentRevision) }},
			{"ServiceUrl", func() goja.Value {
				if vm.cur.API().ServiceURL == nil {
					return goja.Null()
				}
				return vm.url(partServiceURL, dictServiceQuery, func() *apim.URL { return vm.cur.API().ServiceURL }, false)
			}},
			{"SubscriptionKeyParameterNames", func() goja.Value {
				k := vm.cur.API().SubscriptionKey
				return vm.plain([]member{{"Header", vm.known(k.Header)}, {"Query", vm.known(k.Query)}})
			}},
		})
	})
}

func (vm *VM) operation() goja.Value {
	return vm.part(partOperation, func(o *goja.Object) {
		vm.members(o, []member{
			{"Id", func() goja.Value { return vm.orNull(vm.cur.Operation().ID) }},
			{"Name", func() goja.Value { return vm.orNull(vm.cur.Operation().Name) }},
			{"Method", func() goja.Value { return vm.orNull(vm.cur.Operation().Method) }},
			{"UrlTemplate", func() goja.Value { return vm.orNull(vm.cur.Operation().URLTemplate) }},
		})
	})
}

func (vm *VM) product() goja.Value {
	p := vm.cur.Product()
	if p == nil {
		return goja.Null()
	}
	state := "NotPublished"
	if p.Published {
		state = "Published"
	}
	limit := vm.value(nil)
	if p.SubscriptionsLimit != nil {
		limit = vm.value(*p.SubscriptionsLimit)
	}
	return vm.plain([]member{
		{"Id", vm.text1(p.ID)}, {"Name", vm.text1(p.Name)}, {"State", vm.text1(state)},
		{"ApprovalRequired", vm.value(p.ApprovalRequired)}, {"SubscriptionRequired", vm.value(p.SubscriptionRequired)},
		{"SubscriptionsLimit", limit}, {"SubscriptionLimit", limit},
		{"Groups", func() goja.Value { return vm.groups(p.Groups) }},
		{"Apis", func() goja.Value {
			items := make([]any, len(p.APIs))
			for i, a := range p.APIs {
				items[i] = vm.plain([]member{{"Id", vm.text1(a.ID)}, {"Name", vm.text1(a.Name)}, {"Path", vm.text1(a.Path)}, {"Protocols", vm.list(a.Protocols)}})
			}
			return vm.freeze(vm.array(items))
		}},
	})
}

func (vm *VM) groups(list []*apim.Group) goja.Value {
	items := make([]any, len(list))
	for i, g := range list {
		items[i] = vm.plain([]member{{"Id", vm.text1(g.ID)}, {"Name", vm.text1(g.Name)}})
	}
	return vm.freeze(vm.array(items))
}

func (vm *VM) subscription() goja.Value {
	s := vm.cur.Subscription()
	if s == nil {
		return goja.Null()
	}
	return vm.plain([]member{
		{"Id", vm.text1(s.ID)}, {"Name", vm.known(s.Name)}, {"Key", vm.text1(s.Key)},
		{"PrimaryKey", vm.text1(s.PrimaryKey)}, {"SecondaryKey", vm.known(s.SecondaryKey)},
		{"CreatedDate", func() goja.Value { return vm.clrDate(s.CreatedDate) }},
		{"CreatedTime", func() goja.Value { return vm.clrDate(s.CreatedDate) }},
		{"StartDate", func() goja.Value { return vm.optionalDate(s.StartDate) }},
		{"EndDate", func() goja.Value { return vm.optionalDate(s.EndDate) }},
	})
}

func (vm *VM) optionalDate(t *clr.DateTime) goja.Value {
	if t == nil {
		return goja.Null()
	}
	return vm.clrDate(*t)
}

func (vm *VM) user() goja.Value {
	u := vm.cur.User()
	if u == nil {
		return goja.Null()
	}
	return vm.plain([]member{
		{"Id", vm.text1(u.ID)}, {"Email", vm.known(u.Email)}, {"FirstName", vm.known(u.FirstName)},
		{"LastName", vm.known(u.LastName)}, {"Note", vm.known(u.Note)},
		{"RegistrationDate", func() goja.Value { return vm.clrDate(u.RegistrationDate) }},
		{"Groups", func() goja.Value { return vm.groups(u.Groups) }},
		{"Identities", func() goja.Value {
			items := make([]any, len(u.Identities))
			for i, id := range u.Identities {
				items[i] = vm.plain([]member{{"Id", vm.text1(id.ID)}, {"Provider", vm.text1(id.Provider)}})
			}
			return vm.freeze(vm.array(items))
		}},
	})
}

func (vm *VM) deployment() goja.Value {
	d := vm.cur.Deployment()
	if d == nil {
		return goja.Null()
	}
	return vm.plain([]member{
		{"GatewayId", vm.text1(d.GatewayID)}, {"Region", vm.known(d.Region)},
		{"ServiceName", vm.known(d.ServiceName)}, {"ServiceId", vm.known(d.ServiceID)},
		{"Gateway", func() goja.Value {
			return vm.plain([]member{{"Id", vm.text1(d.Gateway.ID)}, {"InstanceId", vm.known(d.Gateway.InstanceID)}, {"IsManaged", vm.value(d.Gateway.IsManaged)}})
		}},
		{"Certificates", func() goja.Value {
			names := make([]string, 0, len(d.Certificates))
			for n := range d.Certificates {
				names = append(names, n)
			}
			sort.Strings(names)
			list := make([]member, len(names))
			for i, n := range names {
				list[i] = member{n, func() goja.Value { return vm.certificate(d.Certificates[n]) }}
			}
			return vm.plain(list)
		}},
	})
}

// certificate shows what of a certificate is public.
func (vm *VM) certificate(c *apim.Certificate) goja.Value {
	if c == nil || c.Certificate == nil {
		return goja.Null()
	}
	return vm.plain([]member{
		{"Subject", vm.text1(c.Subject.String())}, {"Issuer", vm.text1(c.Issuer.String())},
		{"Thumbprint", vm.text1(thumbprint(c.Raw))}, {"SerialNumber", vm.text1(serial(c.SerialNumber.Bytes()))},
		{"NotBefore", func() goja.Value { return vm.date(c.NotBefore) }},
		{"NotAfter", func() goja.Value { return vm.date(c.NotAfter) }},
		{"HasPrivateKey", vm.value(c.PrivateKey != nil)},
	})
}

func (vm *VM) backend() goja.Value {
	b := vm.cur.Backend()
	if b == nil {
		return goja.Null()
	}
	kind := "Single"
	if b.IsPool {
		kind = "Pool"
	}
	return vm.plain([]member{{"Id", vm.text1(b.ID)}, {"AzureRegion", vm.known(b.AzureRegion)}, {"Type", vm.text1(kind)}})
}

func (vm *VM) workspace() goja.Value {
	w := vm.cur.Workspace()
	if w == nil {
		return goja.Null()
	}
	return vm.plain([]member{{"Id", vm.text1(w.ID)}, {"Name", vm.text1(w.Name)}})
}

func (vm *VM) lastError() goja.Value {
	e := vm.cur.LastError()
	if e == nil {
		return goja.Null()
	}
	return vm.plain([]member{
		{"Source", vm.known(e.Source)}, {"Reason", vm.known(e.Reason)}, {"Message", vm.known(e.Message)},
		{"Scope", vm.known(e.Scope)}, {"Section", vm.known(e.Section)}, {"Path", vm.known(e.Path)},
		{"PolicyId", vm.known(e.PolicyID)}, {"HttpErrorCode", vm.value(e.HTTPErrorCode)},
	})
}

// headers reads a dictionary of headers that may be changed.
func (vm *VM) headers(id dictID, m message, read func() apim.MultiValues, change func() Header) func() goja.Value {
	build := func() *goja.Object {
		proto := vm.proto(protoHeader)
		return vm.newDictionary(&multiDict{vm: vm, proto: proto, read: read, header: change, message: m}, proto)
	}
	return func() goja.Value { return vm.dictionary(id, build) }
}

func (vm *VM) request() goja.Value {
	return vm.part(partRequest, func(o *goja.Object) {
		vm.property(o, "Method", func() goja.Value { return vm.str(vm.cur.Request().Method()) }, func(v goja.Value) {
			m := goString(v.ToString())
			if !isToken(m) {
				vm.throwType("not a method: " + quote(m))
			}
			vm.check(vm.cur.SetMethod(m))
		})
		vm.property(o, "Body", func() goja.Value {
			return vm.body(dictRequestBody, func() apim.Body { return vm.cur.Request().Body() })
		}, func(v goja.Value) { vm.setBody(v, vm.cur.SetRequestBody, vm.cur.RequestHeader()) })
		vm.members(o, []member{
			{"Url", func() goja.Value {
				return vm.url(partURL, dictQuery, func() *apim.URL { return vm.cur.Request().URL() }, true)
			}},
			{"OriginalUrl", func() goja.Value {
				return vm.url(partOriginalURL, dictOriginalQuery, func() *apim.URL { return vm.cur.Request().OriginalURL() }, false)
			}},
			{"IpAddress", func() goja.Value { return vm.str(vm.cur.Request().IPAddress()) }},
			{"Headers", vm.headers(dictRequestHeaders, theRequest, func() apim.MultiValues { return vm.cur.Request().Headers() },
				func() Header { return vm.cur.RequestHeader() })},
			{"MatchedParameters", func() goja.Value {
				return vm.dictionary(dictParameters, func() *goja.Object {
					return vm.newDictionary(&valuesDict{vm, vm.proto(protoValues), func() apim.Values { return vm.cur.Request().MatchedParameters() }}, vm.proto(protoValues))
				})
			}},
			{"Certificate", func() goja.Value { return vm.certificate(vm.cur.Request().Certificate()) }},
		})
	})
}

func (vm *VM) response() goja.Value {
	return vm.part(partResponse, func(o *goja.Object) {
		vm.property(o, "StatusCode", func() goja.Value { return vm.rt.ToValue(vm.cur.Response().StatusCode()) }, func(v goja.Value) {
			vm.cur.SetStatus(vm.status(v), "")
		})
		vm.property(o, "StatusReason", func() goja.Value { return vm.str(vm.cur.Response().StatusReason()) }, func(v goja.Value) {
			vm.cur.SetStatus(vm.cur.Response().StatusCode(), vm.reason(v))
		})
		vm.property(o, "Headers", vm.headers(dictResponseHeaders, theResponse, func() apim.MultiValues { return vm.cur.Response().Headers() },
			func() Header { return vm.cur.ResponseHeader() }), nil)
		vm.property(o, "Body", func() goja.Value {
			return vm.body(dictResponseBody, func() apim.Body { return vm.cur.Response().Body() })
		}, func(v goja.Value) { vm.setBody(v, vm.cur.SetResponseBody, vm.cur.ResponseHeader()) })
	})
}

// status is a status code, in the range that HTTP knows.
func (vm *VM) status(v goja.Value) int {
	n := v.ToInteger()
	if n < 100 || n > 999 {
		vm.throwRange("not a status code: " + quote(goString(v.ToString())))
	}
	return int(n)
}

func (vm *VM) reason(v goja.Value) string {
	s := goString(v.ToString())
	if !isFieldValue(s) {
		vm.throwType("a reason phrase may not hold line ends or other control characters")
	}
	return s
}

// responseObject is an IResponse that a variable holds.
func (vm *VM) responseObject(r apim.Response, held any) goja.Value {
	o := vm.rt.NewObject()
	dict := vm.newDictionary(&multiDict{vm: vm, proto: vm.proto(protoMulti), read: r.Headers}, vm.proto(protoMulti))
	vm.members(o, []member{
		{"StatusCode", func() goja.Value { return vm.rt.ToValue(r.StatusCode()) }},
		{"StatusReason", func() goja.Value { return vm.str(r.StatusReason()) }},
		{"Headers", func() goja.Value { return dict }},
		{"Body", func() goja.Value { return vm.bodyObject(r.Body) }},
	})
	vm.handle(o, held)
	return o
}

// url is a part of context that shows a URL; change allows Path, QueryString and
// Query to be changed.
func (vm *VM) url(id partID, query dictID, read func() *apim.URL, change bool) goja.Value {
	return vm.part(id, func(o *goja.Object) {
		var setPath, setQuery func(goja.Value)
		proto := vm.proto(protoMulti)
		if change {
			proto = vm.proto(protoQuery)
			setPath = func(v goja.Value) { vm.check(vm.cur.SetPath(goString(v.ToString()))) }
			setQuery = func(v goja.Value) {
				raw := goString(v.ToString())
				if len(raw) > 0 && raw[0] == '?' {
					raw = raw[1:]
				}
				vm.check(vm.cur.SetQuery(raw))
			}
		}
		vm.members(o, []member{
			{"Scheme", func() goja.Value { return vm.str(read().Scheme) }},
			{"Host", func() goja.Value { return vm.str(read().Host) }},
			{"Port", func() goja.Value { return vm.rt.ToValue(read().Port) }},
			{"Query", func() goja.Value {
				return vm.dictionary(query, func() *goja.Object {
					return vm.newDictionary(&multiDict{vm: vm, proto: proto, read: func() apim.MultiValues { return read().Query }, query: change}, proto)
				})
			}},
		})
		vm.property(o, "Path", func() goja.Value { return vm.str(read().Path) }, setPath)
		vm.property(o, "QueryString", func() goja.Value { return vm.str(read().QueryString) }, setQuery)
		text := func(goja.FunctionCall) goja.Value { return vm.str(urlText(read())) }
		vm.method(o, "toString", text)
		vm.method(o, "ToString", text)
		vm.method(o, "toJSON", text)
	})
}

// body is a body of context, null if the message has none.
func (vm *VM) body(id dictID, read func() apim.Body) goja.Value {
	if b := read(); b == nil {
		return goja.Null()
	}
	return vm.dictionary(id, func() *goja.Object { return vm.bodyObject(read).ToObject(vm.rt) })
}

// bodyDict carries a body to the methods of its prototype; it has no entries.
type bodyDict struct{ read func() apim.Body }

func (bodyDict) Get(string) goja.Value       { return nil }
func (bodyDict) Set(string, goja.Value) bool { return false }
func (bodyDict) Has(string) bool             { return false }
func (bodyDict) Delete(string) bool          { return false }
func (bodyDict) Keys() []string              { return nil }

func (vm *VM) bodyObject(read func() apim.Body) goja.Value {
	if b := read(); b == nil {
		return goja.Null()
	}
	return vm.newDictionary(bodyDict{read}, vm.proto(protoBody))
}

// bodyBytes reads a body; reading may wait for the client, so the clock stands.
// Scripts never consume a body: what they read is still forwarded.
func (vm *VM) bodyBytes(v goja.Value) []byte {
	d, ok := behind[bodyDict](v)
	if !ok {
		vm.throwType("the method was called on something that is no body")
	}
	b := d.read()
	if b == nil {
		return nil
	}
	var data []byte
	vm.outside(func() { data = b.Read(true) })
	return data
}

var byteOrderMark = []byte("\uFEFF")

func (vm *VM) bodyText(v goja.Value) goja.Value {
	return vm.rt.ToValue(string(bytes.TrimPrefix(vm.bodyBytes(v), byteOrderMark)))
}

// setBody replaces a body: null removes it, bytes and texts stand as they are,
// anything else as JSON, with its Content-Type if none is set.
func (vm *VM) setBody(v goja.Value, set func([]byte), h Header) {
	data, isJSON := vm.bodyContent(v)
	if isJSON {
		if _, ok := h.Lookup("Content-Type"); !ok {
			h.SetValues("Content-Type", []string{"application/json"})
		}
	}
	h.Del("Content-Encoding")
	set(data)
}

// bodyContent is a value as a body, nil for none.
func (vm *VM) bodyContent(v goja.Value) (data []byte, isJSON bool) {
	if isNullish(v) {
		return nil, false
	}
	if b, ok := vm.bytesOf(v); ok {
		data = append([]byte{}, b...)
	} else if o, ok := v.(*goja.Object); ok && o.ClassName() != "String" && !vm.saysItself(o) {
		s, ok := vm.stringify(o, "")
		if !ok {
			vm.throwType("this value cannot be a body")
		}
		data, isJSON = []byte(s), true
	} else {
		data = []byte(goString(v.ToString()))
	}
	if len(data) > maxBody {
		vm.throwRange("the body is too long")
	}
	return data, isJSON
}
