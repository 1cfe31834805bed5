package main

import (
	"fmt"
	"strings"

	"sekisho/engine/config"
	"sekisho/engine/config/route"
	"sekisho/engine/gateway"
)

// demoKey is the key of the gateway that ships, in the open there. Keys of other
// gateways are never shown.
const demoKey = "demo-key"

// examples are up to six calls that the gateway will answer, as curl commands: first
// of all APIs one operation each, those without a key before those with one; and the
// first MCP server.
func examples(g *gateway.Gateway) []string {
	const most = 6
	m := g.Snapshot().Model()
	base := "http://" + g.Addresses()[0]
	var open, keyed, servers []string
	for _, a := range m.APIs {
		if a.MCP != nil && a.IsCurrent && len(a.Hosts) == 0 && !a.SubscriptionRequired {
			servers = append(servers, "sekisho mcp tools "+base+a.Prefix()+"/mcp")
		}
		if !a.IsCurrent || a.Type != config.HTTP || len(a.Hosts) > 0 {
			continue
		}
		op := get(a)
		if op == nil {
			continue
		}
		call := "curl '" + base + a.Prefix() + sample(op.Template) + "'"
		if a.SubscriptionRequired && a.OpenProduct == nil {
			keyed = append(keyed, fmt.Sprintf("%s -H '%s: %s'", call, a.KeyHeader, keyFor(m, a)))
			// What happens without a key is worth a look.
			keyed = append(keyed, "curl -i '"+base+a.Prefix()+sample(op.Template)+"'")
			continue
		}
		open = append(open, call)
	}
	calls := append(open, keyed...)
	return append(calls[:min(len(calls), most)], servers[:min(len(servers), 1)]...)
}

// get is the first operation of an API that a plain GET reaches.
func get(a *config.API) *config.Operation {
	for _, op := range a.Operations {
		if op.Method == "GET" || op.Method == "*" {
			return op
		}
	}
	return nil
}

// sample is a path for a URL template, with something in the place of its parameters.
func sample(t *route.Template) string {
	path, _, _ := strings.Cut(t.Source, "?")
	for _, p := range t.Params {
		value := "42"
		if strings.Contains(strings.ToLower(p.Name), "name") {
			value = "world"
		}
		for _, form := range []string{"{" + p.Name + "}", "{*" + p.Name + "}"} {
			path = strings.ReplaceAll(path, form, value)
		}
	}
	return strings.TrimSuffix(path, "*")
}

// keyFor is what stands for the key of an API: the demonstration's own, or a word.
func keyFor(m *config.Model, a *config.API) string {
	for _, s := range m.Subscriptions {
		if s.PrimaryKey.Equal(config.NewSecret(demoKey)) && (s.Product == nil || s.Product.Contains(a)) {
			return demoKey
		}
	}
	return "<key>"
}
