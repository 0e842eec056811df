package plan

import (
	"slices"
	"strings"
)

// breadth says what another filter lets through.
type breadth int

const (
	other breadth = iota // nothing certain can be said
	wider
	narrower
)

// compareFilters compares two conditions by their parts: one that lost a condition joined by "and" lets more through. An empty filter
// lets everything through.
func compareFilters(before, after string) breadth {
	switch {
	case strings.TrimSpace(after) == "":
		return wider
	case strings.TrimSpace(before) == "":
		return narrower
	}
	b, a := conjuncts(before), conjuncts(after)
	switch {
	case subset(a, b):
		return wider
	case subset(b, a):
		return narrower
	}
	b, a = split(before, "or", "||"), split(after, "or", "||")
	switch {
	case subset(b, a):
		return wider
	case subset(a, b):
		return narrower
	}
	return other
}

// conjuncts splits a condition at its "and"s. One that also has an "or" outside of parentheses is whole: the or binds less.
func conjuncts(s string) []string {
	if len(split(s, "or", "||")) > 1 || strings.ContainsAny(s, "?;") {
		return []string{strings.TrimSpace(s)}
	}
	return split(s, "and", "&&")
}

// subset reports whether all of a are in b, and b has more.
func subset(a, b []string) bool {
	return len(a) < len(b) && !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(b, s) })
}

// split cuts a condition at an operator, outside of quotes and brackets.
func split(s, word, sign string) (parts []string) {
	depth, start, quote := 0, 0, byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0:
			if c == '\\' && quote != '`' {
				i++
			} else if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case depth == 0 && strings.HasPrefix(s[i:], sign):
			parts, start = append(parts, strings.TrimSpace(s[start:i])), i+len(sign)
			i = start - 1
		case depth == 0 && wordAt(s, i, word):
			parts, start = append(parts, strings.TrimSpace(s[start:i])), i+len(word)
			i = start - 1
		}
	}
	return append(parts, strings.TrimSpace(s[start:]))
}

// wordAt reports whether a word stands at i, by itself.
func wordAt(s string, i int, word string) bool {
	end := i + len(word)
	return strings.HasPrefix(s[i:], word) && (i == 0 || !inName(s[i-1])) && (end == len(s) || !inName(s[end]))
}

func inName(c byte) bool {
	return c == '_' || c == '.' || c == '$' || c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
}
