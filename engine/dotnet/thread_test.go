package dotnet

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"sekisho/engine/dotnet/clr"
)

// looks counts how often an evaluation looks at a clock that goes on by step each time
// before it is ended.
func looks(budget, step time.Duration) (n int) {
	now := time.Unix(0, 0)
	var t Thread
	t.Begin(nil, budget, 0, func() time.Time { now = now.Add(step); return now })
	defer func() { recover() }() //nolint:errcheck // an Abort ends the count
	for n = 0; n < 1_000_000; n++ {
		t.Ticks(ticksPerLook + 1)
	}
	return n
}

// TestBudget: time between looks counts as it is while the evaluation has a processor, as
// little while it waits for one, and not for ever.
func TestBudget(t *testing.T) {
	f := func(what string, step time.Duration, want int) {
		t.Helper()
		if got := looks(50*time.Millisecond, step); got != want {
			t.Errorf("%s: ended after %d looks, want %d", what, got, want)
		}
	}
	f("a look every millisecond", time.Millisecond, 51)
	f("a look every 10 ms", 10*time.Millisecond, 6)
	f("a look every 200 ms, on a busy machine", 200*time.Millisecond, 3)
	f("a look every 600 ms", 600*time.Millisecond, 2)
	if got := looks(0, time.Hour); got != 1_000_000 {
		t.Errorf("without a budget it ended after %d looks", got)
	}
}

// TestThreadConcat: texts of a block stay what they are when others follow them, and halves
// of surrogate pairs meet as in clr.Concat.
func TestThreadConcat(t *testing.T) {
	high, low := "\xed\xa0\xbd", "\xed\xb8\x80"
	th := &Thread{}
	th.Begin(nil, 0, 0, time.Now)
	var got, want []string
	for n := range 300 {
		for _, parts := range [][]string{
			{}, {""}, {"", "", ""}, {"a"}, {"", "b"}, {"c", ""},
			{strings.Repeat("x", n), "-", strconv.Itoa(n)},
			{"x" + high, "", low + "y"}, {high, high, low}, {low, high},
		} {
			got, want = append(got, th.Concat(parts...)), append(want, clr.Concat(parts...))
		}
		if n%7 == 0 {
			th.End()
			th.Begin(nil, 0, 0, time.Now)
		}
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%q, want %q", got[i], want[i])
		}
	}
}
