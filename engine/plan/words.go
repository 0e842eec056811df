package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// longest is how many characters of a value are shown.
const longest = 160

// none is how a value that is not there is written.
const none = "(none)"

// valueWords writes a value as the format writes it: strings bare where they can be, objects and lists in flow style.
func valueWords(v json.RawMessage) string { return flowWords(decode(v), false) }

func flowWords(v any, inside bool) string {
	switch v := v.(type) {
	case nil:
		if inside {
			return "null"
		}
		return none
	case string:
		return stringWords(v, inside)
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, stringWords(k, true)+": "+flowWords(v[k], true))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = flowWords(e, true)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		return string(text(v))
	}
}

// stringWords quotes a string where it could be taken for something else.
func stringWords(s string, inside bool) string {
	odd := func(r rune) bool { return r < ' ' || (inside && strings.ContainsRune(`,:{}[]`, r)) }
	if s == "" || s != strings.TrimSpace(s) || s == none || strings.ContainsFunc(s, odd) || strings.ContainsRune(`"'`, rune(s[0])) || isScalar(s) {
		return string(text(s))
	}
	return s
}

// isScalar reports whether a bare text would be a number, a truth or null.
func isScalar(s string) bool {
	return json.Valid([]byte(s)) && s[0] != '{' && s[0] != '['
}

// pairWords writes a value before and after. Of long ones it shows where they differ, so that no difference hides behind the cut.
func pairWords(before, after json.RawMessage) (b, a string) {
	b, a = valueWords(before), valueWords(after)
	if utf8.RuneCountInString(b) <= longest && utf8.RuneCountInString(a) <= longest {
		return b, a
	}
	br, ar := []rune(b), []rune(a)
	same := 0
	for same < min(len(br), len(ar)) && br[same] == ar[same] {
		same++
	}
	const context = 20
	start := max(0, same-context)
	return window(br, start), window(ar, start)
}

// window shows a part of a long text, and how much more there is.
func window(text []rune, start int) string {
	start = min(start, len(text))
	end := min(len(text), start+longest)
	s := string(text[start:end])
	if start > 0 {
		s = "…" + s
	}
	if n := len(text) - end; n > 0 {
		s += fmt.Sprintf("… (%d more characters)", n)
	}
	return s
}
