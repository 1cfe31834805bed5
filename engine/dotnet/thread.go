package dotnet

import (
	"math"
	"math/rand/v2"
	"time"
	"unsafe"

	"sekisho/engine/dotnet/apim"
	"sekisho/engine/dotnet/clr"
)

// Abort is the panic that ends an evaluation which exceeded a limit. No catch or
// finally of an expression sees it.
type Abort struct{ Reason string }

func (a *Abort) Error() string { return a.Reason }

// Site is the place of a call or another operation that can throw. Sites are
// made at load.
type Site struct {
	Pos, End int     // in the expression's View
	Member   *Member // nil for operators and casts
}

// Thread carries what one evaluation may use and spend. It is used by one
// goroutine at a time.
type Thread struct {
	Ctx apim.Context
	// Site is where the evaluation is, good enough to say where it failed.
	Site *Site

	budget time.Duration
	spent  time.Duration // of budget, at the last look at the clock
	looked bool          // at the clock: first and last are of this evaluation
	first  time.Time     // when the clock was looked at first, and last
	last   time.Time
	ticks  int
	memory int64
	depth  int
	now    func() time.Time
	stack  []any
	block  []byte // of short texts, see Concat
}

const (
	ticksPerLook = 1024
	// weight is how many bytes of an argument are a step.
	weight = 128
	// slice is the most that counts of the time between two looks. They are a fraction of
	// a millisecond apart; a goroutine that is seen later than this was waiting for a
	// processor, and a machine that is busy must not fail what is quick by itself.
	slice = 20 * time.Millisecond
	// patience is how many times its budget an evaluation may take by the clock all the
	// same.
	patience = 20
	maxDepth = 2000
	// maxChain bounds sequences built on sequences, whose enumeration nests.
	maxChain = 1000
)

// Begin readies the Thread for an evaluation that may take so long and so many
// bytes; 0 means without limit. now is the clock for deadline and DateTime.UtcNow.
func (t *Thread) Begin(ctx apim.Context, budget time.Duration, memory int64, now func() time.Time) {
	if memory <= 0 {
		memory = 1 << 62
	}
	t.Ctx, t.Site, t.now = ctx, nil, now
	t.budget, t.spent, t.looked = budget, 0, false
	t.ticks, t.memory, t.depth = ticksPerLook, memory, 0
	t.stack = t.stack[:0]
}

// End drops what the evaluation held.
func (t *Thread) End() {
	t.Pop(0) // what is above is cleared already
	t.Ctx, t.Site = nil, nil
}

// Tick counts a step of a loop or a call.
func (t *Thread) Tick() {
	if t.ticks--; t.ticks < 0 {
		t.look()
	}
}

// Ticks counts n steps at once, for library functions whose work grows with
// their arguments.
func (t *Thread) Ticks(n int) {
	if t.ticks -= n; t.ticks < 0 {
		t.look()
	}
}

func (t *Thread) look() {
	t.ticks = ticksPerLook
	if t.budget <= 0 {
		return
	}
	// The clock is not read at all for what ends before the first look.
	now := t.now()
	if !t.looked {
		t.looked, t.first, t.last = true, now, now
		return
	}
	t.spent += min(now.Sub(t.last), slice)
	t.last = now
	if t.spent > t.budget || now.Sub(t.first) > patience*t.budget {
		panic(&Abort{"the expression exceeded its time budget"})
	}
}

// Pay counts bytes that the evaluation makes; they are not given back. To make many
// takes time, so that they are steps too. Negative sizes, of arguments that are
// refused later, count as nothing.
func (t *Thread) Pay(bytes int) {
	if bytes < weight {
		bytes = max(bytes, 0)
	} else {
		t.Ticks(bytes / weight)
	}
	if t.memory -= int64(bytes); t.memory < 0 {
		panic(&Abort{"the expression exceeded its memory budget"})
	}
}

// Spend implements clr.Meter: a step that makes so many bytes.
func (t *Thread) Spend(bytes int) {
	t.Tick()
	t.Pay(bytes)
}

// Left implements clr.Meter: how long the evaluation may still take.
func (t *Thread) Left() time.Duration {
	if t.budget <= 0 {
		return math.MaxInt64
	}
	t.look()
	return t.budget - t.spent
}

// WeighText is Weigh of one text.
func (t *Thread) WeighText(s string) { t.Ticks(len(s) / weight) }

// Weigh counts steps for the work of a call on large arguments: whatever it does
// with them, it looks at them.
func (t *Thread) Weigh(args []any) {
	for _, v := range args {
		t.WeighValue(v)
	}
}

// WeighValue is Weigh of one argument.
func (t *Thread) WeighValue(v any) {
	switch v := v.(type) {
	case string:
		t.Ticks(len(v) / weight)
	case []byte:
		t.Ticks(len(v) / weight)
	case *Array:
		t.Ticks(len(v.Items) * 16 / weight)
	}
}

// Enter and Leave bound the nesting of calls.
func (t *Thread) Enter() {
	if t.depth++; t.depth > maxDepth {
		panic(&Abort{"the expression nests its calls too deeply"})
	}
}

// Leave ends what Enter began.
func (t *Thread) Leave() { t.depth-- }

// Push reserves n places for the arguments of a call and tells where they begin.
// Arguments are put with Arg and taken with Args; Pop gives the places back.
func (t *Thread) Push(n int) (base int) {
	base = len(t.stack)
	for ; n > 0; n-- {
		t.stack = append(t.stack, nil)
	}
	return base
}

// Arg sets a place that Push reserved.
func (t *Thread) Arg(i int, v any) { t.stack[i] = v }

// Args are the n places from base on; good until the matching Pop.
func (t *Thread) Args(base, n int) []any { return t.stack[base : base+n : base+n] }

// Pop gives back everything from base on.
func (t *Thread) Pop(base int) {
	if base < len(t.stack) {
		clear(t.stack[base:])
		t.stack = t.stack[:base]
	}
}

const (
	// shortText is the most that a text has which Concat puts into a block, in bytes.
	shortText = 128
	maxBlock  = 2 << 10
)

// Concat joins texts, as + does. Short results are pieces of a block that is never
// written to again, one allocation for dozens: whoever keeps one for longer than a request
// clones it, as with all that comes from a request.
func (t *Thread) Concat(parts ...string) string {
	n, last := 0, ""
	for _, p := range parts {
		if p == "" {
			continue
		}
		if n += len(p); n > shortText || clr.Meet(last, p) {
			return clr.Concat(parts...)
		}
		last = p
	}
	if len(last) == n {
		return last // there is no other
	}
	if cap(t.block)-len(t.block) < n {
		t.block = make([]byte, 0, min(max(2*cap(t.block), shortText), maxBlock))
	}
	at := len(t.block)
	for _, p := range parts {
		t.block = append(t.block, p...)
	}
	return unsafe.String(&t.block[at], n)
}

// Mark is where the Thread is, for Restore after an exception left calls behind.
type Mark struct{ depth, stack int }

// Mark tells where the Thread is.
func (t *Thread) Mark() Mark { return Mark{t.depth, len(t.stack)} }

// Restore goes back to a Mark.
func (t *Thread) Restore(m Mark) {
	t.depth = m.depth
	t.Pop(m.stack)
}

// UtcNow is DateTime.UtcNow.
func (t *Thread) UtcNow() time.Time { return t.now().UTC() }

// Rand is the source of Random without a seed.
func (t *Thread) Rand() int32 { return rand.Int32() }

// argNull throws ArgumentNullException for parameter i of the call in progress.
func (t *Thread) argNull(i int) {
	name := "value"
	if t.Site != nil && t.Site.Member != nil {
		m := t.Site.Member
		if !m.Static {
			i--
		}
		if i >= 0 && i < len(m.Params) {
			name = m.Params[i].Name
		}
	}
	clr.ThrowNull(name)
}
