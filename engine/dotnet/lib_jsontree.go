package dotnet

import (
	"sekisho/engine/dotnet/clr"
	json "sekisho/engine/dotnet/newtonsoft"
)

// What trees of JSON cost. A token that stands somewhere is copied when it is put
// somewhere else, and indented text grows with the depth, so both are measured
// before they are made.

// tokenBytes is what a token of a copied tree is counted as.
const tokenBytes = 64

// measure counts the tokens of a tree and the spaces that indent them. Of names that come
// twice in one object it counts each where the object was not looked into.
func measure(t *Thread, x json.JToken) (nodes, spaces int) {
	type level struct {
		c    json.JContainer
		next int
	}
	nodes = 1
	c, ok := x.(json.JContainer)
	if !ok {
		return nodes, 0
	}
	depth := 1
	// unread counts what nobody has looked into, and leaves it so.
	unread := func(c json.JContainer) bool {
		n, more, ok := json.Unbuilt(c, depth)
		t.Ticks(n)
		nodes += n
		spaces += more
		return ok
	}
	if unread(c) {
		return nodes, spaces
	}
	stack := []level{{c, 0}}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if top.next >= top.c.Len() {
			if _, property := top.c.(*json.JProperty); !property {
				depth--
			}
			stack = stack[:len(stack)-1]
			continue
		}
		t.Tick()
		child := top.c.Child(top.next)
		top.next++
		nodes++
		if _, property := top.c.(*json.JProperty); !property {
			spaces += 2 * depth
		}
		if c, ok := child.(json.JContainer); ok {
			if _, property := c.(*json.JProperty); !property {
				depth++
				spaces += 2 * depth
			}
			if unread(c) {
				depth--
				continue
			}
			stack = append(stack, level{c, 0})
		}
	}
	return nodes, spaces
}

// payCopy pays for a copy of a tree.
func payCopy(t *Thread, x json.JToken) {
	if x == nil {
		return
	}
	nodes, _ := measure(t, x)
	t.Pay(nodes * tokenBytes)
}

// adopted is a token that will stand in into, paid for if it must be copied for that.
func adopted(t *Thread, into, v any) json.JToken {
	x := token(v)
	if x == nil {
		return nil
	}
	c, _ := into.(json.JToken)
	if x.Parent() != nil || c != nil && json.Root(c) == x {
		payCopy(t, x)
	}
	return x
}

// copied is the copy that new JObject(other) makes.
func copied(t *Thread, v any) json.JToken {
	if v == nil {
		clr.ThrowNull("other")
	}
	payCopy(t, token(v))
	return json.DeepClone(token(v))
}

// tokenText is the JSON of a token.
func tokenText(t *Thread, x json.JToken, indented bool) string {
	paid := 0
	if _, ok := x.(json.JContainer); ok && indented {
		_, paid = measure(t, x)
		t.Pay(paid)
	}
	s := json.Format(x, indented)
	t.Pay(max(len(s)-paid, 0))
	return s
}
