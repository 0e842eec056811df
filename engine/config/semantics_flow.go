package config

import (
	"fmt"
	"slices"
)

// routeRoots are the reserved roots that conditions of routes can start with.
var routeRoots = []string{"$this", "$root", "$steps", "$run"}

// lacking reports a field of the spec that must be there, or that a patch takes away.
func (s *semantics) lacking(at *node, field, hint string) {
	message := fmt.Sprintf("the field %q is missing", field)
	if i := slices.IndexFunc(s.spec.gone, func(k *node) bool { return k.text == field }); i >= 0 {
		at, message = s.spec.gone[i], fmt.Sprintf("this patch removes the field %q, which must be there", field)
	}
	s.report(at, codeMissingField, message, hint)
}

// targets judges where the records go.
func (s *semantics) targets() {
	spec, at := s.spec, s.spec
	if at.style != flowStyle {
		at = s.root.key("spec")
	}
	if !s.hasUnknown(spec) {
		switch {
		case spec.key("destinations") != nil && spec.key("destination") != nil:
			s.reportAt(spec, "destinations", codeOneOf, "destination and destinations are both here", "move the one of destination into the list")
		case spec.key("destinations") != nil && spec.key("routes") != nil:
			s.reportAt(spec, "routes", codeOneOf, "destinations and routes are both here", "write the destinations as routes: with match: all, and without a condition for each record")
		case spec.key("destinations") == nil && spec.key("destination") == nil && spec.key("routes") == nil:
			s.lacking(at, "destination", "add destination: {connection: …, object: …, write: upsert, key: [id]}")
		}
	}
	mapped := spec.key("mapping") != nil || s.hasUnknown(spec)
	if d := spec.get("destination"); d != nil && !mapped && !mapsNothing(d) {
		s.lacking(at, "mapping", "add mapping: with the name of the one that each record goes through")
		mapped = true
	}
	s.in(spec, "destinations", func(v *node) {
		s.unique(v, "name")
		s.each(v, func(_ int, d *node) {
			s.destination(d)
			s.mapped(d, mapped)
		})
	})
	s.in(spec, "routes", func(v *node) {
		s.in(v, "cases", func(v *node) {
			s.unique(v, "name")
			s.each(v, func(_ int, c *node) { s.route(c, mapped) })
		})
	})
}

// mapped demands that a target has a mapping, its own or the touchpoint's.
func (s *semantics) mapped(n *node, all bool) {
	d := n
	if n.key("destination") != nil {
		d = n.get("destination")
	}
	if !all && !mapsNothing(d) && n.key("mapping") == nil && !s.hasUnknown(n) {
		s.report(n, codeOneOf, "nothing says which mapping records go through", "add mapping: here, or to the touchpoint for all that have none of their own")
	}
}

func (s *semantics) route(c *node, mapped bool) {
	s.expression(c, "when", condition, routeRoots...)
	s.mapped(c, mapped)
	s.in(c, "destination", func(v *node) {
		s.destination(v)
		if v.key("connection") == nil && s.spec.key("destination") == nil && !s.hasUnknown(v) {
			s.report(v, codeOneOf, "nothing says which connection to write to", "add connection: here, or a destination to the touchpoint, whose connection is then meant")
		}
	})
	write, ledger := c.get("destination").str("write"), c.get("destination").str("target") == "ledger"
	if c.str("whenMissing") == "skip" && write != "" && write != "update" && write != "action" && !ledger {
		s.reportAt(c, "whenMissing", codeMisplaced, fmt.Sprintf("write: %s never misses a record", write), "remove it, or write: update")
	}
}

// steps judges what a record needs before it is mapped.
func (s *semantics) steps(v *node) {
	s.unique(v, "name")
	s.each(v, func(_ int, step *node) {
		s.in(step, "find", func(find *node) {
			if len(find.keys) == 0 {
				s.report(find, codeOneOf, "nothing says what to find the record by", "add a field of the object, and where its value comes from")
			}
			s.mappingFields(find, mappingPlace{roots: routeRoots}, false)
			s.fields(find, func(_, f *node) { s.single(f) })
		})
		if s.hasUnknown(step) || s.hasBad(step) {
			return
		}
		missing := step.str("whenMissing")
		switch {
		case missing == "create" && step.key("mapping") == nil:
			s.reportAt(step, "whenMissing", codeOneOf, "nothing says what is created", "add mapping: with the mapping of the record that is created")
		case missing != "create" && step.key("mapping") != nil:
			s.reportAt(step, "mapping", codeMisplaced, "the mapping is of what is created, and nothing is", "write whenMissing: create, or remove it")
		case step.str("expect") == "1" && missing != "" && missing != "reject":
			s.reportAt(step, "whenMissing", codeMisplaced, fmt.Sprintf("whenMissing: %s has no meaning with expect: 1", missing), "write expect: 0..1, or remove it")
		}
	})
}

// single demands that a field has a single value.
func (s *semantics) single(f *node) {
	for _, form := range []string{"each", "concat", "fields"} {
		if f.kind == objectNode && f.key(form) != nil {
			s.reportAt(f, form, codeMisplaced, "a record is found by single values", "write from, value or expr")
			return
		}
	}
}

// writeBack judges what is written back.
func (s *semantics) writeBack(v *node) {
	s.each(v, func(_ int, b *node) {
		s.in(b, "fields", func(f *node) {
			if len(f.keys) == 0 {
				s.report(f, codeOneOf, "nothing says what is written back", "add a field, such as exported: {value: true}")
			}
			s.mappingFields(f, mappingPlace{roots: []string{"$this", "$root", "$result", "$run"}}, false)
		})
		s.in(b, "key", func(k *node) { s.each(k, func(_ int, p *node) { s.noRoots(p) }) })
	})
}
