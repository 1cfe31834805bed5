package builtins

import "sekisho/engine/pipeline"

// CacheRemoveValue removes a value that cache-store-value has stored.
//
//	<cache-remove-value key="greeting" fail-on-cache-removal-error="false" />
//
// Spec: https://learn.microsoft.com/azure/api-management/cache-remove-value-policy
// Ours: removing from the gateway's own cache cannot fail, so that
// fail-on-cache-removal-error has nothing to do. All caching-types mean that cache.
var CacheRemoveValue = pipeline.Policy{
	Name:     "cache-remove-value",
	Summary:  "Removes a value from the cache.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example:  `<cache-remove-value key="greeting" />`,
	New:      func() pipeline.Step { return new(cacheRemoveValue) },
}

type cacheRemoveValue struct {
	Key         pipeline.String `attr:"key,required"`
	CachingType string          `attr:"caching-type" enum:"internal external prefer-external" default:"prefer-external"`
	FailOnError pipeline.Bool   `attr:"fail-on-cache-removal-error" default:"false"`
}

func (c *cacheRemoveValue) Run(x *pipeline.Exchange) error {
	key, err := c.Key.Get(x)
	if err != nil {
		return err
	}
	x.Services.Cache.Delete(valueKey(key))
	return nil
}
