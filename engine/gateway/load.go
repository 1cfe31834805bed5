package gateway

import (
	"net/url"
	"sort"
	"strings"

	"sekisho/engine/config"
	"sekisho/engine/config/access"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/pipeline"
	"sekisho/engine/policyxml"
	"sekisho/engine/source"
)

// Counts are what a load has read: policy documents and fragments, those of them
// without an error, expressions, and those of them that compile.
type Counts struct {
	Documents, Loaded, Expressions, Compiled int
	// Plans says how the expressions run that compiled.
	Plans []pipeline.ExprPlan
}

// Check loads the folder without serving it. Everything wrong with it goes to diags.
func Check(o Setup, diags *source.List) Counts {
	_, counts := read(o, diags)
	return counts
}

// read loads the folder into a Snapshot; nil if there were errors.
func read(o Setup, diags *source.List) (*Snapshot, Counts) {
	before := diags.Errors()
	var model *config.Model
	if o.Path != "" {
		model = config.Load(o.Path, o.Env, diags)
	} else {
		model = config.LoadFS(o.Folder, o.Env, diags)
	}
	if model == nil {
		return nil, Counts{}
	}
	if o.CheckModel != nil {
		o.CheckModel(model, diags)
	}
	l := newLoader(model, o.Table, diags)
	s := l.snapshot()
	l.counts.Compiled, l.counts.Plans = l.exprs.Compiled(), l.exprs.Plans()
	s.scripts = l.exprs.UseScripts()
	if diags.Errors() > before {
		return nil, l.counts
	}
	return s, l.counts
}

// load reads the folder into a Snapshot with its metrics; nil if there were errors.
func (g *Gateway) load(diags *source.List) *Snapshot {
	s, _ := read(g.o, diags)
	if s == nil {
		return nil
	}
	for i := range s.routes {
		o := &s.routes[i]
		o.metrics = g.metrics.route(o.route.API.ID, o.route.Operation.ID)
	}
	for _, m := range s.mcp {
		m.measure(g.metrics)
	}
	return s
}

// loader compiles a Model's documents.
type loader struct {
	model     *config.Model
	table     *pipeline.Table
	diags     *source.List
	named     policyxml.NamedValues
	fragments map[string]*policyxml.Document
	exprs     *pipeline.Expressions
	counts    Counts
}

func newLoader(m *config.Model, table *pipeline.Table, diags *source.List) *loader {
	l := &loader{model: m, table: table, diags: diags, fragments: map[string]*policyxml.Document{}}
	for _, v := range m.NamedValues {
		l.named.Names = append(l.named.Names, v.Name)
	}
	l.named.Resolve = func(name string) (string, bool) {
		if v := m.NamedValue(name); v != nil {
			return v.Value.Reveal(), true
		}
		return "", false
	}
	l.exprs = pipeline.NewExpressions(m.Files, m.ScriptDir)
	l.exprs.AllowHosts(m.Sandbox.AllowedHosts)
	l.table = l.exprs.Policies(table, diags)
	table = l.table
	for _, id := range l.Fragments() {
		doc := l.parse(m.Fragments[id], "fragment")
		l.fragments[id] = doc
		if doc == nil {
			continue
		}
		before := diags.Errors()
		pipeline.CheckFragment(doc, table, l.env(nil), diags)
		if diags.Errors() == before {
			l.counts.Loaded++
		}
	}
	return l
}

// parse reads a document whose root must be of that name; nil if it has errors.
func (l *loader) parse(t *source.Text, root string) *policyxml.Document {
	before := l.diags.Errors()
	doc := policyxml.Parse(policyxml.Substitute(t.View(), l.named, l.diags), policyxml.Options{Roots: []string{root}}, l.diags)
	if t != defaultGlobal {
		l.counts.Documents++
		l.counts.Expressions += doc.Expressions()
	}
	if l.diags.Errors() > before || doc.Root == nil {
		return nil
	}
	return doc
}

// compile compiles the document of a scope; nil for none. operations are those that it
// applies to, nil if they cannot be told.
func (l *loader) compile(t *source.Text, scope pipeline.Scope, operations []*config.Operation) *pipeline.Compiled {
	if t == nil {
		return nil
	}
	doc := l.parse(t, "policies")
	if doc == nil {
		return nil
	}
	before := l.diags.Errors()
	c := pipeline.Compile(doc, scope, l.table, l.env(operations), l.diags)
	if l.diags.Errors() == before && t != defaultGlobal {
		l.counts.Loaded++
	}
	return c
}

func (l *loader) snapshot() *Snapshot {
	m := l.model
	s := &Snapshot{
		model: m, keys: access.NewIndex(m), folders: outermost(m.WatchDirs),
		apis:    map[*config.API]*pipeline.Route{},
		mcp:     map[*config.API]*mcpServer{},
		product: map[*config.Product]*product{},
		subs:    map[*config.Subscription]*subscription{},
	}
	global := m.GlobalPolicy
	if global == nil {
		global = defaultGlobal
	}
	s.global = l.compile(global, pipeline.Global, nil)
	deployment := l.deployment()
	apis := map[*config.API]*apim.API{}
	for _, a := range m.APIs {
		apis[a] = apimAPI(a)
		policy := l.compile(a.Policy, pipeline.API, a.Operations)
		base := pipeline.Route{API: apis[a], Operation: &apim.Operation{}, Deployment: deployment, APIPolicy: policy}
		base.ServiceURL, base.BackendID = serviceOf(a)
		s.apis[a] = &base
		if a.MCP != nil {
			s.mcp[a] = l.mcpServer(a, &base)
		}
		for _, op := range a.Operations {
			r := base
			r.Operation = &apim.Operation{ID: op.ID, Name: op.Name, Method: op.Method, URLTemplate: op.Template.Source}
			r.OperationPolicy = l.compile(op.Policy, pipeline.Operation, []*config.Operation{op})
			r.QueryParameters = op.Template.QueryNames()
			r.Examples = examples(op)
			s.routes = append(s.routes, operation{route: r}) // in the order of their numbers
		}
	}
	s.resources = mcpResources(s.mcp)
	groups := map[*config.Group]*apim.Group{}
	for _, g := range m.Groups {
		groups[g] = &apim.Group{ID: g.ID, Name: g.Name}
	}
	for _, p := range m.Products {
		s.product[p] = &product{apim: apimProduct(p, apis, groups), policy: l.compile(p.Policy, pipeline.Product, nil)}
	}
	users := map[*config.User]*apim.User{}
	for _, u := range m.Users {
		users[u] = apimUser(u, groups)
	}
	for _, sub := range m.Subscriptions {
		s.subs[sub] = apimSubscription(sub, users)
	}
	return s
}

// serviceOf is where an API's requests go unless a policy says otherwise.
func serviceOf(a *config.API) (u pipeline.URL, backend string) {
	if a.Backend != nil {
		return urlOf(a.Backend.URL), a.Backend.ID
	}
	return urlOf(a.ServiceURL), ""
}

func urlOf(u *url.URL) pipeline.URL {
	if u == nil {
		return pipeline.URL{}
	}
	out, _ := pipeline.ParseURL(u.String())
	return out
}

func (l *loader) deployment() *apim.Deployment {
	gw := l.model.Gateway
	d := &apim.Deployment{
		GatewayID: gw.ID, Region: gw.Region, ServiceName: gw.ServiceName, ServiceID: gw.ServiceID,
		Gateway:      apim.Gateway{ID: gw.ID, InstanceID: gw.ID},
		Certificates: map[string]*apim.Certificate{},
	}
	for _, c := range l.model.Certificates {
		a := &apim.Certificate{Certificate: c.Chain[0], PrivateKey: c.PrivateKey, Intermediates: c.Chain[1:]}
		d.Certificates[c.ID] = a
		d.Certificates[c.Thumbprint] = a
	}
	return d
}

func apimAPI(a *config.API) *apim.API {
	out := &apim.API{
		ID: a.ID, Name: a.Name, Path: a.Path, Protocols: a.Protocols,
		Revision: a.Revision, Version: a.Version, IsCurrentRevision: a.IsCurrent,
	}
	out.SubscriptionKey.Header, out.SubscriptionKey.Query = a.KeyHeader, a.KeyQuery
	if u, _ := serviceOf(a); u.Host != "" {
		out.ServiceURL = u.APIM()
	}
	return out
}

func apimProduct(p *config.Product, apis map[*config.API]*apim.API, groups map[*config.Group]*apim.Group) *apim.Product {
	out := &apim.Product{
		ID: p.ID, Name: p.Name, ApprovalRequired: p.ApprovalRequired,
		SubscriptionRequired: p.SubscriptionRequired, Published: p.Published,
	}
	for _, a := range p.APIs {
		out.APIs = append(out.APIs, apis[a])
	}
	for _, g := range p.Groups {
		out.Groups = append(out.Groups, groups[g])
	}
	if p.SubscriptionsLimit != nil {
		n := int32(*p.SubscriptionsLimit)
		out.SubscriptionsLimit = &n
	}
	return out
}

func apimUser(u *config.User, groups map[*config.Group]*apim.Group) *apim.User {
	out := &apim.User{
		ID: u.ID, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Note: u.Note,
		RegistrationDate: clr.DateTimeOf(u.RegistrationDate),
	}
	for _, g := range u.Groups {
		out.Groups = append(out.Groups, groups[g])
	}
	for _, i := range u.Identities {
		out.Identities = append(out.Identities, apim.UserIdentity{ID: i.ID, Provider: i.Provider})
	}
	return out
}

func apimSubscription(s *config.Subscription, users map[*config.User]*apim.User) *subscription {
	a := apim.Subscription{
		ID: s.ID, Name: s.Name, PrimaryKey: s.PrimaryKey.Reveal(), SecondaryKey: s.SecondaryKey.Reveal(),
		CreatedDate: clr.DateTimeOf(s.CreatedDate),
	}
	if !s.StartDate.IsZero() {
		d := clr.DateTimeOf(s.StartDate)
		a.StartDate = &d
	}
	if !s.EndDate.IsZero() {
		d := clr.DateTimeOf(s.EndDate)
		a.EndDate = &d
	}
	primary, secondary := a, a
	primary.Key, secondary.Key = a.PrimaryKey, a.SecondaryKey
	return &subscription{primary: &primary, secondary: &secondary, user: users[s.Owner]}
}

// examples are the bodies that mock-response may answer: what the operation gives as
// examples first, then what was made up from its schemas.
func examples(op *config.Operation) []pipeline.Example {
	var out []pipeline.Example
	for _, r := range op.Responses {
		if len(r.Representations) == 0 {
			out = append(out, pipeline.Example{Status: r.Status})
		}
		for _, rep := range r.Representations {
			for _, e := range rep.Examples {
				out = append(out, pipeline.Example{Status: r.Status, ContentType: rep.ContentType, Body: []byte(e)})
			}
			if len(rep.Examples) == 0 {
				out = append(out, pipeline.Example{Status: r.Status, ContentType: rep.ContentType, Body: []byte(rep.Sample)})
			}
		}
	}
	return out
}

// env is the folder as documents see it.
func (l *loader) env(operations []*config.Operation) pipeline.Env {
	e := &folderEnv{Expressions: l.exprs, l: l}
	if operations == nil {
		return e
	}
	e.known = true
	seen := map[string]bool{}
	for _, op := range operations {
		for _, p := range op.Template.Params {
			if name := strings.ToLower(p.Name); !seen[name] {
				seen[name] = true
				e.parameters = append(e.parameters, p.Name)
			}
		}
	}
	return e
}

type folderEnv struct {
	*pipeline.Expressions
	l          *loader
	parameters []string
	known      bool
}

func (e *folderEnv) Fragment(id string) (*policyxml.Document, bool) {
	doc, ok := e.l.fragments[id]
	return doc, ok
}

func (e *folderEnv) Fragments() []string { return e.l.Fragments() }

// Fragments lists the ids of the fragments, sorted.
func (l *loader) Fragments() []string {
	out := make([]string, 0, len(l.model.Fragments))
	for id := range l.model.Fragments {
		out = append(out, id)
	}
	sort.Strings(out)
	return out
}

func (e *folderEnv) Backends() []string {
	var out []string
	for _, b := range e.l.model.Backends {
		out = append(out, b.ID)
	}
	return out
}

func (e *folderEnv) Certificates() []string {
	var out []string
	for _, c := range e.l.model.Certificates {
		out = append(out, c.ID, c.Thumbprint)
	}
	return out
}

func (e *folderEnv) Parameters() ([]string, bool) { return e.parameters, e.known }
func (e *folderEnv) CredentialManager() bool      { return e.l.model.CredentialManager != nil }
func (e *folderEnv) Lenient() bool                { return false }
