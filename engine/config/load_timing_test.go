package config

import (
	"fmt"
	"strings"
	"testing"

	"sekisho/engine/source"
)

// BenchmarkLoad reads a folder of 100 APIs with 10 operations each, every one
// with its document.
func BenchmarkLoad(b *testing.B) {
	files := map[string]string{"policies/global.xml": "<policies/>"}
	var y strings.Builder
	y.WriteString("apis:\n")
	for a := range 100 {
		fmt.Fprintf(&y, "  api%d:\n    path: api%d\n    serviceUrl: https://api%d.example.com\n    operations:\n", a, a, a)
		for o := range 10 {
			fmt.Fprintf(&y, "      op%d: GET /resource%d/{id}/items/{item}\n", o, o)
			files[fmt.Sprintf("policies/apis/api%d/op%d.xml", a, o)] = "<policies/>"
		}
	}
	files["gateway.yaml"] = y.String()
	fsys := folderOf(files)
	b.ReportAllocs()
	for b.Loop() {
		var diags source.List
		if LoadFS(fsys, nil, &diags); diags.Len() > 0 {
			b.Fatal(render(&diags))
		}
	}
}
