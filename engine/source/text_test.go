package source

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestPos(t *testing.T) {
	text := NewText("a", "one\r\ntwo\n\nfour")
	bom := NewText("b", "\uFEFFone\ntwo")
	for _, c := range []struct {
		text   *Text
		offset int
		want   Pos
	}{
		{text, -5, Pos{1, 1}},
		{text, 0, Pos{1, 1}},
		{text, 4, Pos{1, 5}},
		{text, 5, Pos{2, 1}},
		{text, 8, Pos{2, 4}},
		{text, 9, Pos{3, 1}},
		{text, 10, Pos{4, 1}},
		{text, 14, Pos{4, 5}},
		{text, 99, Pos{4, 5}},
		{NewText("", ""), 0, Pos{1, 1}},
		{NewText("", "\n"), 1, Pos{2, 1}},
		{bom, 0, Pos{1, 1}},
		{bom, 3, Pos{1, 1}},
		{bom, 5, Pos{1, 3}},
		{bom, 7, Pos{2, 1}},
	} {
		if got := c.text.Pos(c.offset); got != c.want {
			t.Errorf("Pos(%d) in %q is %v, want %v", c.offset, c.text.Content, got, c.want)
		}
	}
}

func TestLine(t *testing.T) {
	text := NewText("a", "\uFEFFone\r\ntwo\n\nfour")
	for n, want := range []string{"", "one", "two", "", "four", ""} {
		if got, _ := text.Line(n); got != want {
			t.Errorf("line %d is %q, want %q", n, got, want)
		}
	}
	if _, offset := text.Line(1); offset != 3 {
		t.Errorf("line 1 begins at %d, want 3", offset)
	}
}

// built is `say {{name}} and &lt;{{a}}&gt;` with name and a substituted, and then
// entities decoded.
func built() View {
	v := NewText("f", `say {{name}} and &lt;{{a}}&gt;!`).View()
	b := NewBuilder(v)
	b.Copy(0, 4)
	b.Replace(4, 12, "Alice & Bob")
	b.Copy(12, 21)
	b.Replace(21, 26, "")
	b.Copy(26, 31)
	v = b.View() // say Alice & Bob and &lt;&gt;!
	b = NewBuilder(v)
	at := strings.Index(v.S, "&lt;")
	b.Copy(0, at)
	b.Replace(at, at+4, "<")
	b.Replace(at+4, at+8, ">")
	b.Copy(at+8, len(v.S))
	return b.View()
}

func TestViewMapsBack(t *testing.T) {
	v := built()
	if v.S != "say Alice & Bob and <>!" {
		t.Fatalf("got %q", v.S)
	}
	file := v.Text.Content
	for _, c := range []struct {
		i, j int
		want string // of the file
	}{
		{0, 3, "say"},
		{0, 4, "say "},
		{4, 15, "{{name}}"},
		{6, 7, "{{name}}"},
		{3, 5, " {{name}}"},
		{3, 16, " {{name}} "},
		{16, 19, "and"},
		{20, 21, "&lt;"},
		{20, 22, "&lt;{{a}}&gt;"},
		{21, 22, "&gt;"},
		{22, 23, "!"},
		{0, 23, file},
		{-4, 99, file},
		{4, 4, ""},
		{23, 23, ""},
	} {
		r := v.Range(c.i, c.j)
		if got := file[r.Start:r.End]; got != c.want {
			t.Errorf("bytes %d to %d (%q) come from %q, want %q", c.i, c.j, v.S[max(0, c.i):min(len(v.S), c.j)], got, c.want)
		}
	}
	if r := v.Range(23, 23); r.Start != len(file) {
		t.Errorf("the end is at %d, want %d", r.Start, len(file))
	}
	if r := v.Slice(0, 3).Range(3, 3); r.Start != 3 {
		t.Errorf("the end of a slice is at %d, want 3", r.Start)
	}
	if r := v.Slice(16, 23).Slice(4, 6).All(); file[r.Start:r.End] != "&lt;{{a}}&gt;" {
		t.Errorf("a slice of a slice comes from %q", file[r.Start:r.End])
	}
}

func TestRun(t *testing.T) {
	v := built()
	for _, c := range []struct {
		i, end int
		copied bool
	}{{0, 4, true}, {4, 15, false}, {9, 15, false}, {15, 20, true}, {20, 21, false}, {21, 22, false}, {22, 23, true}} {
		if end, copied := v.Run(c.i); end != c.end || copied != c.copied {
			t.Errorf("Run(%d) is %d, %v, want %d, %v", c.i, end, copied, c.end, c.copied)
		}
	}
	if end, _ := v.Slice(5, 9).Run(1); end != 4 {
		t.Errorf("a run of a slice ends at %d, want 4", end)
	}
}

func TestCopyOfHalfAReplacement(t *testing.T) {
	v := built()
	b := NewBuilder(v)
	b.Copy(4, 9) // Alice
	b.Copy(20, 21)
	w := b.View()
	if w.S != "Alice<" {
		t.Fatalf("got %q", w.S)
	}
	if r := w.Range(0, 5); w.Text.Content[r.Start:r.End] != "{{name}}" {
		t.Errorf("it comes from %q", w.Text.Content[r.Start:r.End])
	}
	if r := w.Range(5, 6); w.Text.Content[r.Start:r.End] != "&lt;" {
		t.Errorf("it comes from %q", w.Text.Content[r.Start:r.End])
	}
}

func TestEmptyViews(t *testing.T) {
	if r := (View{}).All(); !r.IsZero() {
		t.Errorf("no View is at %v", r)
	}
	v := NewText("f", "abc").View()
	if r := NewBuilder(v.Slice(2, 2)).View().All(); r.Start != 2 || r.End != 2 {
		t.Errorf("an empty View is at %d to %d, want 2 to 2", r.Start, r.End)
	}
	b := NewBuilder(v)
	b.Copy(1, 1)
	b.Replace(1, 1, "x") // put in between
	b.Copy(1, 3)
	if w := b.View(); w.S != "xbc" || w.Range(0, 1).Start != 1 || w.Range(1, 3).End != 3 {
		t.Errorf("got %q at %v, %v", w.S, w.Range(0, 1), w.Range(1, 3))
	}
	if got := v.Slice(1, 2).Trim().S + NewText("", " \n ").View().Trim().S; got != "b" {
		t.Errorf("trimmed to %q", got)
	}
}

// TestBuilderAgainstModel derives Views at random, again and again, beside a model
// that keeps for every byte the span it came from.
func TestBuilderAgainstModel(t *testing.T) {
	type span struct{ from, to int }
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		text := NewText("f", strings.Repeat("0123456789", 4))
		v := text.View()
		model := make([]span, len(v.S))
		for i := range model {
			model[i] = span{i, i + 1}
		}
		for range 4 {
			b := NewBuilder(v)
			var next []span
			for at := 0; at < len(v.S); {
				to := at + 1 + rnd.IntN(len(v.S)-at)
				to = min(to, at+5)
				if rnd.IntN(3) == 0 {
					s := strings.Repeat("x", rnd.IntN(4))
					b.Replace(at, to, s)
					for range len(s) {
						next = append(next, span{model[at].from, model[to-1].to})
					}
				} else {
					b.Copy(at, to)
					next = append(next, model[at:to]...)
				}
				at = to
			}
			v, model = b.View(), next
			if lo := rnd.IntN(len(v.S)/4 + 1); lo < len(v.S) {
				v, model = v.Slice(lo, len(v.S)), model[lo:]
			}
			for i := range model {
				for j := i + 1; j <= len(model); j++ {
					want := Range{text, model[i].from, model[j-1].to}
					if got := v.Range(i, j); got != want {
						t.Fatalf("seed %d: bytes %d to %d of %q come from %d to %d, want %d to %d", seed, i, j, v.S, got.Start, got.End, want.Start, want.End)
					}
				}
			}
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"reason", "code", "response-variable-name", "id"}
	for _, c := range []struct{ word, want string }{
		{"reasn", "reason"}, {"REASON", "reason"}, {"raeson", "reason"}, {"code", "code"}, {"cod", "code"},
		{"xyz", ""}, {"", ""}, {"respons-variable-nam", "response-variable-name"}, {"ix", ""}, {"", ""},
	} {
		if got := Nearest(c.word, names); got != c.want {
			t.Errorf("Nearest(%q) is %q, want %q", c.word, got, c.want)
		}
	}
	if got := Nearest("ab", []string{"ad", "ac"}); got != "" && got != "ac" {
		t.Errorf("of two that are as near the first by name is wanted, got %q", got)
	}
}
