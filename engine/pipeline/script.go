package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/newtonsoft"
	"sekisho/engine/script"
	"sekisho/engine/source"
)

// Script implements Env.
func (e *Expressions) Script(v source.View, block bool, diags *source.List) Expr {
	p := script.CompileExpr(v, block, diags)
	if p == nil {
		return nil
	}
	plan := p.Plan()
	e.compiled[v.All()] = ExprPlan{At: v.All(), Language: JavaScript, Plan: plan}
	e.script = e.script || !plan.Native && p.Heavy()
	return &Script{program: p, guard: e.guard}
}

// AllowHosts says which hosts fetch may reach whatever their addresses are, for what
// is compiled from now on; see Guard.
func (e *Expressions) AllowHosts(hosts []string) { e.guard = &Guard{Allowed: hosts} }

// Bundle implements Env. src is a module's path under the folder of scripts, with
// "#name" behind it for an export that is not the default one; v is then where src
// stands. The Expr is a *Script.
func (e *Expressions) Bundle(src string, v source.View, diags *source.List) Expr {
	if e.folder == nil {
		e.folder = e.modules()
	}
	var p *script.Program
	if src == "" {
		p = e.folder.Inline(v, diags)
	} else {
		name, export, ok := strings.Cut(src, "#")
		if !ok {
			export = "default"
		}
		p = e.folder.Module(name, export, v.All(), v.All(), diags)
	}
	if p == nil {
		return nil
	}
	e.script = true
	return &Script{program: p, guard: e.guard}
}

// modules is the folder of scripts.
func (e *Expressions) modules() *script.Folder {
	if e.files == nil || e.scriptDir == "" {
		return script.NewFolder(nil, "scripts")
	}
	files, err := fs.Sub(e.files, e.scriptDir)
	if err != nil {
		files = nil // no module will be found
	}
	return script.NewFolder(files, e.scriptDir)
}

// Script is compiled JavaScript: an expression, or the function of a <script>.
type Script struct {
	program *script.Program
	guard   *Guard
}

// Any implements Expr.
func (s *Script) Any(x *Exchange) (any, error) {
	if v, ok := s.program.TryAny(view{x}); ok {
		return v, nil
	}
	h := s.host(x)
	defer h.release()
	v, err := s.program.Any(x.Context, x.Services.scriptPool(), h)
	return v, scriptFault(err)
}

// Text implements Expr.
func (s *Script) Text(x *Exchange) (string, error) {
	if v, ok := s.program.TryText(view{x}); ok {
		return v, nil
	}
	h := s.host(x)
	defer h.release()
	v, err := s.program.Text(x.Context, x.Services.scriptPool(), h)
	return v, scriptFault(err)
}

// Bool implements Expr.
func (s *Script) Bool(x *Exchange) (bool, error) {
	if v, ok := s.program.TryBool(view{x}); ok {
		return v, nil
	}
	h := s.host(x)
	defer h.release()
	v, err := s.program.Bool(x.Context, x.Services.scriptPool(), h)
	return v, scriptFault(err)
}

// Run runs the function of a <script>. It returns Respond if the script answered.
// budget is its time inside the virtual machine, 0 for the default.
func (s *Script) Run(x *Exchange, budget time.Duration) error {
	h := s.host(x)
	defer h.release()
	a, err := s.program.Answer(x.Context, x.Services.scriptPool(), h, budget)
	return x.answer(a, err)
}

// answer makes what a script answered the Response, and returns Respond; nil if it did
// not answer.
func (x *Exchange) answer(a *script.Answer, err error) error {
	if err != nil {
		return scriptFault(err)
	}
	if a == nil {
		return nil
	}
	r := &x.Response
	r.Status, r.Reason = a.Status, a.Reason
	r.Header.Reset()
	r.Trailer.Reset()
	for _, f := range a.Header {
		r.Header.Add(f.Name, f.Value)
	}
	setBody(&r.Body, a.Body)
	return Respond
}

// scriptFault turns a script's error into a Fault. Its message is for LastError; the
// stack, with places in the script's own files, is in its cause, for the log.
func scriptFault(err error) error {
	if err == nil {
		return nil
	}
	var e *script.Error
	if !errors.As(err, &e) {
		return err
	}
	f := Faultf(500, ReasonExpression, "Expression evaluation failed. %s", e.Message)
	if e.Status != 0 {
		// It says itself what failed.
		f.Status, f.Message = e.Status, e.Message
		if e.Reason != "" {
			f.Reason = e.Reason
		}
	}
	f.Cause, f.Range = detailed{e}, e.Range()
	switch e.Kind {
	case script.Canceled:
		f.Reason = ReasonClient
	case script.Busy:
		f.Status = 503
	}
	return f
}

// detailed is a script's error with its stack.
type detailed struct{ failure *script.Error }

func (d detailed) Error() string { return d.failure.Detail() }
func (d detailed) Unwrap() error { return d.failure }

// host is an Exchange as scripts see it.
type host struct {
	view
	guard *Guard

	received atomic.Int64 // bytes of bodies of answers to fetch
	reading  places       // for bodies that are being read
}

// hosts keeps the hosts of evaluations that have ended: nobody uses them any more then,
// those who fetched for them included.
var hosts = sync.Pool{New: func() any { return new(host) }}

func (s *Script) host(x *Exchange) *host {
	h := hosts.Get().(*host)
	h.view, h.guard = view{x}, s.guard
	return h
}

// release forgets the Exchange. The rest of a host is touched only where an evaluation
// used it, which few do.
func (h *host) release() {
	h.view, h.guard = view{}, nil
	if h.reading.c != nil {
		h.reading = places{}
		h.received.Store(0)
	}
	hosts.Put(h)
}

func (h *host) Now() time.Time                { return h.x.Services.Now() }
func (h *host) Rand() io.Reader               { return h.x.Services.Rand }
func (h *host) SetMethod(method string) error { h.x.Request.Method = method; return nil }

// SetPath keeps the base of the service URL where the path begins with it.
func (h *host) SetPath(path string) error {
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#\\") || !visible(path) {
		return fmt.Errorf("the path of a URL begins with a slash and holds no blanks, %q and %q: percent-encode them", '?', '#')
	}
	u := &h.x.Request.URL
	if rest, ok := strings.CutPrefix(path, u.Base); ok && strings.HasPrefix(rest, "/") {
		u.Path = rest
	} else {
		u.Base, u.Path = "", path
	}
	return nil
}

func (h *host) SetQuery(raw string) error {
	if strings.Contains(raw, "#") || !visible(raw) {
		return errors.New("the query of a URL holds no blanks and no '#': percent-encode them")
	}
	h.x.Request.URL.Query = raw
	return nil
}

// visible tells texts that may stand in a request line.
func visible(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7F {
			return false
		}
	}
	return true
}

func (h *host) SetBackendURL(text string) error {
	u, ok := ParseURL(text)
	if !ok || u.Query != "" {
		return fmt.Errorf("setBackend wants an absolute http or https URL without a query, got %q", text)
	}
	h.x.Request.URL.SetService(u)
	h.x.BackendID, h.x.BackendScope = "", 0
	return nil
}

func (h *host) SetBackendID(id string) error {
	if h.x.Forwarder == nil || !h.x.Forwarder.HasBackend(id) {
		return fmt.Errorf("there is no backend %q", id)
	}
	h.x.BackendID, h.x.BackendScope = id, h.x.scope
	return nil
}

func (h *host) RequestHeader() script.Header  { return &h.x.Request.Header }
func (h *host) ResponseHeader() script.Header { return &h.x.Response.Header }

func (h *host) SetRequestBody(body []byte)         { setBody(&h.x.Request.Body, body) }
func (h *host) SetResponseBody(body []byte)        { setBody(&h.x.Response.Body, body) }
func (h *host) SetVariable(name string, value any) { h.x.Set(name, value) }

func setBody(b *Body, data []byte) {
	if data == nil {
		b.Clear()
		return
	}
	b.SetBytes(data)
}

func (h *host) SetStatus(code int, reason string) {
	h.x.Response.Status, h.x.Response.Reason = code, reason
}

// Import implements script.Host. What has no counterpart in JavaScript is its text.
func (h *host) Import(v any) any {
	switch v := v.(type) {
	case nil, string, bool, int64, float64, []byte, apim.Response:
		return v
	case int32:
		return int64(v)
	case clr.Char:
		return v.String()
	case clr.DateTime:
		return v.Time()
	case newtonsoft.JToken:
		return script.JSON(newtonsoft.Format(v, false))
	case *dotnet.Array, *dotnet.List, *dotnet.Dict, *dotnet.Record:
		return script.JSON(newtonsoft.Serialize(serializable(v), newtonsoft.Options{}))
	}
	if f, ok := number(v); ok && isNumeric(v) {
		if f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
			return int64(f)
		}
		return f
	}
	return dotnet.ToString(v)
}

// serializable is a value as package newtonsoft takes it.
func serializable(v any) any {
	switch v := v.(type) {
	case *dotnet.Array:
		return jsonItems(v.Items)
	case *dotnet.List:
		return jsonItems(v.Items)
	case *dotnet.Dict:
		if v.Type.Is("System.Collections.Generic.HashSet") {
			var l jsonItems
			v.Each(func(k, _ any) { l = append(l, k) })
			return l
		}
		var m jsonMembers
		v.Each(func(k, value any) { m = append(m, jsonMember{dotnet.ToString(k), value}) })
		return m
	case *dotnet.Record:
		var m jsonMembers
		for i, value := range v.Items {
			name := "Item" + strconv.Itoa(i+1)
			if i < len(v.Type.Fields) && v.Type.Fields[i].Name != "" {
				name = v.Type.Fields[i].Name
			}
			m = append(m, jsonMember{name, value})
		}
		return m
	}
	return v
}

type jsonItems []any

// JSONItems implements newtonsoft.Items.
func (l jsonItems) JSONItems(f func(value any) bool) {
	for _, v := range l {
		if !f(serializable(v)) {
			return
		}
	}
}

type jsonMember struct {
	name  string
	value any
}

type jsonMembers []jsonMember

// JSONMembers implements newtonsoft.Members.
func (l jsonMembers) JSONMembers(f func(name string, value any) bool) {
	for _, m := range l {
		if !f(m.name, serializable(m.value)) {
			return
		}
	}
}

func isNumeric(v any) bool {
	switch v.(type) {
	case int8, int16, uint8, uint16, uint32, uint64, float32, clr.Decimal:
		return true
	}
	return false
}

// FromJSON implements script.Host: objects and arrays of scripts are JTokens.
func (h *host) FromJSON(text string) (any, error) {
	t, err := newtonsoft.TryParse(text)
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (h *host) FromTime(t time.Time) any { return clr.DateTimeOf(t) }

// Log implements script.Host: console writes to the log, and to the trace.
func (h *host) Log(level, message string) {
	switch level {
	case "warn":
		h.x.Services.Log.LogAttrs(h.x.Context, slog.LevelWarn, message, slog.String("source", "script"), slog.String("requestId", h.x.ID.String()))
	case "debug":
		h.x.TraceMessage("script", "verbose", message, nil)
	case "error":
		h.x.TraceMessage("script", "error", message, nil)
	default:
		h.x.TraceMessage("script", "information", message, nil)
	}
}

// read reads the body of an answer. All answers of one evaluation share its budget of
// memory.
func (h *host) read(b *Body) ([]byte, error) {
	places := h.reading.open()
	places <- struct{}{}
	defer func() { <-places }()
	limit := h.x.Services.scriptPool().Limits().Memory
	var body []byte
	var err error
	if h.received.Load() <= limit {
		body, err = b.Text()
	}
	if err != nil {
		return nil, err
	}
	if h.received.Add(int64(len(body))) > limit {
		return nil, fmt.Errorf("the answers to fetch are larger than %d MiB together", limit>>20)
	}
	return body, nil
}

// places let a few in at a time. They are made when they are first needed: most scripts
// send nothing.
type places struct {
	once sync.Once
	c    chan struct{}
}

func (p *places) open() chan struct{} {
	p.once.Do(func() { p.c = make(chan struct{}, 4) })
	return p.c
}

// Send implements script.Host. It runs beside the script and touches nothing of the
// Exchange that changes.
func (h *host) Send(ctx context.Context, out *script.Outgoing) (*script.Incoming, error) {
	u, ok := ParseURL(out.URL)
	if !ok {
		return nil, fmt.Errorf("%q is not an absolute URL", out.URL)
	}
	limit := h.x.BodyLimit
	r := NewRequest(limit)
	r.Method, r.URL = out.Method, u
	for _, f := range out.Header {
		r.Header.Add(f.Name, f.Value)
	}
	if out.Body != nil {
		r.Body.SetBytes(out.Body)
	}
	guard := h.guard
	if guard == nil {
		guard = &Guard{}
	}
	resp, err := h.x.Services.Transport.Send(ctx, r, SendOptions{FollowRedirects: out.Redirects, BodyLimit: limit, Guard: guard})
	if err != nil {
		var f *Fault
		if errors.As(err, &f) {
			return nil, errors.New(f.Message)
		}
		return nil, err
	}
	defer resp.Body.Clear()
	if b, ok := resp.Body.stream.(interface{ Abort() }); ok {
		stop := context.AfterFunc(ctx, b.Abort)
		defer stop()
	}
	body, err := h.read(&resp.Body)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	in := &script.Incoming{Status: resp.Status, Reason: resp.StatusReason(), Body: body}
	for _, f := range resp.Header.Fields() {
		switch strings.ToLower(f.Name) {
		case "connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "te", "trailer", "upgrade":
			continue // of a message that is not this one any more
		}
		in.Header = append(in.Header, script.Field{Name: f.Name, Value: f.Value})
	}
	return in, nil
}
