package config

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/engine/diag"
)

// findTag finds the field whose value says which of several objects is meant, such as kind: {kind: "page"} | {kind: "cursor"}. Values
// are then judged by what they say they are, and not by what they might be.
func (t *typ) findTag() {
	if len(t.alts) < 2 || len(t.consts) > 0 || t.alts[0].object == nil {
		return
	}
	for _, f := range t.alts[0].object.fields {
		if tags := t.tagsOf(f.name); tags != nil {
			t.tag, t.tags = f.name, tags
			return
		}
	}
}

// tagsOf returns what all of the alternatives say a field is, or nil when one of them leaves it open.
func (t *typ) tagsOf(name string) *typ {
	all := &typ{}
	for _, a := range t.alts {
		if a.object == nil || a.object.byName[name] == nil {
			return nil
		}
		f := a.object.byName[name]
		if f.optional || len(f.typ.consts) != 1 || len(f.typ.kinds) > 0 || len(f.typ.alts) > 0 || f.typ.consts[0].kind != stringNode {
			return nil
		}
		if !all.isConst(f.typ.consts[0]) {
			all.consts = append(all.consts, f.typ.consts[0])
		}
	}
	return all
}

// tagged returns the alternatives that a tag stands for.
func (t *typ) tagged(tag *node) []*typ {
	var out []*typ
	for _, a := range t.alts {
		if a.object.byName[t.tag].typ.isConst(tag) {
			out = append(out, a)
		}
	}
	return out
}

// chooseTagged returns the alternative that n says it is and that takes it, or nil. An empty object is the default.
func (t *typ) chooseTagged(n *node) *typ {
	tag := n.get(t.tag)
	if tag == nil && len(n.keys) == 0 {
		tag = t.def.get(t.tag)
	}
	if tag == nil {
		return nil
	}
	for _, a := range t.tagged(tag) {
		if (&checker{quiet: true}).try(n, a) {
			return a
		}
	}
	return nil
}

// tagged judges an object by the alternative that it says it is.
func (c *checker) tagged(n *node, t *typ) {
	if a := t.chooseTagged(n); a != nil {
		c.check(n, a)
		return
	}
	tag := n.get(t.tag)
	if tag == nil {
		c.untagged(n, t)
		return
	}
	known := len(c.problems)
	failed := c.failed
	c.under(segment{name: t.tag}, func() { c.check(tag, t.tags) })
	if len(c.problems) > known || (c.failed && !failed) || tag.broken {
		return // what else is there belongs to nothing known
	}
	c.check(n, nearestOf(t.tagged(tag), n))
}

// untagged reports an object that does not say what it is.
func (c *checker) untagged(n *node, t *typ) {
	for i, k := range n.keys {
		if diag.Nearest(k.text, []string{t.tag}) != "" && !slices.ContainsFunc(t.alts, func(a *typ) bool { return a.object.field(k.text) != nil }) {
			c.under(segment{name: k.text}, func() {
				c.fail(k, codeUnknownField, "there is no such field here", fmt.Sprintf("did you mean %s?", t.tag))
				c.spoil(n.items[i])
			})
			return
		}
	}
	at := n
	if c.owner != nil && n.style != flowStyle {
		at = c.owner
	}
	c.fail(at, codeMissingField, fmt.Sprintf("the field %q is missing", t.tag), "it must be "+t.tags.describe())
	delete(c.bad, at)
}
