package maptest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dray-sync/dray/adapters/record"
)

// width is how long a line may become before a value gets lines of its own.
const width = 110

// fits reports whether text may follow what is on the line.
func fits(before []byte, text string) bool {
	return utf8.RuneCount(before)+utf8.RuneCountInString(text) <= width
}

// isFull reports whether a value is a list or object that holds something.
func isFull(v record.Value) bool {
	return (v.Kind() == record.Object || v.Kind() == record.List) && v.Len() > 0
}

// plainText matches texts that every YAML reader takes as texts without quotes, in brackets too.
var plainText = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./@+-]*( [A-Za-z0-9_./@+-]+)*$`)

// reserved are words that some YAML readers take for something else.
var reserved = []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"}

// scalarText returns how a value that is neither list nor object is written in YAML.
func scalarText(v record.Value) string {
	if v.Kind() == record.String {
		return nameText(v.Text())
	}
	return string(v.AppendJSON(nil))
}

// nameText returns how a text is written in YAML.
func nameText(s string) string {
	if plainText.MatchString(s) && !slices.Contains(reserved, strings.ToLower(s)) {
		return s
	}
	quoted := string(record.AppendJSONString(nil, s))
	if !strings.ContainsFunc(quoted, unprintable) {
		return quoted
	}
	var b strings.Builder
	for _, r := range quoted {
		if unprintable(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// unprintable reports whether YAML takes a character for the end of a line, or for none that a text may hold as it is. All of them are in
// the first plane.
func unprintable(r rune) bool {
	return (r >= 0x7f && r < 0xa0) || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff
}

// flowText returns a value in brackets, on one line.
func flowText(v record.Value) string {
	switch v.Kind() {
	case record.Object:
		parts := make([]string, v.Len())
		for i, name := range v.Names() {
			parts[i] = nameText(name) + ": " + flowText(v.Index(i))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case record.List:
		parts := make([]string, v.Len())
		for i, e := range v.Elements() {
			parts[i] = flowText(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return scalarText(v)
}

// blockText returns a list or object that holds something on lines of its own, each indented.
func blockText(v record.Value, indent int) string {
	var b strings.Builder
	margin := strings.Repeat(" ", indent)
	for i := range v.Len() {
		member := v.Index(i)
		head := margin + "- "
		if v.Kind() == record.Object {
			head = margin + nameText(v.Name(i)) + ": "
		}
		text := flowText(member)
		switch {
		case !isFull(member) || (v.Kind() == record.List && fits([]byte(head), text)):
			b.WriteString(head + text + "\n")
		case v.Kind() == record.Object:
			b.WriteString(strings.TrimRight(head, " ") + "\n" + blockText(member, indent+2))
		default:
			b.WriteString(head + strings.TrimLeft(blockText(member, indent+2), " "))
		}
	}
	return b.String()
}
