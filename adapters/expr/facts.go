package expr

import (
	"maps"
	"slices"

	"github.com/expr-lang/expr/ast"

	"github.com/dray-sync/dray/adapters/record"
)

// A Fact is what holds of the value at a path wherever a condition is true.
type Fact struct {
	Ref    Ref
	NotNil bool
	Only   []string // the values of its enum that it can have; nil: any of them
}

// Facts returns what is known of values wherever the program, a condition, is true. The caller must not change them.
func (p *Program) Facts() []Fact { return p.facts }

// With returns the type of a record of which the facts hold. Facts about other roots than the record itself say nothing.
func (t Type) With(facts []Fact) Type {
	for _, f := range facts {
		if (f.Ref.Root == "" || f.Ref.Root == "$root") && len(f.Ref.Path) > 0 {
			t = t.with(f.Ref.Path, f)
		}
	}
	return t
}

func (t Type) with(p record.Path, f Fact) Type {
	if len(p) == 0 {
		t.Nullable = t.Nullable && !f.NotNil
		if f.Only != nil {
			t.Enum = f.Only
		}
		return t
	}
	m, ok := t.Fields[p[0].Name]
	if !ok || p[0].IsIndex() || t.Kind == record.List {
		return t
	}
	t.Fields = maps.Clone(t.Fields)
	t.Fields[p[0].Name] = m.with(p[1:], f)
	return t
}

// note finds the facts of a condition.
func (c *compiler) note(n ast.Node) []Fact {
	var facts []Fact
	sure := c.proves(n, true)
	for _, r := range c.refs {
		name := r.String()
		f := Fact{Ref: r, NotNil: slices.Contains(sure, name)}
		if enum := c.enums[name]; enum != nil {
			if only := c.only(n, name, enum, true); len(only) < len(enum) {
				f.Only = only
			}
		}
		if f.NotNil || f.Only != nil {
			facts = append(facts, f)
		}
	}
	return facts
}

// only returns the values of an enum that the path can have where the condition n is true, or false.
func (c *compiler) only(n ast.Node, path string, enum []string, truth bool) []string {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return c.only(n.Node, path, enum, !truth)
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&", "or", "||":
			return c.onlyBoth(n, path, enum, truth)
		case "==", "!=":
			values := c.literal(n.Left, n.Right, path)
			if values == nil {
				values = c.literal(n.Right, n.Left, path)
			}
			return among(enum, values, (n.Operator == "==") == truth)
		case "in":
			return among(enum, c.literals(n.Left, n.Right, path), truth)
		}
	}
	return enum
}

func (c *compiler) onlyBoth(n *ast.BinaryNode, path string, enum []string, truth bool) []string {
	a, b := c.only(n.Left, path, enum, truth), c.only(n.Right, path, enum, truth)
	if and := n.Operator == "and" || n.Operator == "&&"; and == truth {
		return among(a, slices.Concat([]string{}, b), true)
	}
	out := []string{}
	for _, v := range enum {
		if slices.Contains(a, v) || slices.Contains(b, v) {
			out = append(out, v)
		}
	}
	return out
}

// literal returns the text that the path is compared with, or nil.
func (c *compiler) literal(x, other ast.Node, path string) []string {
	s, ok := other.(*ast.StringNode)
	if name, is := c.pathOf(x); !ok || !is || name != path {
		return nil
	}
	return []string{s.Value}
}

// literals returns the texts of a list that the path is looked for in; nil when they are not all written out.
func (c *compiler) literals(x, list ast.Node, path string) []string {
	items, ok := list.(*ast.ArrayNode)
	if name, is := c.pathOf(x); !ok || !is || name != path {
		return nil
	}
	values := make([]string, len(items.Nodes))
	for i, item := range items.Nodes {
		s, ok := item.(*ast.StringNode)
		if !ok {
			return nil
		}
		values[i] = s.Value
	}
	return values
}

// among returns those of enum that are, or are not, among the values; all where values is nil.
func among(enum, values []string, are bool) []string {
	if values == nil {
		return enum
	}
	out := []string{}
	for _, v := range enum {
		if slices.Contains(values, v) == are {
			out = append(out, v)
		}
	}
	return out
}
