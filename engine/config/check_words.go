package config

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/dray-sync/dray/engine/diag"
)

// mend proposes a change for the problem noted last.
func (c *checker) mend(r *repair) {
	if !c.quiet && r != nil {
		c.problems[len(c.problems)-1].repair = r
	}
}

// notOneOf reports a value that is none of several.
func (c *checker) notOneOf(n *node, t *typ) {
	if c.quiet {
		c.failed = true
		return
	}
	var words []string
	t.words(&words)
	if n.kind == stringNode && c.spelt(n, t) {
		return
	}
	at := n
	if n.kind == objectNode && len(n.keys) > 0 {
		at = n.keys[0]
	}
	message, hint := fmt.Sprintf("%s is not one of %s", at.shown(), t.describe()), ""
	near, foreign := diag.Nearest(at.text, words), foreignValue(at.text, words)
	switch {
	case n.kind == stringNode && t.objectWith(n.text) != nil:
		hint = "it needs a value: write {" + n.text + ": " + t.objectWith(n.text).sample(0) + "}"
	case foreign != "":
		hint = "write " + c.named(foreign)
	case near != "":
		hint = diag.DidYouMean(near)
		if len(t.describe()) > mostWords {
			message = at.shown() + " is none of what can stand here"
		}
	case n.kind == stringNode:
		hint = t.nearly(n.text)
	}
	c.fail(at, codeBadValue, message, hint)
	c.spoil(n)
	if n.kind == stringNode && hint == diag.DidYouMean(near) {
		c.mend(&repair{node: n, text: near, word: true, safe: diag.Sure(n.text, near, words)})
	}
}

// mostWords is how long a list of values is at most that is repeated where the right one is named anyway.
const mostWords = 100

// objectWith returns the field of that name of an alternative that is an object, or nil.
func (t *typ) objectWith(name string) *fieldTyp {
	for _, a := range t.alts {
		if a.object != nil && a.object.byName[name] != nil {
			return a.object.byName[name]
		}
	}
	return nil
}

// nearly is the hint of a form that the text has nearly, or "".
func (t *typ) nearly(text string) string {
	for _, a := range t.alts {
		if a.format == "" {
			continue
		}
		if f := judgeFormat(a.format, text); f != nil && f.nearly {
			return f.hint
		}
	}
	return ""
}

// spelt reports a text in a place where an object with one field was meant that takes it: schedule: "*/5 * * * *".
func (c *checker) spelt(n *node, t *typ) bool {
	for _, a := range t.alts {
		if a.object == nil {
			continue
		}
		for _, f := range a.object.fields {
			if f.typ.format == "" || !f.typ.takes(stringNode) || !(&checker{quiet: true}).try(n, f.typ) {
				continue
			}
			text := fmt.Sprintf("{%s: %s}", f.name, yamlText(n.text))
			c.fail(n, codeBadValue, fmt.Sprintf("%s is not one of %s", n.shown(), t.describe()), "write "+c.named(text))
			c.mend(&repair{node: n, text: text, safe: true})
			return true
		}
	}
	return false
}

// named is a value with the name of its field before it.
func (c *checker) named(value string) string {
	if c.owner == nil {
		return value
	}
	return c.owner.text + ": " + value
}

// words are the texts that could have been meant.
func (t *typ) words(into *[]string) {
	for _, v := range t.consts {
		if v.kind == stringNode {
			*into = append(*into, v.text)
		}
	}
	for _, a := range t.alts {
		a.words(into)
	}
	if t.object != nil {
		*into = append(*into, t.object.names()...)
	}
}

// wrongType reports a value of a kind that cannot be right, and the trap that may have led to it.
func (c *checker) wrongType(n *node, t *typ) {
	if c.quiet {
		c.failed = true
		return
	}
	want := t.describe()
	switch {
	case n.kind == nullNode:
		c.fail(n, codeWrongType, "there is no value; it must be "+want, c.emptyHint(n))
	case n.kind == objectNode && c.nested(n, t):
	case n.kind == listNode && len(n.items) == 1 && n.items[0].kind < listNode && t.takes(n.items[0].kind):
		c.fail(n, codeWrongType, "this is a list; it must be "+want, "write it without brackets: "+c.named(n.items[0].written()))
	case t.takes(stringNode) && (n.kind == intNode || n.kind == floatNode || n.kind == boolNode):
		c.notText(n, t, want)
	case t.takes(boolNode) && yesNo(n):
		meant := "true"
		if lower := strings.ToLower(n.text); lower == "no" || lower == "off" {
			meant = "false"
		}
		c.fail(n, codeWrongType, fmt.Sprintf("%q is a text; it must be %s", n.text, want), "write "+c.named(meant))
		c.mend(&repair{node: n, text: meant, safe: true})
	case n.kind == stringNode && c.needlessQuotes(n, t, want):
	case n.kind == floatNode && wholeNumber(n.text) != "" && t.takes(intNode):
		c.fail(n, codeWrongType, fmt.Sprintf("%s is a number; it must be %s", n.text, want), "write "+c.named(wholeNumber(n.text)))
		c.mend(&repair{node: n, text: wholeNumber(n.text), safe: true})
	case n.kind < listNode && c.oneField(n, t, want):
	case n.kind == stringNode && t.takes(listNode) && strings.Contains(n.text, ",") && !(&checker{quiet: true}).try(n, cmp.Or(t.elem, &typ{})):
		c.fail(n, codeWrongType, fmt.Sprintf("%s is a text; it must be %s", n.shown(), want), "write it in brackets: "+c.named("["+n.text+"]"))
		c.mend(&repair{node: n, text: "[" + n.text + "]"})
	case n.kind == stringNode && t.takes(listNode) && strings.HasPrefix(n.text, "-"):
		c.fail(n, codeWrongType, fmt.Sprintf("%s is a text; it must be %s", n.shown(), want), "write a space after each - of a list, or the list in brackets: ["+strings.TrimLeft(n.text, "- ")+"]")
	case n.kind == stringNode && t.takes(listNode):
		c.fail(n, codeWrongType, fmt.Sprintf("%s is a text; it must be %s", n.shown(), want), "write it in brackets: "+c.named("["+n.written()+"]"))
		c.mend(&repair{node: n, around: "[]", safe: t.elem != nil && (&checker{quiet: true}).try(n, t.elem)})
	default:
		c.fail(n, codeWrongType, fmt.Sprintf("%s; it must be %s", n.is(), want), "")
	}
}

// wholeNumber is a number with an exponent or an empty fraction, written as a whole number, or "".
func wholeNumber(text string) string {
	const most = 20
	if len(text) > most {
		return ""
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return ""
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// oneField reports a scalar where an object is due in one of whose fields it may stand: a: id, for a: {from: id}.
func (c *checker) oneField(n *node, t *typ, want string) bool {
	if t.object == nil || n.kind == nullNode {
		return false
	}
	for _, f := range t.object.fields {
		if !f.optional && f.typ.def == nil {
			return false
		}
	}
	for _, f := range t.object.fields {
		if f.typ.any || len(f.typ.consts) > 0 || !f.typ.takes(n.kind) || !(&checker{quiet: true}).try(n, f.typ) {
			continue
		}
		text := "{" + f.name + ": " + n.written() + "}"
		c.fail(n, codeWrongType, fmt.Sprintf("%s; it must be %s", n.is(), want), "write "+c.named(text))
		c.mend(&repair{node: n, text: text})
		return true
	}
	return false
}

// notText reports a number or a truth value where a text is due.
func (c *checker) notText(n *node, t *typ, want string) {
	message := fmt.Sprintf("%s is %s; it must be %s", n.text, n.kind, want)
	quoted := &node{kind: stringNode, text: n.text, style: doubleStyle}
	switch {
	case t.format == "duration":
		c.fail(n, codeWrongType, message, fmt.Sprintf("say the unit: %ss, %sm, %sh or %sd", n.text, n.text, n.text, n.text))
	case !(&checker{quiet: true}).try(quoted, t):
		c.fail(n, codeWrongType, message, "")
	default:
		c.fail(n, codeWrongType, message, "quote it: "+c.named(fmt.Sprintf("%q", n.text)))
		c.mend(&repair{node: n, safe: true})
	}
}

// needlessQuotes reports a quoted text that is what is due without its quotes.
func (c *checker) needlessQuotes(n *node, t *typ, want string) bool {
	bare := plainNode(n.text)
	if n.style == plainStyle || bare == nil || !(&checker{quiet: true}).try(bare, t) {
		return false
	}
	c.fail(n, codeWrongType, fmt.Sprintf("%s is a text; it must be %s", n.shown(), want), "write it without quotes: "+c.named(n.text))
	c.mend(&repair{node: n, text: n.text, safe: true})
	return true
}

// plainNode returns what a text is without quotes, if that is a number or a truth value.
func plainNode(text string) *node {
	switch {
	case text == "true" || text == "false":
		return &node{kind: boolNode, text: text}
	case jsonInt.MatchString(text):
		return &node{kind: intNode, text: text}
	case jsonFloat.MatchString(text):
		return &node{kind: floatNode, text: text}
	}
	return nil
}

// nested reports an object whose fields stand beside the field, and not inside it: round: {scale: 2, mode: half-even}.
func (c *checker) nested(n *node, t *typ) bool {
	if len(c.around) == 0 || c.owner == nil || len(n.keys) == 0 {
		return false
	}
	parent := c.around[len(c.around)-1].object
	var words, parts []string
	t.words(&words)
	for i, k := range n.keys {
		v := n.items[i]
		near := ""
		if v.kind == stringNode {
			near = diag.Nearest(v.text, words)
		}
		switch {
		case parent != nil && parent.byName[k.text] != nil && v.kind < listNode:
			parts = append(parts, k.text+": "+v.written())
		case near != "":
			parts = slices.Insert(parts, 0, c.owner.text+": "+near)
		case v.kind < listNode && (&checker{quiet: true}).try(v, t):
			parts = slices.Insert(parts, 0, c.owner.text+": "+v.written())
		}
	}
	if len(parts) == 0 {
		return false
	}
	c.fail(n, codeWrongType, "this is an object; it must be "+t.describe(), "write, beside each other: "+strings.Join(parts, ", "))
	return true
}

func (c *checker) emptyHint(n *node) string {
	if n.commented {
		return "a text that starts with # must be quoted"
	}
	if form := c.form(); form != "" {
		return form + ", or remove the field"
	}
	return "write a value, or remove the field"
}

func (c *checker) badValue(n *node, t *typ) {
	if c.quiet {
		c.failed = true
		return
	}
	switch {
	case n.text == "" && n.kind == stringNode:
		c.fail(n, codeBadValue, "the text is empty; it must be "+t.describe(), c.emptyHint(n))
		return
	case n.kind == stringNode && c.needlessQuotes(n, t, t.describe()):
		return
	case n.kind == stringNode && curly(n.text):
		c.fail(n, codeBadValue, fmt.Sprintf("%s is not %s", n.shown(), t.describe()), `these are the quotes of a printed page: write "`+strings.Trim(n.text, curlyQuotes)+`"`)
		return
	}
	c.fail(n, codeBadValue, fmt.Sprintf("%s is not %s", n.shown(), t.describe()), "")
	if n.kind != stringNode {
		return
	}
	p := &c.problems[len(c.problems)-1]
	for _, candidate := range []struct {
		text string
		safe bool
	}{{nameLike(n.text, t), false}, {percentLike(n.text), true}} {
		meant := &node{kind: stringNode, text: candidate.text}
		if candidate.text != "" && candidate.text != n.text && (&checker{quiet: true}).try(meant, t) {
			p.hint = "write " + c.named(candidate.text)
			c.mend(&repair{node: n, text: candidate.text, word: true, safe: candidate.safe})
			return
		}
	}
}

const curlyQuotes = "“”„‟‘’‚‛«»"

// curly reports whether a text begins or ends with quotes that are none to YAML.
func curly(text string) bool {
	return strings.Trim(text, curlyQuotes) != text
}

// nameLike is a text as the name of a resource, or empty where it is none.
func nameLike(text string, t *typ) string {
	const least = 2
	if t.name != "#Name" || strings.IndexFunc(text, unicode.IsLetter) < 0 || len(text) < least || strings.ContainsAny(text, "*/:") {
		return ""
	}
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, strings.TrimSpace(text)), "-")
}

// percentLike is a text as a part in percent, or empty.
func percentLike(text string) string {
	number := strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(text, "percent"), "pct"), "%"))
	if number == text {
		return ""
	}
	return number + "%"
}
