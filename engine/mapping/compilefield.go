package mapping

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// field compiles one field. It always returns one, so that what follows can be judged.
func (c *compiler) field(s *scope, at string, nf config.NamedField, nesting int) *field {
	f := &field{name: record.Path{{Name: nf.Name, Index: -1}}.String()}
	if nesting > maxNesting {
		c.problem(CodeTooDeep, at, fmt.Sprintf("more than %d lists and objects within each other", maxNesting), "")
		return f
	}
	in := &nf.Field
	if in.When != "" {
		f.when = c.condition(s, at+".when", in.When)
		defer c.assume(s, f.when)()
	}
	f.cover(c, at, in)
	f.required = in.Required
	c.absence(f, at, in)
	form := c.form(at, in)
	switch form {
	case "from":
		f.get, f.typ = c.from(s, at+".from", in.From)
	case "value":
		f.get, f.typ = c.constant(at+".value", in.Value)
	case "expr":
		f.get, f.typ = c.fromExpr(s, at+".expr", in.Expr)
	case "with":
		f.get, f.typ = c.lookupWith(s, at, in)
	case "each":
		c.each(s, f, at, in, nesting)
		return f
	case "concat":
		c.concat(s, f, at, in, nesting)
		return f
	case "fields":
		o, typ := c.object(s, at+".fields", in.Nested().Fields, nesting)
		f.get, f.typ, f.parts, f.main = o.nested, typ, []part{{object: *o}}, typ
		f.main.Nullable = false
		return f
	default:
		return f
	}
	f.decided = map[bool]string{true: "lookup", false: form}[form == "with"]
	c.steps(s, f, at, in)
	return f
}

// form returns what gives the value, or "" when that is not clear.
func (c *compiler) form(at string, in *config.Field) string {
	var forms []string
	nested := in.Nested()
	add := func(name string, there bool) {
		if there {
			forms = append(forms, name)
		}
	}
	add("from", in.From != "")
	add("value", in.Value != nil)
	add("expr", in.Expr != "")
	add("with", in.With != nil)
	add("each", nested.Each != "")
	add("concat", nested.Concat != nil)
	add("fields", nested.Fields != nil && nested.Each == "")
	switch {
	case len(forms) == 0:
		c.problem(CodeSource, at, "nothing gives the value", "add one of from, value, expr, lookup with with, each with fields, concat or fields")
		return ""
	case len(forms) > 1:
		c.problem(CodeSource, at, strings.Join(forms, " and ")+" both give the value", "keep the one that is meant")
		return ""
	}
	form := forms[0]
	switch {
	case form == "with" && in.Lookup == "":
		c.problem(CodeConflict, at+".with", "with gives the keys of a lookup, and there is no lookup", "add lookup with the name of one")
		return ""
	case nested.Where != "" && form != "each":
		c.problem(CodeConflict, at+".where", "where filters a list, and there is no each", "write when for a condition on one field")
	case form == "each" && nested.Fields == nil:
		c.problem(CodeSource, at+".each", "nothing says what the elements become", "add fields")
		return ""
	}
	if form == "each" || form == "concat" || form == "fields" {
		for _, name := range conversions(in) {
			c.problem(CodeConflict, at+"."+name, fmt.Sprintf("%s has no meaning with %s", name, form), "remove one of the two")
		}
	}
	return form
}

// conversions returns the names of the settings that only go with a single value.
func conversions(in *config.Field) []string {
	var names []string
	form := in.Form()
	for name, there := range map[string]bool{
		"as": in.As != "", "apply": in.Apply != nil, "lookup": in.Lookup != "", "default": in.Default != nil, "zone": form.Zone != "",
		"to": form.To != "", "format": form.Format != "", "scale": form.Scale != nil, "round": form.Round != "", "currency": form.Currency != "",
		"minor": form.Minor, "decimalMark": form.DecimalMark != "", "groupMark": form.GroupMark != "",
	} {
		if there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (c *compiler) absence(f *field, at string, in *config.Field) {
	switch in.IfAbsent {
	case "":
	case "omit":
		f.absent = absentOmit
	case "null":
		f.absent = absentNull
	case "error":
		f.absent = absentReject
	default:
		c.problem(CodeAbsent, at+".ifAbsent", fmt.Sprintf("unknown ifAbsent %q", in.IfAbsent), "it is omit, null or error")
	}
	if in.Required && (f.absent == absentOmit || f.absent == absentNull) {
		c.problem(CodeAbsent, at+".ifAbsent", "a required field is never absent", "remove required or ifAbsent")
	}
}

func (c *compiler) from(s *scope, at, text string) (getter, expr.Type) {
	p, typ, ok := c.path(s, at, text)
	if !ok {
		return nil, expr.Type{}
	}
	if p.kind == inSlot { // by far the most
		depth, slot := p.depth, p.slot
		return func(e *Executor) (record.Value, bool) { return e.frames[depth][slot], true }, typ
	}
	return func(e *Executor) (record.Value, bool) { return e.load(&p), true }, typ
}

func (c *compiler) constant(at string, text json.RawMessage) (getter, expr.Type) {
	v, err := record.ParseJSON(text)
	if err != nil {
		c.problem(CodeConstant, at, "not a value: "+err.Error(), "")
		return nil, expr.Type{}
	}
	return func(*Executor) (record.Value, bool) { return v, true }, constantType(v)
}

// constantType returns the type of a value that is written out.
func constantType(v record.Value) expr.Type {
	switch v.Kind() {
	case record.Null:
		return expr.Type{Nullable: true}
	case record.String:
		return expr.Type{Kind: record.String, Enum: []string{v.Text()}}
	}
	return expr.Type{Kind: v.Kind()}
}

func (c *compiler) fromExpr(s *scope, at, text string) (getter, expr.Type) {
	x := c.expression(s, at, text, expr.Type{})
	if x == nil {
		return nil, expr.Type{}
	}
	typ := x.program.Type()
	if typ.Kind == record.Null {
		typ = expr.Type{Nullable: true}
	}
	return x.run, typ
}

func (c *compiler) object(s *scope, at string, fields config.Fields, nesting int) (*object, expr.Type) {
	o := &object{}
	var names []string
	typ := expr.Type{Kind: record.Object, Nullable: true, Fields: map[string]expr.Type{}}
	for _, nf := range fields {
		if _, twice := typ.Fields[nf.Name]; twice {
			c.problem(CodeDuplicate, below(at, nf.Name), fmt.Sprintf("field %q is there twice", nf.Name), "remove one of the two")
			continue
		}
		f := c.field(s, below(at, nf.Name), nf, nesting+1)
		c.writeMode(below(at, nf.Name), nf.Field.Write, false)
		names, o.fields = append(names, nf.Name), append(o.fields, f)
		typ.Fields[nf.Name] = f.typ
	}
	o.labels = record.NewLabels(names)
	return o, typ
}

func (c *compiler) each(s *scope, f *field, at string, in *config.Field, nesting int) {
	l := &list{each: true, point: c.point(at+".each", "filled", "empty")}
	nested := in.Nested()
	p, typ := c.part(s, at, &config.ListPart{Each: nested.Each, Where: nested.Where, Group: nested.Group, Fields: nested.Fields}, nesting)
	l.parts = []part{p}
	f.get, f.parts, f.decided = l.get, l.parts, "each"
	f.main = expr.Type{Kind: record.List, Nullable: p.nullable, Elem: &typ}
	f.typ = f.main
	f.typ.Nullable = true
}

func (c *compiler) concat(s *scope, f *field, at string, in *config.Field, nesting int) {
	l := &list{}
	all := expr.Type{Kind: record.Object, Fields: map[string]expr.Type{}}
	for i, from := range in.Nested().Concat {
		p, typ := c.part(s, fmt.Sprintf("%s.concat[%d]", at, i), &from, nesting)
		l.parts = append(l.parts, p)
		for name, t := range typ.Fields {
			if had, there := all.Fields[name]; there && had.Kind != t.Kind {
				t = expr.Type{}
			}
			all.Fields[name] = t
		}
	}
	f.get, f.parts, f.decided = l.get, l.parts, "concat"
	f.typ = expr.Type{Kind: record.List, Elem: &all}
	f.main = f.typ
}

// part compiles one origin of a list.
func (c *compiler) part(s *scope, at string, in *config.ListPart, nesting int) (part, expr.Type) {
	p := part{single: in.Each == ""}
	if in.When != "" {
		p.when = c.condition(s, at+".when", in.When)
		defer c.assume(s, p.when)()
	}
	if in.Fields == nil {
		c.problem(CodeSource, at, "nothing says what the elements become", "add fields")
	}
	inner := s
	if p.single {
		if in.Where != "" {
			c.problem(CodeConflict, at+".where", "where filters a list, and there is no each", "write when for a condition on a single element")
		}
	} else if inner = c.elements(s, at+".each", in.Each, &p); inner == nil {
		p.failed = true
		return p, expr.Type{Kind: record.Object, Fields: map[string]expr.Type{}}
	}
	if in.Where != "" && !p.single {
		p.where = c.condition(inner, at+".where", in.Where)
		defer c.assume(inner, p.where)()
	}
	if in.Group != nil && !p.single {
		p.group = c.group(inner, at+".group", in.Group)
	}
	o, typ := c.object(inner, at+".fields", in.Fields, nesting+1)
	p.object = *o
	if !p.single && !inner.used {
		c.addPath(inner.prefix) // only the number of elements counts
	}
	typ.Nullable = false
	return p, typ
}

// elements opens the scope of a list's elements.
func (c *compiler) elements(s *scope, at, text string, p *part) *scope {
	path, err := record.ParsePath(text)
	if err != nil {
		c.problem(CodePath, at, fmt.Sprintf("%q is not a path: %v", text, err), "a path is a.b[0].c; quote names with other characters")
		return nil
	}
	outer := s
	switch path.Root() {
	case "":
	case rootThis:
		path = path[1:]
	case rootRoot:
		path = path[1:]
		for outer.parent != nil {
			outer = outer.parent
		}
	case rootParent:
		if outer = s.parent; outer == nil {
			c.problem(CodeRoot, at, "$parent is only available inside a list", rootsHint)
			return nil
		}
		path = path[1:]
	default:
		c.problem(CodeRoot, at, fmt.Sprintf("a list cannot come from %s", path.Root()), "a list comes from the source record: name a path in it")
		return nil
	}
	typ, ok := c.follow(s, outer.typ, at, text, path)
	if !ok {
		return nil
	}
	if k := means(typ); k != record.Absent && k != record.List {
		c.problem(CodeType, at, fmt.Sprintf("%s is %s, not a list", text, nameOf(k)), listHint(outer.typ))
		return nil
	}
	p.nullable = typ.Nullable
	for o := outer; o != nil; o = o.parent {
		o.used = true
	}
	slot, slots := outer.slots.Each(path)
	p.list = place{kind: inSlot, depth: outer.depth, slot: slot}
	p.inner = s.depth + 1
	c.depth = max(c.depth, p.inner)
	return &scope{
		parent: s, depth: p.inner, slots: slots,
		prefix: append(outer.prefix[:len(outer.prefix):len(outer.prefix)], path...),
		typ:    elementType(typ),
	}
}

func elementType(list expr.Type) expr.Type {
	if list.Elem == nil {
		return expr.Type{}
	}
	return *list.Elem
}

// listHint names the lists there are.
func listHint(t expr.Type) string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
		if t.Fields[name].Kind == record.List {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "each takes the path of a list"
	}
	return "the lists are " + strings.Join(names, ", ")
}

// lookupWith compiles a lookup of several keys.
func (c *compiler) lookupWith(s *scope, at string, in *config.Field) (getter, expr.Type) {
	t := c.table(at, in.Lookup)
	if t == nil {
		return nil, expr.Type{}
	}
	keys := make([]place, len(t.keys))
	for i, column := range t.keys {
		text, ok := in.With[column]
		if !ok {
			c.problem(CodeLookup, at+".with", fmt.Sprintf("with has no %q, which is a key of lookup %q", column, in.Lookup), "give a path for each key")
			return nil, expr.Type{}
		}
		var typ expr.Type
		if keys[i], typ, ok = c.path(s, below(at+".with", column), text); !ok {
			return nil, expr.Type{}
		}
		c.covers(t, i, typ, below(at+".with", column), in.Lookup)
		c.keyType(typ, below(at+".with", column))
	}
	for _, column := range slices.Sorted(maps.Keys(in.With)) {
		if !slices.Contains(t.keys, column) {
			c.problem(CodeLookup, below(at+".with", column), fmt.Sprintf("lookup %q has no key %q", in.Lookup, column), didYouMean(column, t.keys))
			return nil, expr.Type{}
		}
	}
	hasDefault, point := in.Default != nil, c.lookupPoint(at)
	return func(e *Executor) (record.Value, bool) {
		values := e.keys[:0]
		for i := range keys {
			v := e.load(&keys[i])
			if v.IsNull() {
				if hasDefault {
					return record.Value{}, true
				}
				return v, e.refuse("", RuleBlankKey, v)
			}
			values = append(values, v)
		}
		e.keys = values
		v, rule, at := t.find(e, values, point)
		if rule != "" {
			return v, e.refuse("", rule, values[at])
		}
		return v, true
	}, t.allValues(c.typed())
}
