package source

import "strings"

// Nearest finds the candidate that a misspelt word most likely meant, for "did
// you mean": the one at the smallest edit distance, if that is small beside the
// word's length: a word of one or two letters is near to nothing but itself. Case
// alone counts nothing. It returns "" where none is near.
func Nearest(word string, candidates []string) string {
	best, bestDist := "", len(word)/3+1
	switch {
	case bestDist > 4:
		bestDist = 4
	case len(word) < 3:
		bestDist = 0
	}
	lower := strings.ToLower(word)
	for _, c := range candidates {
		d := distance(lower, strings.ToLower(c), bestDist)
		if d < bestDist || d == bestDist && (best == "" || c < best) {
			best, bestDist = c, d
		}
	}
	return best
}

// distance is the Damerau-Levenshtein distance (a swap of neighbours counts one),
// or limit+1 as soon as it must exceed limit.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	prev2 := make([]int, len(b)+1)
	prev := make([]int, len(b)+1)
	cur := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, prev2[j-2]+1)
			}
			cur[j] = d
			least = min(least, d)
		}
		if least > limit {
			return limit + 1
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
