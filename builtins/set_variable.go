package builtins

import "sekisho/engine/pipeline"

// SetVariable sets a variable of the request.
//
//	<set-variable name="tenant" value="@(context.Request.Headers.GetValueOrDefault("X-Tenant", "none"))" />
//
// A literal is a string, blanks and all. The value of an expression keeps its type.
//
// Spec: https://learn.microsoft.com/azure/api-management/set-variable-policy
// Ours: the page lists the types that a variable may have; APIM stores others, JObject
// first of all, and so do we.
var SetVariable = pipeline.Policy{
	Name:     "set-variable",
	Summary:  "Sets a variable of the request.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example:  `<set-variable name="attempts" value="@(3)" />`,
	New:      func() pipeline.Step { return new(setVariable) },
}

type setVariable struct {
	Name  string       `attr:"name,required"`
	Value pipeline.Any `attr:"value,required,raw"`
}

// Check wants a name.
func (s *setVariable) Check(c *pipeline.Check) { wantName(c, &s.Name) }

func (s *setVariable) Run(x *pipeline.Exchange) error {
	v, err := s.Value.Get(x)
	if err != nil {
		return err
	}
	x.Set(s.Name, v)
	return nil
}

// wantName reports an empty name of a variable.
func wantName(c *pipeline.Check, name *string) {
	if *name == "" {
		c.Errorf(name, "bad-value", "a variable wants a name")
	}
}
