package config

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/dray-sync/dray/engine/diag"
)

// A checker walks a value and the type it should have, side by side, and notes every problem. Not safe for concurrent use.
type checker struct {
	quiet    bool // only whether there are problems matters
	failed   bool
	path     []segment
	problems []problem
	refs     []reference
	bad      map[*node]bool // values that cannot be used
	doc      string         // what the field around is for
	owner    *node          // the name of the field around
}

// A reference is a text that names a resource.
type reference struct {
	kind string
	node *node
	path string
}

// try reports whether n is one of t's values.
func (c *checker) try(n *node, t *typ) bool {
	probe := checker{quiet: true}
	probe.check(n, t)
	return !probe.failed
}

func (c *checker) fail(n *node, code, message, hint string) {
	c.failed = true
	if c.quiet {
		return
	}
	c.spoil(n)
	if hint == "" {
		hint = c.doc
	}
	p := problemAt(n, code, message, hint)
	p.path = pathString(c.path)
	c.problems = append(c.problems, p)
}

// check judges n as a t.
func (c *checker) check(n *node, t *typ) {
	switch {
	case c.quiet && c.failed:
		return
	case n.broken:
		c.spoil(n)
		return
	case t.any:
		c.anything(n)
		return
	case !t.takes(n.kind):
		c.wrongType(n, t)
		return
	}
	if t.isConst(n) {
		return
	}
	if len(t.alts) > 0 || len(t.consts) > 0 {
		c.alternatives(n, t)
		return
	}
	switch n.kind {
	case objectNode:
		if t.object != nil {
			c.object(n, t)
		}
	case listNode:
		c.list(n, t)
	default:
		c.scalar(n, t)
	}
}

func (t *typ) isConst(n *node) bool {
	for _, v := range t.consts {
		if v.kind == n.kind && v.text == n.text && n.kind < listNode {
			return true
		}
	}
	return false
}

// alternatives judges a value of which several types are possible. If none fits, the one that was most likely meant is
// the one that is reported.
func (c *checker) alternatives(n *node, t *typ) {
	if t.tag != "" && n.kind == objectNode {
		c.tagged(n, t)
		return
	}
	if a := t.choose(n); a != nil {
		if n.kind < listNode && t.says != "" && !c.try(n, a) {
			c.badValue(n, t)
			return
		}
		c.check(n, a)
		return
	}
	if n.kind == stringNode {
		c.notOneOf(n, t)
		return
	}
	best := nearestOf(t.alts, n)
	if best == nil || (n.kind == objectNode && best.affinity(n) == 0) {
		c.notOneOf(n, t)
		return
	}
	c.check(n, best)
}

// choose returns the alternative that takes n, or nil.
func (t *typ) choose(n *node) *typ {
	var fits *typ
	count := 0
	if t.tag != "" && n.kind == objectNode {
		return t.chooseTagged(n)
	}
	for _, a := range t.alts {
		if a.takes(n.kind) {
			fits = a
			count++
		}
	}
	if count == 1 && len(t.consts) == 0 {
		return fits
	}
	for _, a := range t.alts {
		if a.takes(n.kind) && (&checker{quiet: true}).try(n, a) {
			return a
		}
	}
	return nil
}

// nearestOf returns the one of these types that has most of n's fields, or nil.
func nearestOf(alts []*typ, n *node) *typ {
	best := (*typ)(nil)
	for _, a := range alts {
		if a.takes(n.kind) && (best == nil || a.affinity(n) > best.affinity(n)) {
			best = a
		}
	}
	return best
}

// affinity counts the fields of n that t has.
func (t *typ) affinity(n *node) int {
	if t.object == nil || n.kind != objectNode {
		return 0
	}
	count := 0
	for _, k := range n.keys {
		if t.object.field(k.text) != nil {
			count++
		}
	}
	return count
}

func (c *checker) notOneOf(n *node, t *typ) {
	var words []string
	t.words(&words)
	hint := ""
	text := n.text
	if n.kind == objectNode && len(n.keys) > 0 {
		text = n.keys[0].text
	}
	if near := diag.Nearest(text, words); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	}
	c.fail(n, codeBadValue, fmt.Sprintf("%s is not one of %s", n.shown(), t.describe()), hint)
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
	want := t.describe()
	switch {
	case n.kind == nullNode:
		c.fail(n, codeWrongType, "there is no value; it must be "+want, emptyHint(n))
	case t.takes(stringNode) && (n.kind == intNode || n.kind == floatNode || n.kind == boolNode):
		c.fail(n, codeWrongType, fmt.Sprintf("%s is %s; it must be %s", n.text, n.kind, want), fmt.Sprintf("quote it if the text is meant: %q", n.text))
	case t.takes(boolNode) && yesNo(n):
		c.fail(n, codeWrongType, fmt.Sprintf("%q is a text; it must be %s", n.text, want), "write true or false")
	case n.kind == stringNode && t.takes(listNode):
		c.fail(n, codeWrongType, fmt.Sprintf("%s is a text; it must be %s", n.shown(), want), fmt.Sprintf("write [%s]", n.text))
	default:
		c.fail(n, codeWrongType, fmt.Sprintf("%s; it must be %s", n.is(), want), "")
	}
}

func emptyHint(n *node) string {
	if n.commented {
		return "a text that starts with # must be quoted"
	}
	return "write a value, or remove the field"
}

// is says in words what the value is.
func (n *node) is() string {
	if n.kind == listNode || n.kind == objectNode {
		return "this is " + n.kind.String()
	}
	return n.shown() + " is " + n.kind.String()
}

// shown is the value as messages show it.
func (n *node) shown() string {
	const most = 60
	switch n.kind {
	case listNode:
		return "the list"
	case objectNode:
		return "the object"
	case nullNode:
		return "nothing"
	case stringNode:
		text := n.text
		if r := []rune(text); len(r) > most {
			text = string(r[:most]) + "…"
		}
		return fmt.Sprintf("%q", text)
	}
	return n.text
}

// yesNo reports whether some YAML readers take the value for true or false, and others for a text.
func yesNo(n *node) bool {
	if n.kind != stringNode || n.style != plainStyle {
		return false
	}
	switch strings.ToLower(n.text) {
	case "yes", "no", "on", "off":
		return true
	}
	return false
}

// anything judges a value that may be all there is.
func (c *checker) anything(n *node) {
	if n.broken {
		c.spoil(n)
		return
	}
	switch n.kind {
	case listNode:
		for i, item := range n.items {
			c.under(segment{index: i}, func() { c.anything(item) })
		}
	case objectNode:
		for i, item := range n.items {
			c.under(segment{name: n.keys[i].text}, func() { c.anything(item) })
		}
	case stringNode:
		c.ambiguous(n)
	}
}

func (c *checker) ambiguous(n *node) {
	if yesNo(n) && n.line > 0 {
		c.fail(n, codeAmbiguous, n.text+" is read as a text by some YAML readers and as true or false by others",
			fmt.Sprintf("quote it if the text is meant: %q; else write true or false", n.text))
	}
}

func (c *checker) under(s segment, f func()) {
	c.path = append(c.path, s)
	f()
	c.path = c.path[:len(c.path)-1]
}

func (c *checker) list(n *node, t *typ) {
	if len(n.items) < len(t.prefix) {
		c.fail(n, codeBadValue, fmt.Sprintf("the list has %d elements and must have at least %d", len(n.items), len(t.prefix)), "")
		return
	}
	for i, item := range n.items {
		elem := t.elem
		if i < len(t.prefix) {
			elem = t.prefix[i]
		}
		c.owner = nil
		c.under(segment{index: i}, func() {
			if elem == nil {
				c.fail(item, codeBadValue, fmt.Sprintf("the list has more than %d elements", len(t.prefix)), "")
				return
			}
			c.check(item, elem)
		})
	}
}

func (c *checker) object(n *node, t *typ) {
	owner, doc := c.owner, c.doc
	for i, k := range n.keys {
		f := t.object.field(k.text)
		c.owner, c.doc = k, ""
		c.under(segment{name: k.text}, func() {
			switch {
			case f != nil:
				c.doc = f.doc
				c.field(n.items[i], f)
			case t.object.open:
				c.anything(n.items[i])
			case len(t.object.patterns) > 0:
				c.fail(k, codeBadValue, fmt.Sprintf("%q is not %s", k.text, t.object.patterns[0].name.describe()), "")
				c.spoil(n.items[i])
			default:
				c.unknownField(n, k, n.items[i], t)
			}
		})
	}
	c.owner, c.doc = owner, doc
	for _, f := range t.object.fields {
		if f.optional || n.key(f.name) != nil {
			continue
		}
		c.absent(n, t, f)
	}
}

// spoil marks a value as one that cannot be used.
func (c *checker) spoil(n *node) {
	if c.bad == nil {
		c.bad = map[*node]bool{}
	}
	c.bad[n] = true
}

func (c *checker) field(n *node, f *fieldTyp) {
	c.check(n, f.typ)
	if c.quiet || n.kind != stringNode || c.bad[n] {
		return
	}
	if f.ref != "" {
		c.refs = append(c.refs, reference{kind: f.ref, node: n, path: pathString(c.path)})
	}
	if f.format != "" {
		c.format(n, f.format)
	}
}

// absent judges a field that is not there and not optional.
func (c *checker) absent(n *node, t *typ, f *fieldTyp) {
	switch {
	case f.required || f.typ.def == nil:
		hint := f.doc
		if hint == "" {
			hint = "it must be " + f.typ.describe()
		}
		if near := misspelt(n, t, f.name); near != "" {
			return // reported as the unknown field it is
		}
		at := n
		if c.owner != nil && n.style != flowStyle {
			at = c.owner
		}
		message := fmt.Sprintf("the field %q is missing", f.name)
		if i := slices.IndexFunc(n.gone, func(k *node) bool { return k.text == f.name }); i >= 0 {
			at, message = n.gone[i], fmt.Sprintf("this patch removes the field %q, which must be there", f.name)
		}
		c.fail(at, codeMissingField, message, hint)
		delete(c.bad, at)
	case f.typ.def.kind == objectNode && f.typ.object != nil:
		empty := &node{kind: objectNode, origin: n.origin, line: n.line, col: n.col}
		c.under(segment{name: f.name}, func() { c.object(empty, f.typ) })
	}
}

// misspelt returns the unknown field of n that was probably meant to be name.
func misspelt(n *node, t *typ, name string) string {
	for _, k := range n.keys {
		if t.object.field(k.text) == nil && !t.object.open && diag.Nearest(k.text, t.object.unset(n)) == name {
			return k.text
		}
	}
	return ""
}

// unset returns the names of the fields that n does not have.
func (o *objectTyp) unset(n *node) []string {
	var names []string
	for _, f := range o.fields {
		if n.key(f.name) == nil {
			names = append(names, f.name)
		}
	}
	return names
}

func (c *checker) unknownField(n, k, v *node, t *typ) {
	c.fail(k, codeUnknownField, "there is no such field here", unknownHint(n, k, v, t))
	c.spoil(v)
}

// unknownHint says what was probably meant: another field, or a text that YAML cut.
func unknownHint(n, k, v *node, t *typ) string {
	switch {
	case n.style == flowStyle && v.kind == nullNode:
		return "inside { } a comma ends a text; quote the text if it is part of one"
	case diag.Nearest(k.text, t.object.unset(n)) != "":
		return fmt.Sprintf("did you mean %s?", diag.Nearest(k.text, t.object.unset(n)))
	case diag.Nearest(k.text, t.object.names()) != "":
		return fmt.Sprintf("did you mean %s, which is here already?", diag.Nearest(k.text, t.object.names()))
	case len(t.object.fields) == 0:
		return "there are no fields here"
	}
	return "the fields here are " + strings.Join(t.object.names(), ", ")
}

// scalar judges a value that is no list and no object.
func (c *checker) scalar(n *node, t *typ) {
	for _, re := range t.patterns {
		if !re.MatchString(n.text) {
			c.badValue(n, t)
			return
		}
	}
	for _, x := range t.excluded {
		if x.kind == n.kind && x.text == n.text {
			c.badValue(n, t)
			return
		}
	}
	for _, b := range t.bounds {
		if !b.holds(n.text) {
			c.badValue(n, t)
			return
		}
	}
	if n.kind == stringNode {
		c.ambiguous(n)
	}
	if t.format != "" && n.kind == stringNode && !c.bad[n] {
		c.format(n, t.format)
	}
}

func (c *checker) badValue(n *node, t *typ) {
	if n.text == "" && n.kind == stringNode {
		c.fail(n, codeBadValue, "the text is empty; it must be "+t.describe(), "write a value, or remove the field")
		return
	}
	c.fail(n, codeBadValue, fmt.Sprintf("%s is not %s", n.shown(), t.describe()), "")
}

// holds reports whether a number is within the bound.
func (b bound) holds(text string) bool {
	if len(text) > 100 { // beyond all bounds there are, and big exponents cost
		return false
	}
	if strings.ContainsAny(text, "eE") {
		f, _ := strconv.ParseFloat(text, 64) // what overflows is infinite, which is beyond the bounds
		text = strconv.FormatFloat(f, 'f', -1, 64)
	}
	x, ok := new(big.Float).SetPrec(256).SetString(text)
	y, ok2 := new(big.Float).SetPrec(256).SetString(b.text)
	if !ok || !ok2 {
		return false
	}
	switch d := x.Cmp(y); b.op {
	case "<":
		return d < 0
	case "<=":
		return d <= 0
	case ">":
		return d > 0
	default:
		return d >= 0
	}
}

// format judges the form of a text that a pattern cannot describe.
func (c *checker) format(n *node, format string) {
	f := judgeFormat(format, n.text)
	if f == nil {
		return
	}
	c.failed = true
	if c.quiet {
		return
	}
	c.fail(n, f.code, f.message, f.hint)
	c.problems[len(c.problems)-1].inside = &inside{node: n, offset: f.offset, length: f.length}
}
