package liquid

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"sekisho/engine/dotnet/clr"

	"github.com/dlclark/regexp2/v2"
)

// filter is one filter: least and most are how many arguments it takes.
type filter struct {
	name        string
	least, most int
	apply       func(c *call) (any, error)
	// prepare checks literal arguments, and compiles them, at load.
	prepare func(f *filterCall) error
}

// filterCall is one use of a filter.
type filterCall struct {
	filter *filter
	args   []expr
	regex  *regexp2.Regexp // of a literal pattern
}

// call is one run of a filterCall.
type call struct {
	r    *renderer
	of   *filterCall
	in   any
	args []any
}

func (f *filterCall) apply(r *renderer, in any) (any, error) {
	if err := r.tick(); err != nil {
		return nil, err
	}
	c := call{r: r, of: f, in: in}
	if len(f.args) > 0 {
		c.args = make([]any, len(f.args))
		for i, a := range f.args {
			v, err := a.eval(r)
			if err != nil {
				return nil, err
			}
			c.args[i] = plain(open(v))
		}
	}
	var out any
	var err error
	if thrown := clr.Try(func() { out, err = f.filter.apply(&c) }); thrown != nil {
		err = thrown
	}
	if err != nil {
		var limit *LimitError
		if errors.As(err, &limit) {
			return nil, err
		}
		return nil, fmt.Errorf("the Liquid filter %s failed: %w", f.filter.name, err)
	}
	switch v := out.(type) {
	case string:
		err = r.pay(len(v))
	case []any:
		err = r.pay(16 * len(v))
	}
	return out, err
}

// text is the input as a string; null is "".
func (c *call) text() (string, error) { return c.r.text(c.in) }

// str is an argument as a string, or what stands for an absent one.
func (c *call) str(i int, absent string) string {
	if i >= len(c.args) {
		return absent
	}
	s, _ := c.r.text(c.args[i])
	return s
}

// int is an argument as a whole number.
func (c *call) int(i, absent int) (int, error) {
	if i >= len(c.args) || c.args[i] == nil {
		return absent, nil
	}
	n, ok := toInt(c.args[i])
	if !ok {
		return 0, fmt.Errorf("argument %d is not a whole number", i+1)
	}
	return n, nil
}

// findFilter finds a filter by any of its names.
func findFilter(name string) *filter { return filtersByName()[canonical(name)] }

func canonical(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

var filtersByName = sync.OnceValue(func() map[string]*filter {
	m := make(map[string]*filter, len(filters))
	for i := range filters {
		m[canonical(filters[i].name)] = &filters[i]
	}
	return m
})

func filterNames() []string {
	out := make([]string, len(filters))
	for i := range filters {
		out[i] = filters[i].name
	}
	return out
}

// onText makes a filter of a function of strings; null stays null.
func onText(name string, f func(s string) string) filter {
	return filter{name: name, apply: func(c *call) (any, error) {
		if c.in == nil {
			return nil, nil
		}
		s, err := c.text()
		if err != nil {
			return nil, err
		}
		// What a filter makes of a text is at most a few times as long.
		if err := c.r.pay(len(s)); err != nil {
			return nil, err
		}
		return f(s), nil
	}}
}

// withText makes a filter of a function of strings with arguments; null stays null.
func withText(name string, least, most int, f func(s string, c *call) (any, error)) filter {
	return filter{name: name, least: least, most: most, apply: func(c *call) (any, error) {
		if c.in == nil {
			return nil, nil
		}
		s, err := c.text()
		if err != nil {
			return nil, err
		}
		return f(s, c)
	}}
}

// onList makes a filter of a function of lists. What is not a list is one item.
func onList(name string, least, most int, f func(list []any, c *call) (any, error)) filter {
	return filter{name: name, least: least, most: most, apply: func(c *call) (any, error) {
		l, err := c.list()
		if err != nil || c.in == nil {
			return nil, err
		}
		return f(l, c)
	}}
}

func (c *call) list() ([]any, error) {
	switch v := open(c.in).(type) {
	case nil:
		return nil, nil
	case []any, *numbers, dict, *element:
		return c.r.items(v, true)
	default:
		return []any{v}, nil
	}
}

// arithmetic makes a filter of two numbers. Whole numbers stay whole; null with
// anything is null.
func arithmetic(name string, whole func(a, b int64) (int64, bool), real func(a, b clr.Decimal) clr.Decimal) filter {
	return filter{name: name, least: 1, most: 1, apply: func(c *call) (any, error) {
		in := plain(open(c.in))
		if in == nil || c.args[0] == nil {
			return nil, nil
		}
		x, ok1 := asNumber(in)
		y, ok2 := asNumber(c.args[0])
		if !ok1 || !ok2 {
			return nil, errors.New("it wants numbers")
		}
		if isInteger(x) && isInteger(y) {
			a, b := toInt64(x), toInt64(y)
			if whole == nil || b == 0 && (name == "DividedBy" || name == "Modulo") {
				return nil, errors.New("division by zero")
			}
			if n, ok := whole(a, b); ok {
				return integer(n), nil
			}
			return nil, errors.New("the result is too large")
		}
		a, ok1 := toDecimal(x)
		b, ok2 := toDecimal(y)
		if !ok1 || !ok2 {
			return nil, errors.New("the number is too large")
		}
		return real(a, b), nil
	}}
}

// asNumber is a value that is a number, or a string that says one.
func asNumber(v any) (any, bool) {
	if isNumber(v) {
		return v, true
	}
	if s, ok := v.(string); ok {
		if n, ok := clr.TryParseInteger[int64](s, clr.StyleInteger); ok {
			return integer(n), true
		}
		if d, ok := toDecimal(s); ok {
			return d, true
		}
		return nil, false
	}
	return opaqueNumber(v)
}

func toInt64(v any) int64 {
	if n, ok := v.(int32); ok {
		return int64(n)
	}
	return v.(int64)
}

// regexTimeout bounds one use of a pattern that a template gives.
const regexTimeout = time.Second

func compileRegex(pattern string) (*regexp2.Regexp, error) {
	re, err := regexp2.Compile(pattern)
	if err != nil {
		return nil, fmt.Errorf("%q is not a regular expression: %w", pattern, err)
	}
	re.MatchTimeout = regexTimeout
	return re, nil
}

// prepareRegex compiles a literal pattern at load.
func prepareRegex(f *filterCall) error {
	l, ok := f.args[0].(literal)
	if !ok {
		return nil
	}
	re, err := compileRegex(scalar(l.v))
	f.regex = re
	return err
}

func (c *call) regex() (*regexp2.Regexp, error) {
	if c.of.regex != nil {
		return c.of.regex, nil
	}
	return compileRegex(c.str(0, ""))
}

// replaceAll replaces what the pattern finds, with substitutions. It stops when the
// result would be more than may be made.
func replaceAll(c *call, s string) (any, error) {
	re, err := c.regex()
	if err != nil || s == "" {
		return s, err
	}
	with := c.str(1, "")
	// A substitution may be as long as the input for every match.
	n := 0
	for m, err := re.FindStringMatch(s); m != nil || err != nil; m, err = re.FindNextMatch(m) {
		if err != nil {
			return nil, err
		}
		n++
		grown := len(with)
		if strings.Contains(with, "$") {
			grown = len(with) * (1 + m.RuneLength*4)
			if strings.ContainsAny(with, "`'_") {
				grown = len(with) * (1 + len(s))
			}
		}
		if err := c.r.pay(grown); err != nil {
			return nil, err
		}
		if n&0xff == 0 {
			if err := c.r.checkTime(); err != nil {
				return nil, err
			}
		}
	}
	if n == 0 {
		return s, nil
	}
	return re.Replace(s, with, -1, -1)
}

func replaceFirst(c *call, s, with string) (any, error) {
	re, err := c.regex()
	if err != nil {
		return nil, err
	}
	m, err := re.FindStringMatch(s)
	if err != nil || m == nil {
		return s, err
	}
	at, length := m.ByteRange()
	return s[:at] + with + s[at+length:], nil
}

// sorted sorts a copy; what has no order keeps its place, null goes first.
func sorted(l []any, key func(v any) any) []any {
	out := slices.Clone(l)
	slices.SortStableFunc(out, func(a, b any) int {
		x, y := key(a), key(b)
		switch {
		case x == nil && y == nil:
			return 0
		case x == nil:
			return -1
		case y == nil:
			return 1
		}
		c, _ := compare(x, y)
		return c
	})
	return out
}

func addChecked(a, b int64) (int64, bool) {
	s := a + b
	return s, (s > a) == (b > 0)
}

func mulChecked(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	p := a * b
	return p, p/b == a && !(a == -1 && b == math.MinInt64) && !(b == -1 && a == math.MinInt64)
}
