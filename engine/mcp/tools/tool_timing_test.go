package tools

import (
	"encoding/json"
	"testing"
)

// BenchmarkNew is the making of a tool of a usual operation, at load.
func BenchmarkNew(b *testing.B) {
	o := &Operation{Method: "POST", Template: "/orders/{id}", Parameters: []Parameter{{Name: "q", In: "query", Style: "form", Schema: json.RawMessage(`{"type":"array","items":{"type":"string","enum":["a","b"]}}`)}},
		Body:   &Body{ContentType: "application/json", Required: true, Schema: json.RawMessage(`{"type":"object","required":["a"],"properties":{"a":{"type":"string","pattern":"^[a-z]+$"},"b":{"type":"array","items":{"type":"object","properties":{"c":{"type":"integer"},"d":{"type":"string","format":"date"}}}}}}`)},
		Output: json.RawMessage(`{"type":"object","properties":{"id":{"type":"string"},"lines":{"type":"array","items":{"type":"object","properties":{"n":{"type":"number"}}}}}}`)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := newTool(&Tool{Name: "t", Operation: o}); err != nil {
			b.Fatal(err)
		}
	}
}
