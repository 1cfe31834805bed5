package pipeline

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
)

// Route is what matching a request found: immutable, made at load, shared.
type Route struct {
	API        *apim.API
	Operation  *apim.Operation
	Deployment *apim.Deployment
	Workspace  *apim.Workspace
	// QueryParameters are the parameters that the operation's URL template declares in
	// its query.
	QueryParameters []string
	// OperationPolicy and APIPolicy are the documents of the scopes; nil for none.
	OperationPolicy, APIPolicy *Compiled
	// ServiceURL is where requests go unless a policy says otherwise.
	ServiceURL URL
	// BackendID is the backend they go to, "" for a plain URL.
	BackendID string
	// Examples are what mock-response may answer.
	Examples []Example
}

// Example is a response that an operation declares.
type Example struct {
	Status      int
	ContentType string
	Body        []byte
}

// Exchange is one request and its response in flight. It is owned by the goroutine
// that serves it and is released by exactly one call there; nothing obtained from
// it outlives that, except strings, which are never reused.
type Exchange struct {
	Services  *Services
	Forwarder Forwarder
	// Context ends when the client leaves or the gateway gives the request up.
	Context context.Context

	Route        *Route
	Product      *apim.Product
	Subscription *apim.Subscription
	User         *apim.User
	// Caller is who the authorization server says calls; nil where nobody was asked.
	Caller *Caller
	// ProductPolicy is the document of Product, GlobalPolicy that of the global scope.
	ProductPolicy, GlobalPolicy *Compiled

	// Request is what will be forwarded, Response what will be answered.
	Request  Request
	Response Response
	// OriginalURL is the URL as the client sent it, with OriginalMethod.
	OriginalURL    URL
	OriginalMethod string
	ClientIP       string
	ClientCert     *apim.Certificate
	Parameters     apim.Values
	// BackendID is the backend chosen by set-backend-service, "" for a plain URL.
	BackendID string
	// BackendScope is the scope of the document that chose BackendID.
	BackendScope Scope

	ID        clr.Guid
	Start     time.Time
	Tracing   bool
	BodyLimit int64 // of bodies held in memory, in bytes

	vars    variables
	fault   *Fault
	section Section
	scope   Scope
	depth   int // of documents entered through <base/>
	chain   [4]*Compiled
	levels  int

	target  target
	onClose []func()
	after   []func(x *Exchange)
	values  map[any]any
	origin  *origin // of a fork
	kept    Kept
}

// Kept is what a Forwarder keeps with the memory of an Exchange, from one lease to the
// next, instead of making it anew for each request.
type Kept interface {
	// Reset is called when the Exchange is released: nothing of the request may remain.
	Reset()
}

// target is the message that the policies of a section change.
type target struct {
	request  *Request
	response *Response
}

var exchanges = sync.Pool{New: func() any { return new(Exchange) }}

// NewExchange leases an Exchange; Release gives it back.
func NewExchange(s *Services, bodyLimit int64) *Exchange {
	x := exchanges.Get().(*Exchange)
	x.Services, x.BodyLimit = s, bodyLimit
	x.Request.Body.bind(&x.Request.Header, bodyLimit)
	x.Response.Body.bind(&x.Response.Header, bodyLimit)
	x.Response.Status = 200
	x.target.request = &x.Request
	return x
}

// Release runs what OnClose was given, latest first, and gives the Exchange back.
func (x *Exchange) Release() {
	for i := len(x.onClose) - 1; i >= 0; i-- {
		x.onClose[i]()
	}
	x.Request.Body.Clear()
	x.Response.Body.Clear()
	req, resp := x.Request.Header, x.Response.Header
	reqMemo, respMemo := x.Request.Body.memo, x.Response.Body.memo
	req.Reset()
	resp.Reset()
	close, after, kept, vars := x.onClose[:0], x.after[:0], x.kept, x.vars.kept()
	if kept != nil {
		kept.Reset()
	}
	*x = Exchange{}
	x.Request.Body.memo, x.Response.Body.memo = reqMemo, respMemo
	x.Request.Header, x.Response.Header, x.onClose, x.after, x.kept, x.vars = req, resp, close, after, kept, vars
	exchanges.Put(x)
}

// Kept returns what Keep was given, in this lease or one before; nil for none. A fork has
// none, and keeps nothing.
func (x *Exchange) Kept() Kept { return x.kept }

// Keep has k stay with x, until it is released and in later leases.
func (x *Exchange) Keep(k Kept) {
	if x.origin == nil {
		x.kept = k
	}
}

// OnClose registers f to run when the Exchange ends, after the answer was sent.
func (x *Exchange) OnClose(f func()) { x.onClose = append(x.onClose, f) }

// AfterOutbound registers f to run when the outbound section has ended, or on-error,
// before the answer is sent: where counts that depend on the response are made.
func (x *Exchange) AfterOutbound(f func(x *Exchange)) { x.after = append(x.after, f) }

// Section is the section being run.
func (x *Exchange) Section() Section { return x.section }

// Scope is the scope of the document being run.
func (x *Exchange) Scope() Scope { return x.scope }

// Fault is what failed, nil so long as nothing did.
func (x *Exchange) Fault() *Fault { return x.fault }

// Target is the message that set-header and its like change: the request in inbound
// and backend, the response in outbound and on-error, or the message that an
// enclosing send-request or return-response is making. Exactly one is not nil.
func (x *Exchange) Target() (*Request, *Response) { return x.target.request, x.target.response }

// TargetHeader is the header of the Target.
func (x *Exchange) TargetHeader() *Header {
	if x.target.request != nil {
		return &x.target.request.Header
	}
	return &x.target.response.Header
}

// TargetBody is the body of the Target.
func (x *Exchange) TargetBody() *Body {
	if x.target.request != nil {
		return &x.target.request.Body
	}
	return &x.target.response.Body
}

// With runs p with another message as Target: exactly one of req and resp is given.
func (x *Exchange) With(req *Request, resp *Response, p *Pipeline) error {
	saved := x.target
	x.target = target{req, resp}
	err := p.Run(x)
	x.target = saved
	return err
}

// Set sets a variable. Values are held as package clr says.
func (x *Exchange) Set(name string, v any) { x.vars.set(name, v) }

// Var returns a variable's value.
func (x *Exchange) Var(name string) (any, bool) { return x.vars.Lookup(name) }

// Value returns what a Step kept for this Exchange under key, a pointer of its own.
func (x *Exchange) Value(key any) any { return x.values[key] }

// SetValue keeps v for this Exchange.
func (x *Exchange) SetValue(key, v any) {
	if x.values == nil {
		x.values = map[any]any{}
	}
	x.values[key] = v
}

// Fork returns an Exchange that shares everything with x and can run a Pipeline in
// another goroutine while x waits: wait's children. ctx ends the fork. Bodies must
// be buffered before, see Body.Buffer. Join takes over what the fork changed; a fork
// that is not joined changes variables only, and ends with Discard.
func (x *Exchange) Fork(ctx context.Context) *Exchange {
	f := new(Exchange)
	f.Services, f.Forwarder, f.Context = x.Services, x.Forwarder, ctx
	f.Route, f.Product, f.Subscription, f.User, f.Caller = x.Route, x.Product, x.Subscription, x.User, x.Caller
	f.ProductPolicy, f.GlobalPolicy = x.ProductPolicy, x.GlobalPolicy
	f.Request, f.Response = x.Request, x.Response
	f.Request.Header, f.Response.Header = Header{}, Header{}
	f.Request.Header.CopyFrom(&x.Request.Header)
	f.Response.Header.CopyFrom(&x.Response.Header)
	f.Request.Body.fork(&f.Request.Header)
	f.Response.Body.fork(&f.Response.Header)
	f.OriginalURL, f.OriginalMethod, f.ClientIP, f.ClientCert = x.OriginalURL, x.OriginalMethod, x.ClientIP, x.ClientCert
	f.Parameters, f.BackendID, f.BackendScope = x.Parameters, x.BackendID, x.BackendScope
	f.ID, f.Start, f.Tracing, f.BodyLimit = x.ID, x.Start, x.Tracing, x.BodyLimit
	f.vars, f.values = x.vars.share(), maps.Clone(x.values)
	f.origin = originOf(x)
	f.fault, f.section, f.scope = x.fault, x.section, x.scope
	f.chain, f.levels, f.depth = x.chain, x.levels, x.depth
	if x.target.request != nil {
		f.target.request = &f.Request
	} else {
		f.target.response = &f.Response
	}
	return f
}

// variables is context.Variables; shared by forks, hence the lock.
type variables struct{ s *varStore }

// varStore holds variables in the order in which they were first set. It stays with the
// memory of its Exchange, unless a fork had it too.
type varStore struct {
	mu     sync.RWMutex
	shared bool
	names  []string
	values []any
	index  map[string]int // made when there are many
}

// manyVariables is how many are looked through one by one.
const manyVariables = 16

// at is the place of a variable, -1 if it was not set. The lock is held.
func (s *varStore) at(name string) int {
	if s.index != nil {
		if i, ok := s.index[name]; ok {
			return i
		}
		return -1
	}
	return slices.Index(s.names, name)
}

func (v *variables) set(name string, value any) {
	if v.s == nil {
		v.s = new(varStore)
	}
	s := v.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.at(name); i >= 0 {
		s.values[i] = value
		return
	}
	s.names, s.values = append(s.names, name), append(s.values, value)
	switch {
	case s.index != nil:
		s.index[name] = len(s.names) - 1
	case len(s.names) > manyVariables:
		s.index = make(map[string]int, 2*manyVariables)
		for i, n := range s.names {
			s.index[n] = i
		}
	}
}

// kept is the variables without any, for the next Exchange in the same memory.
func (v *variables) kept() variables {
	s := v.s
	if s == nil {
		return variables{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shared || s.index != nil {
		return variables{}
	}
	clear(s.names)
	clear(s.values)
	s.names, s.values = s.names[:0], s.values[:0]
	return variables{s}
}

func (v *variables) share() variables {
	if v.s == nil {
		v.s = new(varStore)
	}
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	v.s.shared = true
	return *v
}

// Lookup implements apim.Variables.
func (v *variables) Lookup(name string) (any, bool) {
	if v.s == nil {
		return nil, false
	}
	v.s.mu.RLock()
	defer v.s.mu.RUnlock()
	if i := v.s.at(name); i >= 0 {
		return v.s.values[i], true
	}
	return nil, false
}

// Len implements apim.Variables.
func (v *variables) Len() int {
	if v.s == nil {
		return 0
	}
	v.s.mu.RLock()
	defer v.s.mu.RUnlock()
	return len(v.s.names)
}

// Each implements apim.Variables.
func (v *variables) Each(f func(name string, value any) bool) {
	if v.s == nil {
		return
	}
	v.s.mu.RLock()
	names := v.s.names
	v.s.mu.RUnlock()
	for _, n := range names {
		value, _ := v.Lookup(n)
		if !f(n, value) {
			return
		}
	}
}
