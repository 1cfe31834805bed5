package script

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of source text. goja's parser and esbuild's recurse once for each level of
// nesting and each operator of a chain, and their compilers again.
const (
	maxSource  = 1 << 20 // bytes of one file or expression
	maxNesting = 1000    // brackets open at once
	maxChain   = 10_000  // operators between two ends of statements or elements
	maxRegexp  = 8192    // bytes of a regular expression
	maxGroups  = 200     // groups open at once in a regular expression
)

// problem is why Scan refuses a text: what is at offset at is not acceptable.
type problem struct {
	at, end int
	message string
	hint    string
}

// scan measures JavaScript or TypeScript text without recursion, in time linear in
// its length, and refuses what would endanger a parser that recurses. It also refuses
// what would compile and do something else than it says: \p{…} in regular
// expressions, and integers with a suffix n.
//
// For that it must always know where texts, comments and regular expressions begin
// and end, exactly as the parsers do. Whether a slash divides or begins a regular
// expression is told by what stands before it; at the few places where only a parser
// can know, after a closing brace say, a slash is refused.
func scan(s string) *problem {
	if len(s) > maxSource {
		return &problem{0, 0, fmt.Sprintf("the text has %d bytes; at most %d are allowed", len(s), maxSource), ""}
	}
	sc := scanner{s: s, slash: true}
	return sc.run()
}

type bracket struct {
	open  byte
	block bool // a brace that ends a statement
	// control: a slash after the closing parenthesis begins a regular expression.
	control bool
	chain   int // of the enclosing level when it opened
	at      int
}

type scanner struct {
	s     string
	i     int
	stack []bracket
	chain int
	// What the last token says about the next one: slash, that a slash begins a
	// regular expression; unsure, that only a parser knows; control, that it was if,
	// while, for or with; operand, that it ended an operand; closer, that it was a
	// closing parenthesis or else; dot, that a name of a member follows.
	slash, unsure, control, operand, closer, dot bool
	newline                                      bool // since the last token
}

func (sc *scanner) run() *problem {
	s := sc.s
	for sc.i < len(s) {
		c := s[sc.i]
		var p *problem
		switch {
		case c >= 0x80 && sc.space():
			continue
		case c == '\n' || c == '\r':
			sc.newline = true
			sc.i++
			continue
		case c == ' ' || c == '\t' || c == '\v' || c == '\f':
			sc.i++
			continue
		case c == '/' && strings.HasPrefix(s[sc.i:], "//"):
			sc.i = lineEnd(s, sc.i)
			continue
		case c == '/' && strings.HasPrefix(s[sc.i:], "/*"):
			if p = sc.blockComment(); p != nil {
				return p
			}
			continue
		case c == '<' && strings.HasPrefix(s[sc.i:], "<!--"), c == '-' && sc.newline && strings.HasPrefix(s[sc.i:], "-->"):
			return &problem{sc.i, sc.i + 3, "comments of HTML are not allowed", ""}
		case c == '/' && sc.unsure:
			return &problem{sc.i, sc.i + 1, "only a parser can tell whether this slash divides or begins a regular expression", "put a semicolon or parentheses before it"}
		case c == '"' || c == '\'':
			sc.boundary()
			p = sc.quoted()
		case c == '`':
			sc.boundary()
			sc.i++
			p = sc.template()
		case c == '/' && sc.slash:
			sc.boundary()
			p = sc.regexp()
		case isDigit(c) || c == '.' && sc.i+1 < len(s) && isDigit(s[sc.i+1]):
			sc.boundary()
			p = sc.number()
		case isWord(c):
			p = sc.word()
		case c == '(' || c == '[' || c == '{':
			p = sc.open(c)
		case c == ')' || c == ']' || c == '}':
			p = sc.close(c)
		default:
			sc.operator(c)
		}
		if p != nil {
			return p
		}
		if sc.chain > maxChain {
			return &problem{sc.i - 1, sc.i, fmt.Sprintf("more than %d operators follow one another in one statement", maxChain), "split it into several statements"}
		}
		sc.newline = false
	}
	if n := len(sc.stack); n > 0 {
		b := sc.stack[n-1]
		return &problem{b.at, b.at + 1, fmt.Sprintf("%q is not closed", string(b.open)), ""}
	}
	return nil
}

// after says what the token just read was.
func (sc *scanner) after(slash, operand bool) {
	sc.slash, sc.operand = slash, operand
	sc.unsure, sc.control, sc.closer, sc.dot = false, false, false, false
}

// boundary ends the chain where two operands follow each other on different lines:
// no expression goes on there.
func (sc *scanner) boundary() {
	if sc.newline && sc.operand && !sc.closer {
		sc.chain = 0
	}
}

// space passes white space outside of ASCII.
func (sc *scanner) space() bool {
	r, n := utf8.DecodeRuneInString(sc.s[sc.i:])
	switch {
	case r == '\u2028' || r == '\u2029':
		sc.newline = true
	case r != '\uFEFF' && !unicode.Is(unicode.Zs, r):
		return false
	}
	sc.i += n
	return true
}

// lineEnd is where the line of s[i] ends, as JavaScript counts lines.
func lineEnd(s string, i int) int {
	for ; i < len(s); i++ {
		if s[i] == '\n' || s[i] == '\r' || s[i] == 0xE2 && (strings.HasPrefix(s[i:], "\u2028") || strings.HasPrefix(s[i:], "\u2029")) {
			break
		}
	}
	return i
}

func (sc *scanner) operator(c byte) {
	prev := byte(0)
	if sc.i > 0 {
		prev = sc.s[sc.i-1]
	}
	next := byte(0)
	if sc.i+1 < len(sc.s) {
		next = sc.s[sc.i+1]
	}
	sc.i++
	if c == ';' || c == ',' {
		sc.chain = 0
	} else {
		sc.chain++
	}
	switch {
	case (c == '+' || c == '-') && next == c:
		// x++ / y divides, ++/y/.z does not. After a line end it may be either.
		sc.i++
		newline := sc.newline
		operand := sc.operand
		sc.after(!operand, operand)
		sc.unsure = operand && newline
	case c == '!' && sc.operand && next != '=', c == '>' && prev != '=':
		// TypeScript: a! / b, and the end of type arguments.
		sc.after(true, false)
		sc.unsure = true
	case c == '.':
		sc.after(true, false)
		sc.dot = true
	default:
		sc.after(true, false)
	}
}

func (sc *scanner) word() *problem {
	start := sc.i
	for sc.i < len(sc.s) && isWord(sc.s[sc.i]) {
		if sc.s[sc.i] >= 0x80 {
			at := sc.i
			if sc.space() {
				sc.i = at
				break
			}
			_, n := utf8.DecodeRuneInString(sc.s[at:])
			sc.i += n
			continue
		}
		sc.i++
	}
	w := sc.s[start:sc.i]
	if sc.dot {
		sc.after(false, true)
		return nil
	}
	switch w {
	case "await":
		if sc.control { // for await (
			return nil
		}
		fallthrough
	case "return", "typeof", "case", "delete", "void", "throw", "new", "do", "yield":
		sc.boundary()
		sc.chain++
		sc.after(true, false)
	case "in", "instanceof", "else", "extends":
		sc.chain++
		sc.after(true, false)
		sc.closer = w == "else"
	case "of":
		sc.chain++
		sc.after(false, true)
		sc.unsure = true
	case "if", "while", "for", "with":
		sc.boundary()
		sc.chain++
		sc.after(false, false)
		sc.control, sc.closer = true, true
	default:
		sc.boundary()
		sc.after(false, true)
	}
	return nil
}

func (sc *scanner) open(c byte) *problem {
	b := bracket{open: c, control: sc.control, chain: sc.chain + 1, at: sc.i}
	// An object literal stands where an operand may; other braces are blocks, and an
	// arrow function's body ends like one.
	b.block = c == '{' && (sc.operand || sc.closer || sc.i >= 2 && sc.s[sc.i-1] == '>')
	sc.i++
	return sc.push(b)
}

func (sc *scanner) push(b bracket) *problem {
	if len(sc.stack) == maxNesting {
		return &problem{b.at, b.at + 1, fmt.Sprintf("more than %d brackets are open here", maxNesting), ""}
	}
	sc.stack = append(sc.stack, b)
	sc.chain = 0
	if b.chain > maxChain {
		sc.chain = b.chain
	}
	sc.after(true, false)
	return nil
}

func (sc *scanner) close(c byte) *problem {
	n := len(sc.stack)
	if n == 0 {
		return &problem{sc.i, sc.i + 1, fmt.Sprintf("unexpected %q: no bracket is open", string(c)), ""}
	}
	b := sc.stack[n-1]
	if want := closing(b.open); c != want {
		return &problem{sc.i, sc.i + 1, fmt.Sprintf("unexpected %q, expected %q", string(c), string(want)), ""}
	}
	sc.i++
	sc.stack = sc.stack[:n-1]
	sc.chain = b.chain
	if b.open == '`' {
		return sc.template()
	}
	if b.block && !sc.followedBy("else") && !sc.followedBy("while") {
		sc.chain = 0
	}
	sc.after(b.control, true)
	sc.closer = c == ')'
	sc.unsure = c == '}'
	return nil
}

func (sc *scanner) followedBy(word string) bool {
	rest := sc.s[sc.i:]
	for i := 0; i < len(rest) && i < 64; i++ {
		if rest[i] > ' ' {
			return strings.HasPrefix(rest[i:], word)
		}
	}
	return false
}

func closing(open byte) byte {
	switch open {
	case '(':
		return ')'
	case '[':
		return ']'
	}
	return '}'
}

func (sc *scanner) blockComment() *problem {
	n := strings.Index(sc.s[sc.i+2:], "*/")
	if n < 0 {
		return &problem{sc.i, sc.i + 2, "the comment is not closed", ""}
	}
	end := sc.i + 2 + n + 2
	if c := sc.s[sc.i:end]; strings.ContainsAny(c, "\n\r\u2028\u2029") {
		sc.newline = true
	}
	sc.i = end
	return nil
}

func (sc *scanner) quoted() *problem {
	start := sc.i
	quote := sc.s[sc.i]
	for sc.i++; sc.i < len(sc.s); sc.i++ {
		switch sc.s[sc.i] {
		case '\\':
			sc.i++
			if strings.HasPrefix(sc.s[sc.i:], "\r\n") {
				sc.i++
			}
		case quote:
			sc.i++
			sc.after(false, true)
			return nil
		case '\n', '\r':
			return &problem{start, start + 1, "the string does not end on its line", ""}
		}
	}
	return &problem{start, start + 1, "the string is not closed", ""}
}

// template passes the text of a template up to its end or its next hole.
func (sc *scanner) template() *problem {
	start := sc.i - 1
	for ; sc.i < len(sc.s); sc.i++ {
		switch sc.s[sc.i] {
		case '\\':
			sc.i++
		case '`':
			sc.i++
			sc.after(false, true)
			return nil
		case '$':
			if sc.i+1 < len(sc.s) && sc.s[sc.i+1] == '{' {
				b := bracket{open: '`', chain: sc.chain + 1, at: sc.i}
				sc.i += 2
				return sc.push(b)
			}
		}
	}
	return &problem{start, start + 1, "the template is not closed", ""}
}

func (sc *scanner) regexp() *problem {
	start := sc.i
	end := lineEnd(sc.s, start)
	set := false
	for sc.i++; sc.i < end; sc.i++ {
		switch sc.s[sc.i] {
		case '\\':
			sc.i++
		case '[':
			set = true
		case ']':
			set = false
		case '/':
			if set {
				continue
			}
			sc.i++
			flags := sc.i
			for sc.i < len(sc.s) && sc.s[sc.i] < 0x80 && isWord(sc.s[sc.i]) {
				sc.i++
			}
			if msg := checkPattern(sc.s[start+1:flags-1], sc.s[flags:sc.i]); msg != "" {
				return &problem{start, sc.i, msg, ""}
			}
			sc.after(false, true)
			return nil
		}
	}
	return &problem{start, start + 1, "the regular expression is not closed", ""}
}

// checkPattern says why a regular expression is refused, "" if it is not.
func checkPattern(pattern, flags string) string {
	if len(pattern) > maxRegexp {
		return fmt.Sprintf("the regular expression has %d bytes; at most %d are allowed", len(pattern), maxRegexp)
	}
	depth := 0
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
			if i < len(pattern) && (pattern[i] == 'p' || pattern[i] == 'P') && strings.Contains(flags, "u") {
				return `\p{…} is not supported in regular expressions here`
			}
		case '(', '[':
			if depth++; depth > maxGroups {
				return fmt.Sprintf("the regular expression nests more than %d groups", maxGroups)
			}
		case ')', ']':
			depth = max(depth-1, 0)
		}
	}
	if weight(pattern) > maxWeight {
		return "the regular expression repeats too much"
	}
	return ""
}

// weight estimates from above how many steps a regular expression has: how many states
// a matcher may have to follow at each character. Repetitions with bounds are written
// out by the matcher, a{2,5} as five.
func weight(pattern string) int {
	const enough = 1 << 30
	var open []int // what stands before each open group
	total, last := 0, 0
	for i := 0; i < len(pattern) && total < enough; i++ {
		switch c := pattern[i]; c {
		case '\\':
			i++
			total, last = total+1, 1
		case '[':
			for i++; i < len(pattern) && pattern[i] != ']'; i++ {
				if pattern[i] == '\\' {
					i++
				}
			}
			total, last = total+1, 1
		case '(':
			open = append(open, total)
			total++
		case ')':
			if n := len(open); n > 0 {
				last = total - open[n-1]
				open = open[:n-1]
			}
		case '{':
			end := strings.IndexByte(pattern[i:], '}')
			times, bounded := 0, false
			if end > 0 {
				times, bounded = repetitions(pattern[i+1 : i+end])
			}
			if !bounded {
				total, last = total+1, 1
				continue
			}
			i += end
			total += last * max(times-1, 1)
			last *= max(times, 1)
		case '|', '*', '+', '?':
			total++
		default:
			total, last = total+1, 1
		}
	}
	return total
}

// repetitions is the greater number of "2", "2," and "2,5".
func repetitions(s string) (n int, ok bool) {
	low, high, _ := strings.Cut(s, ",")
	for _, part := range []string{low, high} {
		k := 0
		for _, c := range []byte(part) {
			if !isDigit(c) {
				return 0, false
			}
			k = min(k*10+int(c-'0'), 1<<20)
		}
		n = max(n, k)
	}
	return n, low != ""
}

func (sc *scanner) number() *problem {
	start := sc.i
	for sc.i < len(sc.s) && (sc.s[sc.i] < 0x80 && isWord(sc.s[sc.i]) || sc.s[sc.i] == '.') {
		sc.i++
	}
	sc.after(false, true)
	if w := sc.s[start:sc.i]; strings.HasSuffix(w, "n") && strings.Trim(w[:len(w)-1], "0123456789_abcdefABCDEFxXoO") == "" {
		return &problem{start, sc.i, "big integers are not available here", "their operations cannot be bounded in time; use numbers or strings"}
	}
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '_' || c == '$' || c == '#' || c == '@' || c >= 0x80
}
