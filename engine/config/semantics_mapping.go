package config

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/diag"
)

// A place is where in a mapping a field stands: what it may name depends on it.
type mappingPlace struct {
	roots  []string
	mapped []string // fields of $out that are mapped before
	all    []string // all fields of $out
}

func (s *semantics) mapping() {
	for _, side := range []string{"source", "destination"} {
		s.in(s.spec, side, func(v *node) { s.exactlyOne(v, "application", "connection") })
	}
	all := fieldNames(s.spec.get("fields"))
	s.in(s.spec, "fields", func(v *node) {
		if len(v.keys) == 0 {
			s.report(v, codeMissingField, "the mapping has no field", "map at least one")
		}
		s.secretConstants(v)
		s.mappingFields(v, mappingPlace{roots: []string{"$this", "$root", "$out", "$steps", "$run"}, all: all}, true)
	})
	s.in(s.spec, "checks", func(v *node) {
		s.unique(v, "name")
		s.each(v, func(_ int, check *node) {
			p := s.expression(check, "expr", condition, "$root", "$out", "$steps", "$run")
			s.outRefs(check.get("expr"), "expr", p, mappingPlace{mapped: all, all: all})
		})
	})
}

func fieldNames(n *node) []string {
	if n == nil || n.kind != objectNode {
		return nil
	}
	names := make([]string, len(n.keys))
	for i, k := range n.keys {
		names[i] = k.text
	}
	return names
}

// mappingFields judges the fields of a record, an element or a nested object.
func (s *semantics) mappingFields(n *node, at mappingPlace, top bool) {
	s.fields(n, func(k, v *node) {
		if v.kind == objectNode {
			s.mappingField(v, at)
		}
		if top {
			at.mapped = append(slices.Clip(at.mapped), k.text)
		}
	})
}

func (s *semantics) mappingField(n *node, at mappingPlace) {
	s.fieldForm(n)
	s.fieldOptions(n)
	for _, name := range []string{"from", "each", "currency"} {
		s.in(n, name, func(v *node) { s.pathPlace(v, at) })
	}
	s.in(n, "with", func(v *node) { s.fields(v, func(_, p *node) { s.pathPlace(p, at) }) })
	s.outRefs(n.get("expr"), "expr", s.expression(n, "expr", expr.Type{}, at.roots...), at)
	s.when(n, at)
	inner := at
	if n.key("each") != nil {
		inner = at.element()
		s.where(n, inner)
		s.group(n, inner)
	}
	s.in(n, "fields", func(v *node) { s.mappingFields(v, inner, false) })
	s.in(n, "concat", func(v *node) { s.each(v, func(_ int, part *node) { s.listPart(part, at) }) })
}

func (s *semantics) when(n *node, at mappingPlace) {
	p := s.expression(n, "when", condition, at.roots...)
	s.outRefs(n.get("when"), "when", p, at)
}

func (s *semantics) where(n *node, at mappingPlace) {
	p := s.expression(n, "where", condition, at.roots...)
	s.outRefs(n.get("where"), "where", p, at)
}

// group judges what makes elements one.
func (s *semantics) group(n *node, at mappingPlace) {
	s.in(n, "group", func(g *node) {
		first := map[string]*node{}
		for _, name := range []string{"by", "sum", "min", "max"} {
			s.in(g, name, func(v *node) {
				s.each(v, func(_ int, p *node) {
					s.pathPlace(p, at)
					s.groupedOnce(p, first)
				})
			})
		}
		s.in(g, "count", func(p *node) { s.groupedOnce(p, first) })
	})
}

// groupedOnce demands that a path of a group stands in it once.
func (s *semantics) groupedOnce(p *node, first map[string]*node) {
	if before := first[p.text]; before != nil {
		s.report(p, codeDuplicateName, fmt.Sprintf("%q is in this group already", p.text), "of one field there is one value: remove one of the two, or use a field of its own")
		s.problems[len(s.problems)-1].related = []*node{before}
		return
	}
	first[p.text] = p
}

// element is the place inside the elements of a list.
func (at mappingPlace) element() mappingPlace {
	at.roots = pathRoots
	return at
}

func (s *semantics) listPart(part *node, at mappingPlace) {
	s.in(part, "each", func(v *node) { s.pathPlace(v, at) })
	s.when(part, at)
	inner := at
	switch {
	case part.key("each") != nil:
		inner = at.element()
		s.where(part, inner)
		s.group(part, inner)
	case part.key("where") != nil:
		s.reportAt(part, "where", codeMisplaced, "where filters a list, and there is no each", "write when for a condition on a single element")
	case part.key("group") != nil:
		s.reportAt(part, "group", codeMisplaced, "group makes one of the elements of a list, and there is no each", "add each: with the path of the list")
	}
	s.in(part, "fields", func(v *node) { s.mappingFields(v, inner, false) })
}

// fieldForm demands that exactly one thing gives the value.
func (s *semantics) fieldForm(n *node) {
	var forms []string
	for _, name := range []string{"from", "value", "expr", "each", "concat"} {
		if n.key(name) != nil {
			forms = append(forms, name)
		}
	}
	if n.key("with") != nil {
		forms = append(forms, "with")
	}
	if n.key("fields") != nil && n.key("each") == nil {
		forms = append(forms, "fields")
	}
	switch {
	case len(forms) == 0 && s.hasBad(n):
	case len(forms) == 0 && n.key("lookup") != nil:
		s.reportAt(n, "lookup", codeOneOf, "nothing says what to look up", "add from: with a path, or with: with a path for each key of the lookup")
	case len(forms) == 0:
		s.report(n, codeOneOf, "nothing gives the value", "add one of from, value, expr, lookup with with, each with fields, concat or fields")
	case len(forms) > 1:
		second := forms[1]
		s.reportAt(n, second, codeOneOf, fmt.Sprintf("%s and %s both give the value", forms[0], second), "keep the one that is meant")
	}
	switch {
	case n.key("with") != nil && n.key("lookup") == nil:
		s.reportAt(n, "with", codeMisplaced, "with gives the keys of a lookup, and there is no lookup", "add lookup: with the name of one")
	case n.key("where") != nil && n.key("each") == nil:
		s.reportAt(n, "where", codeMisplaced, "where filters a list, and there is no each", "write when for a condition on one field")
	case n.key("group") != nil && n.key("each") == nil:
		s.reportAt(n, "group", codeMisplaced, "group makes one of the elements of a list, and there is no each", "add each: with the path of the list")
	case n.key("each") != nil && n.key("fields") == nil && !s.hasBad(n):
		s.reportAt(n, "each", codeMissingField, "nothing says what the elements become", "add fields: with the fields of an element")
	}
}

// hasBad reports whether a field of n is wrong in form: it may be the one that is missed.
func (s *semantics) hasBad(n *node) bool {
	return slices.ContainsFunc(n.items, func(v *node) bool { return s.bad[v] })
}

// optionTypes says which types an option belongs to.
var optionTypes = []struct {
	option string
	types  []string
}{
	{"zone", []string{"date", "datetime", "string"}},
	{"to", []string{"date", "datetime", "string"}},
	{"format", []string{"date", "datetime", "string"}},
	{"scale", []string{"decimal"}},
	{"round", []string{"decimal", "money", "int"}},
	{"currency", []string{"money"}},
	{"minor", []string{"money"}},
	{"decimalMark", []string{"decimal", "money", "int"}},
	{"groupMark", []string{"decimal", "money", "int"}},
}

// fieldOptions judges the options of a conversion.
func (s *semantics) fieldOptions(n *node) {
	as := n.str("as")
	if v := n.get("as"); v != nil && s.bad[v] {
		return
	}
	for _, o := range optionTypes {
		if n.key(o.option) != nil && !slices.Contains(o.types, as) {
			s.reportAt(n, o.option, codeMisplaced, fmt.Sprintf("%s has a meaning with as: %s only", o.option, orList(o.types)), "add as: "+o.types[0]+", or remove it")
		}
	}
	for _, name := range []string{"as", "apply", "lookup", "default"} {
		for _, form := range []string{"each", "concat", "fields"} {
			if n.key(name) != nil && n.key(form) != nil {
				s.reportAt(n, name, codeMisplaced, fmt.Sprintf("%s has no meaning with %s", name, form), "remove one of the two")
				return
			}
		}
	}
	switch {
	case s.hasBad(n): // it may be the option that is missed
	case as == "money" && n.key("currency") == nil:
		s.reportAt(n, "as", codeMissingField, "money needs a currency, which says its digits", "add currency: EUR, or the path of one")
	case as == "decimal" && n.key("scale") != nil && n.key("round") == nil:
		s.reportAt(n, "scale", codeRounding, "nothing says how the number is rounded to this scale", "add round: half-even, half-up or another mode")
	case as == "decimal" && n.key("round") != nil && n.key("scale") == nil:
		s.reportAt(n, "round", codeMisplaced, "nothing says to which scale the number is rounded", "add scale: with the number of digits")
	}
	if n.str("decimalMark") != "" && n.str("decimalMark") == n.str("groupMark") {
		s.reportAt(n, "groupMark", codeBadValue, "decimalMark and groupMark are the same character", "")
	}
}

// pathPlace judges the root a path starts at.
func (s *semantics) pathPlace(v *node, at mappingPlace) {
	p, err := record.ParsePath(v.text)
	if err != nil {
		return // the table has said so
	}
	if f := judgeRoot(p.Root(), at.roots); f != nil {
		s.report(v, f.code, f.message, f.hint)
		return
	}
	if p.Root() == "$out" && len(p) > 1 && !p[1].IsIndex() {
		s.outName(v, p[1].Name, 0, at)
	}
}

// outRefs judges what an expression names of $out.
func (s *semantics) outRefs(v *node, name string, p *expr.Program, at mappingPlace) {
	if p == nil {
		return
	}
	s.under(segment{name: name}, func() {
		for _, ref := range p.Refs() {
			if ref.Root == "$out" && len(ref.Path) > 0 && !ref.Path[0].IsIndex() {
				s.outName(v, ref.Path[0].Name, max(0, indexOfName(v.text, ref.Path[0].Name)), at)
			}
		}
	})
}

func (s *semantics) outName(v *node, name string, offset int, at mappingPlace) {
	switch {
	case slices.Contains(at.mapped, name), len(at.all) == 0:
		return
	case slices.Contains(at.all, name):
		s.report(v, codeForwardReference, fmt.Sprintf("$out.%s is not mapped yet here", name), "fields are mapped in the order they are written in, so one can use only those above it")
	default:
		hint := "the fields are those of the mapping itself"
		if near := diag.Nearest(name, at.all); near != "" {
			hint = fmt.Sprintf("did you mean $out.%s?", near)
		}
		s.report(v, codeExpression, fmt.Sprintf("the mapping has no field %q", name), hint)
	}
	s.problems[len(s.problems)-1].inside = &inside{node: v, offset: offset, length: len(name)}
}
