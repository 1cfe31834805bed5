package builtins

import (
	"slices"
	"strings"

	"sekisho/engine/dotnet"
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/newtonsoft"
	"sekisho/engine/dotnet/xlinq"
	"sekisho/engine/pipeline"
)

// CacheStoreValue stores a value under a key, for cache-lookup-value.
//
//	<cache-store-value key="greeting" value="@(context.Variables["greeting"])" duration="3600" />
//
// key, value and duration (seconds) accept expressions; the value keeps its type.
//
// Spec: https://learn.microsoft.com/azure/api-management/cache-store-value-policy
// Ours: the page calls storing asynchronous; here the value can be read at once. The
// cache holds copies: what an expression changes in a JObject that it stored, or got
// from the cache, stays its own. Values that cannot be copied, a StringBuilder or a
// Dictionary for example, are a Fault. Null removes the key. All caching-types mean the gateway's
// cache.
var CacheStoreValue = pipeline.Policy{
	Name:     "cache-store-value",
	Summary:  "Stores a value in the cache.",
	Sections: pipeline.Everywhere,
	Scopes:   pipeline.AnyScope,
	Example:  `<cache-store-value key="greeting" value="hello" duration="3600" />`,
	New:      func() pipeline.Step { return new(cacheStoreValue) },
}

type cacheStoreValue struct {
	Key         pipeline.String `attr:"key,required"`
	Value       pipeline.Any    `attr:"value,required"`
	Duration    pipeline.Int    `attr:"duration,required" range:"0"`
	CachingType string          `attr:"caching-type" enum:"internal external prefer-external" default:"prefer-external"`
}

func (c *cacheStoreValue) Run(x *pipeline.Exchange) error {
	key, err := c.Key.Get(x)
	if err != nil {
		return err
	}
	v, err := c.Value.Get(x)
	if err != nil {
		return err
	}
	seconds, err := c.Duration.Get(x)
	if err != nil {
		return err
	}
	if v == nil {
		x.Services.Cache.Delete(valueKey(key))
		return nil
	}
	size := int64(0)
	kept, err := copyValue(v, x.BodyLimit, &size, 0)
	if err != nil {
		return err
	}
	if s, ok := kept.(string); ok {
		kept = strings.Clone(s) // it may be a piece of the request, which it must not keep
	}
	x.Services.Cache.Set(valueKey(key), kept, size, secondsOf(seconds))
	return nil
}

// fresh is a copy of a cached value for one Exchange.
func fresh(x *pipeline.Exchange, v any) (any, error) {
	size := int64(0)
	return copyValue(v, x.BodyLimit, &size, 0)
}

// copyValue copies a value so that nobody who holds one copy can change the other, and
// adds its approximate size in bytes to size.
func copyValue(v any, limit int64, size *int64, depth int) (any, error) {
	if depth > 64 {
		return nil, badValue("A value that is nested so deep cannot be cached.")
	}
	*size += 16
	items := func(list []any) ([]any, error) {
		out := make([]any, len(list))
		for i, item := range list {
			c, err := copyValue(item, limit, size, depth+1)
			if err != nil {
				return nil, err
			}
			out[i] = c
		}
		return out, nil
	}
	switch v := v.(type) {
	case nil, bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, clr.Char, clr.Decimal,
		clr.DateTime, clr.DateTimeOffset, clr.TimeSpan, clr.Guid, dotnet.EnumValue,
		*apim.Jwt, *apim.Authorization, *apim.BasicCredentials, *apim.Certificate:
		*size += 64
		return v, nil
	case string:
		*size += int64(len(v))
		if depth > 0 {
			v = strings.Clone(v) // as above
		}
		return v, nil
	case []byte:
		*size += int64(len(v))
		return slices.Clone(v), nil
	case newtonsoft.JToken:
		*size += tokenSize(v)
		return newtonsoft.DeepClone(v), nil
	case *xlinq.Element:
		*size += int64(4 * len(v.String()))
		return xlinq.CloneElement(v), nil
	case *xlinq.Document:
		text := v.String()
		*size += int64(4 * len(text))
		parsed, err := xlinq.TryParse(text, 0)
		if err != nil {
			return nil, badValue("The XML document cannot be cached: %v.", err)
		}
		parsed.Declaration = v.Declaration
		return parsed, nil
	case *dotnet.Array:
		list, err := items(v.Items)
		return &dotnet.Array{Type: v.Type, Items: list, Dims: v.Dims}, err
	case *dotnet.List:
		list, err := items(v.Items)
		return &dotnet.List{Type: v.Type, Items: list}, err
	}
	if r, ok := pipeline.ResponseOf(v); ok {
		body, err := r.Body.Buffer()
		if err != nil {
			return nil, err
		}
		c := pipeline.NewResponse(limit)
		c.Status, c.Reason = r.Status, r.Reason
		c.Header.CopyFrom(&r.Header)
		if r.Body.Present() {
			c.Body.SetBytes(body)
		}
		for _, f := range r.Header.Fields() {
			*size += int64(len(f.Name) + len(f.Value) + 32)
		}
		*size += int64(len(body)) + 512
		return c.APIM(), nil
	}
	return nil, badValue("A value of type %s cannot be cached.", dotnet.TypeOf(v))
}

// tokenSize is about what a token costs: its text, and what its nodes take.
func tokenSize(t newtonsoft.JToken) int64 { return int64(2*len(newtonsoft.Format(t, false))) + 64 }
