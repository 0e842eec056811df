package diag

import (
	"slices"
	"strings"
)

// Nearest returns the candidate most like name, or "" when none is near enough to be what was meant. One that differs only in case, - and
// _ comes first.
func Nearest(name string, candidates []string) string {
	if name == "" {
		return ""
	}
	for _, c := range candidates {
		if folded(c) == folded(name) {
			return c
		}
	}
	best, bestDistance := "", max(1, (len(name)+1)/3)+1
	for _, c := range candidates {
		if d := distance(name, c, bestDistance); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// Sure reports whether near, which is [Nearest] of name among candidates, is so much like it that it may be taken without asking: one
// slip of the hand apart or two in a long name, none of them in a digit, and no other candidate as near.
func Sure(name, near string, candidates []string) bool {
	const long = 8 // letters from which on two slips are one word still
	most := 1
	if len(name) >= long {
		most = 2
	}
	d := distance(name, near, most+1)
	if near != "" && folded(name) == folded(near) {
		return !slices.ContainsFunc(candidates, func(c string) bool { return c != near && folded(c) == folded(name) })
	}
	if near == "" || d > most || len(name) < 3 || digits(name) != digits(near) {
		return false
	}
	for _, c := range candidates {
		if c != near && distance(name, c, d+2) <= d {
			return false
		}
	}
	return true
}

// folded is a name without what people write differently: case, - and _.
func folded(s string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s))
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// distance is the number of insertions, deletions, replacements and swaps of neighbours between a and b (Damerau-Levenshtein,
// restricted), at most limit.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) >= limit || len(y)-len(x) >= limit {
		return limit
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(y)], limit)
}
