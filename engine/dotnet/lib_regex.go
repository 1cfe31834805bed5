package dotnet

import (
	"strings"

	"sekisho/engine/dotnet/clr"
	"sekisho/engine/dotnet/regex"
)

// fixedList is a collection of another package that only reads.
type fixedList struct {
	typ   *Type
	items []any
}

// DotnetType implements Typed.
func (l *fixedList) DotnetType() *Type { return l.typ }

// Items implements Iterable.
func (l *fixedList) Items() []any { return l.items }

// Len counts the items.
func (l *fixedList) Len() int { return len(l.items) }

func fixed[T any](t *Thread, typ string, list []T) *fixedList {
	t.Pay(16 * len(list))
	items := make([]any, len(list))
	for i, v := range list {
		items[i] = v
	}
	return &fixedList{Std().Named(typ), items}
}

// groupList is a GroupCollection.
type groupList struct {
	*fixedList
	match *regex.Match
}

const regexSpace = "System.Text.RegularExpressions."

// Patterns that the static methods of Regex keep compiled.
const keptPatterns = 256

// regexDecls are the types of System.Text.RegularExpressions.
func regexDecls() []*Decl {
	listOf := func(name, elem string) *Decl {
		return class(regexSpace+name+" : IReadOnlyList<"+elem+">",
			Index(elem+" this[int i]", func(_ *Thread, a []any) any { return itemAt(a[0], argInt(a, 1)) }))
	}
	return []*Decl{
		regexDecl(),
		delegate(regexSpace+"MatchEvaluator", "string(Match match)"),
		flags(regexSpace+"RegexOptions", "None IgnoreCase Multiline ExplicitCapture=4 Compiled=8 Singleline=16 IgnorePatternWhitespace=32 "+
			"RightToLeft=64 ECMAScript=256 CultureInvariant=512 NonBacktracking=1024"),
		class(regexSpace+"Capture",
			Prop("int Index", func(_ *Thread, a []any) any { return int32(capture(a[0]).Index()) }),
			Prop("int Length", func(_ *Thread, a []any) any { return int32(capture(a[0]).Length()) }),
			Prop("string Value", func(_ *Thread, a []any) any { return capture(a[0]).Value() }).
				Fast(func(v any) string { return capture(v).Value() }),
		).holds(&regex.Capture{}),
		class(regexSpace+"Group : Capture",
			Prop("bool Success", func(_ *Thread, a []any) any { return group(a[0]).Success() }),
			Prop("CaptureCollection Captures", func(t *Thread, a []any) any {
				return fixed(t, regexSpace+"CaptureCollection", group(a[0]).Captures)
			}),
			Prop("string Name", func(_ *Thread, a []any) any { return group(a[0]).Name }),
		).holds(&regex.Group{}),
		class(regexSpace+"Match : Group",
			StaticProp("Match Empty", f0(regex.EmptyMatch)),
			Prop("GroupCollection Groups", func(t *Thread, a []any) any {
				m := a[0].(*regex.Match)
				return &groupList{fixed(t, regexSpace+"GroupCollection", m.Groups()), m}
			}),
			Method("string Result(string replacement)", paid(func(t *Thread, a []any) any {
				m := a[0].(*regex.Match)
				payReplacement(t, argStr(t, a, 1), m.InputLen())
				return m.Result(a[1].(string))
			})),
			Method("Match NextMatch()", searched(f1((*regex.Match).Next))),
		).holds(&regex.Match{}),
		listOf("CaptureCollection", "Capture"),
		listOf("MatchCollection", "Match"),
		class(regexSpace+"GroupCollection : IReadOnlyList<Group>",
			Index("Group this[int groupnum]", func(_ *Thread, a []any) any { return a[0].(*groupList).match.GroupAt(argInt(a, 1)) }),
			Index("Group this[string groupname]", func(t *Thread, a []any) any { return a[0].(*groupList).match.GroupNamed(argStr(t, a, 1)) }),
			Prop("IEnumerable<string> Keys", func(_ *Thread, a []any) any { return StringArray(groupNames(a[0])) }),
			Prop("IEnumerable<Group> Values", func(_ *Thread, a []any) any { return a[0] }),
			Method("bool ContainsKey(string key)", func(t *Thread, a []any) any { return groupIndex(a[0], argStr(t, a, 1)) >= 0 }),
			Method("bool TryGetValue(string key, out Group value)", func(t *Thread, a []any) any {
				i := groupIndex(a[0], argStr(t, a, 1))
				a[2].(*Ref).Value = nil
				if i >= 0 {
					a[2].(*Ref).Value = a[0].(*groupList).items[i]
				}
				return i >= 0
			}),
		),
	}
}

// payReplacement pays ahead for a replacement that could be made very large, by
// many references to an input of that many bytes.
func payReplacement(t *Thread, replacement string, input int) {
	if n := strings.Count(replacement, "$") * input; n > 1<<20 {
		t.Pay(n)
	}
}

// capture is the Capture that a Match or a Group is as well.
func capture(v any) *regex.Capture {
	switch v := v.(type) {
	case *regex.Match:
		return &v.Capture
	case *regex.Group:
		return &v.Capture
	}
	return v.(*regex.Capture)
}

func group(v any) *regex.Group {
	if m, ok := v.(*regex.Match); ok {
		return &m.Group
	}
	return v.(*regex.Group)
}

func groupNames(v any) []string {
	items := v.(*groupList).items
	names := make([]string, len(items))
	for i, g := range items {
		names[i] = group(g).Name
	}
	return names
}

func groupIndex(v any, name string) int {
	for i, n := range groupNames(v) {
		if n == name {
			return i
		}
	}
	return -1
}

// searched looks at the time budget after an operation that has a limit of its
// own only, also where that limit was exceeded.
func searched(f Func) Func {
	return func(t *Thread, a []any) any {
		defer t.Ticks(ticksPerLook + 1)
		return f(t, a)
	}
}

// searchTime is the time limit of an operation: the one that is asked for, and no
// more than what the evaluation may still take. It is rounded up to a power of
// two, so that compiled patterns, to which it belongs, serve many evaluations.
func (t *Thread) searchTime(asked clr.TimeSpan) clr.TimeSpan {
	if t.budget <= 0 {
		return asked
	}
	t.look()
	left := clr.TimeSpan((t.budget - t.spent) / 100)
	limit := clr.Millisecond
	for limit < left {
		limit *= 2
	}
	if asked > 0 && asked < limit || asked < 0 && asked != -clr.Millisecond {
		return asked
	}
	return limit
}

func regexDecl() *Decl {
	cache := regex.NewCache(keptPatterns)
	matches := func(t *Thread, list []*regex.Match) any {
		t.Pay(128 * len(list))
		return fixed(t, regexSpace+"MatchCollection", list)
	}
	split := func(t *Thread, parts []string) any {
		for _, p := range parts {
			t.Pay(16 + len(p))
		}
		return StringArray(parts)
	}
	// replace replaces by a text or by a MatchEvaluator.
	replace := func(t *Thread, r *regex.Regex, input string, by any, count int) any {
		var s string
		switch by := by.(type) {
		case nil:
			clr.ThrowNull("replacement")
		case *Closure:
			s = r.ReplaceFunc(input, func(m *regex.Match) string {
				part := str(by.Call1(t, m))
				t.Pay(len(part))
				return part
			}, count)
		case string:
			payReplacement(t, by, len(input))
			part := func(*regex.Match) string { return by }
			if strings.Contains(by, "$") {
				part = func(m *regex.Match) string { return m.Result(by) }
			}
			s = r.ReplaceFunc(input, func(m *regex.Match) string {
				text := part(m)
				t.Pay(len(text))
				t.Tick()
				return text
			}, count)
		}
		t.Pay(len(s))
		return s
	}

	// compile compiles the pattern that is argument i; rest are the options and
	// the time limit, if they are given.
	compile := func(t *Thread, a []any, i int, rest []any) *regex.Regex {
		var o regex.Options
		var limit clr.TimeSpan
		if len(rest) > 0 {
			o = regex.Options(rest[0].(EnumValue).Value)
		}
		if len(rest) > 1 {
			if limit = rest[1].(clr.TimeSpan); limit == 0 {
				clr.ThrowRange("Specified argument was out of the range of valid values.", "matchTimeout")
			}
		}
		return cache.Get(argStr(t, a, i), o, t.searchTime(limit))
	}

	of := func(a []any) *regex.Regex { return a[0].(*regex.Regex) }
	d := class(regexSpace+"Regex",
		Ctor("(string pattern)", func(t *Thread, a []any) any { return compile(t, a, 0, a[1:]) }),
		Ctor("(string pattern, RegexOptions options)", func(t *Thread, a []any) any { return compile(t, a, 0, a[1:]) }),
		Ctor("(string pattern, RegexOptions options, TimeSpan matchTimeout)", func(t *Thread, a []any) any { return compile(t, a, 0, a[1:]) }),
		Method("bool IsMatch(string input)", searched(f2((*regex.Regex).IsMatch))),
		Method("bool IsMatch(string input, int startat)", searched(f3((*regex.Regex).IsMatchAt))),
		Method("Match Match(string input)", searched(f2((*regex.Regex).Match))),
		Method("Match Match(string input, int startat)", searched(f3((*regex.Regex).MatchAt))),
		Method("MatchCollection Matches(string input)", searched(func(t *Thread, a []any) any {
			return matches(t, of(a).Matches(argStr(t, a, 1)))
		})),
		Method("MatchCollection Matches(string input, int startat)", searched(func(t *Thread, a []any) any {
			return matches(t, of(a).MatchesAt(argStr(t, a, 1), argInt(a, 2)))
		})),
		Method("string[] Split(string input)", searched(func(t *Thread, a []any) any { return split(t, of(a).Split(argStr(t, a, 1), 0)) })),
		Method("string[] Split(string input, int count)", searched(func(t *Thread, a []any) any {
			return split(t, of(a).Split(argStr(t, a, 1), argInt(a, 2)))
		})),
		Static("string Unescape(string str)", paid(f1(regex.Unescape))),
	)
	for _, by := range []string{"string replacement", "MatchEvaluator evaluator"} {
		d.with(
			Method("string Replace(string input, "+by+")", searched(func(t *Thread, a []any) any {
				return replace(t, of(a), argStr(t, a, 1), a[2], regex.All)
			})),
			Method("string Replace(string input, "+by+", int count)", searched(func(t *Thread, a []any) any {
				return replace(t, of(a), argStr(t, a, 1), a[2], argInt(a, 3))
			})),
		)
	}

	// The static methods take the pattern, the options and the time limit behind
	// their other arguments.
	for _, rest := range []string{"", ", RegexOptions options", ", RegexOptions options, TimeSpan matchTimeout"} {
		compiled := func(t *Thread, a []any, rest []any) *regex.Regex {
			if a[0] == nil {
				clr.ThrowNull("input")
			}
			return compile(t, a, 1, rest)
		}
		d.with(
			Static("bool IsMatch(string input, string pattern"+rest+")", searched(func(t *Thread, a []any) any {
				return compiled(t, a, a[2:]).IsMatch(a[0].(string))
			})),
			Static("Match Match(string input, string pattern"+rest+")", searched(func(t *Thread, a []any) any {
				return compiled(t, a, a[2:]).Match(a[0].(string))
			})),
			Static("MatchCollection Matches(string input, string pattern"+rest+")", searched(func(t *Thread, a []any) any {
				return matches(t, compiled(t, a, a[2:]).Matches(a[0].(string)))
			})),
			Static("string[] Split(string input, string pattern"+rest+")", searched(func(t *Thread, a []any) any {
				return split(t, compiled(t, a, a[2:]).Split(a[0].(string), 0))
			})),
		)
		for _, by := range []string{"string replacement", "MatchEvaluator evaluator"} {
			d.with(Static("string Replace(string input, string pattern, "+by+rest+")", searched(func(t *Thread, a []any) any {
				return replace(t, compiled(t, a, a[3:]), a[0].(string), a[2], regex.All)
			})))
		}
	}
	d.with(Outside(
		Static("string Escape(string str)", paid(f1(regex.Escape))),
		Method("int[] GetGroupNumbers()", f1((*regex.Regex).GroupNumbers)),
	)...)
	return d.with(
		Static("int Count(string input, string pattern)", searched(func(t *Thread, a []any) any {
			return int32(len(compile(t, a, 1, nil).Matches(argStr(t, a, 0))))
		})),
		Method("int Count(string input)", searched(f2(func(r *regex.Regex, s string) int { return len(r.Matches(s)) }))),
		Prop("RegexOptions Options", f1((*regex.Regex).Options)),
		Prop("bool RightToLeft", f1((*regex.Regex).RightToLeft)),
		Prop("TimeSpan MatchTimeout", f1((*regex.Regex).MatchTimeout)),
		Method("string[] GetGroupNames()", f1((*regex.Regex).GroupNames)),
		Method("string GroupNameFromNumber(int i)", f2((*regex.Regex).GroupNameFromNumber)),
		Method("int GroupNumberFromName(string name)", f2((*regex.Regex).GroupNumberFromName)),
		Const("TimeSpan InfiniteMatchTimeout", -clr.Millisecond),
	).holds(&regex.Regex{})
}
