package script

import (
	"testing"
	"time"
)

func TestValues(t *testing.T) {
	pool := testPool(t)
	for _, tt := range []struct {
		expr string
		want any
	}{
		{`1 + 1`, int32(2)},
		{`3e9`, int64(3000000000)},
		{`1.5`, 1.5},
		{`"a" + 'b'`, "ab"},
		{`"\ud800"`, "\xed\xa0\x80"},
		{`true`, true},
		{`null`, nil},
		{`undefined`, nil},
		{`({a: [1, "x"]})`, JSON(`{"a":[1,"x"]}`)},
		{`[1,,3]`, JSON(`[1,null,3]`)},
		{`new Date(0)`, testDate(time.Unix(0, 0).UTC())},
		{`new Date().toISOString()`, "2026-01-02T03:04:06.000Z"},
		{`await 5`, int32(5)},
		{`const x = 2; return x * 3;`, int32(6)},
	} {
		got, err := eval(t, pool, newTestHost(), tt.expr)
		if err != nil || got != tt.want {
			t.Errorf("%s = %#v, %v; want %#v", tt.expr, got, err, tt.want)
		}
	}
}
