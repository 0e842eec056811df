package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A table is what the definitions of one CUE package say, in a form that values are checked against in one walk. It is made
// of the syntax of the definitions, so that no evaluator runs for the common repository. It is immutable once made.
type table struct {
	defs map[string]*typ // by name, with #
}

// A typ says what a value may be.
type typ struct {
	name     string // of the definition, if it is one
	doc      string // its comment
	says     string // the pattern or format in words
	format   string // what is checked in Go besides
	any      bool   // _
	kinds    []nodeKind
	consts   []*node          // the only values, beside those of kinds and alts
	patterns []*regexp.Regexp // all must match
	excluded []*node          // none of these
	bounds   []bound          // all must hold
	alts     []*typ           // one of these
	tag      string           // the field that says which of alts is meant
	tags     *typ             // what that field may be
	elem     *typ             // of lists; nil: no more than prefix
	prefix   []*typ           // of lists: the first elements
	object   *objectTyp
	def      *node // the value when unsaid
	opaque   bool  // the table cannot say all of it; ask CUE
}

// An objectTyp says what fields an object has.
type objectTyp struct {
	fields   []*fieldTyp
	byName   map[string]*fieldTyp
	patterns []patternTyp
	open     bool
}

// A fieldTyp is one field of an object.
type fieldTyp struct {
	name     string
	doc      string
	ref      string // the kind that a text refers to
	format   string
	optional bool // absent is fine and stays absent
	required bool // absent is an error, whatever the default
	typ      *typ
}

// A patternTyp is the fields whose names match.
type patternTyp struct {
	name  *typ // what the names are
	field *fieldTyp
}

// A bound is a limit of a number.
type bound struct {
	op   string // < <= > >=
	text string
}

// takes reports whether a value of that kind can be right.
func (t *typ) takes(k nodeKind) bool {
	if t.any || slices.Contains(t.kinds, k) {
		return true
	}
	for _, c := range t.consts {
		if c.kind == k {
			return true
		}
	}
	for _, a := range t.alts {
		if a.takes(k) {
			return true
		}
	}
	return false
}

// describe says in words what the values of the type are.
func (t *typ) describe() string {
	if t.says != "" {
		return t.says
	}
	if t.any {
		return "any value"
	}
	if t.tag != "" {
		return fmt.Sprintf("an object with %s: %s", t.tag, t.tags.describe())
	}
	var parts []string
	for _, c := range t.consts {
		parts = append(parts, c.describeConst())
	}
	for _, k := range t.kinds {
		if k != intNode || !slices.Contains(t.kinds, floatNode) { // every whole number is a number
			parts = append(parts, t.describeKind(k))
		}
	}
	for _, a := range t.alts {
		if d := a.describe(); !slices.Contains(parts, d) {
			parts = append(parts, d)
		}
	}
	return orList(parts)
}

func (t *typ) describeKind(k nodeKind) string {
	switch {
	case k == listNode && len(t.prefix) > 0:
		return fmt.Sprintf("a list of at least %d", len(t.prefix))
	case k == objectNode && t.object != nil:
		return t.describeObject()
	case len(t.bounds) > 0 && (k == intNode || k == floatNode):
		var limits []string
		for i, b := range t.bounds {
			if !t.implied(i) {
				limits = append(limits, b.describe())
			}
		}
		return strings.TrimSuffix(k.String()+" "+strings.Join(limits, " and "), " ")
	case k == stringNode && len(t.excluded) == 1 && t.excluded[0].text == "":
		return "a text that is not empty"
	}
	return k.String()
}

// largest is the bound of numbers that JSON readers agree on: it needs no words.
const largest = "9007199254740991"

// implied reports whether a bound follows from another.
func (t *typ) implied(i int) bool {
	b := t.bounds[i]
	for j, other := range t.bounds {
		if i != j && other.op == b.op && b.holds(other.text) && (other.text != b.text || j < i) {
			return true
		}
	}
	return b.text == largest
}

// describeObject shows the fields an object must have.
func (t *typ) describeObject() string {
	var names []string
	for _, f := range t.object.fields {
		if !f.optional && f.typ.def == nil {
			names = append(names, f.name+": …")
		}
	}
	if len(names) == 0 {
		return "an object"
	}
	return "{" + strings.Join(names, ", ") + "}"
}

func (n *node) describeConst() string {
	if n.kind == stringNode {
		if n.text == "" {
			return `""`
		}
		return n.text
	}
	return string(n.appendJSON(nil, false))
}

func (b bound) describe() string {
	switch b.op {
	case "<":
		return "below " + b.text
	case "<=":
		return "of at most " + b.text
	case ">":
		return "above " + b.text
	}
	return "of at least " + b.text
}

// orList joins alternatives: a, b or c.
func orList(parts []string) string {
	switch len(parts) {
	case 0:
		return "nothing"
	case 1:
		return parts[0]
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " or " + parts[len(parts)-1]
}

// names returns the names of all fields.
func (o *objectTyp) names() []string {
	names := make([]string, len(o.fields))
	for i, f := range o.fields {
		names[i] = f.name
	}
	return names
}

// field returns what a field of that name may be, or nil when there is none.
func (o *objectTyp) field(name string) *fieldTyp {
	if f, ok := o.byName[name]; ok {
		return f
	}
	for _, p := range o.patterns {
		if p.name.matchesText(name) {
			return p.field
		}
	}
	return nil
}

// matchesText reports whether a text is one the type takes.
func (t *typ) matchesText(s string) bool {
	if len(t.kinds) == 1 && t.kinds[0] == stringNode && t.scalar() && t.patterns == nil && t.excluded == nil && t.format == "" {
		return true
	}
	return (&checker{quiet: true}).try(&node{kind: stringNode, text: s}, t)
}
