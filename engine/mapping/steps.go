package mapping

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
)

// steps compiles what is done with a field's value: apply, lookup, as. The default goes through as alone.
func (c *compiler) steps(s *scope, f *field, at string, in *config.Field) {
	sure := f.typ.Known() && !f.typ.Nullable
	for i := range in.Apply {
		here := fmt.Sprintf("%s.apply[%d]", at, i)
		st := c.apply(here, in.Apply[i])
		if st == nil {
			return
		}
		sure = sure && in.Apply[i].Func != "emptyToNull"
		c.applied(f, here, in.Apply[i], st, in.Value != nil)
	}
	if in.Lookup != "" && in.With == nil && !c.lookUp(f, at, in) {
		return
	}
	conv, typ := c.conversion(s, at, in, false)
	if conv != nil {
		c.converted(f, at, in, conv, typ)
	} else if in.As != "" {
		f.typ = expr.Type{} // what follows from it says nothing new
	}
	f.main = f.typ
	if in.Value != nil && f.get != nil && in.Lookup == "" && !runtimeCurrency(in) {
		c.fold(f, at+".value")
	}
	c.fallback(s, f, at, in)
	f.typ.Nullable = f.when != nil || !sure && !f.required && in.Default == nil && f.absent != absentReject
}

// runtimeCurrency reports whether the scale of money is only known for a record.
func runtimeCurrency(in *config.Field) bool { return in.As == "money" && !isCode(in.Form().Currency) }

// fold converts a constant beforehand.
func (c *compiler) fold(f *field, at string) {
	v, _ := f.get(c.scratch)
	for _, s := range f.steps {
		if v.IsNull() {
			break
		}
		w, rule := s(c.scratch, v)
		if rule != "" {
			c.problem(CodeConstant, at, fmt.Sprintf("the value, %s, does not convert: rule %q", withArticle(v.Kind()), rule), "write it as the type it becomes")
			return
		}
		v = w
	}
	v = v.Clone()
	f.steps = nil
	f.get = func(*Executor) (record.Value, bool) { return v, true }
}

func withArticle(k record.Kind) string {
	if k == record.Int || k == record.Object || k == record.Absent {
		return "an " + k.String()
	}
	return "a " + k.String()
}

// fallback compiles the default, which is written plainly: numbers with a point, dates in ISO 8601.
func (c *compiler) fallback(s *scope, f *field, at string, in *config.Field) {
	if in.Default == nil {
		return
	}
	v, err := record.ParseJSON(in.Default)
	if err != nil {
		c.problem(CodeConstant, at+".default", "not a value: "+err.Error(), "")
		return
	}
	if v.IsNull() {
		c.problem(CodeConstant, at+".default", "the default is null", "write ifAbsent: null")
		return
	}
	switch {
	case f.absent != keepAbsent:
		c.problem(CodeAbsent, at+".ifAbsent", "a field with a default is never absent", "remove ifAbsent or default")
	}
	plain := config.Field{As: in.As}
	if in.As != "string" {
		form := in.Form()
		plain = plain.WithForm(config.Form{Zone: form.Zone, To: form.To, Scale: form.Scale, Round: form.Round, Currency: form.Currency})
	}
	conv, typ := c.conversion(s, at, &plain, true)
	switch {
	case conv == nil:
		f.typ = either(f.typ, constantType(v))
	case runtimeCurrency(in):
		f.convert = conv
	default:
		w, rule := conv(c.scratch, v)
		if rule != "" {
			c.problem(CodeConstant, at+".default", fmt.Sprintf("the default, %s, does not convert: rule %q", withArticle(v.Kind()), rule), "write it as the type the field has")
			return
		}
		v, f.typ = w, typ
	}
	f.fallback = v.Clone()
}

// either returns the type of a value of one type or, where there is none, of another.
func either(a, b expr.Type) expr.Type {
	switch {
	case a.Kind != b.Kind:
		return expr.Type{}
	case a.Enum == nil || b.Enum == nil:
		a.Enum, a.Length = nil, 0
	default:
		a.Enum = slices.Concat(a.Enum, b.Enum)
	}
	return a
}

// optionTypes says which types a setting belongs to.
var optionTypes = []struct {
	option string
	set    func(*config.Form) bool
	types  []string
}{
	{"zone", func(f *config.Form) bool { return f.Zone != "" }, []string{"date", "datetime", "string"}},
	{"to", func(f *config.Form) bool { return f.To != "" }, []string{"date", "datetime", "string"}},
	{"format", func(f *config.Form) bool { return f.Format != "" }, []string{"date", "datetime", "string"}},
	{"scale", func(f *config.Form) bool { return f.Scale != nil }, []string{"decimal"}},
	{"round", func(f *config.Form) bool { return f.Round != "" }, []string{"decimal", "money", "int"}},
	{"currency", func(f *config.Form) bool { return f.Currency != "" }, []string{"money"}},
	{"minor", func(f *config.Form) bool { return f.Minor }, []string{"money"}},
	{"decimalMark", func(f *config.Form) bool { return f.DecimalMark != "" }, []string{"decimal", "money", "int"}},
	{"groupMark", func(f *config.Form) bool { return f.GroupMark != "" }, []string{"decimal", "money", "int"}},
}

// conversion compiles as. nil when there is none, or it is wrong. Problems of a default's have been told before.
func (c *compiler) conversion(s *scope, at string, in *config.Field, quiet bool) (step, expr.Type) {
	before := len(c.problems)
	st, typ := c.as(s, at, in)
	if quiet {
		c.problems = c.problems[:before]
	}
	return st, typ
}

func (c *compiler) as(s *scope, at string, in *config.Field) (step, expr.Type) {
	before, form := len(c.problems), in.Form()
	for _, o := range optionTypes {
		if o.set(&form) && !slices.Contains(o.types, in.As) {
			c.problem(CodeConflict, at+"."+o.option, fmt.Sprintf("%s has no meaning without as: %s", o.option, o.types[0]), "add as, or remove it")
		}
	}
	if len(c.problems) > before {
		return nil, expr.Type{}
	}
	switch in.As {
	case "":
		return nil, expr.Type{}
	case "string":
		return c.asString(at, in), expr.Type{Kind: record.String}
	case "int":
		return c.asInt(at, form), expr.Type{Kind: record.Int}
	case "decimal":
		return c.asDecimal(at, form), expr.Type{Kind: record.Decimal}
	case "money":
		return c.asMoney(s, at, form), expr.Type{Kind: record.Decimal}
	case "bool":
		return toBool, expr.Type{Kind: record.Bool}
	case "date":
		return c.asDate(at, in), expr.Type{Kind: record.Date}
	case "datetime":
		return c.asDatetime(at, in), expr.Type{Kind: record.Timestamp}
	}
	names := []string{"string", "int", "decimal", "money", "bool", "date", "datetime"}
	hint := didYouMean(in.As, names)
	if hint == "" {
		hint = "it is string, int, decimal, money, bool, date or datetime"
	}
	c.problem(CodeAs, at+".as", fmt.Sprintf("unknown type %q", in.As), hint)
	return nil, expr.Type{}
}

// toBool takes true and false, as such or as text, and 1 and 0.
func toBool(_ *Executor, v record.Value) (record.Value, Rule) {
	switch v.Kind() {
	case record.Bool:
		return v, ""
	case record.Int:
		if n, ok := v.Int64(); ok && (n == 0 || n == 1) {
			return record.BoolValue(n == 1), ""
		}
		return v, RuleBool
	case record.String:
		switch v.Text() {
		case "true", "1":
			return record.BoolValue(true), ""
		case "false", "0":
			return record.BoolValue(false), ""
		}
		return v, RuleBool
	}
	return v, RuleType
}

// warn notes something that is not wrong yet.
func (c *compiler) warn(code, path, message, hint string) {
	c.problem(code, path, message, hint)
	c.problems[len(c.problems)-1].Severity = diag.Warning
}
