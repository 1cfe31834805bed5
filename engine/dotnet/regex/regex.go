// Package regex is System.Text.RegularExpressions: .NET's patterns and
// replacement texts, with positions in UTF-16 units, over a backtracking engine.
//
// A pattern or an input may come from a request, and backtracking has no bound of
// its own: every operation as a whole has a time limit, also where .NET's default
// is none.
package regex

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"sekisho/engine/dotnet/clr"

	"github.com/dlclark/regexp2/v2"
	"github.com/dlclark/regexp2/v2/syntax"
)

// Full names of the exceptions.
const (
	RegexParseException        = "System.Text.RegularExpressions.RegexParseException"
	RegexMatchTimeoutException = "System.Text.RegularExpressions.RegexMatchTimeoutException"
)

// Options is the value of .NET's enum RegexOptions.
type Options int32

const (
	None                    Options = 0
	IgnoreCase              Options = 1
	Multiline               Options = 2
	ExplicitCapture         Options = 4
	Compiled                Options = 8
	Singleline              Options = 16
	IgnorePatternWhitespace Options = 32
	RightToLeft             Options = 64
	ECMAScript              Options = 256
	CultureInvariant        Options = 512
	NonBacktracking         Options = 1024

	known = IgnoreCase | Multiline | ExplicitCapture | Compiled | Singleline | IgnorePatternWhitespace |
		RightToLeft | ECMAScript | CultureInvariant | NonBacktracking
	// What the engine has under the same numbers.
	passed = IgnoreCase | Multiline | ExplicitCapture | Singleline | IgnorePatternWhitespace | RightToLeft | ECMAScript
)

const (
	// Limit is the time that an operation may take where the caller asks for none
	// or for more.
	Limit = 2 * time.Second

	maxPattern   = 64 << 10  // bytes
	maxDepth     = 500       // of groups within groups
	maxStack     = 2_000_000 // slots of the engine's backtracking stack
	timedOut     = "The Regex engine has timed out while trying to match a pattern to an input string. This can occur for many reasons, including very large inputs or excessive backtracking caused by nested quantifiers, back-references and other factors."
	infiniteSpan = -clr.Millisecond // Regex.InfiniteMatchTimeout
)

// Regex is a compiled pattern. It may be used by several goroutines at once.
type Regex struct {
	re      *regexp2.Regexp
	pattern string
	options Options
	timeout time.Duration
	numbers []int // of the groups, ascending
}

// New is new Regex(pattern, options, matchTimeout). A timeout of zero means none
// was given.
func New(pattern string, options Options, timeout clr.TimeSpan) *Regex {
	if options&^known != 0 {
		clr.ThrowRange("Specified argument was out of the range of valid values.", "options")
	}
	limit := Limit
	if timeout != 0 && timeout != infiniteSpan {
		if timeout < 0 || timeout > clr.TimeSpan(1<<31)*clr.Millisecond {
			clr.ThrowRange("Specified argument was out of the range of valid values.", "matchTimeout")
		}
		limit = min(limit, time.Duration(timeout)*100)
	}
	checkSize(pattern)
	re, err := Compile(translate(pattern), options)
	if err != nil {
		throwParse(pattern, err)
	}
	re.MatchTimeout = limit
	return &Regex{re: re, pattern: pattern, options: options, timeout: limit, numbers: re.GetGroupNumbers()}
}

// Compile compiles a pattern of the engine within bounds of memory; a time limit
// is for the caller to set.
func Compile(pattern string, options Options) (*regexp2.Regexp, error) {
	setClock()
	return regexp2.Compile(pattern, regexp2.RegexOptions(options&passed), regexp2.OptionMaxBacktrackingStackSize(maxStack))
}

// TooLarge tells patterns that the compiler would need much stack or memory for.
func TooLarge(pattern string) bool { return len(pattern) > maxPattern || depth(pattern) > maxDepth }

// setClock makes the engine look at its limits often enough for the short ones that
// expressions have; by itself it does so every tenth of a second.
var setClock = sync.OnceFunc(func() { regexp2.SetTimeoutCheckPeriod(10 * time.Millisecond) })

// checkSize refuses patterns that the compiler would need much stack or memory
// for.
func checkSize(pattern string) {
	if TooLarge(pattern) {
		parseError(pattern, clr.Len(pattern), "The pattern is too large.")
	}
}

// depth is how deep brackets are nested, at most.
func depth(pattern string) int {
	most, n := 0, 0
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
		case '(', '[':
			n++
			most = max(most, n)
		case ')', ']':
			n = max(0, n-1)
		}
	}
	return most
}

func parseError(pattern string, at int, why string) {
	panic(&clr.Exception{Type: RegexParseException,
		Message: "Invalid pattern '" + pattern + "' at offset " + strconv.Itoa(at) + ". " + why})
}

// reasons are .NET's words for the errors of the engine.
var reasons = map[syntax.ErrorCode]string{
	syntax.ErrUnterminatedBracket:       "Unterminated [] set.",
	syntax.ErrMissingParen:              "Not enough )'s.",
	syntax.ErrUnexpectedParen:           "Too many )'s.",
	syntax.ErrInvalidRepeatOp:           "Nested quantifier.",
	syntax.ErrMissingRepeatArgument:     "Quantifier '*' following nothing.",
	syntax.ErrInvalidRepeatSize:         "Illegal {x,y} with x > y.",
	syntax.ErrUnterminatedComment:       "Unterminated (?#...) comment.",
	syntax.ErrUnrecognizedGrouping:      "Unrecognized grouping construct.",
	syntax.ErrInvalidGroupName:          "Invalid group name: Group names must begin with a word character.",
	syntax.ErrCapNumNotZero:             "Capture number cannot be zero.",
	syntax.ErrIllegalEndEscape:          "Illegal \\ at end of pattern.",
	syntax.ErrMalformedSlashP:           "Malformed \\p{X} character escape.",
	syntax.ErrIncompleteSlashP:          "Incomplete \\p{X} character escape.",
	syntax.ErrMissingControl:            "Missing control character.",
	syntax.ErrUnrecognizedControl:       "Unrecognized control character.",
	syntax.ErrTooFewHex:                 "Insufficient or invalid hexadecimal digits.",
	syntax.ErrMalformedNameRef:          "Malformed \\k<...> named back reference.",
	syntax.ErrSubtractionMustBeLast:     "A subtraction must be the last element in a character class.",
	syntax.ErrTooManyAlternates:         "Too many | in (?()|).",
	syntax.ErrConditionalExpression:     "Illegal conditional (?(...)) expression.",
	syntax.ErrCaptureGroupOutOfRange:    "Capture group numbers must be less than or equal to Int32.MaxValue.",
	syntax.ErrAlternationCantCapture:    "Alternation conditions do not capture and cannot be named.",
	syntax.ErrShorthandClassInCharRange: "Cannot include class in character range.",
	syntax.ErrBadClassInCharRange:       "Cannot include class in character range.",
}

func throwParse(pattern string, err error) {
	var e *syntax.Error
	if !errors.As(err, &e) {
		parseError(pattern, clr.Len(pattern), err.Error())
	}
	why := reasons[e.Code]
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i], _ = clr.String(a)
		if r, ok := a.(rune); ok {
			args[i] = string(r)
		} else if n, ok := a.(int); ok {
			args[i] = strconv.Itoa(n)
		}
	}
	if len(args) > 0 {
		switch e.Code {
		case syntax.ErrUnrecognizedEscape:
			why = "Unrecognized escape sequence \\" + args[0] + "."
		case syntax.ErrUndefinedBackRef:
			why = "Reference to undefined group number " + args[0] + "."
		case syntax.ErrUndefinedNameRef:
			why = "Reference to undefined group name '" + args[0] + "'."
		case syntax.ErrUnknownSlashP:
			why = "Unknown property '" + args[0] + "'."
		case syntax.ErrReversedCharRange:
			why = "[" + strings.Join(args, "-") + "] range in reverse order."
		}
	}
	if why == "" {
		why = strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	}
	parseError(pattern, clr.Len(pattern), why)
}

// String is Regex.ToString: the pattern.
func (r *Regex) String() string { return r.pattern }

// Options is Regex.Options.
func (r *Regex) Options() Options { return r.options }

// RightToLeft is Regex.RightToLeft.
func (r *Regex) RightToLeft() bool { return r.options&RightToLeft != 0 }

// MatchTimeout is Regex.MatchTimeout.
func (r *Regex) MatchTimeout() clr.TimeSpan { return clr.TimeSpan(r.timeout / 100) }

// GroupNumbers and GroupNames are GetGroupNumbers and GetGroupNames.
func (r *Regex) GroupNumbers() []int32 {
	out := make([]int32, len(r.numbers))
	for i, n := range r.numbers {
		out[i] = int32(n)
	}
	return out
}

func (r *Regex) GroupNames() []string { return r.re.GetGroupNames() }

// GroupNameFromNumber and GroupNumberFromName are the methods of those names.
func (r *Regex) GroupNameFromNumber(n int) string { return r.re.GroupNameFromNumber(n) }

func (r *Regex) GroupNumberFromName(name string) int { return r.re.GroupNumberFromName(name) }

// IsMatch is Regex.IsMatch(input).
func (r *Regex) IsMatch(input string) bool {
	ok, err := r.re.MatchString(input)
	r.check(input, err)
	return ok
}

func (r *Regex) check(input string, err error) {
	if err != nil {
		panic(&clr.Exception{Type: RegexMatchTimeoutException, Message: timedOut})
	}
}

// search is one operation over an input.
type search struct {
	r        *Regex
	text     *text
	deadline time.Time
}

func (r *Regex) search(input string) *search {
	return &search{r: r, text: newText(input), deadline: time.Now().Add(r.timeout)}
}

// find is the match numbered by prev's successor, or the first from unit start.
func (s *search) find(prev *regexp2.Match, start int) *Match {
	var (
		m   *regexp2.Match
		err error
	)
	if prev != nil {
		if time.Now().After(s.deadline) {
			err = errLate
		} else {
			m, err = s.r.re.FindNextMatch(prev)
		}
	} else {
		m, err = s.r.re.FindRunesMatchStartingAt(s.text.runes, start)
	}
	s.r.check(s.text.s, err)
	return s.match(m)
}

var errLate = errors.New("late")

// from is the rune index of unit start, which must lie within the input.
func (s *search) from(start int) int {
	if start < 0 || start > s.text.unitLen() {
		clr.ThrowRange("Start index cannot be less than 0 or greater than input length.", "startat")
	}
	return s.text.runeAt(start)
}

// beginning is where a search of the whole input starts.
func (s *search) beginning() int {
	if s.r.RightToLeft() {
		return len(s.text.runes)
	}
	return 0
}

// Match is Regex.Match(input).
func (r *Regex) Match(input string) *Match {
	s := r.search(input)
	return s.find(nil, s.beginning())
}

// MatchAt is Regex.Match(input, startat).
func (r *Regex) MatchAt(input string, start int) *Match {
	s := r.search(input)
	return s.find(nil, s.from(start))
}

// IsMatchAt is Regex.IsMatch(input, startat).
func (r *Regex) IsMatchAt(input string, start int) bool { return r.MatchAt(input, start).Success() }

// Matches is Regex.Matches(input).
func (r *Regex) Matches(input string) []*Match {
	var out []*Match
	s := r.search(input)
	s.each(s.beginning(), func(m *Match) bool { out = append(out, m); return true })
	return out
}

// MatchesAt is Regex.Matches(input, startat).
func (r *Regex) MatchesAt(input string, start int) []*Match {
	var out []*Match
	s := r.search(input)
	s.each(s.from(start), func(m *Match) bool { out = append(out, m); return true })
	return out
}

func (s *search) each(start int, f func(*Match) bool) {
	for m := s.find(nil, start); m.Success() && f(m); m = s.find(m.found, 0) {
	}
}

// Split is Regex.Split(input, count): captured groups are parts of their own. A
// count of zero means all.
func (r *Regex) Split(input string, count int) []string {
	if count < 0 {
		clr.ThrowRange("Count cannot be less than -1.", "count")
	}
	if count == 1 {
		return []string{input}
	}
	var out []string
	s := r.search(input)
	t := s.text
	at := s.beginning()
	s.each(at, func(m *Match) bool {
		if r.RightToLeft() {
			out = append(out, t.slice(m.at+m.n, at))
			at = m.at
		} else {
			out = append(out, t.slice(at, m.at))
			at = m.at + m.n
		}
		for _, g := range m.Groups()[1:] {
			if g.Success() {
				out = append(out, g.Value())
			}
		}
		count--
		return count != 1
	})
	if len(out) == 0 {
		return []string{input}
	}
	if !r.RightToLeft() {
		return append(out, t.slice(at, len(t.runes)))
	}
	out = append(out, t.slice(0, at))
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// All as count of Replace means: every match.
const All = -1

// Replace is Regex.Replace(input, replacement, count).
func (r *Regex) Replace(input, replacement string, count int) string {
	parts := r.parseReplacement(replacement)
	return r.ReplaceFunc(input, func(m *Match) string { return m.expand(parts) }, count)
}

// ReplaceFunc is Regex.Replace(input, evaluator, count).
func (r *Regex) ReplaceFunc(input string, f func(*Match) string, count int) string {
	if count < All {
		clr.ThrowRange("Count cannot be less than -1.", "count")
	}
	if count == 0 {
		return input
	}
	var parts []string
	s := r.search(input)
	t := s.text
	at := s.beginning()
	s.each(at, func(m *Match) bool {
		if r.RightToLeft() {
			parts = append(parts, t.slice(m.at+m.n, at), f(m))
			at = m.at
		} else {
			parts = append(parts, t.slice(at, m.at), f(m))
			at = m.at + m.n
		}
		count--
		return count != 0
	})
	if parts == nil {
		return input
	}
	if r.RightToLeft() {
		parts = append(parts, t.slice(0, at))
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
	} else {
		parts = append(parts, t.slice(at, len(t.runes)))
	}
	return clr.Concat(parts...)
}

// text is an input as the engine reads it: code points. Where all are ASCII,
// positions in bytes, code points and UTF-16 units are the same.
type text struct {
	s       string
	runes   []rune
	offsets []int32 // byte offset of every rune, and of the end; nil for ASCII
	units   []int32 // UTF-16 index of every rune, and of the end; nil for ASCII
}

func newText(s string) *text {
	t := &text{s: s, runes: make([]rune, 0, len(s))}
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			t.decode()
			return t
		}
		t.runes = append(t.runes, rune(s[i]))
	}
	return t
}

func (t *text) decode() {
	t.runes = t.runes[:0]
	t.offsets = make([]int32, 0, len(t.s)+1)
	t.units = make([]int32, 0, len(t.s)+1)
	unit := int32(0)
	for i := 0; i < len(t.s); {
		r, size := utf8.DecodeRuneInString(t.s[i:])
		if r == utf8.RuneError && size == 1 && i+3 <= len(t.s) {
			if c := clr.Chars(t.s[i : i+3]); len(c) == 1 && c[0].IsSurrogate() {
				r, size = rune(c[0]), 3
			}
		}
		t.offsets = append(t.offsets, int32(i))
		t.units = append(t.units, unit)
		t.runes = append(t.runes, r)
		i += size
		if unit++; r > 0xFFFF {
			unit++
		}
	}
	t.offsets = append(t.offsets, int32(len(t.s)))
	t.units = append(t.units, unit)
}

// slice is the text of runes [i, j).
func (t *text) slice(i, j int) string {
	if t.offsets == nil {
		return t.s[i:j]
	}
	return t.s[t.offsets[i]:t.offsets[j]]
}

// unit is the UTF-16 index of rune i.
func (t *text) unit(i int) int {
	if t.offsets == nil {
		return i
	}
	return int(t.units[i])
}

func (t *text) unitLen() int { return t.unit(len(t.runes)) }

// runeAt is the rune at a UTF-16 index.
func (t *text) runeAt(unit int) int {
	if t.offsets == nil {
		return unit
	}
	i, _ := slices.BinarySearch(t.units, int32(unit))
	return i
}

// Cache keeps compiled patterns for the static methods of Regex, which .NET
// caches too. It is safe for concurrent use.
type Cache struct {
	mu   sync.Mutex
	most int
	kept map[cacheKey]*Regex
}

type cacheKey struct {
	pattern string
	options Options
	timeout clr.TimeSpan
}

// NewCache makes a cache of at most most patterns.
func NewCache(most int) *Cache { return &Cache{most: most, kept: map[cacheKey]*Regex{}} }

// Get is New, or the Regex made before.
func (c *Cache) Get(pattern string, options Options, timeout clr.TimeSpan) *Regex {
	k := cacheKey{pattern, options, timeout}
	c.mu.Lock()
	r := c.kept[k]
	c.mu.Unlock()
	if r != nil {
		return r
	}
	r = New(pattern, options, timeout)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) >= c.most {
		for old := range c.kept { // any of them
			delete(c.kept, old)
			break
		}
	}
	c.kept[k] = r
	return r
}
