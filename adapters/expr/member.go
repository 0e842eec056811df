package expr

import (
	"fmt"

	"github.com/expr-lang/expr/ast"

	"github.com/dray-sync/dray/adapters/record"
)

// member compiles the member or element of a computed value, or one whose name or index is computed.
func (c *compiler) member(n *ast.MemberNode) node {
	base := c.compile(n.Node)
	at := c.at(n.Property)
	if name, ok := n.Property.(*ast.StringNode); ok {
		return c.namedMember(base, name.Value, at)
	}
	index := c.compile(n.Property)
	if index.typ.Kind == record.String {
		return c.computedMember(base, index)
	}
	return c.element(base, index)
}

func (c *compiler) namedMember(base node, name string, at span) node {
	out := node{typ: c.memberType(base.typ, name, at), at: base.at.join(at), size: base.size + 1}
	out.path = below(base.path, record.Step{Name: name, Index: -1})
	out.typ = c.narrowed(out.typ, out.path)
	out.eval = func(m *Machine) (record.Value, error) {
		v, err := base.eval(m)
		if err != nil {
			return v, err
		}
		return m.get(&base, v, name)
	}
	return out
}

// below returns the path one step below another, as text; none where there is none.
func below(path string, step record.Step) string {
	if path == "" {
		return ""
	}
	return path + record.Path{{Name: "x", Index: -1}, step}.String()[1:]
}

func (c *compiler) computedMember(base, name node) node {
	if base.typ.Known() && base.typ.Kind != record.Object && base.typ.Kind != record.Null {
		return c.fail(name.at, CodeType, fmt.Sprintf("%s has no members", article(base.typ.String())), "")
	}
	return node{
		eval: func(m *Machine) (record.Value, error) {
			v, err := base.eval(m)
			if err != nil {
				return v, err
			}
			key, err := name.text(m)
			if err != nil {
				return v, err
			}
			return m.get(&base, v, key)
		},
		at:   base.at.join(name.at),
		size: base.size + name.size + 1,
	}
}

func (c *compiler) element(base, index node) node {
	out := node{typ: c.elementType(base.typ, index.at), at: base.at.join(index.at), size: base.size + index.size + 1}
	if index.typ.Known() && !index.typ.mayBeNumber() {
		return c.fail(index.at, CodeType, fmt.Sprintf("%s where an index or a member's name is needed", index.typ), "")
	}
	out.eval = func(m *Machine) (record.Value, error) {
		v, err := base.eval(m)
		if err != nil || v.IsNull() {
			return v, err
		}
		if v.Kind() == record.Object {
			key, err := index.text(m)
			if err != nil {
				return v, err
			}
			return m.get(&base, v, key)
		}
		if v.Kind() != record.List {
			return v, base.wrong(v, "a list or object")
		}
		i, err := index.whole(m)
		if err != nil {
			return v, err
		}
		if i < 0 {
			i += v.Len()
		}
		if i < 0 || i >= v.Len() {
			return record.NullValue, nil
		}
		return m.expand(v.Index(i), base.at.from)
	}
	return out
}

// get returns a member of v, nil where v is nil or has none.
func (m *Machine) get(n *node, v record.Value, name string) (record.Value, error) {
	switch {
	case v.Kind() == record.Object:
		if err := m.spend(1+v.Len()/8, n.at.from); err != nil {
			return v, err
		}
		return m.expand(v.Get(name), n.at.from)
	case v.IsNull():
		return record.NullValue, nil
	}
	return v, n.wrong(v, "an object")
}

// slice compiles a[from:to] of a list or a string, whose parts are characters.
func (c *compiler) slice(n *ast.SliceNode) node {
	base := c.compile(n.Node)
	out := node{typ: base.typ, at: base.at.join(c.at(n)), size: base.size + 1}
	if k := base.typ.Kind; base.typ.Known() && k != record.List && k != record.String {
		return c.fail(base.at, CodeType, fmt.Sprintf("%s has no parts", article(base.typ.String())), "only lists and strings can be cut")
	}
	c.warnNull(&base)
	bounds := [2]*node{}
	for i, b := range []ast.Node{n.From, n.To} {
		if b == nil {
			continue
		}
		bound := c.compile(b)
		if !bound.typ.mayBe(record.Int) && !bound.typ.mayBeNumber() {
			c.fail(bound.at, CodeType, fmt.Sprintf("%s where an integer is needed", bound.typ), "")
		}
		bounds[i], out.at, out.size = &bound, out.at.join(bound.at), out.size+bound.size
	}
	out.eval = func(m *Machine) (record.Value, error) {
		v, err := base.eval(m)
		if err != nil {
			return v, err
		}
		switch v.Kind() {
		case record.List:
			from, to, err := cut(m, bounds, v.Len())
			if err != nil {
				return v, err
			}
			values := make([]record.Value, 0, to-from)
			for i := from; i < to; i++ {
				values = append(values, v.Index(i))
			}
			return m.newList(values, out.at.from)
		case record.String:
			s := v.Text()
			if err := m.scan(len(s), out.at.from); err != nil {
				return v, err
			}
			from, to, err := cut(m, bounds, runes(s))
			if err != nil {
				return v, err
			}
			return record.StringValue(substring(s, from, to)), nil
		}
		return v, base.reject(v, "a list or string")
	}
	return out
}

// cut returns the bounds of a slice within 0 and length; negative ones count from the end.
func cut(m *Machine, bounds [2]*node, length int) (from, to int, err error) {
	to = length
	if bounds[0] != nil {
		if from, err = bounds[0].whole(m); err != nil {
			return 0, 0, err
		}
	}
	if bounds[1] != nil {
		if to, err = bounds[1].whole(m); err != nil {
			return 0, 0, err
		}
	}
	if from < 0 {
		from += length
	}
	if to < 0 {
		to += length
	}
	from = max(0, min(from, length))
	return from, max(from, min(to, length)), nil
}

// pointer compiles # (the element of the innermost predicate) and #index.
func (c *compiler) pointer(n *ast.PointerNode) node {
	at, depth := c.at(n), len(c.elems)-1
	if depth < 0 || depth >= MaxDepth {
		return node{at: at, eval: func(*Machine) (record.Value, error) { return record.NullValue, nil }}
	}
	switch n.Name {
	case "":
		return node{
			eval: func(m *Machine) (record.Value, error) { return m.elems[depth].value, nil },
			typ:  c.narrowed(c.elems[depth], "#"), at: at, path: "#", size: 1,
		}
	case "index":
		return node{
			eval: func(m *Machine) (record.Value, error) { return record.IntValue(int64(m.elems[depth].index)), nil },
			typ:  Type{Kind: record.Int}, at: at, size: 1,
		}
	}
	return c.fail(at, CodeNotAllowed, fmt.Sprintf("#%s is not allowed", n.Name), "# is the element, #index its place")
}
