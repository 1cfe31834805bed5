package script

import (
	"strings"

	"sekisho/engine/source"
)

// memberRange is where a member of a declaration stands in a module: the word of its
// name, at the nesting that its path says, after the word of the member around it.
// Without a path, or where the text does not show the member, it is the innermost one
// that is shown, in the end the words "export default", or the beginning.
//
// It reads words and brackets only; what computes its declaration is shown as a whole.
func memberRange(t *source.Text, path []string) source.Range {
	s := t.Content
	at := words(s)
	best := t.View().Range(0, min(len(s), 1))
	i := 0
	for ; i < len(at); i++ {
		if at[i].word == "export" && i+1 < len(at) && at[i+1].word == "default" {
			best = t.View().Range(at[i].start, at[i+1].start+len("default"))
			break
		}
	}
	if i == len(at) {
		return best
	}
	for i < len(at) && at[i].word != "{" {
		i++
	}
	for _, name := range path {
		if i >= len(at) || at[i].word != "{" {
			return best
		}
		depth := at[i].depth
		for i++; i < len(at) && at[i].depth > depth; i++ {
			if at[i].depth == depth+1 && at[i].word == name && at[i].key {
				break
			}
		}
		if i >= len(at) || at[i].word != name {
			return best
		}
		best = t.View().Range(at[i].start, at[i].end)
		i++
	}
	return best
}

// word is a word, the content of a string, or a brace. Its depth counts the brackets
// open before it; key means that a colon or a parenthesis follows.
type word struct {
	word       string
	start, end int
	depth      int
	key        bool
}

// words reads a text that scan has accepted. Slashes are taken for comments or nothing:
// a declaration holds few regular expressions before what is looked for.
func words(s string) []word {
	var out []word
	depth := 0
	follows := func(i int) bool {
		rest := strings.TrimLeft(s[i:], " \t\r\n")
		return rest != "" && (rest[0] == ':' || rest[0] == '(' || rest[0] == ',' || rest[0] == '}')
	}
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case strings.HasPrefix(s[i:], "//"):
			i = lineEnd(s, i)
		case strings.HasPrefix(s[i:], "/*"):
			end := strings.Index(s[i+2:], "*/")
			if end < 0 {
				return out
			}
			i += end + 4
		case c == '"' || c == '\'' || c == '`':
			end := i + 1
			for end < len(s) && s[end] != c {
				if s[end] == '\\' {
					end++
				}
				end++
			}
			end = min(end, len(s))
			after := min(end+1, len(s))
			out = append(out, word{s[i+1 : max(end, i+1)], i, after, depth, follows(after)})
			i = after
		case c == '{' || c == '(' || c == '[':
			if c == '{' {
				out = append(out, word{"{", i, i + 1, depth, false})
			}
			depth++
			i++
		case c == '}' || c == ')' || c == ']':
			depth--
			i++
		case isWord(c):
			end := i
			for end < len(s) && isWord(s[end]) {
				end++
			}
			out = append(out, word{s[i:end], i, end, depth, follows(end)})
			i = end
		default:
			i++
		}
	}
	return out
}
