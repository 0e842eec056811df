package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
)

// A target is the fields of an object, or of one inside it, that a mapping fills.
type target struct {
	side   config.Side
	fields []config.ObjectField
	see    string // where the fields stand in the kind: Object: spec.fields
	of     string // how messages name it
	create bool   // new records are made, which must have what is required
	find   bool   // nothing is written: records are looked for by these fields
	mapped map[string]bool
	strays []string // what was perhaps meant by names that do not exist
}

// writeFind is Options.Write of fields that records are looked for by.
const writeFind = "find"

// destination returns what the mapping fills; nil: nothing is known of it.
func (c *compiler) destination() *target {
	o := c.Destination.Object
	if o == nil || len(o.Fields) == 0 {
		return nil
	}
	return &target{
		side: c.Destination, fields: o.Fields, see: "spec.fields", of: fmt.Sprintf("%q", o.Object), mapped: map[string]bool{},
		create: c.Write != string(adapters.WriteUpdate) && c.Write != string(adapters.WriteDelete) && c.Write != string(adapters.WriteAction) && c.Write != writeFind, find: c.Write == writeFind,
	}
}

// all judges the fields of an element or a nested object.
func (t *target) all(c *compiler, at string, in config.Fields, fields []*field) {
	for i := range in {
		if i < len(fields) { // else there are two of one name, which is said
			t.field(c, below(at, in[i].Name), &in[i], fields[i])
		}
	}
	t.missing(c, at)
}

// field judges one field.
func (t *target) field(c *compiler, at string, in *config.NamedField, f *field) {
	k := slices.IndexFunc(t.fields, func(f config.ObjectField) bool { return f.Name == in.Name })
	if k < 0 {
		t.strays = append(t.strays, c.stray(t, at, in.Name))
		return
	}
	t.mapped[in.Name] = true
	c.target(t, &t.fields[k], fmt.Sprintf("%s[%d]", t.see, k), at, &in.Field, f)
}

// missing reports what a new record must have and none of the fields fills.
func (t *target) missing(c *compiler, at string) {
	if !t.create {
		return
	}
	for k := range t.fields {
		f := &t.fields[k]
		if f.Required && !f.ReadOnly && !t.mapped[f.Name] && !slices.Contains(t.strays, f.Name) && !t.path(f.Name) {
			c.problem(CodeNotMapped, at, fmt.Sprintf("%s requires the field %q, and it is not mapped", t.of, f.Name), "map it, or correct the kind: Object if the field may be left out")
			c.about(fmt.Sprintf("%s[%d]", t.see, k), true)
		}
	}
}

// path reports whether a field whose name is a path lies in one that is mapped.
func (t *target) path(name string) bool {
	p, err := record.ParsePath(name)
	return err == nil && len(p) > 1 && t.mapped[p[0].Name]
}

// about says which field of the destination the last problem follows from.
func (c *compiler) about(see string, ofName bool) {
	p := &c.problems[len(c.problems)-1]
	p.SeeDestination, p.OfName = see, ofName
}

// stray reports a field that the destination does not have, and returns the one that was perhaps meant.
func (c *compiler) stray(t *target, at, name string) string {
	names := make([]string, len(t.fields))
	for i, f := range t.fields {
		if names[i] = f.Name; strings.EqualFold(f.Name, name) {
			c.problem(CodeUnknownName, at, fmt.Sprintf("%s has no field %q", t.of, name), fmt.Sprintf("did you mean %q?", f.Name))
			c.about("", true)
			return f.Name
		}
	}
	if slices.ContainsFunc(names, func(n string) bool {
		p, err := record.ParsePath(n)
		return err == nil && len(p) > 1 && p[0].Name == name
	}) {
		return ""
	}
	near := diag.Nearest(name, names)
	hint := fmt.Sprintf("did you mean %q?", near)
	if near == "" {
		hint = "the fields are " + strings.Join(names[:min(len(names), 10)], ", ")
	}
	if around, inner, ok := strings.Cut(name, "."); ok && slices.Contains(names, around) {
		hint, near = fmt.Sprintf("%s is a field of %s: write %[2]s: {fields: {%[1]s: …}}", inner, around), around
	}
	c.problem(CodeUnknownName, at, fmt.Sprintf("%s has no field %q", t.of, name), hint)
	c.about("", true)
	return near
}

// target judges one field against the one that it fills.
func (c *compiler) target(t *target, to *config.ObjectField, see, at string, in *config.Field, f *field) {
	if to.ReadOnly && !t.find {
		c.problem(CodeReadOnly, at, fmt.Sprintf("%q cannot be written: it is read-only in %s", to.Name, t.of), "remove it from the mapping")
		c.about(see, true)
		return
	}
	if f.get == nil {
		return // said already
	}
	if c.fits(t, to, see, at, in, f) && !t.find {
		c.absent(t, to, see, at, in, f)
	}
	c.inside(t, to, see, at, in, f)
}

// inside judges the fields of a nested object or of the elements of a list.
func (c *compiler) inside(t *target, to *config.ObjectField, see, at string, in *config.Field, f *field) {
	if len(to.Fields) == 0 || len(f.parts) == 0 || (to.Type == "list") != (f.main.Kind == record.List) {
		return
	}
	inner := func() *target {
		return &target{side: t.side, fields: to.Fields, see: see + ".fields", of: fmt.Sprintf("%q", to.Name), create: true, mapped: map[string]bool{}}
	}
	if f.decided != "concat" {
		if f.parts[0].failed {
			return
		}
		inner().all(c, at+".fields", in.Nested().Fields, f.parts[0].object.fields)
		return
	}
	for i, from := range in.Nested().Concat {
		if f.parts[i].failed {
			continue
		}
		inner().all(c, fmt.Sprintf("%s.concat[%d].fields", at, i), from.Fields, f.parts[i].object.fields)
	}
}

// fits judges the type of a field's value, and of its default, against the field that it fills. false: it does not.
func (c *compiler) fits(t *target, to *config.ObjectField, see, at string, in *config.Field, f *field) bool {
	setting := at
	if f.decided != "" {
		setting = at + "." + f.decided
	}
	if f.decided == "lookup" && c.badRows(in.Lookup, f.main, t, to, setting, see) {
		return false
	}
	if m := misfit(f.main, to, t.side, in); m != nil {
		if f.key && m.warning && m.code == CodeLength {
			m.hint = "a key must not be truncated: take a shorter one"
		}
		c.mismatch(m, setting, m.what, see, f.decided == "")
		return m.warning
	}
	if in.Default != nil && !f.fallback.IsAbsent() {
		plain := config.Field{Value: in.Default, As: in.As}
		if m := misfit(constantType(f.fallback), to, t.side, &plain); m != nil {
			c.mismatch(m, at+".default", "the default: "+m.what, see, false)
		}
	}
	return true
}

// badRows reports rows of a lookup that give what the destination cannot have, where they stand. false: there are none.
func (c *compiler) badRows(name string, typ expr.Type, t *target, to *config.ObjectField, at, see string) bool {
	table := c.tables[name]
	m := foreign(typ.Enum, to)
	if to.Type != "string" || m == nil || table == nil {
		return false
	}
	before := len(c.problems)
	report := func(value, path string) {
		if m := foreign([]string{value}, to); m != nil && slices.Contains(typ.Enum, value) {
			c.problem(CodeEnum, at, fmt.Sprintf("%q of %s cannot be %q, and lookup %q gives that", to.Name, t.of, value, name), m.hint)
			c.about(see, false)
			p := &c.problems[len(c.problems)-1]
			p.Lookup, p.LookupPath = name, path
		}
	}
	for i, row := range table.rows {
		report(row[table.value], below(fmt.Sprintf("spec.rows[%d]", i), table.value))
	}
	if table.miss == "" && table.fallback.Kind() == record.String {
		report(table.fallback.Text(), "spec.miss.default")
	}
	return len(c.problems) > before
}

func (c *compiler) mismatch(m *mismatch, at, message, see string, ofName bool) {
	c.problem(cmp.Or(m.code, CodeType), at, message, m.hint)
	if m.warning {
		c.problems[len(c.problems)-1].Severity = diag.Warning
	}
	c.about(see, ofName)
}

// absent judges whether a value may be nil where the destination needs one.
func (c *compiler) absent(t *target, to *config.ObjectField, see, at string, in *config.Field, f *field) {
	rejected := f.required || f.absent == absentReject
	switch needed := to.Required && t.create; {
	case f.when != nil && needed:
		c.problem(CodeNull, at+".when", fmt.Sprintf("%q is required in %s, and is left out where this does not hold", to.Name, t.of), "remove when, or map the field so that it always has a value: expr: condition ? a : b")
	case !f.main.Nullable || rejected || in.Default != nil:
		return
	case f.key:
		c.problem(CodeNull, at+"."+f.decided, fmt.Sprintf("%q is the destination's key, and this may be nil", to.Name), "take a key that is always there; or add required: true to have such records rejected")
	case needed:
		c.problem(CodeNull, at+"."+f.decided, fmt.Sprintf("%q is required in %s, and this may be nil", to.Name, t.of), "add default: with a value to take; or required: true to have such records rejected")
	case !to.Nullable && !to.Required && f.absent != absentOmit:
		c.warn(CodeNull, at+"."+f.decided, fmt.Sprintf("%q is never nil in %s, and this may be", to.Name, t.of), "add default: with a value to take, or ifAbsent: omit to send none")
	default:
		return
	}
	c.about(see, false)
}

// traces judges the paths that the touchpoint traces.
func (c *compiler) traces(s *scope) {
	for i, text := range c.Trace {
		if p, err := record.ParsePath(text); err == nil && p.Root() == "" {
			c.follow(s, recordType(c.Source), fmt.Sprintf("spec.trace[%d]", i), text, p)
		}
	}
}

// kindOf returns the kind that a field of the destination holds; Absent when it takes anything.
func kindOf(to *config.ObjectField) record.Kind { return fieldKinds[to.Type] }
