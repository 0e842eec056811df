package config

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
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
	current  *fieldTyp      // what the field around may be
	owner    *node          // the name of the field around
	around   []*typ         // the objects around, from the outermost
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
		hint = c.form()
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
		if !c.quiet && n.kind == stringNode && !c.try(n, a) && c.spelt(n, t) {
			return
		}
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
	if n.kind == objectNode && len(n.keys) == 1 && t.isConst(n.keys[0]) {
		c.fail(n, codeBadValue, fmt.Sprintf("%s takes nothing", n.keys[0].text), "write it by itself: "+n.keys[0].text)
		return
	}
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
		if secretText(text) {
			return "the text"
		}
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
		c.ambiguous(n, false)
	}
}

// ambiguous reports a text that not all YAML readers take for one. text says that nothing else can be meant.
func (c *checker) ambiguous(n *node, text bool) {
	hint := "quote it: " + c.named(fmt.Sprintf("%q", n.text))
	switch {
	case n.line == 0 || n.style != plainStyle:
		return
	case yesNo(n):
		if !text {
			hint = fmt.Sprintf("quote it if the text is meant: %q; else write true or false", n.text)
		}
		c.fail(n, codeAmbiguous, n.text+" is read as a text by some YAML readers and as true or false by others", hint)
	case sexagesimal.MatchString(n.text):
		c.fail(n, codeAmbiguous, n.text+" is read as a text by some YAML readers and as a number to the base of 60 by others", hint)
		text = true
	default:
		return
	}
	c.mend(&repair{node: n, safe: text})
}

// sexagesimal is what looks like a time of the day, and is a number in YAML 1.1.
var sexagesimal = regexp.MustCompile(`^[0-9][0-9_]*(:[0-5]?[0-9])+$`)

func (c *checker) under(s segment, f func()) {
	c.path = append(c.path, s)
	f()
	c.path = c.path[:len(c.path)-1]
}

func (c *checker) list(n *node, t *typ) {
	owner, current := c.owner, c.current
	defer func() { c.owner, c.current = owner, current }()
	if len(n.items) < len(t.prefix) {
		c.fail(n, codeBadValue, fmt.Sprintf("the list has %d elements and must have at least %d", len(n.items), len(t.prefix)), "")
		return
	}
	for i, item := range n.items {
		elem := t.elem
		if i < len(t.prefix) {
			elem = t.prefix[i]
		}
		c.owner, c.current = nil, &fieldTyp{typ: cmp.Or(elem, &typ{})}
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
	owner, around := c.owner, c.current
	c.around = append(c.around, t)
	for i, k := range n.keys {
		f := t.object.field(k.text)
		c.owner, c.current = k, f
		c.under(segment{name: k.text}, func() {
			switch {
			case f != nil:
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
	c.owner, c.current, c.around = owner, around, c.around[:len(c.around)-1]
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
		hint := withDoc("add "+f.name+": "+f.typ.sample(0), f.doc)
		if c.misspelt(n, t, f.name) {
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

// misspelt reports whether an unknown field of n was probably meant to be name, or to stand inside it.
func (c *checker) misspelt(n *node, t *typ, name string) bool {
	return slices.ContainsFunc(n.keys, func(k *node) bool {
		if t.object.field(k.text) != nil || t.object.open {
			return false
		}
		inside := func(path string) bool { return path == name || strings.HasPrefix(path, name+".") }
		return diag.Nearest(k.text, t.object.unset(n)) == name || slices.Contains(foreignWords[plainWord(k.text)], name) ||
			(len(c.around) == 0 && slices.ContainsFunc((&checker{around: []*typ{t}}).elsewhere(k.text, t), inside))
	})
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
	if n.style == flowStyle && v.kind == nullNode && c.cut(n, k, t) {
		return
	}
	c.fail(k, codeUnknownField, "there is no such field here", c.unknownHint(n, k, v, t))
	c.spoil(v)
}

// cut reports a text inside { } that a comma has cut, where it was meant and not at what is left of it.
func (c *checker) cut(n, k *node, t *typ) bool {
	i := slices.Index(n.keys, k)
	for i--; i > 0 && t.object.field(n.keys[i].text) == nil; i-- {
	}
	if i < 0 || n.items[i].kind != stringNode || n.items[i].style != plainStyle || t.object.field(n.keys[i].text) == nil {
		return false
	}
	text, first := n.items[i].text, c.bad[n.items[i]]
	for j := i + 1; j < len(n.keys) && n.items[j].kind == nullNode && t.object.field(n.keys[j].text) == nil; j++ {
		text += ", " + n.keys[j].text
		c.spoil(n.items[j])
		if n.keys[j] == k {
			break
		}
	}
	if c.spoil(n.items[i]); first && c.cutBefore(n.items[i]) {
		return true
	}
	c.path[len(c.path)-1] = segment{name: n.keys[i].text}
	c.fail(n.items[i], codeSyntax, "inside { } a comma ends a text: it is cut here", "quote it as a whole: "+n.keys[i].text+": "+singleQuoted(text))
	return true
}

// cutBefore reports whether the text is known to be cut.
func (c *checker) cutBefore(n *node) bool {
	return slices.ContainsFunc(c.problems, func(p problem) bool { return p.code == codeSyntax && p.line == n.line && p.col == n.col })
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
		c.ambiguous(n, true)
	}
	if t.format != "" && n.kind == stringNode && !c.bad[n] {
		c.format(n, t.format)
	}
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
	if f.meant != "" {
		c.mend(&repair{node: n, text: f.meant, word: true, safe: true})
	}
}
