package builtins

import (
	"bytes"

	"sekisho/engine/pipeline"
)

// FindAndReplace replaces a text in the body by another, wherever it stands.
//
//	<find-and-replace from="&quot;internal&quot;" to="&quot;public&quot;" />
//
// It changes the request's body in inbound and backend, the response's in outbound and
// on-error. The text is taken as it is, not as a pattern, and compares by case.
//
// Spec: https://learn.microsoft.com/azure/api-management/find-and-replace-policy
// Ours: a body that does not hold the text is passed on as it came, encoded if it was.
// An empty computed from finds nothing.
var FindAndReplace = pipeline.Policy{
	Name:     "find-and-replace",
	Summary:  "Replaces a text in the body by another.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example:  `<find-and-replace from="internal" to="public" />`,
	New:      func() pipeline.Step { return new(findAndReplace) },
}

type findAndReplace struct {
	From pipeline.String `attr:"from,required,raw"`
	To   pipeline.String `attr:"to,required,raw"`
}

// Check wants something to find.
func (f *findAndReplace) Check(c *pipeline.Check) {
	if from, ok := f.From.Literal(); ok && from == "" {
		c.Errorf(&f.From, "bad-value", `attribute "from" of <find-and-replace> wants a text to find`)
	}
}

func (f *findAndReplace) Run(x *pipeline.Exchange) error {
	from, err := f.From.Get(x)
	if err != nil {
		return err
	}
	to, err := f.To.Get(x)
	if err != nil {
		return err
	}
	return editBody(x, func(content []byte) []byte {
		if from == "" {
			return content
		}
		return bytes.ReplaceAll(content, []byte(from), []byte(to))
	})
}

// editBody replaces the body of the message at hand by what edit makes of it. A body
// that stays the same is passed on as it came.
func editBody(x *pipeline.Exchange, edit func(content []byte) []byte) error {
	body := x.TargetBody()
	if !body.Present() {
		return nil
	}
	content, err := body.Text()
	if err != nil {
		return err
	}
	if edited := edit(content); !bytes.Equal(edited, content) {
		replaceBody(x.TargetHeader(), body, edited)
	}
	return nil
}
