package expr

import (
	"github.com/dray-sync/dray/adapters/record"
)

func listFunctions() []function {
	items := param{"list", list}
	boolType := Type{Kind: record.Bool}
	predicate := func(name, doc, example, result string, t Type) function {
		return function{
			Function: Function{name, name + "(list, predicate)", doc, example, result},
			params:   []param{items, {"predicate", anything}}, required: 2, result: t, predicate: true,
		}
	}
	filter := predicate("filter", "The elements for which the predicate holds.", `filter([1, 2, 3], # > 1)`, `[2, 3]`, Type{Kind: record.List})
	filter.resultOf = func(args []node) Type { return args[0].typ }
	find := predicate("find", "The first element for which the predicate holds, or nil.", `find([1, 2, 3], # > 1)`, `2`, Type{})
	find.resultOf = func(args []node) Type { return args[0].typ.elem().nullable() }
	collect := predicate("map", "What the predicate gives for each element.", `map([1, 2], # * 10)`, `[10, 20]`, Type{Kind: record.List})
	collect.resultOf = func(args []node) Type { return Type{Kind: record.List, Elem: &args[1].typ} }

	return []function{
		filter, find, collect,
		predicate("all", "Whether the predicate holds for every element.", `all([1, 2], # > 0)`, `true`, boolType),
		predicate("any", "Whether the predicate holds for an element.", `any([1, 2], # > 1)`, `true`, boolType),
		predicate("none", "Whether the predicate holds for no element.", `none([1, 2], # > 2)`, `true`, boolType),
		predicate("one", "Whether the predicate holds for exactly one element.", `one([1, 2], # > 1)`, `true`, boolType),
		predicate("count", "For how many elements the predicate holds; len(list) is how many there are.", `count(["a", ""], # != "")`, `1`, intType),
		{
			Function: Function{
				"sum", "sum(list, predicate?)", "The sum of the numbers in a list, or of what the predicate gives for each element; 0 for an empty list.",
				`sum([0.1, 0.2])`, `0.3`,
			},
			params: []param{items, {"predicate", anything}}, required: 1, predicate: true, run: runSum,
			resultOf: func(args []node) Type {
				if len(args) > 1 {
					return numeric(args[1].typ)
				}
				return numeric(args[0].typ.elem())
			},
		},
		{
			Function: Function{"min", "min(a, b …) or min(list)", "The smallest number, or the first in order of texts or dates.", `min(2, 1.50)`, `1.50`},
			params:   []param{{"argument", orderable | list}}, required: 1, variadic: true, run: runExtreme(-1), resultOf: extremeType,
		},
		{
			Function: Function{"max", "max(a, b …) or max(list)", "The largest number, or the last in order of texts or dates.", `max([3, 12])`, `12`},
			params:   []param{{"argument", orderable | list}}, required: 1, variadic: true, run: runExtreme(1), resultOf: extremeType,
		},
		{
			Function: Function{"len", "len(value)", "The number of characters of a text, elements of a list or members of an object.", `len("Müller")`, `6`},
			params:   []param{{"value", str | list | 1<<record.Object}}, required: 1, result: intType, run: runLen,
		},
		{
			Function: Function{"first", "first(list)", "The first element, or nil when there is none.", `first([1, 2])`, `1`},
			params:   []param{items}, required: 1, resultOf: find.resultOf,
			run: func(m *Machine, at int, args []record.Value) (record.Value, error) { return m.end(args[0], 0, at) },
		},
		{
			Function: Function{"last", "last(list)", "The last element, or nil when there is none.", `last([1, 2])`, `2`},
			params:   []param{items}, required: 1, resultOf: find.resultOf,
			run: func(m *Machine, at int, args []record.Value) (record.Value, error) {
				return m.end(args[0], args[0].Len()-1, at)
			},
		},
		{
			Function: Function{"unique", "unique(list)", "The elements without repetitions, in order of first appearance.", `unique(["a", "b", "a"])`, `["a", "b"]`},
			params:   []param{items}, required: 1, resultOf: filter.resultOf, run: runUnique,
		},
	}
}

func (m *Machine) end(items record.Value, i, at int) (record.Value, error) {
	if items.Len() == 0 {
		return record.NullValue, nil
	}
	return m.expand(items.Index(i), at)
}

func runSum(m *Machine, at int, args []record.Value) (record.Value, error) {
	total := record.IntValue(0)
	for i := range args[0].Len() {
		v, err := m.expand(args[0].Index(i), at)
		if err == nil && !isNumber(v) {
			err = elementError(v, at, "a number")
		}
		if err == nil {
			err = m.spend(1, at)
		}
		if err == nil {
			total, err = m.compute(add, total, v, at, "sum")
		}
		if err != nil {
			return v, err
		}
	}
	return total, nil
}

// extremeType is the type of min and max: that of their arguments, or of the elements of the one list.
func extremeType(args []node) Type {
	if len(args) == 1 {
		return args[0].typ.elem().nullable()
	}
	t := args[0].typ
	for i := range args[1:] {
		t = union(t, args[i+1].typ)
	}
	t.Nullable = false
	return t
}

// runExtreme returns the runner of min (sign -1) or max (sign 1). An empty list has no extreme and gives nil.
func runExtreme(sign int) runner {
	return func(m *Machine, at int, args []record.Value) (record.Value, error) {
		if len(args) == 1 && args[0].Kind() == record.List {
			return m.extreme(args[0].Len(), args[0].Index, sign, at)
		}
		return m.extreme(len(args), func(i int) record.Value { return args[i] }, sign, at)
	}
}

func (m *Machine) extreme(n int, at func(int) record.Value, sign, offset int) (record.Value, error) {
	best := record.NullValue
	for i := range n {
		v, err := m.expand(at(i), offset)
		if err != nil {
			return v, err
		}
		if !ordered(v.Kind()) {
			return v, elementError(v, offset, "a value with an order")
		}
		if err := m.spend(1, offset); err != nil {
			return v, err
		}
		if i == 0 {
			best = v
			continue
		}
		order, err := m.order(v, best, offset)
		if err != nil {
			return v, err
		}
		if order*sign > 0 {
			best = v
		}
	}
	return best, nil
}

func runLen(m *Machine, at int, args []record.Value) (record.Value, error) {
	if args[0].Kind() != record.String {
		return record.IntValue(int64(args[0].Len())), nil
	}
	s := args[0].Text()
	return record.IntValue(int64(runes(s))), m.scan(len(s), at)
}

func runUnique(m *Machine, at int, args []record.Value) (record.Value, error) {
	var kept []record.Value
	for i := range args[0].Len() {
		v, err := m.expand(args[0].Index(i), at)
		if err != nil {
			return v, err
		}
		known := false
		for _, k := range kept {
			if known, err = m.equalMembers(k, v, at); known || err != nil {
				break
			}
		}
		if err != nil {
			return v, err
		}
		if !known {
			kept = append(kept, v)
		}
	}
	return m.newList(kept, at)
}
