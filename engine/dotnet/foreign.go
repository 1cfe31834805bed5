package dotnet

import (
	"sekisho/engine/dotnet/apim"
	json "sekisho/engine/dotnet/newtonsoft"
)

// What values of other packages are as sequences, as keys and in order.

// IterateAs enumerates a value that is an IEnumerable of more than one type as
// one of elem: a JObject as its properties, or as pairs of names and values.
func IterateAs(t *Thread, v any, elem *Type) Iter {
	if o, ok := v.(*json.JObject); ok && elem.Is("System.Collections.Generic.KeyValuePair") {
		return sliceIter(t, objectPairs(o))
	}
	return Iterate(t, v)
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
	if x, ok := a.(*json.JValue); ok {
		y, ok := b.(*json.JValue)
		return ok && x.Equal(y), true
	}
	return false, false
}

func foreignKey(t *Thread, v any) (key any, known bool) {
	if x, ok := v.(*json.JValue); ok {
		return pairKey{"JValue", pairKey{x.Type(), HashKey(t, x.Value())}}, true
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

func urlText(u *apim.URL) string {
	return u.Scheme + "://" + u.Host + u.Path + u.QueryString
}

func certificateText(c *apim.Certificate) string { return "" }

func uriOf(v any, to *Type) any { return v }

// certificates are context.Deployment.Certificates.
type certificates map[string]*apim.Certificate

func bodyXML(s string, of *Type) (any, bool) { return nil, false }

func credentialRows() []Row { return nil }
