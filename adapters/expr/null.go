package expr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/dray-sync/dray/adapters/record"
)

// warnNull notes that an operand may be nil where a value is needed: its type says so and nothing around it rules that out.
func (c *compiler) warnNull(n *node) {
	if !n.typ.Known() || !n.typ.Nullable || n.typ.Kind == record.Null {
		return
	}
	what, hint := "this value", "say what stands in for nil: x ?? y"
	if n.path != "" {
		what = n.path
		hint = fmt.Sprintf("say what stands in for nil: %s ?? …, or test %[1]s != nil first", c.written(n.at))
	}
	at := c.whole(n.at)
	c.warnings = append(c.warnings, &Error{
		Offset: at.from, Length: at.to - at.from, Code: CodeNull, Message: what + " may be nil, and then the record is rejected", Hint: hint,
	})
}

// assuming compiles n with these paths known not to be nil.
func (c *compiler) assuming(paths []string, n ast.Node) node {
	for _, p := range paths {
		c.sure[p]++
	}
	out := c.compile(n)
	for _, p := range paths {
		c.sure[p]--
	}
	return out
}

// inElement compiles the predicate of an element, of which nothing is known that is known of the element outside.
func (c *compiler) inElement(n ast.Node) node {
	outside := c.sure
	c.sure = map[string]int{}
	for path, times := range outside {
		if !strings.HasPrefix(path, "#") {
			c.sure[path] = times
		}
	}
	out := c.compile(n)
	c.sure = outside
	return out
}

// narrowed returns the type of the value at a path, not nullable where that is ruled out.
func (c *compiler) narrowed(t Type, path string) Type {
	if t.Nullable && c.sure[path] > 0 {
		t.Nullable = false
	}
	return t
}

// proves returns the paths that are not nil when the condition n is true, or false.
func (c *compiler) proves(n ast.Node, truth bool) []string {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return c.proves(n.Node, !truth)
		}
	case *ast.BinaryNode:
		return c.provesBinary(n, truth)
	}
	return nil
}

func (c *compiler) provesBinary(n *ast.BinaryNode, truth bool) []string {
	switch n.Operator {
	case "and", "&&":
		if truth {
			return append(c.proves(n.Left, true), c.proves(n.Right, true)...)
		}
	case "or", "||":
		if !truth {
			return append(c.proves(n.Left, false), c.proves(n.Right, false)...)
		}
	case "in":
		if items, ok := n.Right.(*ast.ArrayNode); ok && truth && !slices.ContainsFunc(items.Nodes, isNil) {
			return c.pathsTo(n.Left)
		}
	case "==", "!=":
		if equal := (n.Operator == "==") == truth; !equal {
			return append(c.ifNil(n.Left, n.Right), c.ifNil(n.Right, n.Left)...)
		}
		return append(c.ifLiteral(n.Left, n.Right), c.ifLiteral(n.Right, n.Left)...)
	}
	return nil
}

func isNil(n ast.Node) bool {
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.BoolNode:
		return false
	}
	return true
}

// ifNil returns the path of x where other is nil, from which x then differs.
func (c *compiler) ifNil(x, other ast.Node) []string {
	if _, ok := other.(*ast.NilNode); !ok {
		return nil
	}
	return c.pathsTo(x)
}

// ifLiteral returns the path of x where other is a value written out, which x then equals.
func (c *compiler) ifLiteral(x, other ast.Node) []string {
	switch other.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.BoolNode:
		return c.pathsTo(x)
	}
	return nil
}

// pathsTo returns the path that n is and every path on the way to it: where a.b is not nil, a is not either.
func (c *compiler) pathsTo(n ast.Node) []string {
	var paths []string
	for {
		if path, ok := c.pathOf(n); ok {
			paths = append(paths, path)
		}
		switch m := n.(type) {
		case *ast.ChainNode:
			n = m.Node
		case *ast.MemberNode:
			n = m.Node
		default:
			return paths
		}
	}
}

// pathOf returns the path that n is, as nodes and refs name it.
func (c *compiler) pathOf(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value, true
	case *ast.PointerNode:
		return "#", n.Name == ""
	case *ast.ChainNode:
		return c.pathOf(n.Node)
	case *ast.MemberNode:
		step, ok := c.step(n.Property)
		if !ok {
			return "", false
		}
		base, ok := c.pathOf(n.Node)
		switch {
		case !ok:
			return "", false
		case base == "$this":
			return record.Path{step}.String(), true
		}
		return below(base, step), true
	}
	return "", false
}
