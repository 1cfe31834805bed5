package config

import (
	"cmp"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sekisho/engine/config/route"
	"sekisho/engine/source"
)

// builder makes the Model of the decoded file: it resolves names and checks what
// is only wrong in company.
type builder struct {
	files *folder
	diags *source.List
	file  *file
	text  *source.Text // gateway.yaml
	model *Model

	texts    map[string]*source.Text // files read, by name
	failed   map[string]bool         // and those that could not be, which has been reported
	users    map[string]*User
	groups   map[string]*Group
	apis     map[string][]*API // all revisions
	versions map[string]*fileVersions
}

func (b *builder) build() *Model {
	m := b.model
	b.texts, b.failed = map[string]*source.Text{}, map[string]bool{}
	b.gateway()
	b.certificates()
	b.listeners()
	b.namedValues()
	b.groupsAndUsers()
	b.backends()
	b.versionSets()
	b.buildAPIs()
	b.mcpServers()
	b.products()
	b.subscriptions()
	b.policies()
	b.scripts()
	b.identities()
	b.credentialManager()
	b.authorizationServer()
	b.development()
	b.routes()
	m.WatchList = b.files.watched()
	dirs := []string{".", b.file.Policies.Directory.Value, b.file.Scripts.Directory.Value}
	for _, d := range dirs {
		if b.files.dir != "" {
			d = b.files.disk(d)
		} else {
			d = path.Clean(d)
		}
		m.WatchDirs = append(m.WatchDirs, d)
	}
	return m
}

func (b *builder) gateway() {
	g, l, m := b.file.Gateway, b.file.Limits, b.model
	m.Gateway = Gateway{g.ID.Value, g.Region.Value, g.ServiceName.Value, g.ServiceID.Value, b.base(g.PublicURL), g.Mode.Value == "development"}
	m.AdminToken = b.file.Admin.Token.secret()
	m.Logging = Logging{JSON: b.file.Logging.Format.Value == "json", Level: b.file.Logging.Level.Value, Access: b.file.Logging.Access.Value}
	m.Limits = Limits{
		HeaderBytes: b.bytes(l.HeaderBytes), URLBytes: b.bytes(l.URLBytes), ResponseHeaderBytes: b.bytes(l.ResponseHeaderBytes),
		BodyBytes: l.BodyBytes.Value, BufferedBodyBytes: l.BufferedBodyBytes.Value,
		HeaderTimeout: l.HeaderTimeout.Value, BodyTimeout: l.BodyTimeout.Value, IdleTimeout: l.IdleTimeout.Value,
		TotalTimeout: l.TotalTimeout.Value, StreamIdleTimeout: l.StreamIdleTimeout.Value, DrainTimeout: l.DrainTimeout.Value,
		Connections: int(l.Connections.Value), ConnectionsPerIP: int(l.ConnectionsPerIP.Value), WebSockets: int(l.WebSockets.Value),
		BackendConnections:    int(l.BackendConnections.Value),
		BackendConnectTimeout: l.ConnectTimeout.Value, BackendIdleTimeout: l.BackendIdleTimeout.Value,
		CacheBytes: l.CacheBytes.Value, CachedResponseBytes: l.CachedResponseBytes.Value, CounterBytes: l.CounterBytes.Value,
	}
	for _, d := range []duration{l.HeaderTimeout, l.BodyTimeout, l.IdleTimeout, l.TotalTimeout, l.StreamIdleTimeout, l.ConnectTimeout, l.BackendIdleTimeout} {
		if d.Set && d.Value <= 0 {
			b.diags.Errorf(d.At, CodeBadValue, "a timeout of nothing would fail every request")
		}
	}
	b.budgets()
	for _, h := range b.file.Sandbox.AllowedHosts {
		name, _, _ := strings.Cut(strings.TrimPrefix(h.Value, "*."), ":")
		if h.Value != "*" && !hostName(name) {
			b.diags.Errorf(h.At, CodeBadValue, "%q is not a host: a name, name:port, *.name, or *", h.Raw)
		}
		m.Sandbox.AllowedHosts = append(m.Sandbox.AllowedHosts, strings.ToLower(h.Value))
	}
}

// budgets are those of evaluations. Bounds keep a slip of the pen from turning them off.
func (b *builder) budgets() {
	t, m := b.file.Sandbox.Time, b.file.Sandbox.Memory
	if t.Value < time.Millisecond || t.Value > 10*time.Second {
		b.diags.Errorf(t.At, CodeBadValue, "this wants a time between 1ms and 10s")
	}
	if m.Value < 1<<20 || m.Value > 4<<30 {
		b.diags.Errorf(m.At, CodeBadValue, "this wants a size between 1MiB and 4GiB")
	}
	b.model.Sandbox.Time, b.model.Sandbox.Memory = t.Value, m.Value
}

// bytes is a size that must fit a buffer of its own, neither too small for a
// request at all nor larger than one request should take.
func (b *builder) bytes(s size) int {
	const least, most = 1 << 10, 64 << 20
	if s.Set && (s.Value < least || s.Value > most) {
		b.diags.Errorf(s.At, CodeBadValue, "this wants a size between 1KiB and 64MiB")
	}
	return int(min(max(s.Value, least), most))
}

func (b *builder) namedValues() {
	b.model.byID.named = map[string]*NamedValue{}
	for i := range b.file.NamedValues {
		f := &b.file.NamedValues[i]
		if !f.Name.Set {
			continue
		}
		v := &NamedValue{Name: f.Name.Value, Value: f.Value.secret(), Secret: f.Secret.Value, At: f.Name.At}
		if strings.Trim(strings.ToLower(v.Name), "abcdefghijklmnopqrstuvwxyz0123456789.-_") != "" {
			b.diags.Errorf(f.Name.At, CodeBadValue, "the name of a named value is letters, digits, \".\", \"-\" and \"_\"")
		}
		if unique(b, b.model.byID.named, f.Name, v, "named value", v.At, func(o *NamedValue) source.Range { return o.At }) {
			b.model.NamedValues = append(b.model.NamedValues, v)
		}
	}
}

func (b *builder) groupsAndUsers() {
	b.groups, b.users = map[string]*Group{}, map[string]*User{}
	at := map[*Group]source.Range{}
	for i := range b.file.Groups {
		f := &b.file.Groups[i]
		g := &Group{f.ID.Value, cmp.Or(f.Name.Value, f.ID.Value)}
		at[g] = f.ID.At
		if unique(b, b.groups, f.ID, g, "group", f.ID.At, func(o *Group) source.Range { return at[o] }) {
			b.model.Groups = append(b.model.Groups, g)
		}
	}
	for _, name := range []string{"Administrators", "Developers", "Guests"} {
		if id := strings.ToLower(name); b.groups[id] == nil {
			b.groups[id] = &Group{id, name}
			b.model.Groups = append(b.model.Groups, b.groups[id])
		}
	}
	for i := range b.file.Users {
		f := &b.file.Users[i]
		u := &User{ID: f.ID.Value, Email: f.Email.Value, FirstName: f.FirstName.Value, LastName: f.LastName.Value,
			Note: f.Note.Value, RegistrationDate: f.RegistrationDate.Value, At: f.ID.At, Groups: b.groupRefs(f.Groups)}
		for _, id := range f.Identities {
			u.Identities = append(u.Identities, Identity{id.Provider.Value, id.ID.Value})
		}
		if unique(b, b.users, f.ID, u, "user", u.At, func(o *User) source.Range { return o.At }) {
			b.model.Users = append(b.model.Users, u)
		}
	}
}

func (b *builder) groupRefs(refs []text) []*Group {
	var out []*Group
	for _, r := range refs {
		if g, ok := lookup(b, b.groups, r, r.Value, "group"); ok {
			out = append(out, g)
		}
	}
	return out
}

func (b *builder) versionSets() {
	b.versions = map[string]*fileVersions{}
	for i := range b.file.VersionSets {
		f := &b.file.VersionSets[i]
		unique(b, b.versions, f.ID, f, "version set", f.ID.At, func(o *fileVersions) source.Range { return o.ID.At })
	}
}

func (b *builder) products() {
	b.model.byID.products = map[string]*Product{}
	for i := range b.file.Products {
		f := &b.file.Products[i]
		if !f.ID.Set {
			continue
		}
		p := &Product{ID: f.ID.Value, Name: cmp.Or(f.Name.Value, f.ID.Value), SubscriptionRequired: f.SubscriptionRequired.Value,
			ApprovalRequired: f.ApprovalRequired.Value, Published: f.State.Value == "published", Groups: b.groupRefs(f.Groups), At: f.ID.At}
		if f.SubscriptionsLimit.Set {
			n := int(f.SubscriptionsLimit.Value)
			p.SubscriptionsLimit = &n
		}
		if !unique(b, b.model.byID.products, f.ID, p, "product", p.At, func(o *Product) source.Range { return o.At }) {
			continue
		}
		for _, ref := range f.APIs {
			apis, ok := lookup(b, b.apis, ref, ref.Value, "API")
			if !ok || len(apis) > 0 && p.Contains(apis[0]) {
				continue
			}
			if open := apis[0].OpenProduct; open != nil && !p.SubscriptionRequired {
				b.diags.Errorf(ref.At, CodeOpenProducts, "the API %q is in the open product %q already", apis[0].ID, open.ID).
					WithHint("an API can be in one product without subscriptionRequired").WithNote(open.At, "the other product")
			}
			for _, a := range apis {
				p.APIs = append(p.APIs, a)
				a.Products = append(a.Products, p)
				if !p.SubscriptionRequired && a.OpenProduct == nil {
					a.OpenProduct = p
				}
			}
		}
		p.Policy = b.policy(f.Policy, "products/"+p.ID+".xml")
		b.model.Products = append(b.model.Products, p)
	}
}

// maxKeyBytes is how long a subscription key may be.
const maxKeyBytes = 256

func (b *builder) subscriptions() {
	ids, keys := map[string]*Subscription{}, map[string]text{}
	for i := range b.file.Subscription {
		f := &b.file.Subscription[i]
		if !f.ID.Set {
			continue
		}
		s := &Subscription{ID: f.ID.Value, Name: cmp.Or(f.Name.Value, f.ID.Value), PrimaryKey: f.PrimaryKey.secret(),
			SecondaryKey: f.SecondaryKey.secret(), Active: f.State.Value == "active", CreatedDate: f.CreatedDate.Value,
			StartDate: f.StartDate.Value, EndDate: f.EndDate.Value, AllowTracing: f.AllowTracing.Value, At: f.ID.At}
		for _, k := range []text{f.PrimaryKey, f.SecondaryKey} {
			switch first, twice := keys[k.Value]; {
			case !k.Set:
			case k.Value == "" && k.Raw != "":
				// A reference that led nowhere has been reported.
			case k.Value == "" || len(k.Value) > maxKeyBytes:
				b.diags.Errorf(k.At, CodeSharedKey, "a subscription key has between 1 and %d bytes, this one has %d", maxKeyBytes, len(k.Value))
			case twice:
				b.diags.Errorf(k.At, CodeSharedKey, "this key opens two doors: every subscription key is used once").WithNote(first.At, "first here")
			default:
				keys[k.Value] = k
			}
		}
		if f.Owner.Set {
			s.Owner, _ = lookup(b, b.users, f.Owner, f.Owner.Value, "user")
		}
		if !s.StartDate.IsZero() && !s.EndDate.IsZero() && !s.EndDate.After(s.StartDate) {
			b.diags.Errorf(f.EndDate.At, CodeBadValue, "the subscription ends before it starts").WithNote(f.StartDate.At, "it starts here")
		}
		b.scope(f.Scope, s)
		if unique(b, ids, f.ID, s, "subscription", s.At, func(o *Subscription) source.Range { return o.At }) {
			b.model.Subscriptions = append(b.model.Subscriptions, s)
		}
	}
}

func (b *builder) scope(t text, s *Subscription) {
	if !t.Set {
		return
	}
	switch kind, id, _ := strings.Cut(strings.Trim(t.Value, "/"), "/"); {
	case strings.EqualFold(kind, "products") && id != "":
		s.Product, _ = lookup(b, b.model.byID.products, t, id, "product")
	case strings.EqualFold(kind, "apis") && id != "":
		s.APIs, _ = lookup(b, b.apis, t, id, "API")
	case id == "" && (strings.EqualFold(kind, "apis") || strings.EqualFold(kind, "all")):
	default:
		b.diags.Errorf(t.At, CodeBadValue, "a scope is /products/<id>, /apis/<id>, /apis or all, got %q", t.Raw)
	}
}

// routes compiles the router and reports what cannot be told apart.
func (b *builder) routes() {
	rows := make([]route.API, len(b.model.APIs))
	for i, a := range b.model.APIs {
		rows[i] = route.API{Hosts: a.Hosts, Path: a.Path, Scheme: a.VersionScheme, VersionName: a.VersionName,
			Version: a.Version, Revision: a.Revision, Current: a.IsCurrent}
		b.model.first = append(b.model.first, len(b.model.operations))
		for _, o := range a.Operations {
			o.Number = len(b.model.operations)
			b.model.operations = append(b.model.operations, o)
			rows[i].Operations = append(rows[i].Operations, route.Operation{Method: o.Method, Template: o.Template})
		}
	}
	table, conflicts := route.New(rows)
	b.model.table = table
	for _, c := range conflicts {
		a, other := b.model.APIs[c.API], b.model.APIs[c.OtherAPI]
		if c.Op >= 0 {
			o, first := a.Operations[c.Op], other.Operations[c.OtherOp]
			b.diags.Errorf(o.At, CodeDuplicateOperation, "%s %s of the API %q answers the same requests as %s", o.Method, o.Template.Source, a.ID, first.Template.Source).
				WithNote(first.At, "the other operation")
			continue
		}
		where := cmp.Or(a.Prefix(), "/")
		if c.Host != "" {
			where = c.Host + where
		}
		if strings.EqualFold(a.ID, other.ID) {
			continue // reported with the revisions
		}
		b.diags.Errorf(a.At, CodeOverlap, "the API %q answers at %s, as does %q", a.ID, where, other.ID).
			WithHint("give one of them another path, host or version").WithNote(other.At, "the other API")
	}
}

// unique enters a thing under its id, or reports that the id is taken.
func unique[T any](b *builder, m map[string]*T, id text, v *T, what string, at source.Range, place func(*T) source.Range) bool {
	if !id.Set {
		return false
	}
	key := strings.ToLower(id.Value)
	if o := m[key]; o != nil {
		b.diags.Errorf(at, CodeDuplicateID, "there is already %s %q", article(what), id.Value).WithNote(place(o), "first here")
		return false
	}
	if id.Value == "" || strings.ContainsAny(id.Value, "/\\ \t\r\n") || id.Value[0] == '.' {
		b.diags.Errorf(at, CodeBadValue, "%q cannot be an id: it has no spaces or slashes and does not begin with a dot", id.Raw)
	}
	m[key] = v
	return true
}

func article(what string) string {
	if strings.ContainsAny(what[:1], "aeiouAEIOU") {
		return "an " + what
	}
	return "a " + what
}

// lookup finds what an id refers to, or reports that there is no such thing.
func lookup[T any](b *builder, m map[string]T, at text, id, what string) (T, bool) {
	v, ok := m[strings.ToLower(id)]
	if !ok && at.Set && id != "" {
		names := make([]string, 0, len(m))
		for k := range m {
			names = append(names, k)
		}
		slices.Sort(names)
		g := b.diags.Errorf(at.At, CodeUnknownID, "there is no %s %q", what, id)
		if near := source.Nearest(id, names); near != "" {
			g.WithHint("did you mean %q?", near)
		}
	}
	return v, ok
}

// url reads the URL of a service or backend.
func (b *builder) url(t text, schemes ...string) *url.URL {
	if !t.Set || t.Value == "" {
		return nil
	}
	fail := func(hint, format string, args ...any) *url.URL {
		b.diags.Errorf(t.At, CodeBadURL, format, args...).WithHint("%s", hint)
		return nil
	}
	u, err := url.Parse(t.Value)
	switch {
	case err != nil:
		return fail("", "%q is not a URL", t.Raw)
	case !slices.Contains(schemes, strings.ToLower(u.Scheme)):
		hint := ""
		if !strings.Contains(t.Value, "://") {
			hint = "write " + schemes[0] + "://" + t.Raw
		}
		return fail(hint, "%q wants a URL that begins with %s://", t.Raw, strings.Join(schemes, ":// or "))
	case u.Hostname() == "":
		return fail("", "the URL %q has no host", t.Raw)
	case u.User != nil:
		return fail("give a backend credentials: authorization: {scheme: Basic, parameter: …}", "a URL holds no credentials here")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return fail("", "the URL %q has a query or a fragment: requests bring their own", t.Raw)
	}
	if n, ok := route.NormalizePath(cmp.Or(u.EscapedPath(), "/")); !ok || n != cmp.Or(u.EscapedPath(), "/") {
		return fail("", "the path of %q is not in normal form", t.Raw)
	}
	u.Scheme = strings.ToLower(u.Scheme)
	return u
}

func hostName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		if !(c >= 'a' && c <= 'z' || s[i] >= '0' && s[i] <= '9' || s[i] == '-' || s[i] == '.' || s[i] == '_') {
			return false
		}
	}
	return s[0] != '.' && s[0] != '-'
}

// policies reads the global document and the fragments, and reports documents
// that nothing uses.
func (b *builder) policies() {
	p, m := b.file.Policies, b.model
	m.GlobalPolicy = b.policy(p.Global, "global.xml")
	m.Fragments = map[string]*source.Text{}
	for i := range b.file.Fragments {
		f := &b.file.Fragments[i]
		if !f.ID.Set || !f.File.Set {
			continue
		}
		if m.Fragments[f.ID.Value] != nil {
			b.diags.Errorf(f.ID.At, CodeDuplicateID, "there is already a fragment %q", f.ID.Value)
			continue
		}
		if t := b.read(f.File.Value, maxFragmentBytes, f.File.At); t != nil {
			m.Fragments[f.ID.Value] = t
		}
	}
	names, err := b.files.walk(p.Directory.Value, ".xml")
	if err != nil {
		b.diags.Errorf(p.Directory.At, CodeRead, "cannot read the folder %q: %v", p.Directory.Value, err)
	}
	dir := path.Join(filepath.ToSlash(p.Directory.Value), "fragments") + "/"
	for _, name := range names {
		rel, ok := strings.CutPrefix(name, dir)
		if !ok || b.texts[name] != nil {
			continue
		}
		id := strings.TrimSuffix(path.Base(rel), path.Ext(rel))
		if m.Fragments[id] != nil {
			b.unused(name, "there is already a fragment %q", id)
			continue
		}
		if t := b.read(name, maxFragmentBytes, source.Range{}); t != nil {
			m.Fragments[id] = t
		}
	}
	for _, name := range names {
		if b.texts[name] == nil && !b.failed[name] && !strings.HasPrefix(name, dir) {
			b.unused(name, "no API, operation or product has this policy document: it has no effect")
		}
	}
}

// unused reports a file that has no effect, with the name it perhaps should have.
func (b *builder) unused(name, format string, args ...any) {
	data, _ := b.files.read(name, maxFragmentBytes) // for the excerpt alone
	g := b.diags.Warnf(source.Range{Text: source.NewText(b.files.display(name), string(data))}, CodeUnusedFile, format, args...)
	var candidates []string
	dir := filepath.ToSlash(b.file.Policies.Directory.Value)
	for n := range b.files.seen {
		if n != name && b.texts[n] == nil && strings.HasPrefix(n, dir) && strings.HasSuffix(n, ".xml") {
			candidates = append(candidates, n)
		}
	}
	slices.Sort(candidates)
	if near := source.Nearest(name, candidates); near != "" {
		g.WithHint("did you mean %q?", b.files.display(near))
	}
}

// policy reads the document that is named, or the one that is found by
// convention; nil where there is neither.
func (b *builder) policy(named text, convention string) *source.Text {
	if named.Set && named.Value != "" {
		return b.read(named.Value, maxPolicyBytes, named.At)
	}
	name := path.Join(filepath.ToSlash(b.file.Policies.Directory.Value), convention)
	if !b.files.exists(name) {
		b.files.saw(name)
		return nil
	}
	return b.read(name, maxPolicyBytes, source.Range{})
}

// read returns a file's Text, the same for the same file; at is what names it,
// zero where the file was found.
func (b *builder) read(name string, limit int64, at source.Range) *source.Text {
	if !filepath.IsAbs(name) {
		name = path.Clean(filepath.ToSlash(name))
	}
	if t := b.texts[name]; t != nil {
		return t
	}
	data, err := b.files.read(name, limit)
	if err != nil {
		if at.IsZero() {
			at = source.Range{Text: source.NewText(b.files.display(name), "")}
		}
		b.diags.Errorf(at, readCode(err), "cannot read %q: %v", name, err)
		b.failed[name] = true
		return nil
	}
	t := source.NewText(b.files.display(name), string(data))
	b.texts[name] = t
	return t
}

func (b *builder) scripts() {
	dir := b.file.Scripts.Directory
	b.model.ScriptDir = path.Clean(filepath.ToSlash(dir.Value))
	names, err := b.files.walk(dir.Value, ".js", ".mjs", ".ts", ".mts", ".json")
	if err != nil {
		b.diags.Errorf(dir.At, CodeRead, "cannot read the folder %q: %v", dir.Value, err)
	}
	for _, name := range names {
		if t := b.read(name, maxScriptBytes, source.Range{}); t != nil {
			b.model.Scripts = append(b.model.Scripts, ScriptFile{name, t})
		}
	}
}
