package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/dray-sync/dray/adapters/record"
)

// place is a path into the source that an expression names.
type place struct {
	ref  Ref
	typ  Type
	at   span
	lost bool // already reported as wrong
}

// place reports whether n is a path: a name followed by members and indexes that are written out.
func (c *compiler) place(n ast.Node) (place, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return c.name(n), true
	case *ast.ChainNode:
		return c.place(n.Node)
	case *ast.MemberNode:
		return c.memberPlace(n)
	}
	return place{}, false
}

func (c *compiler) memberPlace(n *ast.MemberNode) (place, bool) {
	step, ok := c.step(n.Property)
	if !ok {
		return place{}, false
	}
	p, ok := c.place(n.Node)
	if !ok {
		return p, false
	}
	at := c.at(n.Property)
	p.typ = c.stepType(&p, step, at)
	p.at = c.whole(p.at.join(at))
	if len(p.ref.Path) >= record.MaxPathSteps && !p.lost {
		c.fail(p.at, CodeTooLarge, fmt.Sprintf("path has more than %d steps", record.MaxPathSteps), "")
		p.lost = true
	}
	p.ref.Path = append(p.ref.Path[:len(p.ref.Path):len(p.ref.Path)], step)
	p.typ = c.narrowed(p.typ, p.ref.String())
	return p, true
}

// step returns the step that a property written out is. A name that is empty and an index beyond any list are none.
func (c *compiler) step(property ast.Node) (record.Step, bool) {
	switch p := property.(type) {
	case *ast.StringNode:
		return record.Step{Name: p.Value, Index: -1}, p.Value != ""
	case *ast.IntegerNode:
		i, ok := c.numbers[c.at(p).from].value.Int64()
		return record.Step{Index: int(i)}, ok && i <= 1<<31-1
	}
	return record.Step{}, false
}

// stepType returns the type of a member or element of p, and reports it where there can be none.
func (c *compiler) stepType(p *place, step record.Step, at span) Type {
	if p.lost {
		return Type{}
	}
	errs := len(c.errs)
	var t Type
	if step.IsIndex() {
		t = c.elementType(p.typ, at)
	} else {
		t = c.memberType(p.typ, step.Name, at)
	}
	p.lost = len(c.errs) > errs
	return t
}

// name resolves a bare name or a reserved root.
func (c *compiler) name(n *ast.IdentifierNode) place {
	at := c.at(n)
	p := place{at: at}
	switch {
	case n.Value == "$this":
		p.typ = c.scope.This
	case strings.HasPrefix(n.Value, "$"):
		t, ok := c.scope.Roots[n.Value]
		if !ok {
			c.unknownRoot(n.Value, at)
			p.lost = true
		}
		p.ref.Root, p.typ = n.Value, t
	default:
		errs := len(c.errs)
		p.typ = c.memberType(c.scope.This, n.Value, at)
		p.lost = len(c.errs) > errs
		p.ref.Path = record.Path{{Name: n.Value, Index: -1}}
	}
	p.typ = c.narrowed(p.typ, n.Value)
	return p
}

func (c *compiler) unknownRoot(name string, at span) {
	names := c.scope.rootNames()
	hint := "available here: " + listed(names)
	if near := nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s? %s", near, hint)
	}
	c.fail(at, CodeUnknownName, fmt.Sprintf("%s is not available here", name), hint)
}

// memberType returns the type of a member of t.
func (c *compiler) memberType(t Type, name string, at span) Type {
	m, err := c.scope.member(t, name)
	if err != nil {
		c.fail(at, err.Code, err.Message, err.Hint)
	}
	return m
}

// elementType returns the type of an element of t.
func (c *compiler) elementType(t Type, at span) Type {
	e, err := elementOf(t)
	if err != nil {
		c.fail(at, err.Code, err.Message, err.Hint)
	}
	return e
}

// load returns the node that reads a path, and notes the path once.
func (c *compiler) load(p place) node {
	name := p.ref.String()
	i := c.refIndex(p.ref)
	if p.typ.Enum != nil {
		c.enums[name] = p.typ.Enum
	}
	at := p.at.from
	return node{
		eval: func(m *Machine) (record.Value, error) {
			v := m.refs[i]
			if v.Kind() == record.Raw {
				return m.expand(v, at)
			}
			return v, nil
		},
		typ:  p.typ,
		at:   p.at,
		path: name,
		size: 1,
	}
}

func (c *compiler) refIndex(r Ref) int {
	for i := range c.refs {
		if c.refs[i].Root == r.Root && slices.Equal(c.refs[i].Path, r.Path) {
			return i
		}
	}
	c.refs = append(c.refs, r)
	return len(c.refs) - 1
}
