package builtins

import "sekisho/engine/pipeline"

// CacheLookupValue reads a value that cache-store-value has stored into a variable.
//
//	<cache-lookup-value key="@("user-" + context.Subscription.Id)" variable-name="profile" default-value="none" />
//
// Without a value in the cache the variable becomes default-value, if that is given.
//
// Spec: https://learn.microsoft.com/azure/api-management/cache-lookup-value-policy
// Ours: the page says of a miss without a default both that null is assigned and that
// the variable is not set. Documents ask ContainsKey, so it is not set; one that was
// set before becomes null. The page keeps the policy out of fragments; real fragments
// use it, so it may stand there. All caching-types mean the gateway's cache.
var CacheLookupValue = pipeline.Policy{
	Name:     "cache-lookup-value",
	Summary:  "Reads a value from the cache into a variable.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example:  `<cache-lookup-value key="greeting" variable-name="greeting" default-value="hello" />`,
	New:      func() pipeline.Step { return new(cacheLookupValue) },
}

type cacheLookupValue struct {
	Key         pipeline.String `attr:"key,required"`
	Variable    string          `attr:"variable-name,required"`
	Default     pipeline.Any    `attr:"default-value"`
	CachingType string          `attr:"caching-type" enum:"internal external prefer-external" default:"prefer-external"`
}

func (c *cacheLookupValue) Run(x *pipeline.Exchange) error {
	key, err := c.Key.Get(x)
	if err != nil {
		return err
	}
	if v, ok := x.Services.Cache.Get(valueKey(key)); ok {
		if v, err = fresh(x, v); err == nil {
			x.Set(c.Variable, v)
		}
		return err
	}
	if c.Default.IsSet() {
		v, err := c.Default.Get(x)
		if err != nil {
			return err
		}
		x.Set(c.Variable, v)
	} else if _, there := x.Var(c.Variable); there {
		x.Set(c.Variable, nil)
	}
	return nil
}

// valueKey keeps the keys of documents apart from those of responses.
func valueKey(key string) string { return "value\x00" + key }
