package policyxml

import (
	"strings"

	"sekisho/engine/csharp"
	"sekisho/engine/source"
)

// Kind tells what a Value is.
type Kind uint8

const (
	// Literal is text that stands for itself.
	Literal Kind = iota
	// CSharpExpr is @(…): the value of one C# expression.
	CSharpExpr
	// CSharpBlock is @{…}: C# statements that return a value.
	CSharpBlock
	// JSExpr is @js(…).
	JSExpr
	// JSBlock is @js{…}.
	JSBlock
)

func (k Kind) String() string {
	return [...]string{"literal", "C# expression", "C# block", "JavaScript expression", "JavaScript block"}[k]
}

// Value is what an attribute or an element holds: a literal or an expression.
type Value struct {
	// View is the text, decoded: of a literal all of it, with @@ at its beginning
	// already made one @; of an expression from its @ to its closing bracket.
	View source.View
	Kind Kind

	at, to int // where it stands, as offsets of the Document's View
}

// IsExpression tells whether it must be evaluated.
func (v Value) IsExpression() bool { return v.Kind != Literal }

// Inner is the text inside the brackets of an expression; a literal's whole text.
func (v Value) Inner() source.View {
	n := len(v.View.S)
	switch v.Kind {
	case CSharpExpr, CSharpBlock:
		return v.View.Slice(len("@("), n-1)
	case JSExpr, JSBlock:
		return v.View.Slice(len("@js("), n-1)
	}
	return v.View
}

// AsWritten is the value as it stands in the file, named values not substituted.
// Messages quote this, never View.S: a secret may have been put into that.
func (v Value) AsWritten() string {
	r := v.View.All()
	if r.Text == nil {
		return ""
	}
	return r.Text.Content[r.Start:r.End]
}

// HasStandIn tells whether an unknown named value stands in the value, for which
// StandIns has put in a text: whoever checks such a literal, for a number say,
// has nothing to check.
func (v Value) HasStandIn() bool {
	for i := 0; i < len(v.View.S); {
		end, copied := v.View.Run(i)
		if !copied {
			r := v.View.Range(i, end)
			written := r.Text.Content[r.Start:r.End]
			if name, ok := namedValueName(written); ok && v.View.S[i:end] == standInText(name) {
				return true
			}
		}
		i = end
	}
	return false
}

// opener tells which kind of expression begins at s[i], and the offset of its
// bracket.
func opener(s string, i int) (kind Kind, bracket int) {
	if i >= len(s) || s[i] != '@' {
		return Literal, 0
	}
	if strings.HasPrefix(s[i+1:], "js(") {
		return JSExpr, i + 3
	}
	if strings.HasPrefix(s[i+1:], "js{") {
		return JSBlock, i + 3
	}
	if strings.HasPrefix(s[i+1:], "(") {
		return CSharpExpr, i + 1
	}
	if strings.HasPrefix(s[i+1:], "{") {
		return CSharpBlock, i + 1
	}
	return Literal, 0
}

// maxExpression bounds one expression, in bytes.
const maxExpression = 1 << 20

// expressionEnd finds the offset after an expression whose bracket is s[bracket].
func expressionEnd(s string, kind Kind, bracket int) (end int, ok bool) {
	s = s[:min(len(s), bracket+maxExpression)]
	switch kind {
	case CSharpExpr, CSharpBlock:
		return csharp.End(s, bracket)
	case JSExpr, JSBlock:
		return scanJS(s, bracket, nil)
	}
	return bracket, false
}

// embedded finds an expression that stands inside of text, which makes it text:
// worth a warning.
func embedded(s string) (at, end int, ok bool) {
	for i := 0; i < len(s); i++ {
		at := strings.IndexByte(s[i:], '@')
		if at < 0 {
			return 0, 0, false
		}
		i += at
		if kind, bracket := opener(s, i); kind != Literal && (i == 0 || s[i-1] != '@') {
			// One try: its cost is that of the value.
			end, ok := expressionEnd(s, kind, bracket)
			return i, end, ok
		}
	}
	return 0, 0, false
}
