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
	if w := compareLists(b, a); w != other {
		return w
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

// compareLists compares conditions that differ in one, which asks in both whether the same value is in a list.
func compareLists(before, after []string) breadth {
	b, a := missing(before, after), missing(after, before)
	if len(b) != 1 || len(a) != 1 {
		return other
	}
	value, old, ok := membership(b[0])
	same, now, too := membership(a[0])
	switch {
	case !ok || !too || value != same:
		return other
	case subset(old, now):
		return wider
	case subset(now, old):
		return narrower
	default:
		return other
	}
}

// membership reads: VALUE in [ELEMENT, …].
func membership(condition string) (value string, elements []string, ok bool) {
	parts := split(condition, "in", "\x00")
	if len(parts) != 2 || strings.HasPrefix(parts[0], "not ") || strings.HasSuffix(parts[0], "not") || strings.HasPrefix(parts[0], "!") {
		return "", nil, false
	}
	list, opened := strings.CutPrefix(parts[1], "[")
	list, closed := strings.CutSuffix(list, "]")
	return parts[0], split(list, ",", ","), opened && closed
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
