package format

import (
	"encoding/json"
	"slices"

	"github.com/dray-sync/dray/engine/config"
)

// ordered returns a collection's entries in the order of the definition. Names that the user chose stay in the user's order, and
// so does what the definition does not know, behind all it knows.
func ordered(n *node, t *config.Type) []*entry {
	if n.kind != mapping || t == nil || len(t.Fields) == 0 {
		return n.entries
	}
	rank := func(e *entry) int {
		if i := slices.IndexFunc(t.Fields, func(f config.FieldDefinition) bool { return f.Name == e.name }); i >= 0 {
			return i
		}
		return len(t.Fields)
	}
	out := slices.Clone(n.entries)
	slices.SortStableFunc(out, func(a, b *entry) int { return rank(a) - rank(b) })
	return out
}

// choose returns the alternative of a type that a value is written in, as far as its form says, or nil.
func choose(t *config.Type, n *node) *config.Type {
	if t == nil || t.Any || len(t.Alternatives) == 0 {
		return t
	}
	best, most := (*config.Type)(nil), -1
	for _, a := range t.Alternatives {
		a = choose(a, n)
		if a == nil || (t.Tag != "" && !tagged(a, t.Tag, n)) {
			continue
		}
		if s := fit(a, n); s > most {
			best, most = a, s
		}
	}
	return best
}

// tagged reports whether the field that tells alternatives apart says this one.
func tagged(t *config.Type, tag string, n *node) bool {
	f := t.Field(tag)
	i := slices.IndexFunc(n.entries, func(e *entry) bool { return e.name == tag })
	if f == nil || i < 0 || n.entries[i].value == nil {
		return false
	}
	text, _ := unquote(n.entries[i].value.text)
	return slices.ContainsFunc(f.Type.Values, func(v json.RawMessage) bool {
		var s string
		return json.Unmarshal(v, &s) == nil && s == text
	})
}

// fit counts what speaks for a type; -1: it is of another kind.
func fit(t *config.Type, n *node) int {
	kind := map[nodeKind]config.Kind{mapping: config.Struct, sequence: config.List, scalar: config.String}[n.kind]
	if !slices.Contains(t.Kinds, kind) {
		return -1
	}
	count := 0
	for _, e := range n.entries {
		if n.kind == mapping && slices.ContainsFunc(t.Fields, func(f config.FieldDefinition) bool { return f.Name == e.name }) {
			count++
		}
	}
	return count
}

func fieldType(t *config.Type, name string) *config.Type {
	if t == nil {
		return nil
	}
	if f := t.Field(name); f != nil {
		return f.Type
	}
	return nil
}

func elementType(t *config.Type, i int) *config.Type {
	switch {
	case t == nil:
		return nil
	case i < len(t.First):
		return t.First[i]
	}
	return t.Element
}
