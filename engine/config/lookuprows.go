package config

import (
	"fmt"
	"strings"
)

// lookupTable finds rows that cannot be used. Not safe for concurrent use.
type lookupTable struct {
	key, values []string
	fold        bool
	seen        map[string]*node
}

// newLookupTable reads the columns that a lookup's spec names.
func newLookupTable(spec *node) *lookupTable {
	t := &lookupTable{fold: spec.str("fold") == "case", seen: map[string]*node{}}
	if k := spec.get("key"); k != nil {
		for _, c := range k.items {
			t.key = append(t.key, c.text)
		}
	}
	if v := spec.str("value"); v != "" {
		t.values = append(t.values, v)
	}
	if v := spec.get("values"); v != nil {
		for _, c := range v.items {
			t.values = append(t.values, c.text)
		}
	}
	return t
}

// add takes a row and says what is wrong with it, and in which column.
func (t *lookupTable) add(cells map[string]string, at *node) (message, column string) {
	for _, c := range t.key {
		v, ok := cells[c]
		switch {
		case !ok:
			return fmt.Sprintf("the row has no column %q, which is part of the key", c), c
		case strings.TrimSpace(v) == "":
			return fmt.Sprintf("the key column %q is blank", c), c
		}
	}
	for _, c := range t.values {
		if _, ok := cells[c]; !ok {
			return fmt.Sprintf("the row has no column %q, which is the result", c), c
		}
	}
	id := t.id(cells)
	if _, dup := t.seen[id]; dup {
		return "another row has the same key", ""
	}
	t.seen[id] = at
	return "", ""
}

// first returns the row that was there first with the key of these cells.
func (t *lookupTable) first(cells map[string]string) *node { return t.seen[t.id(cells)] }

func (t *lookupTable) id(cells map[string]string) string {
	parts := make([]string, len(t.key))
	for i, c := range t.key {
		parts[i] = cells[c]
	}
	id := strings.Join(parts, "\x00")
	if t.fold {
		id = strings.ToLower(id)
	}
	return id
}
