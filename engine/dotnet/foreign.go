package dotnet

import (
	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/crypto"
	json "sekisho/engine/dotnet/newtonsoft"
	"sekisho/engine/dotnet/web"
)

// What values of other packages are as sequences, as keys and in order.

// IterateAs enumerates a value that is an IEnumerable of more than one type as
// one of elem: a JObject as its properties, or as pairs of names and values.
func IterateAs(t *Thread, v any, elem *Type) Iter {
	c, ok := v.(json.JContainer)
	if !ok {
		return Iterate(t, v)
	}
	if _, object := c.(*json.JObject); object && elem != nil && elem.Is("System.Collections.Generic.KeyValuePair") {
		pt := pairType(Std().String, tokenType())
		return childIter(t, c, func(x json.JToken) any {
			p := x.(*json.JProperty)
			return Pair{pt, p.Name, orNull(p.Value())}
		})
	}
	return childIter(t, c, func(x json.JToken) any { return orNull(x) })
}

// childIter yields what f makes of the tokens of a container, which must not grow
// or shrink meanwhile.
func childIter(t *Thread, c json.JContainer, f func(x json.JToken) any) Iter {
	i, n := 0, c.Len()
	return func() (any, bool) {
		if c.Len() != n {
			modified()
		}
		if i >= n {
			return nil, false
		}
		t.Tick()
		i++
		return f(c.Child(i - 1)), true
	}
}

// objectPairs is a JObject as a dictionary.
func objectPairs(o *json.JObject) []any {
	pt := pairType(Std().String, tokenType())
	ps := o.Properties()
	items := make([]any, len(ps))
	for i, p := range ps {
		items[i] = Pair{pt, p.Name, orNull(p.Value())}
	}
	return items
}

// foreign enumerates collections of other packages; nil if v is none.
func foreign(v any) []any {
	if x, ok := v.(json.JToken); ok {
		list := anyTokens(json.Children(x))
		if list == nil {
			list = []any{}
		}
		return list
	}
	return nil
}

// sameReference tells references to one object of another package.
func sameReference(a, b any) bool { return a == b }

func foreignEqual(a, b any) (equal, known bool) {
	switch x := a.(type) {
	case *json.JValue:
		y, ok := b.(*json.JValue)
		return ok && x.Equal(y), true
	case *web.Uri:
		y, ok := b.(*web.Uri)
		return ok && x.Equal(y), true
	case *web.IPAddress:
		y, ok := b.(*web.IPAddress)
		return ok && x.Equal(y), true
	}
	return false, false
}

func foreignKey(t *Thread, v any) (key any, known bool) {
	switch x := v.(type) {
	case *json.JValue:
		return pairKey{"JValue", pairKey{x.Type(), HashKey(t, x.Value())}}, true
	case *web.Uri:
		if x.IsAbsolute() {
			return pairKey{"Uri", x.AbsoluteUri()}, true
		}
		return pairKey{"Uri", x.OriginalString()}, true
	case *web.IPAddress:
		return pairKey{"IPAddress", x.Addr}, true
	}
	return nil, false
}

func foreignCompare(a, b any) (c int, known bool) {
	x, ok := a.(*json.JValue)
	if !ok {
		return 0, false
	}
	y, ok := b.(*json.JValue)
	if !ok {
		y = json.NewValue(b)
	}
	return int(x.CompareTo(y)), true
}

func jsonForeign(t *Thread, v any) any {
	switch v.(type) {
	case apim.MultiValues, apim.Values, apim.Variables:
		return jsonItems{t, v}
	}
	return v
}

// urlText is IUrl.ToString: the port stands there unless it is the scheme's own.
func urlText(u *apim.URL) string {
	host := u.Host
	switch {
	case u.Port <= 0, u.Port == 80 && (u.Scheme == "http" || u.Scheme == "ws"), u.Port == 443 && (u.Scheme == "https" || u.Scheme == "wss"):
	default:
		host += ":" + itoa(u.Port)
	}
	return u.Scheme + "://" + host + u.Path + u.QueryString
}

func certificateText(c *apim.Certificate) string { return crypto.CertificateText(c) }

// uriOf makes the Uri of a text that package newtonsoft converted to one.
func uriOf(v any, to *Type) any {
	if s, ok := v.(string); ok && to.Is("System.Uri") {
		return web.NewUri(s, web.RelativeOrAbsolute)
	}
	return v
}
