package builtins

import "sekisho/engine/pipeline"

// Trace adds a message to the trace of the request.
//
//	<trace source="orders" severity="information">
//	  <message>@("caller " + context.Request.IpAddress)</message>
//	  <metadata name="operation" value="@(context.Operation.Id)" />
//	</trace>
//
// It goes to the log with the request's id: verbose (the default) at debug level,
// information at info, error at error.
//
// Spec: https://learn.microsoft.com/azure/api-management/trace-policy
// Ours: the page allows it outside on-error only, Microsoft's own samples use it there:
// it may. It allows no expression in source; real documents have one, and it works. The
// message may stand as the text of the element, as it did in old documents.
var Trace = pipeline.Policy{
	Name:     "trace",
	Summary:  "Adds a message to the trace of the request and to the log.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example: `<trace source="orders" severity="information">
  <message>@("caller " + context.Request.IpAddress)</message>
  <metadata name="operation" value="@(context.Operation.Id)" />
</trace>`,
	New: func() pipeline.Step { return new(trace) },
}

type trace struct {
	Source   pipeline.String `attr:"source,required"`
	Severity string          `attr:"severity" enum:"verbose information error" default:"verbose"`
	Message  pipeline.String `child:"message"`
	Text     pipeline.String `text:""`
	Metadata []metadata      `child:"metadata"`
}

type metadata struct {
	Name  string          `attr:"name,required"`
	Value pipeline.String `attr:"value,required"`
}

// Check wants a message.
func (t *trace) Check(c *pipeline.Check) {
	if !t.Message.IsSet() && !t.Text.IsSet() {
		c.Errorf(nil, "missing-element", "<trace> wants a <message> inside")
	}
}

func (t *trace) Run(x *pipeline.Exchange) error {
	source, err := t.Source.Get(x)
	if err != nil {
		return err
	}
	message := &t.Message
	if !message.IsSet() {
		message = &t.Text
	}
	text, err := message.Get(x)
	if err != nil {
		return err
	}
	fields := make([]pipeline.Field, len(t.Metadata))
	for i := range t.Metadata {
		v, err := t.Metadata[i].Value.Get(x)
		if err != nil {
			return err
		}
		fields[i] = pipeline.Field{Name: t.Metadata[i].Name, Value: v}
	}
	x.TraceMessage(source, t.Severity, text, fields)
	return nil
}
