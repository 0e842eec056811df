package maptest

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
)

// declared reports whether a mapping says that it rejects for a reason. Where nothing is known of the source, everything may be.
func (g *generator) declared(r mapping.Reason) bool {
	switch r.Rule {
	case mapping.RuleJSON, mapping.RuleLookupAmbiguous:
		return false
	case mapping.RuleType, mapping.RuleExpr, mapping.RuleScale, mapping.RuleZone, mapping.RuleLength:
		return !g.typed
	case mapping.RuleNumber, mapping.RuleInteger, mapping.RuleBool, mapping.RuleDate: // a text may say anything, which as: takes into account
		return !g.typed || r.Type == "string"
	}
	return true
}

// unfit returns where and why an output is none that the destination object can have. Empty: it is.
func (g *generator) unfit(fields []config.ObjectField, out record.Value, at string) (where, what string) {
	for i := range fields {
		f := &fields[i]
		v, place := out.Get(f.Name), joined(at, step(f.Name))
		switch {
		case v.IsNull() && f.Required && !f.ReadOnly && g.creates:
			return place, "the destination object requires it, and it is missing"
		case v.IsAbsent():
			continue
		case v.IsNull() && !f.Nullable:
			return place, "the destination object takes no null here"
		case v.IsNull():
			continue
		case !holds(f.Type, v):
			return place, fmt.Sprintf("the destination object holds %s here, and this is %s", f.Type, v.Kind())
		case f.Enum != nil && v.Kind() == record.String && !slices.Contains(f.Enum, v.Text()):
			return place, "it is not one of the values that the destination object can have"
		case f.MaxLength > 0 && v.Kind() == record.String && len([]rune(v.Text())) > f.MaxLength:
			return place, fmt.Sprintf("it is longer than the %d characters that the destination object takes", f.MaxLength)
		}
		if f.Fields == nil {
			continue
		}
		elements := []record.Value{v}
		if v.Kind() == record.List {
			elements, place = v.Elements(), place+"[]"
		}
		for _, e := range elements {
			if where, what = g.unfit(f.Fields, e, place); what != "" {
				return where, what
			}
		}
	}
	return "", ""
}

// creates reports whether records of a mapping may be new at the destination.
func creates(m *config.Model, name, touchpoint string) bool {
	if t, ok := m.Touchpoints[touchpoint]; ok {
		for _, target := range t.Spec.Targets() {
			if target.Mapping == name {
				return target.Destination.Write != "update" && target.Destination.Fills()
			}
		}
	}
	return true
}

// holds reports whether a field of a type can hold a value.
func holds(typ string, v record.Value) bool {
	switch k := v.Kind(); typ {
	case "string", "date", "time", "datetime", "bytes":
		return k == record.String
	case "int":
		return k == record.Int
	case "decimal":
		return k == record.Int || k == record.Decimal
	case "bool":
		return k == record.Bool
	case "object":
		return k == record.Object
	case "list":
		return k == record.List
	}
	return true
}
