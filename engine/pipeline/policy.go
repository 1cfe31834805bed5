package pipeline

import "strings"

// Section is a part of a policy document, or a set of them.
type Section uint8

// The sections.
const (
	Inbound Section = 1 << iota
	Backend
	Outbound
	OnError
	Everywhere = Inbound | Backend | Outbound | OnError
)

// SectionNames are the sections in the order they run, by their element names.
var SectionNames = []string{"inbound", "backend", "outbound", "on-error"}

func (s Section) String() string { return names(uint8(s), SectionNames) }

// ParseSection is the section of an element name, 0 if there is none.
func ParseSection(name string) Section {
	for i, n := range SectionNames {
		if n == name {
			return 1 << i
		}
	}
	return 0
}

// Scope is where a policy document attaches, or a set of scopes.
type Scope uint8

// The scopes, broad to narrow.
const (
	Global Scope = 1 << iota
	Workspace
	Product
	API
	Operation
	AnyScope = Global | Workspace | Product | API | Operation
)

// ScopeNames are LastError's names of the scopes.
var ScopeNames = []string{"global", "workspace", "product", "api", "operation"}

func (s Scope) String() string { return names(uint8(s), ScopeNames) }

func names(set uint8, all []string) string {
	var out []string
	for i, n := range all {
		if set&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return strings.Join(out, ", ")
}

// Policy declares one policy: everything that parsing, checking, documentation and
// LastError need to know of it. What an element may hold is said by the struct that
// New returns, through tags (see Decode).
type Policy struct {
	// Name is the element's name.
	Name string
	// Summary is one sentence for the reference page.
	Summary string
	// Sections and Scopes are where it may stand.
	Sections Section
	Scopes   Scope
	// Once means at most once in a section of a document.
	Once bool
	// NotInFragment means that fragments may not hold it.
	NotInFragment bool
	// Example is a document fragment that loads; a test loads it.
	Example string
	// New returns a pointer to a struct with tagged fields. A nil New declares a
	// policy that is documented by APIM and not available yet.
	New func() Step
}

// Step is one compiled occurrence of a policy: immutable, shared by all requests.
type Step interface {
	// Run does what the policy does. It returns nil to go on, Respond to answer now,
	// or an error, which becomes a Fault.
	Run(x *Exchange) error
}

// Checker is a Step that has something to check at load that tags cannot say, or to
// prepare: Check runs once, after decoding.
type Checker interface{ Check(c *Check) }

// Table is the list of all policies that documents may use.
type Table struct {
	all    []*Policy
	byName map[string]*Policy
}

// NewTable makes a Table. Names must be distinct.
func NewTable(all []*Policy) *Table {
	t := &Table{all: all, byName: make(map[string]*Policy, len(all))}
	for _, p := range all {
		if t.byName[p.Name] != nil {
			panic("pipeline: internal error: two policies named " + p.Name)
		}
		t.byName[p.Name] = p
	}
	return t
}

// All lists the policies in the order of the documentation.
func (t *Table) All() []*Policy { return t.all }

// Lookup finds a policy by element name.
func (t *Table) Lookup(name string) *Policy { return t.byName[name] }

// Names lists the element names.
func (t *Table) Names() []string {
	out := make([]string, len(t.all))
	for i, p := range t.all {
		out[i] = p.Name
	}
	return out
}
