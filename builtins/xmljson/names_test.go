package xmljson

import (
	"encoding/xml"
	"flag"
	"fmt"
	"go/format"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write names_table.go anew")

// TestNames holds that names.go judges as encoding/xml does, whose tables are those of
// the fourth edition of XML 1.0, as .NET's are.
func TestNames(t *testing.T) {
	valid := func(name string) bool {
		var v struct{ XMLName xml.Name }
		return xml.Unmarshal([]byte("<"+name+"/>"), &v) == nil
	}
	var first, rest []rune // pairs: the first and the last rune of a range
	add := func(to []rune, r rune) []rune {
		if n := len(to); n > 0 && to[n-1] == r-1 {
			to[n-1] = r
			return to
		}
		return append(to, r, r)
	}
	edges := map[rune]bool{}
	for _, table := range [][]rune{nameStart[:], nameRest[:]} {
		for _, r := range table {
			edges[r-1], edges[r], edges[r+1] = true, true, true
		}
	}
	for r := rune(0); r <= 0xffff; r++ {
		if !*update && !edges[r] && r%61 != 0 {
			continue // what lies between edges is as they are
		}
		if r >= 0xd800 && r < 0xe000 || r == ':' {
			continue
		}
		start, part := valid(string(r)), valid("a"+string(r))
		if strings.ContainsRune("<>/ \t\n\r", r) {
			start, part = false, false // they end the name
		}
		if start {
			first = add(first, r)
		} else if part {
			rest = add(rest, r)
		}
		if isNameStart(r) != start || isNameRune(r) != (start || part) {
			t.Errorf("%U: start %v, part %v, want %v and %v", r, isNameStart(r), isNameRune(r), start, start || part)
			if !*update {
				t.Fatal("go test ./builtins/xmljson -update writes the tables anew")
			}
		}
	}
	if !*update {
		return
	}
	var b strings.Builder
	b.WriteString("package xmljson\n\n// Written by TestNames -update: ranges of runes, first and last in turn.\n")
	for _, table := range []struct {
		name, doc string
		runes     []rune
	}{{"nameStart", "begin a name, and may stand in it", first}, {"nameRest", "may stand in a name but not begin it", rest}} {
		fmt.Fprintf(&b, "\n// %s are the runes that %s.\nvar %s = [...]rune{\n", table.name, table.doc, table.name)
		for i := 0; i < len(table.runes); i += 2 {
			fmt.Fprintf(&b, "%#x, %#x,", table.runes[i], table.runes[i+1])
			if i%12 == 10 {
				b.WriteByte('\n')
			}
		}
		b.WriteString("\n}\n")
	}
	src, err := format.Source([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("names_table.go", src, 0o644); err != nil {
		t.Fatal(err)
	}
}
