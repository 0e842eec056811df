package format

import (
	"regexp"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/config"
)

// scalarText returns a scalar of one line, quoted where that is safer.
func scalarText(n *node, t *config.Type, inFlow bool) string {
	if t != nil && (t.Name == "Expression" || t.Name == "Condition") {
		return expression(n)
	}
	if n.style == plain && misread(n.text) && (t == nil || t.Any || slices.Contains(t.Kinds, config.String)) {
		return `"` + n.text + `"`
	}
	return n.text
}

// unsafe are the characters by which YAML cuts or bends a text without quotes, now or once somebody goes on writing it. starts are those
// that a text may begin with and be nothing but a text.
const (
	unsafe = "#:?[]{},\"'\\"
	starts = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$_("
)

// expression returns an expression: plain where there is nothing in it that YAML has a meaning for, else in single quotes, in which
// every character but ' stands for itself.
func expression(n *node) string {
	text, ok := unquote(n.text)
	switch {
	case !ok, n.style == single, n.style == plain && !strings.ContainsAny(text, unsafe) && strings.IndexByte(starts, text[0]) >= 0:
		return n.text
	case strings.ContainsFunc(text, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff
	}):
		return n.text
	}
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// otherwise are texts that some YAML readers take for a truth value, a time or a number of base sixty.
var otherwise = regexp.MustCompile(`^(?i:y|n|yes|no|on|off)$|^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9]*)?$|^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?$`)

// misread reports whether a text without quotes is another value to other readers.
func misread(text string) bool { return otherwise.MatchString(text) }
