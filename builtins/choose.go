package builtins

import "sekisho/engine/pipeline"

// Choose runs the first branch whose condition holds.
//
//	<choose>
//	  <when condition="@(context.Request.Method == "GET")">…</when>
//	  <otherwise>…</otherwise>
//	</choose>
//
// Conditions after the first true one are not evaluated; without a match and without
// otherwise nothing happens. A condition is a boolean; the strings "true" and "false"
// count as such, in any case, and anything else is a Fault.
//
// Spec: https://learn.microsoft.com/azure/api-management/choose-policy
var Choose = pipeline.Policy{
	Name:     "choose",
	Summary:  "Runs the first of several branches whose condition holds.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example: `<choose>
  <when condition="@(context.Request.Method == &quot;GET&quot;)">
    <set-variable name="kind" value="read" />
  </when>
  <otherwise>
    <set-variable name="kind" value="write" />
  </otherwise>
</choose>`,
	New: func() pipeline.Step { return new(choose) },
}

type choose struct {
	Branches  []when     `child:"when,required"`
	Otherwise *otherwise `child:"otherwise"`
}

type when struct {
	Condition pipeline.Bool     `attr:"condition,required"`
	Steps     pipeline.Pipeline `steps:"*"`

	path string
}

type otherwise struct {
	Steps pipeline.Pipeline `steps:"*"`
}

// Check keeps the place of the branch: LastError names it if the condition fails.
func (w *when) Check(c *pipeline.Check) { w.path = c.Path() }

func (c *choose) Run(x *pipeline.Exchange) error {
	for i := range c.Branches {
		w := &c.Branches[i]
		yes, err := w.Condition.Get(x)
		if err != nil {
			return faultAt(err, w.path)
		}
		if yes {
			return w.Steps.Run(x)
		}
	}
	if c.Otherwise != nil {
		return c.Otherwise.Steps.Run(x)
	}
	return nil
}
