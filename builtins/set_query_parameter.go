package builtins

import "sekisho/engine/pipeline"

// SetQueryParameter changes a parameter of the request's query.
//
//	<set-query-parameter name="api-version" exists-action="skip"><value>2024-10-21</value></set-query-parameter>
//
// exists-action is override (the default), skip, append or delete. Every value
// becomes a parameter of its own. Names compare without regard to case; other
// parameters stay as they are, byte for byte.
//
// Spec: https://learn.microsoft.com/azure/api-management/set-query-parameter-policy
var SetQueryParameter = pipeline.Policy{
	Name:     "set-query-parameter",
	Summary:  "Sets, appends to or deletes a parameter of the request's query.",
	Sections: pipeline.Inbound | pipeline.Backend,
	Scopes:   pipeline.AnyScope,
	Example: `<set-query-parameter name="page" exists-action="override">
  <value>1</value>
</set-query-parameter>`,
	New: func() pipeline.Step { return new(setQueryParameter) },
}

type setQueryParameter struct {
	Name   pipeline.String   `attr:"name,required"`
	Action pipeline.String   `attr:"exists-action" enum:"override skip append delete" default:"override"`
	Values []pipeline.String `child:"value"`
}

// Check wants a name, and a value unless it deletes.
func (s *setQueryParameter) Check(c *pipeline.Check) {
	if name, ok := s.Name.Literal(); ok && name == "" {
		c.Errorf(&s.Name, "bad-value", "a query parameter wants a name")
	}
	wantValue(c, len(s.Values), &s.Action)
}

func (s *setQueryParameter) Run(x *pipeline.Exchange) error {
	name, err := s.Name.Get(x)
	if err != nil {
		return err
	}
	if name == "" {
		return badValue("The computed name of a query parameter is empty.")
	}
	action, err := s.Action.Get(x)
	if err != nil {
		return err
	}
	query := x.Request.URL.Query
	switch action {
	case deleteAll:
		x.Request.URL.Query = pipeline.QueryDel(query, name)
		return nil
	case skipExisting:
		if pipeline.QueryHas(query, name) {
			return nil
		}
	case override:
		query = pipeline.QueryDel(query, name)
	case appendValue:
	default:
		return badValue("The computed exists-action of set-query-parameter must be override, skip, append or delete.")
	}
	for i := range s.Values {
		v, err := s.Values[i].Get(x)
		if err != nil {
			return err
		}
		query = pipeline.QueryAdd(query, name, v)
	}
	x.Request.URL.Query = query
	return nil
}
