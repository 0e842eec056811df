package config

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/adapters/expr"
)

// deleted judges what becomes of records that are gone from the source.
func (s *semantics) deleted() {
	source := s.spec.get("source")
	v := source.get("deleted")
	if v == nil || s.bad[v] || v.kind != objectNode && v.text == "ignore" {
		return
	}
	sets := v.kind == objectNode
	s.in(s.spec, "source", func(source *node) {
		if read := source.get("read"); read == nil || !s.bad[read] && read.text != "full" {
			s.reportAt(source, "deleted", codeMisplaced, "a read of what changed does not tell which records are gone", "write read: full, or remove it")
		}
		s.in(source, "deleted", func(v *node) { s.in(v, "set", s.setWhenGone) })
	})
	s.targetNodes(func(d *node) {
		write := d.str("write")
		switch {
		case write == "" || s.bad[d.get("write")] || write == "delete" || write == "action" || d.str("target") == "ledger":
		case d.key("key") == nil && write == "create" && !s.hasUnknown(d):
			s.reportAt(d, "write", codeKeyMissing, "what is gone is found by its key, and there is none", "add key: [field] with the fields that identify a record at the destination, or write deleted: ignore")
		case write == "ensure":
			s.reportAt(d, "write", codeMisplaced, "write: ensure never touches a record again, and source.deleted does", "write deleted: ignore, or write: upsert")
		case write == "update" && !sets:
			s.reportAt(d, "write", codeMisplaced, "write: update changes records that others created, and source.deleted deletes them", "write deleted: {set: …}, or write: upsert")
		}
	})
}

// setWhenGone judges the fields that are set at records that are gone: there is no record any more to take a value from.
func (s *semantics) setWhenGone(set *node) {
	if len(set.keys) == 0 {
		s.report(set, codeOneOf, "nothing says what is set", "add a field, such as active: {value: false}")
	}
	s.secretConstants(set)
	s.fields(set, func(k, f *node) {
		s.exactlyOne(f, "value", "expr")
		s.expression(f, "expr", expr.Type{}, "$run")
		if slices.Contains(s.targetKeys(), k.text) {
			s.report(k, codeBadValue, fmt.Sprintf("%q is the key of a destination: the record would become another one", k.text), "set another field")
		}
	})
}

// targetNodes runs f for every place that records are written to.
func (s *semantics) targetNodes(f func(d *node)) {
	s.in(s.spec, "destination", f)
	s.in(s.spec, "destinations", func(v *node) { s.each(v, func(_ int, d *node) { f(d) }) })
	s.in(s.spec, "routes", func(v *node) {
		s.in(v, "cases", func(v *node) {
			s.each(v, func(_ int, c *node) { s.in(c, "destination", f) })
		})
	})
}

// targetKeys returns the fields that are part of a destination's key.
func (s *semantics) targetKeys() (names []string) {
	s.targetNodes(func(d *node) {
		s.each(d.get("key"), func(_ int, p *node) { names = append(names, p.text) })
	})
	return names
}
