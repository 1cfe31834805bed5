package clr

import "strconv"

const (
	compositeLimit = 1_000_000 // of an index and of a width, as in .NET
	badIndex       = "Index (zero based) must be greater than or equal to zero and less than the size of the argument list."
)

// FormatComposite is String.Format: "{0}", "{1,-8:0.00}", "{{". show renders one
// argument by its format, "" if it has none. The Meter, which may be missing, is
// told of paddings and of the whole before they are made.
func FormatComposite(m Meter, format string, args []any, show func(v any, format string) string) string {
	var parts []string
	size := 0
	put := func(s string) {
		if s != "" {
			Spend(m, 16)
			parts = append(parts, s)
			size += len(s)
		}
	}
	fail := func(at int, why string) {
		throwFormat(badInput + " Failure to parse near offset " + strconv.Itoa(unitIndex(format, min(at, len(format)))) + ". " + why)
	}
	const (
		premature = "Format item ends prematurely."
		digit     = "Expected an ASCII digit."
	)
	i := 0
	next := func() byte {
		if i++; i >= len(format) {
			fail(i, premature)
		}
		return format[i]
	}
	number := func(c byte) (int, byte) {
		if c < '0' || c > '9' {
			fail(i, digit)
		}
		n := int(c - '0')
		for c = next(); c >= '0' && c <= '9' && n < compositeLimit; c = next() {
			n = n*10 + int(c-'0')
		}
		return n, c
	}
	for i < len(format) {
		brace := format[i]
		if brace != '{' && brace != '}' {
			start := i
			for i++; i < len(format) && format[i] != '{' && format[i] != '}'; i++ {
			}
			put(format[start:i])
			continue
		}
		c := next()
		if c == brace {
			put(format[i : i+1])
			i++
			continue
		}
		if brace == '}' {
			fail(i, "Unexpected closing brace without a corresponding opening brace.")
		}
		index, c := number(c)
		width, left, spec := 0, false, ""
		for c == ' ' {
			c = next()
		}
		if c == ',' {
			for c = next(); c == ' '; c = next() {
			}
			if c == '-' {
				left = true
				c = next()
			}
			width, c = number(c)
			for c == ' ' {
				c = next()
			}
		}
		if c != '}' {
			if c != ':' {
				fail(i, premature)
			}
			start := i + 1
			for c = next(); c != '}'; c = next() {
				if c == '{' {
					fail(i, premature)
				}
			}
			spec = format[start:i]
		}
		i++
		if index >= len(args) {
			throwFormat(badIndex)
		}
		Spend(m, min(width, compositeLimit))
		put(align(show(args[index], spec), width, left))
	}
	Spend(m, size)
	return Concat(parts...)
}

func align(s string, width int, left bool) string {
	if width >= compositeLimit {
		throwFormat(badInput)
	}
	if width == 0 {
		return s
	}
	if left {
		return PadRight(s, width, ' ')
	}
	return PadLeft(s, width, ' ')
}

// Align pads s to the alignment of an interpolation: to the left of width spaces,
// or with a negative one to the right.
func Align(s string, width int) string {
	if width < 0 {
		return align(s, -width, true)
	}
	return align(s, width, false)
}
