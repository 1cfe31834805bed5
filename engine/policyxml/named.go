package policyxml

import (
	"slices"
	"sort"
	"strings"

	"sekisho/engine/source"
)

// NamedValues are what {{name}} may stand for.
type NamedValues struct {
	// Resolve gives the value of a name. It may be nil: then no name is known.
	Resolve func(name string) (value string, ok bool)
	// Names are all known names, for "did you mean".
	Names []string
	// StandIns is for checking a document without its gateway: an unknown name
	// is no fault then, but stands for the text nv-<name>, and for an identifier
	// of unknown type (see StandInIdentifier) where code is.
	StandIns bool
}

// Substitute replaces every {{name}} in a document by the value of that name, as
// text, before anything is parsed. What a value holds is not searched again.
//
// Doubled braces mean other things as well, and where they do, an unknown name is
// left as it stands: in the body of a Liquid template, in the text of an
// interpolated C# string, and in JavaScript (there with a warning). In comments
// of the document nothing is replaced. Everywhere else an unknown name is an
// error, unless nv says otherwise.
func Substitute(v source.View, nv NamedValues, diags *source.List) source.View {
	found := references(v.S)
	if len(found) == 0 || len(v.S) > maxDocument {
		return v
	}
	places := placesOf(Parse(v, Options{}, &source.List{}))
	b := source.NewBuilder(v)
	from, reported := 0, 0
	for _, r := range found {
		place := places.at(r.at)
		if place == inComment {
			continue
		}
		with, ok := "", false
		if nv.Resolve != nil {
			with, ok = nv.Resolve(r.name)
		}
		if !ok {
			with, ok = nv.standIn(v.S, r, place)
		}
		if !ok {
			if reported++; !nv.StandIns && reported <= maxDiagnostics {
				nv.unknown(v.Range(r.at, r.to), r.name, place, diags)
			}
			continue
		}
		b.Copy(from, r.at)
		b.Replace(r.at, r.to, with)
		from = r.to
	}
	if from == 0 {
		return v
	}
	b.Copy(from, len(v.S))
	return b.View()
}

func (nv *NamedValues) standIn(s string, r reference, p place) (with string, ok bool) {
	if !nv.StandIns {
		return "", false
	}
	switch p {
	case inLiquid, inScriptCode:
		return "", false
	case inBraceText:
		// {{{x}}} is a hole between two escaped braces.
		if r.at > 0 && s[r.at-1] == '{' && r.to < len(s) && s[r.to] == '}' {
			return "", false
		}
	case inCSharpCode, inJSCode:
		return StandInIdentifier(r.name), true
	}
	return standInText(r.name), true
}

func (nv *NamedValues) unknown(at source.Range, name string, p place, diags *source.List) {
	var d *source.Diagnostic
	switch p {
	case inLiquid, inBraceText:
		return
	case inJSCode, inJSText, inScriptCode:
		d = diags.Warnf(at, "unknown-named-value", "there is no named value %q, so the braces stay as they are", name)
	default:
		d = diags.Errorf(at, "unknown-named-value", "there is no named value %q", name)
	}
	if near := source.Nearest(name, nv.Names); near != "" {
		d.WithHint("did you mean {{%s}}?", near)
	} else {
		d.WithHint("define it under namedValues in gateway.yaml")
	}
}

// standInText is what an unknown named value stands for in text.
func standInText(name string) string { return "nv-" + name }

// StandInIdentifier is what an unknown named value stands for in code: an
// identifier of which nothing is known but that it exists.
func StandInIdentifier(name string) string {
	return "__nv_" + strings.Map(func(c rune) rune {
		if c == '.' || c == '-' {
			return '_'
		}
		return c
	}, name)
}

// reference is one {{name}} in a document.
type reference struct {
	at, to int
	name   string
}

func references(s string) []reference {
	var found []reference
	for i := 0; ; {
		n := strings.Index(s[i:], "{{")
		if n < 0 {
			return found
		}
		i += n
		end := i + len("{{")
		for end < len(s) && isReferenceByte(s[end]) {
			end++
		}
		if end == i+len("{{") || !strings.HasPrefix(s[end:], "}}") {
			i++
			continue
		}
		found = append(found, reference{i, end + len("}}"), s[i+len("{{") : end]})
		i = end + len("}}")
	}
}

// isReferenceByte tells whether a named value may have c in its name.
func isReferenceByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_'
}

// namedValueName is the name in s, if s is one reference.
func namedValueName(s string) (name string, ok bool) {
	if r := references(s); len(r) == 1 && r[0].at == 0 && r[0].to == len(s) {
		return r[0].name, true
	}
	return "", false
}

// place tells where in a document a reference stands.
type place uint8

const (
	inText       place = iota // literals, strings and comments of C#, names, anything else
	inComment                 // of the document
	inLiquid                  // a Liquid template
	inCSharpCode              // where C# code is
	inBraceText               // the text of an interpolated C# string
	inJSCode                  // JavaScript in an expression
	inJSText                  // in a string, template or comment of JavaScript
	inScriptCode              // JavaScript in <script>
)

// region is a stretch of a document in which something special holds.
type region struct {
	at, to int
	place  place // inText for one that its language's scanner has yet to tell
	kind   Kind
	spans  []lexSpan // of the decoded text; made at the first use
	origin []int32   // for each byte of the decoded text its offset in the document
	name   string
}

// places are the regions of a document, ascending; comments are kept apart, as
// they may stand inside of others.
type places struct {
	s        string
	regions  []*region
	comments []*region
}

func placesOf(d *Document) *places {
	p := &places{s: d.View.S}
	if d.Root != nil {
		p.collect(d.Root)
	}
	byPlace := func(a, b *region) int { return a.at - b.at }
	slices.SortFunc(p.regions, byPlace)
	slices.SortFunc(p.comments, byPlace)
	return p
}

func (p *places) collect(e *Element) {
	for i := range e.Attrs {
		p.expression(e.Attrs[i].Value)
	}
	children := false
	for _, n := range e.Children {
		switch n := n.(type) {
		case *Comment:
			p.comments = append(p.comments, &region{at: n.at, to: n.to, place: inComment})
		case *Element:
			children = true
			p.collect(n)
		}
	}
	switch {
	case children:
	case e.isLiquid():
		p.regions = append(p.regions, &region{at: e.innerAt, to: e.innerTo, place: inLiquid})
	case e.Name == "script":
		p.regions = append(p.regions, &region{at: e.innerAt, to: e.innerTo, kind: JSBlock, name: e.Name})
	default:
		p.expression(e.Content)
	}
}

func (p *places) expression(v Value) {
	if v.IsExpression() {
		p.regions = append(p.regions, &region{at: v.at, to: v.to, kind: v.Kind})
	}
}

func enclosing(regions []*region, at int) *region {
	k := sort.Search(len(regions), func(k int) bool { return regions[k].at > at }) - 1
	if k >= 0 && at < regions[k].to {
		return regions[k]
	}
	return nil
}

func (p *places) at(offset int) place {
	if r := enclosing(p.comments, offset); r != nil {
		return inComment
	}
	r := enclosing(p.regions, offset)
	if r == nil {
		return inText
	}
	if r.place != inText {
		return r.place
	}
	c := r.classAt(p.s, offset)
	switch {
	case r.name == "script" && c == classCode:
		return inScriptCode
	case (r.kind == JSExpr || r.kind == JSBlock) && c == classCode:
		return inJSCode
	case r.kind == JSExpr || r.kind == JSBlock:
		return inJSText
	case c == classCode:
		return inCSharpCode
	case c == classBraceText:
		return inBraceText
	}
	return inText
}

// classAt tells what stands at an offset of the document, by scanning the region
// once, with its entities decoded.
func (r *region) classAt(s string, offset int) class {
	if r.spans == nil {
		text := make([]byte, 0, r.to-r.at)
		for i := r.at; i < r.to; {
			n, with := 0, ""
			if s[i] == '&' {
				n, with = entity(s[i:r.to])
			}
			if n == 0 {
				n, with = 1, s[i:i+1]
			}
			for range len(with) {
				r.origin = append(r.origin, int32(i))
			}
			text = append(text, with...)
			i += n
		}
		r.spans = []lexSpan{{0, classCode}}
		if r.kind == JSExpr || r.kind == JSBlock {
			scanJS(string(text), 0, &r.spans)
		} else {
			r.spans = csharpSpans(string(text))
		}
	}
	at := sort.Search(len(r.origin), func(k int) bool { return int(r.origin[k]) >= offset })
	k := sort.Search(len(r.spans), func(k int) bool { return r.spans[k].at > at }) - 1
	return r.spans[max(k, 0)].class
}
