package newtonsoft

import (
	"slices"

	"sekisho/engine/dotnet/clr"
)

// MergeArrayHandling is the value of Newtonsoft's enum of that name.
type MergeArrayHandling int32

const (
	MergeConcat MergeArrayHandling = iota
	MergeUnion
	MergeReplace
	MergeMerge
)

// MergeOptions are JsonMergeSettings.
type MergeOptions struct {
	Arrays     MergeArrayHandling
	MergeNull  bool // MergeNullValueHandling.Merge
	Comparison clr.StringComparison
}

// DefaultMerge are the settings where none are given.
var DefaultMerge = MergeOptions{Comparison: clr.Ordinal}

// Merge is JContainer.Merge(content, settings). The Meter, which may be missing,
// counts what is merged; copies are the caller's to pay.
func Merge(m clr.Meter, c JContainer, content any, o MergeOptions) {
	if content == nil {
		return
	}
	switch c := c.(type) {
	case *JObject:
		if from, ok := content.(*JObject); ok {
			mergeObject(m, c, from, o)
		}
	case *JArray:
		if from, ok := content.(*JArray); ok {
			mergeArray(m, c, Children(from), o)
		} else if items, ok := multiple(content); ok {
			var all []JToken
			items(func(v any) bool { all = append(all, FromContent(v)); return true })
			mergeArray(m, c, all, o)
		}
	case *JProperty:
		if from, ok := content.(*JProperty); ok && from.value != nil && from.value.Type() != Null {
			c.SetValue(from.value)
		}
	case *JConstructor:
		if from, ok := content.(*JConstructor); ok {
			c.Name = from.Name
			mergeItems(m, c, Children(from), o)
		}
	}
}

func mergeObject(m clr.Meter, to, from *JObject, o MergeOptions) {
	for _, p := range from.Properties() {
		clr.Spend(m, 0)
		old := to.PropertyComparison(p.Name, o.Comparison)
		if old == nil {
			to.AddValue(p.Name, p.value)
			continue
		}
		inner, ok := old.value.(JContainer)
		if ok && inner.Type() == p.value.Type() {
			Merge(m, inner, p.value, o)
		} else if p.value.Type() != Null || o.MergeNull {
			old.SetValue(p.value)
		}
	}
}

func mergeArray(m clr.Meter, to *JArray, from []JToken, o MergeOptions) { mergeItems(m, to, from, o) }

func mergeItems(m clr.Meter, to JContainer, from []JToken, o MergeOptions) {
	switch o.Arrays {
	case MergeUnion:
		known := map[int32][]JToken{}
		for i := 0; i < to.Len(); i++ {
			clr.Spend(m, 0)
			h := deepHash(to.Child(i))
			known[h] = append(known[h], to.Child(i))
		}
		for _, t := range from {
			clr.Spend(m, 0)
			h := deepHash(t)
			if !slices.ContainsFunc(known[h], func(k JToken) bool { return DeepEquals(k, t) }) {
				known[h] = append(known[h], t)
				addToken(to, to.Len(), t)
			}
		}
	case MergeReplace:
		Clear(to)
		for _, t := range from {
			clr.Spend(m, 0)
			addToken(to, to.Len(), t)
		}
	case MergeMerge:
		for i, t := range from {
			clr.Spend(m, 0)
			if i >= to.Len() {
				addToken(to, to.Len(), t)
			} else if inner, ok := to.Child(i).(JContainer); ok {
				Merge(m, inner, t, o)
			} else if t.Type() != Null {
				Replace(to.Child(i), t)
			}
		}
	default:
		for _, t := range from {
			clr.Spend(m, 0)
			addToken(to, to.Len(), t)
		}
	}
}

// deepHash is equal for tokens that DeepEquals finds equal.
func deepHash(t JToken) int32 {
	h := int32(0)
	switch t := t.(type) {
	case *JValue:
		return t.HashCode()
	case *JProperty:
		return clr.HashString(t.Name)*31 + deepHash(t.value)
	case *JObject:
		for _, p := range t.props() {
			h += deepHash(p) // in any order
		}
	case JContainer:
		for i := 0; i < t.Len(); i++ {
			h = h*31 + deepHash(t.Child(i))
		}
	}
	return h*31 + int32(t.Type())
}
