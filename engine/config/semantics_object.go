package config

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/diag"
)

// object judges the fields of a kind: Object.
func (s *semantics) object() {
	s.exactlyOne(s.spec, "application", "connection")
	s.in(s.spec, "fields", s.objectFields)
	if fields := s.spec.get("fields"); fields != nil && !s.bad[fields] {
		s.in(s.spec, "key", func(v *node) {
			s.each(v, func(_ int, k *node) { s.keyPath(k, fields) })
		})
	}
}

func (s *semantics) objectFields(fields *node) {
	s.unique(fields, "name")
	s.each(fields, func(_ int, f *node) {
		if f.kind != objectNode || s.hasUnknown(f) {
			return
		}
		s.objectField(f)
		s.in(f, "fields", s.objectFields)
	})
}

// objectField judges what the properties of one field say together.
func (s *semantics) objectField(f *node) {
	if v := f.get("type"); v != nil && s.bad[v] {
		return
	}
	typ := f.str("type")
	for _, only := range []struct {
		name  string
		types []string
	}{
		{"fields", []string{"object", "list"}},
		{"items", []string{"list"}},
		{"maxLength", []string{"string", "bytes"}},
		{"enum", []string{"string", "int"}},
	} {
		if f.key(only.name) != nil && typ != "" && !slices.Contains(only.types, typ) {
			s.reportAt(f, only.name, codeMisplaced, fmt.Sprintf("%s has a meaning with type: %s only, and this field is of type %s", only.name, orList(only.types), typ), "correct the type, or remove it")
		}
	}
	if f.key("items") != nil && f.key("fields") != nil {
		s.reportAt(f, "items", codeMisplaced, "items and fields both say what the list holds", "keep fields where the elements are objects, else items")
	}
	if f.get("required").isTrue() && f.get("readOnly").isTrue() {
		s.reportAt(f, "required", codeMisplaced, "a field that cannot be written cannot be required of a new record", "remove required or readOnly")
	}
	s.in(f, "enum", s.distinct)
}

func (n *node) isTrue() bool { return n != nil && n.kind == boolNode && n.text == "true" }

// distinct demands that no two elements of a list are the same.
func (s *semantics) distinct(list *node) {
	seen := map[string]*node{}
	s.each(list, func(_ int, v *node) {
		if first := seen[v.text]; first != nil {
			s.report(v, codeDuplicateName, fmt.Sprintf("the value %q is here already", v.text), "keep one of the two")
			s.problems[len(s.problems)-1].related = []*node{first}
			return
		}
		seen[v.text] = v
	})
}

// keyPath demands that a path of the key leads to a field.
func (s *semantics) keyPath(k, fields *node) {
	p, err := record.ParsePath(k.text)
	if err != nil {
		return // the table has said so
	}
	for i, step := range p {
		if step.IsIndex() || fields == nil || fields.kind != listNode {
			return
		}
		names := make([]string, 0, len(fields.items))
		var next *node
		for _, f := range fields.items {
			if s.hasUnknown(f) {
				return // it may be the one
			}
			name := f.str("name")
			if names = append(names, name); name == step.Name || name == k.text {
				next = f
			}
		}
		if next == nil {
			hint := "add it to fields, or take another key"
			if near := diag.Nearest(step.Name, names); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			}
			s.report(k, codeBadValue, fmt.Sprintf("the object has no field %q", p[:i+1].String()), hint)
			return
		}
		fields = next.get("fields")
	}
}
