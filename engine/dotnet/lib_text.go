package dotnet

import (
	"bytes"
	"math"
	"strings"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/web"
)

// textDecls are StringBuilder, Encoding, StringReader, StringWriter and
// MemoryStream.
func textDecls() []*Decl {
	return append([]*Decl{builderDecl()}, append(encodingDecls(), readerDecls()...)...)
}

// StringBuilder is a StringBuilder.
type StringBuilder struct{ b strings.Builder }

func (s *StringBuilder) String() string { return s.b.String() }

func (s *StringBuilder) add(t *Thread, text string) *StringBuilder {
	t.Pay(len(text))
	s.b.WriteString(text)
	return s
}

// set replaces the whole text.
func (s *StringBuilder) set(t *Thread, text string) *StringBuilder {
	t.Pay(len(text))
	t.Ticks(len(text) / 64)
	s.b.Reset()
	s.b.WriteString(text)
	return s
}

func builder(a []any) *StringBuilder { return a[0].(*StringBuilder) }

func builderDecl() *Decl {
	const self = "StringBuilder "
	make := func(text, capacity int) Func {
		return func(t *Thread, a []any) any {
			s := &StringBuilder{}
			if capacity >= 0 && argInt(a, capacity) < 0 {
				clr.ThrowNegative("capacity", argInt(a, capacity))
			}
			if text >= 0 {
				s.add(t, str(a[text]))
			}
			return s
		}
	}
	joined := func(t *Thread, a []any) any {
		return builder(a).add(t, joinItems(t, Format(t, a[1], ""), sourceOf(t, a[2], "values")))
	}
	d := class("System.Text.StringBuilder",
		Ctor("()", make(-1, -1)),
		Ctor("(int capacity)", make(-1, 0)),
		Ctor("(string value)", make(0, -1)),
		Ctor("(string value, int capacity)", make(0, 1)),
		Ctor("(int capacity, int maxCapacity)", make(-1, 0)),
		PropSet("int Length", func(_ *Thread, a []any) any { return int32(clr.Len(builder(a).String())) }, func(t *Thread, a []any) any {
			text, n := builder(a).String(), argInt(a, 1)
			switch have := clr.Len(text); {
			case n < 0:
				clr.ThrowRange("Length cannot be less than zero.", "value")
			case n <= have:
				builder(a).set(t, clr.SubstringLen(text, 0, n))
			default:
				builder(a).add(t, repeatChar(t, 0, n-have))
			}
			return nil
		}),
		PropSet("int Capacity", func(_ *Thread, a []any) any { return int32(max(builder(a).b.Cap(), 16)) }, nothing),
		IndexSet("char this[int index]",
			func(_ *Thread, a []any) any { return clr.At(builder(a).String(), argInt(a, 1)) },
			func(t *Thread, a []any) any {
				text, i := builder(a).String(), argInt(a, 1)
				if i < 0 || i >= clr.Len(text) {
					clr.ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "index")
				}
				builder(a).set(t, clr.SubstringLen(text, 0, i)+a[2].(clr.Char).String()+clr.Substring(text, i+1))
				return nil
			}),
		Method(self+"Append(char value, int repeatCount)", func(t *Thread, a []any) any {
			return builder(a).add(t, repeatChar(t, a[1].(clr.Char), argInt(a, 2)))
		}),
		Method(self+"Append(string value, int startIndex, int count)", func(t *Thread, a []any) any {
			return builder(a).add(t, clr.SubstringLen(str(a[1]), argInt(a, 2), argInt(a, 3)))
		}),
		Method(self+"Append(char[] value)", func(t *Thread, a []any) any {
			arr, _ := a[1].(*Array)
			return builder(a).add(t, clr.FromChars(arr.chars()))
		}),
		Method(self+"AppendLine()", func(t *Thread, a []any) any { return builder(a).add(t, "\n") }),
		Method(self+"AppendLine(string value)", func(t *Thread, a []any) any { return builder(a).add(t, str(a[1])).add(t, "\n") }),
		Method(self+"AppendFormat(string format, object arg0)", func(t *Thread, a []any) any { return builder(a).add(t, composite(t, a[1], a[2:])) }),
		Method(self+"AppendFormat(string format, object arg0, object arg1)", func(t *Thread, a []any) any { return builder(a).add(t, composite(t, a[1], a[2:])) }),
		Method(self+"AppendFormat(string format, params object[] args)", func(t *Thread, a []any) any {
			return builder(a).add(t, composite(t, a[1], argItems(a[2])))
		}),
		Method(self+"AppendFormat(IFormatProvider provider, string format, params object[] args)", func(t *Thread, a []any) any {
			return builder(a).add(t, composite(t, a[2], argItems(a[3])))
		}),
		Method(self+"AppendJoin(string separator, params object[] values)", joined),
		Method(self+"AppendJoin(string separator, params string[] values)", joined),
		Method(self+"AppendJoin<T>(string separator, IEnumerable<T> values)", joined),
		Method(self+"AppendJoin(char separator, params object[] values)", joined),
		Prop("int MaxCapacity", func(*Thread, []any) any { return int32(math.MaxInt32) }),
		Method("int EnsureCapacity(int capacity)", func(_ *Thread, a []any) any {
			if argInt(a, 1) < 0 {
				clr.ThrowNegative("capacity", argInt(a, 1))
			}
			return int32(max(builder(a).b.Cap(), 16, argInt(a, 1)))
		}),
		Method("void CopyTo(int sourceIndex, char[] destination, int destinationIndex, int count)", func(t *Thread, a []any) any {
			putChars(t, clr.SubstringLen(builder(a).String(), argInt(a, 1), argInt(a, 4)), a[2], argInt(a, 3))
			return nil
		}),
		Method(self+"Insert(int index, string value, int count)", func(t *Thread, a []any) any {
			s, n := str(a[2]), argInt(a, 3)
			if n < 0 {
				clr.ThrowNegative("count", n)
			}
			t.Pay(len(s) * n)
			return insertText(t, []any{a[0], a[1], strings.Repeat(s, n)})
		}),
		Method(self+"Clear()", func(_ *Thread, a []any) any { builder(a).b.Reset(); return a[0] }),
		Method(self+"Insert(int index, object value)", func(t *Thread, a []any) any { return insertText(t, a) }),
		Method(self+"Insert(int index, string value)", func(t *Thread, a []any) any { return insertText(t, a) }),
		Method(self+"Insert(int index, char value)", func(t *Thread, a []any) any { return insertText(t, a) }),
		Method(self+"Insert(int index, int value)", func(t *Thread, a []any) any { return insertText(t, a) }),
		Method(self+"Remove(int startIndex, int length)", func(t *Thread, a []any) any {
			text, at, n := builder(a).String(), argInt(a, 1), argInt(a, 2)
			if n < 0 {
				clr.ThrowNegative("length", n)
			}
			if at < 0 {
				clr.ThrowNegative("startIndex", at)
			}
			if n > clr.Len(text)-at {
				clr.ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "length")
			}
			return builder(a).set(t, clr.RemoveLen(text, at, n))
		}),
		Method(self+"Replace(string oldValue, string newValue)", func(t *Thread, a []any) any {
			s := replaceString(clr.Ordinal)(t, []any{builder(a).String(), a[1], a[2]}).(string)
			return builder(a).set(t, s)
		}),
		Method(self+"Replace(char oldChar, char newChar)", func(t *Thread, a []any) any {
			return builder(a).set(t, clr.ReplaceChar(builder(a).String(), a[1].(clr.Char), a[2].(clr.Char)))
		}),
		Method("string ToString()", func(t *Thread, a []any) any { return Format(t, a[0], "") }),
		Method("string ToString(int startIndex, int length)", paid(f3(func(s *StringBuilder, at, n int) string { return clr.SubstringLen(s.String(), at, n) }))),
		Method("bool Equals(StringBuilder sb)", func(_ *Thread, a []any) any {
			o, ok := a[1].(*StringBuilder)
			return ok && o.String() == builder(a).String()
		}),
	).holds(&StringBuilder{})
	for _, name := range []string{"string", "object", "char", "bool", "sbyte", "byte", "short", "ushort", "int", "uint", "long", "ulong", "float", "double", "decimal", "StringBuilder"} {
		d.with(Method(self+"Append("+name+" value)", func(t *Thread, a []any) any { return builder(a).add(t, Format(t, a[1], "")) }))
	}
	return d
}

func insertText(t *Thread, a []any) any {
	text, at := builder(a).String(), argInt(a, 1)
	if at < 0 || at > clr.Len(text) {
		clr.ThrowRange("Index was out of range. Must be non-negative and less than the size of the collection.", "index")
	}
	return builder(a).set(t, clr.Insert(text, at, Format(t, a[2], "")))
}

// textReader is a StringReader.
type textReader struct {
	text []clr.Char
	at   int
}

func (r *textReader) line() any {
	if r.at >= len(r.text) {
		return nil
	}
	from := r.at
	for r.at < len(r.text) && r.text[r.at] != '\n' && r.text[r.at] != '\r' {
		r.at++
	}
	line := clr.FromChars(r.text[from:r.at])
	if r.at < len(r.text) {
		r.at++
		if r.text[r.at-1] == '\r' && r.at < len(r.text) && r.text[r.at] == '\n' {
			r.at++
		}
	}
	return line
}

func (r *textReader) rest() string {
	s := clr.FromChars(r.text[r.at:])
	r.at = len(r.text)
	return s
}

func (r *textReader) next(step int) int32 {
	if r.at >= len(r.text) {
		return -1
	}
	r.at += step
	return int32(r.text[r.at-step])
}

// textWriter is a StringWriter.
type textWriter struct{ s *StringBuilder }

func (w *textWriter) String() string { return w.s.String() }

// memoryStream is a MemoryStream.
type memoryStream struct {
	data []byte
	at   int
}

func (m *memoryStream) write(t *Thread, b []byte) {
	t.Pay(len(b))
	if grow := m.at + len(b) - len(m.data); grow > 0 {
		m.data = append(m.data, make([]byte, grow)...)
	}
	m.at += copy(m.data[m.at:], b)
}

func readerDecls() []*Decl {
	reader := func(v any) *textReader { return v.(*textReader) }
	writer := class("System.IO.TextWriter : IDisposable",
		Method("void WriteLine()", func(t *Thread, a []any) any { a[0].(*textWriter).s.add(t, "\n"); return nil }),
		Method("void Write(string format, params object[] arg)", func(t *Thread, a []any) any {
			a[0].(*textWriter).s.add(t, composite(t, a[1], argItems(a[2])))
			return nil
		}),
		Method("void WriteLine(string format, params object[] arg)", func(t *Thread, a []any) any {
			a[0].(*textWriter).s.add(t, composite(t, a[1], argItems(a[2]))).add(t, "\n")
			return nil
		}),
		Method("void Flush()", nothing),
		Method("void Close()", nothing),
	)
	for _, name := range []string{"string", "object", "char", "bool", "int", "long", "double", "decimal"} {
		writer.with(
			Method("void Write("+name+" value)", func(t *Thread, a []any) any { a[0].(*textWriter).s.add(t, Format(t, a[1], "")); return nil }),
			Method("void WriteLine("+name+" value)", func(t *Thread, a []any) any {
				a[0].(*textWriter).s.add(t, Format(t, a[1], "")).add(t, "\n")
				return nil
			}),
		)
	}
	stream := func(a []any) *memoryStream { return a[0].(*memoryStream) }
	return []*Decl{
		class("System.IO.TextReader : IDisposable",
			Method("string ReadLine()", func(t *Thread, a []any) any { t.Tick(); return reader(a[0]).line() }),
			Method("string ReadToEnd()", func(_ *Thread, a []any) any { return reader(a[0]).rest() }),
			Method("int Read()", func(_ *Thread, a []any) any { return reader(a[0]).next(1) }),
			Method("int Peek()", func(_ *Thread, a []any) any { return reader(a[0]).next(0) }),
			Method("void Close()", nothing),
		),
		class("System.IO.StringReader : TextReader",
			Ctor("(string s)", func(t *Thread, a []any) any {
				s := argStr(t, a, 0)
				t.Pay(2 * len(s))
				return &textReader{text: clr.Chars(s)}
			}),
		).holds(&textReader{}),
		writer,
		class("System.IO.StringWriter : TextWriter",
			Prop("Encoding Encoding", func(*Thread, []any) any { return web.Unicode }),
			Ctor("()", func(*Thread, []any) any { return &textWriter{&StringBuilder{}} }),
			Ctor("(IFormatProvider formatProvider)", func(*Thread, []any) any { return &textWriter{&StringBuilder{}} }),
			Ctor("(StringBuilder sb)", f1(func(s *StringBuilder) *textWriter {
				if s == nil {
					clr.ThrowNull("sb")
				}
				return &textWriter{s}
			})),
			Method("StringBuilder GetStringBuilder()", f1(func(w *textWriter) *StringBuilder { return w.s })),
		).holds(&textWriter{}),
		class("System.IO.Stream : IDisposable",
			Prop("long Length", func(_ *Thread, a []any) any { return int64(len(stream(a).data)) }),
			PropSet("long Position", func(_ *Thread, a []any) any { return int64(stream(a).at) }, func(_ *Thread, a []any) any {
				p := a[1].(int64)
				if p < 0 || p > int64(len(stream(a).data)) {
					clr.ThrowRange("Stream length must be non-negative and less than 2^31 - 1 - origin.", "value")
				}
				stream(a).at = int(p)
				return nil
			}),
			Method("void WriteByte(byte value)", func(t *Thread, a []any) any { stream(a).write(t, []byte{a[1].(uint8)}); return nil }),
			Method("int ReadByte()", func(_ *Thread, a []any) any {
				m := stream(a)
				if m.at >= len(m.data) {
					return int32(-1)
				}
				m.at++
				return int32(m.data[m.at-1])
			}),
			Method("void Write(byte[] buffer, int offset, int count)", func(t *Thread, a []any) any {
				b, _ := a[1].([]byte)
				checkBytes(len(b), argInt(a, 2), argInt(a, 3))
				stream(a).write(t, b[argInt(a, 2):argInt(a, 2)+argInt(a, 3)])
				return nil
			}),
			Method("int Read(byte[] buffer, int offset, int count)", func(_ *Thread, a []any) any {
				b, _ := a[1].([]byte)
				checkBytes(len(b), argInt(a, 2), argInt(a, 3))
				m := stream(a)
				n := copy(b[argInt(a, 2):argInt(a, 2)+argInt(a, 3)], m.data[m.at:])
				m.at += n
				return int32(n)
			}),
			Method("void Flush()", nothing),
			Method("void Close()", nothing),
		).outsideList(),
		class("System.IO.MemoryStream : Stream",
			Ctor("()", func(*Thread, []any) any { return &memoryStream{} }),
			Ctor("(byte[] buffer)", f1(func(b []byte) *memoryStream { return &memoryStream{data: bytes.Clone(b)} })),
			Method("byte[] ToArray()", func(t *Thread, a []any) any {
				t.Pay(len(stream(a).data))
				return notNil(bytes.Clone(stream(a).data))
			}),
		).outsideList().holds(&memoryStream{}),
	}
}
