package evalctx

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"sekisho/engine/csharp"
	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/source"
)

// Case is one row of a file of cases.
type Case struct {
	ID   string `json:"id"`
	Kind string `json:"kind"` // expr or block
	Code string `json:"code"`
	// Context is a context of its own; without one the default is taken, with
	// Variables in the place of its variables.
	Context   json.RawMessage            `json:"context,omitempty"`
	Variables map[string]json.RawMessage `json:"variables,omitempty"`
}

// Outcome is what a Case gave.
type Outcome struct {
	ID string `json:"id"`
	// Value is rendered as dotnet.Render does, nil for null and for exceptions.
	Value     *string    `json:"value"`
	Type      *string    `json:"type"`
	Exception *Exception `json:"exception"`
}

// Exception is what was thrown. An expression that does not compile has the type
// CompileError.
type Exception struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// RunCases evaluates the rows of a JSON lines file and writes an Outcome for each,
// in their order. A row that cannot be read ends it with an error.
func RunCases(r io.Reader, defaultContext []byte, w io.Writer) error {
	in := bufio.NewScanner(r)
	in.Buffer(nil, 16<<20)
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	line := 0
	for in.Scan() {
		line++
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		var c Case
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		o, err := c.Run(defaultContext)
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		if err := enc.Encode(o); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	return out.Flush()
}

// Run evaluates the case. It may use what Azure's list leaves out: a case asks what
// C# means, not what Azure allows.
func (c Case) Run(defaultContext []byte) (Outcome, error) {
	data := defaultContext
	if len(c.Context) > 0 && string(c.Context) != "null" {
		data = c.Context
	}
	ctx, err := New(data, c.Variables)
	if err != nil {
		return Outcome{}, err
	}
	kind := csharp.Expr
	switch c.Kind {
	case "expr", "":
	case "block":
		kind = csharp.Block
	default:
		return Outcome{}, fmt.Errorf("there is no kind %q: expr and block are", c.Kind)
	}
	var diags source.List
	prog := csharp.Compile(source.Detached(c.ID, c.Code), kind, csharp.Options{AnyType: true}, &diags)
	if prog == nil {
		return c.failed("CompileError", firstError(&diags)), nil
	}
	return Evaluate(c.ID, prog, ctx), nil
}

// evalTime is how long an evaluation may take: longer than in a gateway, because
// nobody else waits, and a new RSA key is a matter of a tenth of a second.
const evalTime = 5 * time.Second

// Evaluate evaluates a Program and renders what it gave.
func Evaluate(id string, prog *csharp.Program, ctx apim.Context) Outcome {
	v, ex := prog.Eval(ctx, csharp.Limits{Time: evalTime})
	var value, typ string
	if ex == nil {
		var t dotnet.Thread
		csharp.Begin(&t, ctx, csharp.Limits{})
		ex = csharp.Guard(func() { value, typ = dotnet.RenderIn(&t, v) })
	}
	if ex != nil {
		return Case{ID: id}.failed(ex.Type, ex.Message)
	}
	o := Outcome{ID: id, Type: &typ}
	if v != nil {
		o.Value = &value
	}
	return o
}

func (c Case) failed(typ, message string) Outcome {
	return Outcome{ID: c.ID, Exception: &Exception{Type: typ, Message: message}}
}

func firstError(diags *source.List) string {
	for _, d := range diags.Sorted() {
		if d.Severity == source.Error {
			return d.Message
		}
	}
	return "it does not compile"
}
