// Package scenario reads the files that say what is measured: a gateway folder, the
// backend behind it, requests with the values that fill them in, how they are sent, and
// what is a right answer.
//
//	description: one line for the report
//	folder: ../..              # a gateway folder; or files, or both: files replace the folder's
//	files:
//	  gateway.yaml: |
//	    listeners: …
//	env: { ORDERS_URL: "http://[[.Backend]]" }
//	values:
//	  id:    { numbers: { to: 10000 } }
//	  token: { jwt: { count: 1000, algorithm: RS256, claims: { aud: shop } }, distribution: zipf }
//	backend:
//	  - { path: /, json: 1KiB, delay: 2ms }
//	targets:
//	  - url: /shop/orders/${id}
//	    headers: { Authorization: "Bearer ${token}" }
//	    expect: { status: 200, contains: '"id"' }
//	load: { connections: 32, cycles: 12, slice: 1s }
//
// In files and env, [[ ]] encloses the actions of Go's text/template, with .Backend, the
// backend's host:port, and .JWT.<value> with the public key of a value of tokens: .N and
// .E for RS256, .Secret for HS256, .PEM; [[range $i := 1000]] … [[end]]
// repeats what is between. In targets, ${name} stands for a value. The reference is in
// bench/README.md.
package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sekisho/bench/backend"
	"sekisho/bench/load"

	yaml "go.yaml.in/yaml/v4"
)

// Scenario is what is measured.
type Scenario struct {
	Name string `yaml:"-"` // the file's name without its extension
	Dir  string `yaml:"-"` // the file's folder
	Hash string `yaml:"-"` // of the file's content

	Description string            `yaml:"description"`
	Folder      string            `yaml:"folder"`
	Files       map[string]string `yaml:"files"`
	Env         map[string]string `yaml:"env"`
	Values      map[string]*Value `yaml:"values"`
	Backend     []Route           `yaml:"backend"`
	Targets     []*Target         `yaml:"targets"`
	Load        Load              `yaml:"load"`
}

// Value is a named list of texts: exactly one of List, Numbers and JWT says which.
type Value struct {
	List         []string          `yaml:"list"`
	Numbers      *Numbers          `yaml:"numbers"`
	JWT          *JWT              `yaml:"jwt"`
	Distribution load.Distribution `yaml:"distribution"`
}

// Numbers are the whole numbers from From (1 if it is 0) to To.
type Numbers struct {
	From int `yaml:"from"`
	To   int `yaml:"to"`
}

// JWT is a list of signed tokens that differ in jti and sub.
type JWT struct {
	Count     int            `yaml:"count"`
	Algorithm string         `yaml:"algorithm"` // RS256 (default), ES256, HS256
	Claims    map[string]any `yaml:"claims"`    // exp is in the year 2100 unless it is given
	Secret    string         `yaml:"secret"`    // for HS256, Base64; made where there is none
	KeyFile   string         `yaml:"keyFile"`   // a PEM file, for RS256 and ES256; a key is made where there is none
	KeyID     string         `yaml:"keyId"`
}

// Route is what the built-in backend answers; package backend explains it.
type Route struct {
	Path    string            `yaml:"path"`
	Status  int               `yaml:"status"`
	Headers map[string]string `yaml:"headers"`
	Delay   time.Duration     `yaml:"delay"`
	Seen    map[string]string `yaml:"seen"`
	Every   *Every            `yaml:"fail"`
	Events  *Events           `yaml:"events"`
	Body    `yaml:",inline"`
}

// Every is how often the backend fails.
type Every struct {
	Every  int `yaml:"every"`
	Status int `yaml:"status"`
}

// Events are the server-sent events of a stream.
type Events struct {
	Count    int           `yaml:"count"`
	Interval time.Duration `yaml:"interval"`
}

// Body is a body: a text, so many bytes of text, or a JSON document of about a size.
type Body struct {
	Text  string `yaml:"body"`
	Bytes Size   `yaml:"bytes"`
	JSON  Size   `yaml:"json"`
}

// Target is one kind of request.
type Target struct {
	Name    string            `yaml:"name"`
	Weight  int               `yaml:"weight"`
	Method  string            `yaml:"method"`
	URL     string            `yaml:"url"`
	Headers map[string]string `yaml:"headers"`
	Stream  bool              `yaml:"stream"`
	Expect  Expect            `yaml:"expect"`
	Body    `yaml:",inline"`
}

// Expect is what is right about an answer. The status is checked in any case.
type Expect struct {
	Status   int               `yaml:"status"` // 0 for 200
	Contains string            `yaml:"contains"`
	Bytes    *Size             `yaml:"bytes"`
	Headers  map[string]string `yaml:"headers"` // the value contains the text
}

// Load is how requests are sent.
type Load struct {
	Rate        Rate          `yaml:"rate"` // requests a second: an open loop
	Connections int           `yaml:"connections"`
	Warmup      time.Duration `yaml:"warmup"` // of each process, once, before all cycles
	Slice       time.Duration `yaml:"slice"`
	Cycles      int           `yaml:"cycles"`
	Timeout     time.Duration `yaml:"timeout"`
	Reload      bool          `yaml:"reload"` // load the gateway's folder anew in the middle of each of its slices
}

// Rate is a rate, or a share of the knee: the rate up to which half of the requests take less
// than twice the time that they take at best.
type Rate struct {
	PerSecond float64
	Share     float64 // of the knee; 0.5 for 50%
}

// UnmarshalYAML reads 2000 or 50%.
func (r *Rate) UnmarshalYAML(n *yaml.Node) error {
	text, percent := strings.CutSuffix(strings.TrimSpace(n.Value), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || n.Kind != yaml.ScalarNode || !(v > 0) || v > 10e6 || percent && v > 100 {
		return fmt.Errorf("line %d: a rate is requests a second, such as 2000, or a share of the knee, such as 50%%, got %q", n.Line, n.Value)
	}
	if percent {
		r.Share = v / 100
	} else {
		r.PerSecond = v
	}
	return nil
}

// Open tells whether the loop is open.
func (r Rate) Open() bool { return r.PerSecond > 0 || r.Share > 0 }

// Size is a number of bytes, written with or without B, KB, KiB, MB or MiB.
type Size int

var sizeForm = regexp.MustCompile(`^([0-9]{1,9})\s*(B|KB|KiB|MB|MiB)?$`)

// UnmarshalYAML reads a size.
func (s *Size) UnmarshalYAML(n *yaml.Node) error {
	m := sizeForm.FindStringSubmatch(strings.TrimSpace(n.Value))
	if n.Kind != yaml.ScalarNode || m == nil {
		return fmt.Errorf("line %d: a size is a number with B, KB, KiB, MB or MiB, got %q", n.Line, n.Value)
	}
	v, _ := strconv.Atoi(m[1])
	unit := map[string]int{"": 1, "B": 1, "KB": 1000, "KiB": 1 << 10, "MB": 1000_000, "MiB": 1 << 20}[m[2]]
	if v > maxBytes/unit {
		return fmt.Errorf("line %d: %q is more than 64MiB", n.Line, n.Value)
	}
	*s = Size(v * unit)
	return nil
}

// Bounds on a scenario.
const (
	maxBytes  = 64 << 20
	maxFile   = 16 << 20
	maxTexts  = 1_000_000
	maxNumber = 1 << 52
	maxTokens = 200_000
	maxConns  = 60_000
)

// ReadFile reads a scenario file. The error names file and line of everything that is wrong.
func ReadFile(name string) (*Scenario, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: a scenario of more than 16MiB", name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	s, err := Parse(name, data)
	if err != nil {
		return nil, err
	}
	s.Dir = filepath.Dir(name)
	return s, nil
}

// Parse reads a scenario; the name is for errors and the scenario's own.
func Parse(name string, data []byte) (*Scenario, error) {
	s := &Scenario{}
	if err := yaml.Load(data, s, yaml.WithKnownFields()); err != nil {
		return nil, explain(name, err)
	}
	base := filepath.Base(name)
	s.Name = strings.TrimSuffix(base, filepath.Ext(base))
	sum := sha256.Sum256(data)
	s.Hash = hex.EncodeToString(sum[:8])
	if err := s.complete(); err != nil {
		var lines []string
		for line := range strings.Lines(err.Error()) {
			lines = append(lines, name+": "+strings.TrimSuffix(line, "\n"))
		}
		return nil, errors.New(strings.Join(lines, "\n"))
	}
	return s, nil
}

// explain turns YAML's errors into lines with a place.
func explain(name string, err error) error {
	var all *yaml.LoadErrors
	var list []*yaml.LoadError
	var one *yaml.LoadError
	switch {
	case errors.As(err, &all):
		list = all.Errors
	case errors.As(err, &one):
		list = []*yaml.LoadError{one}
	default:
		return fmt.Errorf("%s: %w", name, err)
	}
	var out []error
	for _, e := range list {
		m := e.Message
		if field, _, ok := strings.Cut(strings.TrimPrefix(m, "field "), " not found in type"); ok {
			m = fmt.Sprintf("there is no key %q here", field)
		}
		m = regexp.MustCompile(`^line [0-9]+: `).ReplaceAllString(m, "")
		out = append(out, fmt.Errorf("%s:%d:%d: %s", name, e.Mark.Line, e.Mark.Column, strings.TrimPrefix(m, "yaml: ")))
	}
	return errors.Join(out...)
}

var valueName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// complete fills in defaults and checks what one part says of another.
func (s *Scenario) complete() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	for name := range s.Files {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			fault("files: %q is not a path in the folder", name)
		}
	}
	for _, name := range sortedKeys(s.Values) {
		v := s.Values[name]
		if !valueName.MatchString(name) {
			fault("values: %q is not a name: letters, digits and _, a letter first", name)
		}
		if v == nil {
			v = &Value{}
			s.Values[name] = v
		}
		s.completeValue(name, v, fault)
	}
	for i := range s.Backend {
		r := &s.Backend[i]
		if r.Path == "" {
			r.Path = "/"
		}
		if r.Every != nil && (r.Every.Every < 1 || r.Every.Status != 0 && r.Every.Status < 400) {
			fault("backend %s: fail wants every, at least 1, and a status of at least 400", r.Path)
		}
		if r.Events != nil && (r.Events.Count < 1 || r.Events.Interval <= 0) {
			fault("backend %s: events want count and interval", r.Path)
		}
		if r.Status != 0 && (r.Status < 200 || r.Status > 599) {
			fault("backend %s: %d is not a status", r.Path, r.Status)
		}
		r.one("backend "+r.Path, fault)
	}
	if len(s.Backend) == 0 {
		s.Backend = []Route{{Path: "/", Headers: map[string]string{"Content-Type": "application/json"}, Body: Body{JSON: 1 << 10}}}
	}
	if len(s.Targets) == 0 {
		fault("targets: a scenario wants at least one")
	}
	streams := 0
	for i, t := range s.Targets {
		if t == nil {
			fault("targets: number %d is empty", i+1)
			continue
		}
		s.completeTarget(t, fault)
		if t.Stream {
			streams++
		}
	}
	if streams > 0 && (streams < len(s.Targets) || s.Load.Rate.Open()) {
		fault("targets: streams are measured in a closed loop, and not beside other requests")
	}
	l := &s.Load
	defaults(&l.Connections, 32)
	defaults(&l.Warmup, 3*time.Second)
	defaults(&l.Slice, time.Second)
	defaults(&l.Cycles, 12)
	defaults(&l.Timeout, 10*time.Second)
	if l.Connections < 1 || l.Connections > maxConns || l.Cycles < 1 || l.Cycles > 10_000 ||
		l.Slice < 10*time.Millisecond || l.Slice > time.Hour || l.Warmup < 0 || l.Warmup > time.Hour || l.Timeout <= 0 || l.Timeout > time.Hour {
		fault("load: connections are 1 to %d, cycles 1 to 10000, slice 10ms to 1h, warmup and timeout up to 1h", maxConns)
	}
	return errors.Join(faults...)
}

func (s *Scenario) completeValue(name string, v *Value, fault func(string, ...any)) {
	given := 0
	if len(v.List) > 0 {
		given++
	}
	if n := v.Numbers; n != nil {
		given++
		defaults(&n.From, 1)
		if n.From < -maxNumber || n.To > maxNumber || n.To < n.From || n.To-n.From >= maxTexts {
			fault("values %s: numbers go up from 1, or from, to to, at most %d of them", name, maxTexts)
		}
	}
	if j := v.JWT; j != nil {
		given++
		defaults(&j.Count, 1)
		defaults(&j.Algorithm, "RS256")
		if j.Count < 1 || j.Count > maxTokens {
			fault("values %s: a count of tokens is 1 to %d", name, maxTokens)
		}
		if !slices.Contains([]string{"RS256", "ES256", "HS256"}, j.Algorithm) {
			fault("values %s: tokens are signed with RS256, ES256 or HS256, not %q", name, j.Algorithm)
		}
		if j.Secret != "" && j.Algorithm != "HS256" || j.KeyFile != "" && j.Algorithm == "HS256" {
			fault("values %s: secret is for HS256 and keyFile for the others", name)
		}
	}
	if given != 1 {
		fault("values %s: give one of list, numbers and jwt", name)
	}
	defaults(&v.Distribution, load.Uniform)
	if !slices.Contains([]load.Distribution{load.Uniform, load.Zipf, load.Round, load.Once}, v.Distribution) {
		fault("values %s: a distribution is uniform, zipf, round or once, not %q", name, v.Distribution)
	}
}

func (s *Scenario) completeTarget(t *Target, fault func(string, ...any)) {
	defaults(&t.Method, "GET")
	defaults(&t.Name, t.Method+" "+t.URL)
	defaults(&t.Weight, 1)
	defaults(&t.Expect.Status, 200)
	if !strings.HasPrefix(t.URL, "/") || strings.ContainsAny(t.URL, " \r\n#") {
		fault("target %q: the url is a path, such as /orders/${id}?full=true", t.Name)
	}
	if strings.Trim(t.Method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		fault("target %q: %q is not a method", t.Name, t.Method)
	}
	if t.Weight < 1 || t.Weight > 1000 {
		fault("target %q: a weight is 1 to 1000", t.Name)
	}
	for k, v := range t.Headers {
		if k == "" || strings.ContainsAny(k, ": \r\n") || strings.ContainsAny(v, "\r\n") {
			fault("target %q: %q is not a header", t.Name, k)
		}
	}
	t.one(fmt.Sprintf("target %q", t.Name), fault)
	known := make([]load.Value, 0, len(s.Values))
	for name := range s.Values {
		known = append(known, load.Value{Name: name})
	}
	for _, text := range t.templates() {
		if _, err := load.ParseTemplate(text, known); err != nil {
			fault("target %q: %v", t.Name, err)
		}
	}
}

// templates are all texts of a target that values may stand in.
func (t *Target) templates() []string {
	out := []string{t.URL, t.Text}
	for _, k := range sortedKeys(t.Headers) {
		out = append(out, t.Headers[k])
	}
	return out
}

// one checks that a body is given in one way.
func (b *Body) one(where string, fault func(string, ...any)) {
	n := 0
	for _, given := range []bool{b.Text != "", b.Bytes > 0, b.JSON > 0} {
		if given {
			n++
		}
	}
	if n > 1 {
		fault("%s: give one of body, bytes and json", where)
	}
}

// Content is the body. Bytes and JSON are the same each time.
func (b *Body) Content() string {
	switch {
	case b.Bytes > 0:
		const text = "Five lanterns at the barrier, and all who pass are counted.\n"
		return strings.Repeat(text, int(b.Bytes)/len(text)+1)[:b.Bytes]
	case b.JSON > 0:
		return document(int(b.JSON))
	}
	return b.Text
}

// document is a JSON document of n bytes, give or take a line.
func document(n int) string {
	var b strings.Builder
	b.WriteString(`{"id":42,"customer":"Ada","currency":"EUR","lines":[`)
	for i := 1; ; i++ {
		line := fmt.Sprintf(`{"article":"Lantern %d","quantity":%d,"price":%d.5,"tags":["lamp","oil"]}`, i, i%9+1, i%50)
		if i > 1 && b.Len()+len(line)+3 > n {
			break
		}
		if i > 1 {
			b.WriteByte(',')
		}
		b.WriteString(line)
	}
	b.WriteString("]}")
	return b.String()
}

// BackendSpec is what the backend is told.
func (s *Scenario) BackendSpec() backend.Spec {
	var spec backend.Spec
	for _, r := range s.Backend {
		b := backend.Route{Path: r.Path, Status: r.Status, Headers: r.Headers, Body: r.Content(), Delay: r.Delay, Seen: r.Seen}
		if r.Every != nil {
			b.Every, b.FailStatus = r.Every.Every, r.Every.Status
		}
		if r.Events != nil {
			b.Events, b.Interval = r.Events.Count, r.Events.Interval
		}
		spec.Routes = append(spec.Routes, b)
	}
	return spec
}

func defaults[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
