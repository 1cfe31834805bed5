// Package source holds what every other package needs to speak about files:
// the Text of a file, Views of it, Ranges in it and Diagnostics about it.
//
// # Positions survive
//
// A policy expression reaches its compiler after two rewritings: named values
// are substituted into the document, and entities of XML are decoded. A View is
// a string that knows, byte by byte, where in the file it came from; slicing,
// substituting and decoding keep that knowledge. Whoever holds a View can turn
// any span of it back into a Range of the file, so that a fault deep inside an
// entity-escaped attribute is shown at its column in the file. Excerpts are
// always cut from the file itself: what was substituted into it, a secret
// perhaps, never shows.
//
// This package is the bottom of the house: it imports the standard library only.
package source

import (
	"sort"
	"strings"
	"sync"
)

// Text is one loaded file, immutable.
type Text struct {
	// Name is the path as the user would write it; it begins every Diagnostic.
	Name string
	// Content is the file as it is on disk, a byte order mark included.
	Content string

	once  sync.Once
	lines []int32 // offset of the first byte of each line
}

const byteOrderMark = "\uFEFF"

// NewText wraps a file's content.
func NewText(name, content string) *Text { return &Text{Name: name, Content: content} }

// Pos is a place in a Text as people count: lines and columns from 1, columns in bytes.
type Pos struct{ Line, Col int }

// Pos tells the line and column of a byte offset. Offsets outside the Text are
// moved to its nearest end.
func (t *Text) Pos(offset int) Pos {
	offset = min(max(offset, 0), len(t.Content))
	t.index()
	offset = max(offset, int(t.lines[0]))
	line := sort.Search(len(t.lines), func(i int) bool { return int(t.lines[i]) > offset })
	return Pos{Line: line, Col: offset - int(t.lines[line-1]) + 1}
}

// Line returns line n (from 1) without its line end, and the offset it begins at.
func (t *Text) Line(n int) (line string, offset int) {
	t.index()
	if n < 1 || n > len(t.lines) {
		return "", len(t.Content)
	}
	start, end := int(t.lines[n-1]), len(t.Content)
	if n < len(t.lines) {
		end = int(t.lines[n]) - 1
	}
	return strings.TrimSuffix(t.Content[start:end], "\r"), start
}

func (t *Text) index() {
	t.once.Do(func() {
		// A byte order mark is not part of line 1: no editor counts it.
		first := 0
		if strings.HasPrefix(t.Content, byteOrderMark) {
			first = len(byteOrderMark)
		}
		t.lines = append(t.lines, int32(first))
		for i := 0; i < len(t.Content); i++ {
			if t.Content[i] == '\n' {
				t.lines = append(t.lines, int32(i+1))
			}
		}
	})
}

// View returns the whole Text as a View of itself.
func (t *Text) View() View {
	return View{Text: t, S: t.Content, segs: []seg{{0, 0, true}}}
}

// Range is a span of bytes of a Text: Start is its first byte, End the first
// byte after it. The zero Range with a nil Text means "no place".
type Range struct {
	Text       *Text
	Start, End int
}

// IsZero tells whether the Range points nowhere.
func (r Range) IsZero() bool { return r.Text == nil }

// Pos is where the Range begins.
func (r Range) Pos() Pos {
	if r.Text == nil {
		return Pos{}
	}
	return r.Text.Pos(r.Start)
}

// Join is the smallest Range that covers both. Ranges of different Texts do not
// join: the first is returned.
func (r Range) Join(o Range) Range {
	if r.Text == nil {
		return o
	}
	if o.Text != r.Text {
		return r
	}
	return Range{r.Text, min(r.Start, o.Start), max(r.End, o.End)}
}

// seg says where the bytes of a View from at on came from. In a linear segment
// byte at+i came from file+i; in any other all of them came from the span that
// begins at file and ends where the next segment's begins: a segment that is not
// linear always has a next one, which may be empty.
type seg struct {
	at, file int32
	linear   bool
}

// View is a string derived from a Text that knows where each byte came from.
// Views are values; none is ever changed.
type View struct {
	Text *Text
	S    string
	segs []seg // ascending by at; segs[0].at <= off
	off  int   // offset of S[0] in the coordinates of segs
}

// Detached is a View of a string that stands in no file, such as an expression
// given on a command line; name is what Diagnostics call it.
func Detached(name, s string) View { return NewText(name, s).View() }

// Slice is the part of the View from byte i up to byte j.
func (v View) Slice(i, j int) View {
	v.S, v.off = v.S[i:j], v.off+i
	return v
}

// Trim is the View without white space at both ends.
func (v View) Trim() View {
	const space = " \t\r\n"
	left := len(v.S) - len(strings.TrimLeft(v.S, space))
	right := len(strings.TrimRight(v.S, space))
	if left >= right {
		return v.Slice(left, left)
	}
	return v.Slice(left, right)
}

// Range tells which span of the file the bytes i up to j of the View came from.
// It always lies inside the Text, and is never backwards. An empty span at the
// end of the View is placed right after the View's last byte.
func (v View) Range(i, j int) Range {
	if v.Text == nil {
		return Range{}
	}
	i = min(max(i, 0), len(v.S))
	j = min(max(j, i), len(v.S))
	start := v.offset(i, i == j && i > 0 && i == len(v.S))
	end := start
	if j > i {
		end = v.offset(j, true)
	}
	n := len(v.Text.Content)
	start = min(max(start, 0), n)
	return Range{v.Text, start, min(max(end, start), n)}
}

// Run tells about the run of bytes of one origin that byte i belongs to: where
// it ends, and whether it was copied from the file rather than put in the place
// of something else by Builder.Replace. i must be less than the View's length.
func (v View) Run(i int) (end int, copied bool) {
	p := v.off + i
	k := sort.Search(len(v.segs), func(k int) bool { return int(v.segs[k].at) > p }) - 1
	if k < 0 {
		return len(v.S), true
	}
	end = len(v.S)
	if k+1 < len(v.segs) {
		end = min(end, int(v.segs[k+1].at)-v.off)
	}
	return end, v.segs[k].linear
}

// All is the Range of the whole View.
func (v View) All() Range { return v.Range(0, len(v.S)) }

// offset maps offset i of the View to the file. For the end of a span, asEnd,
// the answer is the file offset after the byte before i.
func (v View) offset(i int, asEnd bool) int {
	p := int32(v.off + i)
	if asEnd {
		p--
	}
	k := sort.Search(len(v.segs), func(k int) bool { return v.segs[k].at > p }) - 1
	if k < 0 {
		return 0
	}
	s := v.segs[k]
	if s.linear {
		o := int(s.file + p - s.at)
		if asEnd {
			o++
		}
		return o
	}
	if !asEnd || k+1 == len(v.segs) {
		return int(s.file)
	}
	return int(v.segs[k+1].file)
}

// Builder derives a View from another one: it copies spans and replaces others,
// as substitution and entity decoding do. The zero Builder is not usable; make
// one with NewBuilder.
type Builder struct {
	from View
	buf  strings.Builder
	segs []seg
}

// NewBuilder begins a View derived from v.
func NewBuilder(v View) *Builder { return &Builder{from: v} }

// Copy appends bytes i up to j of the origin unchanged.
func (b *Builder) Copy(i, j int) {
	// A copied span may itself cross segments of the origin: keep each.
	v := b.from
	p := v.off + i
	k := sort.Search(len(v.segs), func(k int) bool { return int(v.segs[k].at) > p }) - 1
	for at := i; at < j; k++ {
		next, s := j, seg{linear: true}
		if k >= 0 {
			s = v.segs[k]
		}
		if k+1 < len(v.segs) {
			next = min(j, int(v.segs[k+1].at)-v.off)
		}
		if at == next {
			continue // an empty segment: only a boundary
		}
		file := s.file
		if s.linear {
			file += int32(v.off+at) - s.at
		}
		b.add(file, s.linear)
		b.buf.WriteString(v.S[at:next])
		if !s.linear {
			b.add(v.segs[k+1].file, true)
		}
		at = next
	}
}

// Replace appends s in the place of bytes i up to j of the origin: every byte of
// s is said to come from all of that span.
func (b *Builder) Replace(i, j int, s string) {
	r := b.from.Range(i, j)
	b.add(int32(r.Start), false)
	b.buf.WriteString(s)
	// A boundary, so that the span ends where it should.
	b.add(int32(r.End), true)
}

// add begins a segment; one that joins on to the last is the same segment.
func (b *Builder) add(file int32, linear bool) {
	at := int32(b.buf.Len())
	if n := len(b.segs); n > 0 && linear {
		if last := b.segs[n-1]; last.linear && last.file+at-last.at == file {
			return
		}
	}
	b.segs = append(b.segs, seg{at, file, linear})
}

// View finishes. A Builder that copied everything in one piece yields an equal View.
func (b *Builder) View() View {
	segs := b.segs
	if len(segs) == 0 {
		segs = []seg{{0, int32(b.from.Range(0, 0).Start), true}}
	}
	return View{Text: b.from.Text, S: b.buf.String(), segs: segs}
}
