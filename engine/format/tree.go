package format

import (
	"fmt"
	"unicode/utf8"
)

// An Error says why a file cannot be formatted. It is left as it is then.
type Error struct {
	Line    int // from 1
	Message string
}

// Error returns line and message.
func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// A document is one YAML document.
type document struct {
	marked bool     // it begins with ---
	marker string   // a comment behind ---
	head   []trivia // before its first value
	root   *node    // nil: there is none
	foot   []trivia
	lines  []string // as it was written
}

// trivia is a line without a value: a comment, or nothing.
type trivia struct {
	text string // with #; empty: a blank line
	col  int
}

type nodeKind uint8

const (
	scalar nodeKind = iota
	mapping
	sequence
	opaque // a flow collection that is kept as it is written
)

type style uint8

const (
	plain style = iota
	single
	double
	block // | or >
)

// A node is a value as it was written.
type node struct {
	kind    nodeKind
	flow    bool   // of collections
	padded  bool   // of mappings: values of neighbours stand below one another
	style   style  // of scalars
	text    string // of scalars and opaque: the first line; of block scalars: the header
	more    []string
	base    int // of opaque: the indentation of what holds it
	entries []*entry
	foot    []trivia // behind the last entry
}

// An entry is a field of a mapping or an element of a sequence, with the comments that belong to it.
type entry struct {
	lead    []trivia
	key     string // as it was written; empty for elements
	name    string // what it means
	gap     int    // spaces between colon and value
	value   *node  // nil: nothing is there
	under   []trivia
	comment string // behind the value, or behind the key where the value stands below
	space   int    // spaces before it
	col     int    // where it began, in characters
	group   *group // the neighbours whose comments begin in the same column; nil: none do
}

// A group is comments that stand below one another. Only which it is matters.
type group struct{ _ byte }

// oneLine reports whether the entry's value stands behind its key, and ends there.
func (e *entry) oneLine() bool {
	if e.value == nil {
		return false
	}
	n := e.value
	if n.kind == scalar || n.kind == opaque {
		return len(n.more) == 0 && n.style != block
	}
	return n.flow
}

// width returns how many characters the field's name has.
func (e *entry) width() int { return utf8.RuneCountInString(e.key) }

// comments returns every comment below a document, in no particular order.
func (d *document) comments() []string {
	var all []string
	add := func(list []trivia) {
		for _, t := range list {
			if t.text != "" {
				all = append(all, t.text)
			}
		}
	}
	var walk func(n *node)
	walk = func(n *node) {
		if n == nil {
			return
		}
		for _, e := range n.entries {
			add(e.lead)
			add(e.under)
			if e.comment != "" {
				all = append(all, e.comment)
			}
			walk(e.value)
		}
		add(n.foot)
	}
	if d.marker != "" {
		all = append(all, d.marker)
	}
	add(d.head)
	walk(d.root)
	add(d.foot)
	return all
}
