package mapping

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// typed reports whether an object at either end is known.
func (c *compiler) typed() bool { return c.Source.Object != nil || c.Destination.Object != nil }

// applied adds a function to a field, and what is known of the value after it.
func (c *compiler) applied(f *field, at string, a config.Apply, st step, constant bool) {
	if k := means(f.typ); !constant && f.typ.Known() && f.typ.Kind != record.String && k != record.Int && k != record.Decimal {
		c.problem(CodeType, at, fmt.Sprintf("%s works on a text, and this is %s", a.Func, nameOf(k)), "remove it, or name the path of a text")
	}
	f.steps = append(f.steps, st)
	t := expr.Type{Kind: record.String, Nullable: f.typ.Nullable || a.Func == "emptyToNull"}
	if a.Func == "emptyToNull" {
		t.Kind, t.Length, t.Of = f.typ.Kind, f.typ.Length, f.typ.Of
	}
	if f.typ.Enum != nil {
		t.Enum = c.through(f.typ.Enum, st)
	}
	if t.Enum == nil && f.typ.Kind == record.String {
		t.Length = lengthAfter(a, f.typ.MaxLength())
	} else if a.Func == "truncate" && t.Enum == nil {
		t.Length = lengthAfter(a, 0)
	}
	f.typ = t
}

// lengthAfter returns how many characters a text has at most after a function; 0 when that is not known.
func lengthAfter(a config.Apply, before int) int {
	var text string
	var arg struct {
		Length     int
		Find, With string
	}
	var n int
	switch a.Func {
	case "truncate":
		if json.Unmarshal(a.Arg, &n) != nil {
			return before
		}
		if before == 0 {
			return n
		}
		return min(n, before)
	case "prefix", "suffix":
		if json.Unmarshal(a.Arg, &text) != nil || before == 0 {
			return 0
		}
		return before + utf8.RuneCountInString(text)
	case "padLeft", "padRight":
		if json.Unmarshal(a.Arg, &arg) != nil || before == 0 {
			return 0
		}
		return max(before, arg.Length)
	case "replace":
		if json.Unmarshal(a.Arg, &arg) != nil || utf8.RuneCountInString(arg.With) > utf8.RuneCountInString(arg.Find) {
			return 0
		}
	}
	return before
}

// through returns what a step makes of texts. Those it cannot take are left out; nil: it makes none a text.
func (c *compiler) through(values []string, st step) []string {
	var out []string
	for _, text := range values {
		v, rule := st(c.scratch, record.StringValue(text))
		if rule != "" || v.Kind() != record.String {
			continue
		}
		if s := v.Clone().Text(); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// lookUp adds a lookup of the field's own value, and what is known of the value after it.
func (c *compiler) lookUp(f *field, at string, in *config.Field) bool {
	st, typ := c.lookupStep(at, in.Lookup)
	if st == nil {
		return false
	}
	t := c.tables[in.Lookup]
	c.keyType(f.typ, at+".lookup")
	c.covers(t, 0, f.typ, at+".lookup", in.Lookup)
	typ = t.allValues(c.typed())
	if typ.Kind == record.String && f.typ.Enum != nil && len(t.rows) > 0 {
		typ.Enum = c.through(f.typ.Enum, st)
	}
	typ.Nullable = f.typ.Nullable || typ.Nullable
	f.steps, f.typ, f.decided = append(f.steps, st), typ, "lookup"
	return true
}

// keyType reports a value that can be no key of a lookup.
func (c *compiler) keyType(t expr.Type, at string) {
	switch k := means(t); k {
	case record.List, record.Object, record.Bytes:
		c.problem(CodeType, at, fmt.Sprintf("%s cannot be looked up", nameOf(k)), "name the path of a single value")
	}
}

// covers reports values of an enum for which a lookup has no row, where a miss rejects the record.
func (c *compiler) covers(t *table, key int, typ expr.Type, at, name string) {
	if typ.Enum == nil || t.miss != RuleLookup || len(t.rows) == 0 {
		return
	}
	missing := t.lacks(key, typ.Enum)
	if len(missing) == 0 {
		return
	}
	of := ""
	if len(t.keys) > 1 {
		of = fmt.Sprintf(" in %q", t.keys[key])
	}
	c.problem(CodeCoverage, at, fmt.Sprintf("lookup %q has no row for %s%s, which the value can be: such a record is rejected", name, listed(missing), of),
		"add rows for them, or say what a miss gives: miss: {default: …} or miss: skip")
	c.problems[len(c.problems)-1].Lookup = name
}

// maxValues bounds the values of a lookup that are compared with an enum.
const maxValues = 1000

// allValues returns the type of what the lookup gives, with its values where these matter and are few.
func (t *table) allValues(matter bool) expr.Type {
	typ := t.typ
	if !matter || typ.Kind != record.String {
		return typ
	}
	for _, row := range t.rows {
		if v := row[t.value]; !slices.Contains(typ.Enum, v) {
			if typ.Enum = append(typ.Enum, v); len(typ.Enum) > maxValues {
				return t.typ
			}
		}
	}
	if len(typ.Enum) > 0 && t.miss == "" && !slices.Contains(typ.Enum, t.fallback.Text()) {
		typ.Enum = append(typ.Enum, t.fallback.Text())
	}
	return typ
}

// lacks returns the values for which no row has that value, or any, as one of its keys.
func (t *table) lacks(key int, values []string) []string {
	there := make(map[string]bool, len(t.rows))
	for _, row := range t.rows {
		v := row[t.keys[key]]
		if v == wildcard {
			return nil
		}
		there[string(t.pack(nil, v))] = true
	}
	var missing []string
	for _, v := range values {
		if !there[string(t.pack(nil, v))] {
			missing = append(missing, v)
		}
	}
	return missing
}

// converted adds a conversion, and what is known of the value after it.
func (c *compiler) converted(f *field, at string, in *config.Field, conv step, typ expr.Type) {
	k := means(f.typ)
	if k == record.Bytes && f.typ.Kind != record.Bytes {
		k = f.typ.Kind // their text is one like any other
	}
	if k != record.Absent && in.Value == nil && !converts(in, k) {
		c.problem(CodeType, at+".as", fmt.Sprintf("%s cannot become %s", nameOf(k), in.As), convertHint(in, k))
	}
	if k == record.Decimal && in.As == "int" && in.Form().Round == "" && !f.typ.Loose && in.Value == nil {
		c.problem(CodeRounding, at+".as", "a decimal number becomes a whole one, and nothing says how it is rounded: one with a fraction is rejected", "add round: half-even, half-up or another mode")
	}
	if in.As == "string" && f.typ.Kind == record.String && f.typ.Of == record.Absent {
		typ.Enum, typ.Length = f.typ.Enum, f.typ.Length
	}
	if scale := in.Form().Scale; in.As == "decimal" && scale != nil && *scale == 0 {
		typ.Loose = true
	}
	typ.Nullable = f.typ.Nullable
	f.steps, f.typ, f.decided = append(f.steps, conv), typ, "as"
}

// converts reports whether as takes values of a kind.
func converts(in *config.Field, k record.Kind) bool {
	form := in.Form()
	number, day := k == record.Int || k == record.Decimal, k == record.Date || k == record.Timestamp
	switch in.As {
	case "string":
		if form.Format != "" || form.Zone != "" || form.To != "" {
			return day || k == record.String
		}
		return k != record.List && k != record.Object && k != record.Bytes
	case "int", "decimal", "money":
		return number || k == record.String
	case "bool":
		return k == record.Bool || k == record.Int || k == record.String
	case "date", "datetime":
		if form.Format == formatUnix || form.Format == formatUnixMs {
			return number || day || k == record.String
		}
		return day || k == record.String
	}
	return true
}

func convertHint(in *config.Field, k record.Kind) string {
	switch {
	case (k == record.Int || k == record.Decimal) && (in.As == "date" || in.As == "datetime"):
		return "if the number counts from 1970, add format: unix or unix-ms"
	case k == record.List:
		return "name one element, such as lines[0].sku, or calculate with expr: len, sum, first"
	case k == record.Object:
		return "name one of its fields"
	}
	return "correct the path or the type"
}
