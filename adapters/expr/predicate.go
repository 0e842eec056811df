package expr

import (
	"fmt"

	"github.com/expr-lang/expr/ast"

	"github.com/dray-sync/dray/adapters/record"
)

// predicate compiles a function that evaluates its second argument for each element of its first.
func (c *compiler) predicate(f *function, args []ast.Node, at span) node {
	items := c.compile(args[0])
	c.checkArgument(f, 0, &items)
	p, ok := args[1].(*ast.PredicateNode)
	if !ok {
		return c.fail(at, CodeArguments, fmt.Sprintf("%s needs a predicate", f.Name), "write "+f.Signature)
	}
	if len(c.elems) == MaxDepth {
		return c.fail(at, CodeTooLarge, fmt.Sprintf("predicates are nested more than %d deep", MaxDepth),
			"compute the inner part in a field of its own")
	}
	depth := len(c.elems)
	c.elems = append(c.elems, items.typ.elem())
	body := c.inElement(p.Node)
	c.elems = c.elems[:depth]

	out := node{typ: f.result, at: at.join(items.at).join(body.at), size: items.size + body.size + 1}
	if f.resultOf != nil {
		out.typ = f.resultOf([]node{items, body})
	}
	each := loop{items: items, body: body, depth: depth, at: at.from}
	switch f.Name {
	case "sum":
		c.wantNumber(&each.body)
		out.eval = each.sum
	case "map":
		out.eval = each.collect
	case "filter":
		c.wantBool(&each.body)
		out.eval = each.filter
	case "find":
		c.wantBool(&each.body)
		out.eval = each.find
	case "count":
		c.wantBool(&each.body)
		out.eval = func(m *Machine) (record.Value, error) {
			n, err := each.count(m, -1)
			return record.IntValue(int64(n)), err
		}
	default:
		c.wantBool(&each.body)
		out.eval = each.quantifier(f.Name)
	}
	return out
}

func (c *compiler) wantNumber(n *node) {
	if !n.typ.mayBeNumber() {
		c.fail(n.at, CodeType, fmt.Sprintf("%s where a number is needed", n.typ), numberHint(n.typ, c.written(n.at)))
	}
	c.warnNull(n)
}

// loop evaluates body for each element of items.
type loop struct {
	items, body node
	depth       int
	at          int
}

// each calls visit for each element, after setting it as the element of the predicate, until visit returns false.
func (l *loop) each(m *Machine, visit func(element record.Value) (bool, error)) error {
	items, err := l.items.list(m)
	if err != nil {
		return err
	}
	outer := m.elems[l.depth]
	defer func() { m.elems[l.depth] = outer }()
	for i := range items.Len() {
		if err := m.spend(1+l.body.size, l.at); err != nil {
			return err
		}
		v, err := m.expand(items.Index(i), l.at)
		if err != nil {
			return err
		}
		m.elems[l.depth] = element{value: v, index: i}
		more, err := visit(v)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func (l *loop) sum(m *Machine) (record.Value, error) {
	total := record.IntValue(0)
	err := l.each(m, func(record.Value) (bool, error) {
		v, err := l.body.number(m)
		if err != nil {
			return false, err
		}
		total, err = m.compute(add, total, v, l.at, "sum")
		return true, err
	})
	return total, err
}

func (l *loop) collect(m *Machine) (record.Value, error) {
	var values []record.Value
	err := l.each(m, func(record.Value) (bool, error) {
		v, err := l.body.eval(m)
		values = append(values, v)
		return true, err
	})
	if err != nil {
		return record.Value{}, err
	}
	return m.newList(values, l.at)
}

func (l *loop) filter(m *Machine) (record.Value, error) {
	var values []record.Value
	err := l.each(m, func(element record.Value) (bool, error) {
		ok, err := l.body.bool(m)
		if ok {
			values = append(values, element)
		}
		return true, err
	})
	if err != nil {
		return record.Value{}, err
	}
	return m.newList(values, l.at)
}

func (l *loop) find(m *Machine) (record.Value, error) {
	found := record.NullValue
	err := l.each(m, func(element record.Value) (bool, error) {
		ok, err := l.body.bool(m)
		if ok {
			found = element
		}
		return !ok, err
	})
	return found, err
}

// count returns how many elements the predicate holds for, and stops once that is more than limit, where limit is not negative.
func (l *loop) count(m *Machine, limit int) (int, error) {
	n := 0
	err := l.each(m, func(record.Value) (bool, error) {
		ok, err := l.body.bool(m)
		if ok {
			n++
		}
		return limit < 0 || n <= limit, err
	})
	return n, err
}

// quantifier returns the evaluator of any, none, one and all.
func (l *loop) quantifier(name string) evaluator {
	switch name {
	case "any":
		return func(m *Machine) (record.Value, error) {
			n, err := l.count(m, 0)
			return record.BoolValue(n > 0), err
		}
	case "none":
		return func(m *Machine) (record.Value, error) {
			n, err := l.count(m, 0)
			return record.BoolValue(n == 0), err
		}
	case "one":
		return func(m *Machine) (record.Value, error) {
			n, err := l.count(m, 1)
			return record.BoolValue(n == 1), err
		}
	}
	return func(m *Machine) (record.Value, error) {
		all := true
		err := l.each(m, func(record.Value) (bool, error) {
			ok, err := l.body.bool(m)
			all = ok
			return ok, err
		})
		return record.BoolValue(all), err
	}
}
