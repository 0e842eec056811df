package expr

import (
	"fmt"

	"github.com/expr-lang/expr/ast"

	"github.com/dray-sync/dray/adapters/record"
)

// compiler turns a syntax tree into nodes, checking as it goes. It collects every error and goes on.
type compiler struct {
	*text
	scope  Scope
	source string
	refs   []Ref
	elems  []Type              // types of the elements of the predicates around
	sure   map[string]int      // paths that are known not to be nil where the compiler stands
	enums  map[string][]string // of the paths that have one
	facts  []Fact
	errs   Errors

	warnings Errors

	cover    bool
	branches []Branch
}

func (c *compiler) compileSource(want Type) node {
	t, tree, errs := parse(c.source)
	if len(errs) > 0 {
		c.errs = errs
		return node{}
	}
	c.text = t
	n := c.compile(tree)
	if want.Known() && !n.typ.fits(want) {
		c.fail(n.at, CodeType, fmt.Sprintf("expression is %s where %s is needed", article(n.typ.String()), article(want.String())), wantHint(n.typ, want, c.written(n.at)))
	}
	if want.Known() && !want.Nullable {
		c.warnNull(&n)
	}
	if want.Kind == record.Bool {
		c.facts = c.note(tree)
	}
	return n
}

// wantHint says how to make what is wanted of a result.
func wantHint(t, want Type, written string) string {
	switch {
	case want.Kind != record.Bool:
		return ""
	case t.Kind == record.List:
		return fmt.Sprintf("compare how many there are: len(%s) > 0", written)
	case t.mayBeNumber():
		return fmt.Sprintf("compare it: %s > 0", written)
	}
	return fmt.Sprintf("compare it: %s != nil, or %[1]s == …", written)
}

// fail notes an error and returns a node that stands in its place, of unknown type so that it causes no further errors.
func (c *compiler) fail(at span, code Code, message, hint string) node {
	at = c.whole(at)
	c.errs = append(c.errs, &Error{Offset: at.from, Length: at.to - at.from, Code: code, Message: message, Hint: hint})
	return node{at: at, eval: func(*Machine) (record.Value, error) { return record.Value{}, nil }}
}

// written returns the source text of a span, for hints.
func (c *compiler) written(at span) string {
	at = c.whole(at)
	return c.text.source[at.from:at.to]
}

// at returns the place of a syntax node's own token.
func (c *compiler) at(n ast.Node) span { return c.span(n.Location()) }

// compile compiles one part.
func (c *compiler) compile(n ast.Node) node {
	if p, ok := c.place(n); ok {
		return c.load(p)
	}
	switch n := n.(type) {
	case *ast.NilNode:
		return constant(record.NullValue, Type{Kind: record.Null, Nullable: true}, c.at(n))
	case *ast.BoolNode:
		return constant(record.BoolValue(n.Value), Type{Kind: record.Bool}, c.at(n))
	case *ast.StringNode:
		return constant(record.StringValue(n.Value), Type{Kind: record.String, Enum: []string{n.Value}}, c.at(n))
	case *ast.IntegerNode:
		at := c.at(n)
		v := c.numbers[at.from].value
		return constant(v, Type{Kind: v.Kind()}, at)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.ChainNode:
		return c.compile(n.Node)
	case *ast.SliceNode:
		return c.slice(n)
	case *ast.ArrayNode:
		return c.array(n)
	case *ast.PointerNode:
		return c.pointer(n)
	case *ast.BuiltinNode:
		return c.call(n.Name, n.Arguments, c.at(n))
	case *ast.CallNode:
		if name, ok := n.Callee.(*ast.IdentifierNode); ok {
			return c.call(name.Value, n.Arguments, c.at(n))
		}
		return c.fail(c.at(n), CodeNotAllowed, "a value has no methods", "functions stand before their value: lower(name)")
	}
	return c.refuse(n)
}

// refuse reports syntax that expr-lang has and expressions here have not.
func (c *compiler) refuse(n ast.Node) node {
	what, hint := "this syntax", ""
	switch n := n.(type) {
	case *ast.MapNode:
		what, hint = "an object literal", "map objects with fields"
	case *ast.BytesNode:
		what = "a bytes literal"
	case *ast.SequenceNode:
		return c.fail(c.at(n.Nodes[0]), CodeNotAllowed, "a sequence with ; is not allowed", "write one expression")
	case *ast.VariableDeclaratorNode:
		what, hint = "let", "compute the value in a field of its own and use it as $out.NAME"
	case *ast.PredicateNode:
		what = "a predicate"
	}
	return c.fail(c.at(n), CodeNotAllowed, what+" is not allowed", hint)
}

func (c *compiler) conditional(n *ast.ConditionalNode) node {
	if n.Cond == n.Exp1 {
		return c.fail(c.at(n.Cond), CodeNotAllowed, "?: is not allowed", "write a ?? b, or name the condition: c ? a : b")
	}
	cond := c.compile(n.Cond)
	yes, no := c.assuming(c.proves(n.Cond, true), n.Exp1), c.assuming(c.proves(n.Cond, false), n.Exp2)
	c.wantBool(&cond)
	yes, no = c.branch(yes, cond.at, "true"), c.branch(no, cond.at, "false")
	return node{
		eval: func(m *Machine) (record.Value, error) {
			ok, err := cond.bool(m)
			switch {
			case err != nil:
				return record.Value{}, err
			case ok:
				return yes.eval(m)
			}
			return no.eval(m)
		},
		typ:  union(yes.typ, no.typ),
		at:   cond.at.join(no.at),
		size: 1 + cond.size + max(yes.size, no.size),
	}
}

func (c *compiler) array(n *ast.ArrayNode) node {
	items := make([]node, len(n.Nodes))
	out := node{at: c.at(n), size: 1}
	var elem Type
	for i, item := range n.Nodes {
		items[i] = c.compile(item)
		out.at, out.size = out.at.join(items[i].at), out.size+items[i].size
		if elem = union(elem, items[i].typ); i == 0 {
			elem = items[i].typ
		}
	}
	out.typ = Type{Kind: record.List}
	if elem.Known() {
		out.typ.Elem = &elem
	}
	at := out.at.from
	out.eval = func(m *Machine) (record.Value, error) {
		values := make([]record.Value, len(items))
		for i := range items {
			v, err := items[i].eval(m)
			if err != nil {
				return v, err
			}
			values[i] = v
		}
		return m.newList(values, at)
	}
	if literals(items) {
		v, _ := out.eval(new(Machine))
		k := constant(v, out.typ, out.at)
		return k
	}
	return out
}

// literals reports whether all nodes are written out.
func literals(nodes []node) bool {
	for i := range nodes {
		if nodes[i].konst == nil {
			return false
		}
	}
	return true
}

// wantBool reports a condition that is known to be none.
func (c *compiler) wantBool(n *node) {
	if !n.typ.mayBe(record.Bool) {
		c.fail(n.at, CodeType, fmt.Sprintf("%s where a condition is needed", n.typ), "compare it: x == y, x != nil")
	}
	c.warnNull(n)
}
