package maptest

import (
	"slices"

	"github.com/dray-sync/dray/adapters/record"
)

// maxTries bounds how many inputs are tried on the way to a small one.
const maxTries = 2000

// shrink returns an input as small as can be found in a bounded time that the source object can have and that leads to the same finding.
func (g *generator) shrink(input record.Value, key string) record.Value {
	for tries := 0; tries < maxTries; {
		found := false
		for smaller := range variants(g.shape, input) {
			tries++
			if k, f := g.try(smaller, false); f != nil && k == key {
				input, found = smaller, true
				break
			}
			if tries >= maxTries {
				break
			}
		}
		if !found {
			return input
		}
	}
	return input
}

// variants yields values of the shape that are one step simpler, the boldest first.
func variants(s *shape, v record.Value) func(func(record.Value) bool) {
	return func(yield func(record.Value) bool) {
		switch {
		case v.Kind() == record.Object && s.kind == "object":
			memberVariants(s, v, yield)
		case v.Kind() == record.List && s.kind == "list":
			elementVariants(s, v, yield)
		default:
			for _, simple := range simpler(s, v) {
				if !yield(simple) {
					return
				}
			}
		}
	}
}

func memberVariants(s *shape, v record.Value, yield func(record.Value) bool) {
	names := v.Names()
	with := func(i int, w record.Value) record.Value {
		values := make([]record.Value, v.Len())
		for k := range values {
			values[k] = v.Index(k)
		}
		if values[i] = w; w.IsAbsent() {
			return record.ObjectValue(slices.Delete(slices.Clone(names), i, i+1), slices.Delete(values, i, i+1))
		}
		return record.ObjectValue(slices.Clone(names), values)
	}
	for i, name := range names {
		if f := s.fields[name]; f == nil || f.nullable {
			if !yield(with(i, record.Value{})) {
				return
			}
		}
	}
	for i, name := range names {
		f := s.fields[name]
		if f == nil {
			continue
		}
		for smaller := range variants(f, v.Index(i)) {
			if !yield(with(i, smaller)) {
				return
			}
		}
	}
}

func elementVariants(s *shape, v record.Value, yield func(record.Value) bool) {
	all := v.Elements()
	for i := range all {
		if !yield(record.ListValue(slices.Delete(slices.Clone(all), i, i+1))) {
			return
		}
	}
	for i := range all {
		for smaller := range variants(s.element(), all[i]) {
			values := slices.Clone(all)
			values[i] = smaller
			if !yield(record.ListValue(values)) {
				return
			}
		}
	}
}

// simpler returns simpler values of the kind of a scalar, the simplest first.
func simpler(s *shape, v record.Value) []record.Value {
	var out []record.Value
	switch v.Kind() {
	case record.String:
		if s.enum != nil || s.kind == "date" || s.kind == "time" || s.kind == "datetime" {
			return nil
		}
		if text := []rune(v.Text()); len(text) > 0 {
			out = append(out, record.StringValue(""))
			if len(text) > 1 {
				out = append(out, record.StringValue(string(text[:len(text)/2])), record.StringValue(string(text[1:])))
			}
		}
	case record.Int, record.Decimal:
		for _, text := range []string{"0", "1", "0.1"} {
			n, _ := record.ParseNumber(text) // they are numbers
			if v.Equal(n) {
				break
			}
			if n.Kind() == record.Int || v.Kind() == record.Decimal {
				out = append(out, n)
			}
		}
	case record.Bool:
		if v.Bool() {
			out = append(out, record.BoolValue(false))
		}
	}
	return out
}
