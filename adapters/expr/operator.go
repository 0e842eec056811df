package expr

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"

	"github.com/dray-sync/dray/adapters/record"
)

func (c *compiler) unary(n *ast.UnaryNode) node {
	x := c.compile(n.Node)
	out := node{at: c.at(n).join(x.at), size: x.size + 1}
	if n.Operator == "!" || n.Operator == "not" {
		c.wantBool(&x)
		out.typ = Type{Kind: record.Bool}
		out.eval = func(m *Machine) (record.Value, error) {
			ok, err := x.bool(m)
			return record.BoolValue(!ok), err
		}
		return out
	}
	if !x.typ.mayBeNumber() {
		return c.fail(x.at, CodeType, fmt.Sprintf("%s where a number is needed", x.typ), numberHint(x.typ, c.written(x.at)))
	}
	c.warnNull(&x)
	out.typ = numeric(x.typ)
	out.eval = x.number
	if n.Operator == "-" {
		if x.konst != nil {
			v, _ := negate(*x.konst)
			return constant(v, x.typ, out.at)
		}
		out.eval = func(m *Machine) (record.Value, error) {
			v, err := x.number(m)
			if err != nil {
				return v, err
			}
			return m.compute(subtract, record.IntValue(0), v, out.at.from, "-")
		}
	}
	return out
}

// numeric returns the type of a result computed from numbers of these types. Decimal stands for a number that may be whole.
func numeric(types ...Type) Type {
	out := Type{Kind: record.Int, Loose: true}
	for _, t := range types {
		if t.Kind != record.Int {
			out.Kind = record.Decimal
			out.Loose = out.Loose && (t.Loose || !t.Known())
		}
	}
	out.Loose = out.Loose && out.Kind == record.Decimal
	return out
}

// runError returns the error of a rule broken, or nil for none.
func runError(rule Rule, offset int, detail string) error {
	if rule == "" {
		return nil
	}
	return &RunError{Rule: rule, Offset: offset, Detail: detail}
}

func numberHint(t Type, written string) string {
	if day := isDay(t); day != record.Absent {
		if t.Kind == record.String {
			written = readText(day, written)
		}
		return fmt.Sprintf("dates are no numbers: addDays(%s, 1) moves one, daysBetween(from, to) is how far two are apart", written)
	}
	if t.Kind == record.String {
		return fmt.Sprintf("write decimal(%s) or int(%s) for a number in text", written, written)
	}
	return ""
}

// isDay returns whether a value is a date or an instant, also as a text, or Absent.
func isDay(t Type) record.Kind {
	for _, k := range []record.Kind{t.Of, t.Kind} {
		if k == record.Date || k == record.Timestamp {
			return k
		}
	}
	return record.Absent
}

func (c *compiler) binary(n *ast.BinaryNode) node {
	at := c.at(n)
	switch n.Operator {
	case "..":
		return c.fail(at, CodeNotAllowed, "a range is not allowed", "compare: x >= 1 and x <= 9")
	case "&&", "and":
		if chained(n) {
			return c.fail(at, CodeNotAllowed, "comparisons cannot be chained", "write a < b and b < c")
		}
	}
	a := c.compile(n.Left)
	var b node
	switch n.Operator {
	case "&&", "and":
		b = c.assuming(c.proves(n.Left, true), n.Right)
	case "||", "or":
		b = c.assuming(c.proves(n.Left, false), n.Right)
	default:
		b = c.compile(n.Right)
	}
	switch n.Operator {
	case "+":
		return c.plus(a, b, at)
	case "-", "*", "%", "**", "^":
		return c.arithmetic(n.Operator, a, b, at)
	case "/":
		return c.fail(at, CodeRounding, "a division must say how it rounds",
			fmt.Sprintf(`write div(%s, %s, SCALE, MODE), for example div(%[1]s, %[2]s, 2, "half-even")`, c.written(a.at), c.written(b.at)))
	case "==", "!=":
		return c.equality(n.Operator, a, b, at)
	case "<", "<=", ">", ">=":
		return c.ordering(n.Operator, a, b, at)
	case "&&", "and", "||", "or":
		return c.logical(n.Operator, a, b)
	case "??":
		return c.coalesce(a, b)
	case "in":
		c.neverIn(a, n.Right)
		return c.membership(a, b, at)
	case "contains", "startsWith", "endsWith":
		return c.textTest(n.Operator, a, b, at)
	case "matches":
		return c.matches(a, b, at)
	}
	return c.fail(at, CodeNotAllowed, fmt.Sprintf("operator %s is not allowed", n.Operator), "")
}

// chained reports a < b < c, which the parser makes of one node in two places.
func chained(n *ast.BinaryNode) bool {
	right, ok := n.Right.(*ast.BinaryNode)
	if !ok {
		return false
	}
	left := n.Left
	if l, ok := left.(*ast.BinaryNode); ok && (l.Operator == "&&") {
		left = l.Right
	}
	l, ok := left.(*ast.BinaryNode)
	return ok && l.Right == right.Left
}

// plus adds numbers and joins strings.
func (c *compiler) plus(a, b node, at span) node {
	switch {
	case a.typ.Kind == record.String && b.typ.mayBe(record.String),
		b.typ.Kind == record.String && a.typ.mayBe(record.String):
		return c.concat(a, b, at)
	case a.typ.mayBeNumber() && b.typ.mayBeNumber():
		if a.typ.Known() || b.typ.Known() {
			return c.arithmetic("+", a, b, at)
		}
		return c.plusUnknown(a, b, at)
	}
	hint := ""
	switch {
	case isDay(a.typ) != record.Absent:
		hint = numberHint(a.typ, c.written(a.at))
	case a.typ.Kind == record.String:
		hint = c.plusHint(a, b)
	case b.typ.Kind == record.String:
		hint = c.plusHint(b, a)
	case a.typ.Kind == record.Null || b.typ.Kind == record.Null:
		hint = "say what stands in for nil: x ?? 0"
	}
	return c.fail(at, CodeType, fmt.Sprintf("cannot add %s and %s", a.typ, b.typ), hint)
}

// plusHint says how to join a text with something else, or how to add to it where it is a number in a text.
func (c *compiler) plusHint(text, other node) string {
	hint := fmt.Sprintf("write string(%s)", c.written(other.at))
	if text.konst == nil && text.path != "" && other.typ.Known() && other.typ.mayBeNumber() {
		hint += fmt.Sprintf(" to join texts, or decimal(%s) to add numbers", c.written(text.at))
	}
	return hint
}

func (c *compiler) concat(a, b node, at span) node {
	c.warnNull(&a)
	c.warnNull(&b)
	return node{
		eval: func(m *Machine) (record.Value, error) {
			x, err := a.text(m)
			if err != nil {
				return record.Value{}, err
			}
			y, err := b.text(m)
			if err != nil {
				return record.Value{}, err
			}
			return m.concat(x, y, at.from)
		},
		typ:  joined(a.typ, b.typ),
		at:   a.at.join(b.at),
		size: a.size + b.size + 1,
	}
}

// joined returns the type of two texts put together.
func joined(a, b Type) Type {
	t := Type{Kind: record.String}
	if x, y := a.MaxLength(), b.MaxLength(); x > 0 && y > 0 {
		t.Length = x + y
	}
	return t
}

func (m *Machine) concat(a, b string, offset int) (record.Value, error) {
	if err := m.grow(len(a)+len(b), offset); err != nil {
		return record.Value{}, err
	}
	return record.StringValue(a + b), nil
}

// plusUnknown adds or joins, as the values turn out.
func (c *compiler) plusUnknown(a, b node, at span) node {
	sum := c.arithmetic("+", a, b, at)
	return node{
		eval: func(m *Machine) (record.Value, error) {
			x, err := a.eval(m)
			if err != nil {
				return x, err
			}
			y, err := b.eval(m)
			switch {
			case err != nil:
				return y, err
			case x.Kind() == record.String && y.Kind() == record.String:
				return m.concat(x.Text(), y.Text(), at.from)
			case isNumber(x) && isNumber(y):
				return m.compute(add, x, y, at.from, "+")
			case x.IsNull():
				return x, a.null("")
			case y.IsNull():
				return y, b.null("")
			case isNumber(x) || x.Kind() == record.String:
				return y, b.wrong(y, kindWanted(x))
			}
			return x, a.wrong(x, "a number or string")
		},
		at:   sum.at,
		size: sum.size,
	}
}

func kindWanted(other record.Value) string {
	if other.Kind() == record.String {
		return "string"
	}
	return "a number"
}

func isNumber(v record.Value) bool { return v.Kind() == record.Int || v.Kind() == record.Decimal }

type arithmetic func(a, b record.Value) (record.Value, Rule)

func arithmeticOf(operator string) arithmetic {
	switch operator {
	case "+":
		return add
	case "-":
		return subtract
	case "*":
		return multiply
	case "%":
		return remainder
	}
	return power
}

// compute does one operation on numbers.
func (m *Machine) compute(f arithmetic, a, b record.Value, offset int, operator string) (record.Value, error) {
	if err := m.weigh(a, b, offset); err != nil {
		return a, err
	}
	v, rule := f(a, b)
	if rule != "" {
		return v, &RunError{Rule: rule, Offset: offset, Detail: operator}
	}
	return v, m.weigh(v, v, offset)
}

// weigh takes the steps for working with two numbers: none for small ones, and one for each digit of large ones.
func (m *Machine) weigh(a, b record.Value, offset int) error {
	_, _, smallA := a.SmallDecimal()
	_, _, smallB := b.SmallDecimal()
	if smallA && smallB {
		return nil
	}
	return m.spend(len(a.Text())+len(b.Text()), offset)
}

func (c *compiler) arithmetic(operator string, a, b node, at span) node {
	for _, x := range []*node{&a, &b} {
		if !x.typ.mayBeNumber() {
			hint := numberHint(x.typ, c.written(x.at))
			if x.typ.Kind == record.Null {
				hint = "say what stands in for nil: x ?? 0"
			}
			return c.fail(x.at, CodeType, fmt.Sprintf("%s where a number is needed for %s", x.typ, operator), hint)
		}
		c.warnNull(x)
	}
	f := arithmeticOf(operator)
	return node{
		eval: func(m *Machine) (record.Value, error) {
			x, err := a.number(m)
			if err != nil {
				return x, err
			}
			y, err := b.number(m)
			if err != nil {
				return y, err
			}
			return m.compute(f, x, y, at.from, operator)
		},
		typ:  numeric(a.typ, b.typ),
		at:   a.at.join(b.at),
		size: a.size + b.size + 1,
	}
}

func (c *compiler) logical(operator string, a, b node) node {
	c.wantBool(&a)
	c.wantBool(&b)
	either := operator == "||" || operator == "or"
	return node{
		eval: func(m *Machine) (record.Value, error) {
			x, err := a.bool(m)
			if err != nil || x == either {
				return record.BoolValue(x), err
			}
			y, err := b.bool(m)
			return record.BoolValue(y), err
		},
		typ:  Type{Kind: record.Bool},
		at:   a.at.join(b.at),
		size: a.size + b.size + 1,
	}
}

func (c *compiler) coalesce(a, b node) node {
	typ := union(a.typ, b.typ)
	typ.Nullable = b.typ.Nullable
	there := -1
	if c.cover {
		there = c.newBranch(a.at, "given")
	}
	b = c.branch(b, a.at, "nil")
	return node{
		eval: func(m *Machine) (record.Value, error) {
			v, err := a.eval(m)
			if err != nil || !v.IsNull() {
				if there >= 0 && err == nil {
					m.reach(there)
				}
				return v, err
			}
			return b.eval(m)
		},
		typ:  typ,
		at:   a.at.join(b.at),
		size: a.size + b.size + 1,
	}
}

func textTestOf(operator string) func(s, part string) bool {
	switch operator {
	case "contains":
		return strings.Contains
	case "startsWith":
		return strings.HasPrefix
	}
	return strings.HasSuffix
}

func (c *compiler) textTest(operator string, a, b node, at span) node {
	if a.typ.Kind == record.List && operator == "contains" {
		return c.fail(at, CodeType, "contains looks into text", fmt.Sprintf("write %s in %s", c.written(b.at), c.written(a.at)))
	}
	for _, x := range []*node{&a, &b} {
		if !x.typ.mayBe(record.String) {
			return c.fail(x.at, CodeType, fmt.Sprintf("%s where string is needed for %s", x.typ, operator), "")
		}
		c.warnNull(x)
	}
	f := textTestOf(operator)
	return node{
		eval: func(m *Machine) (record.Value, error) {
			s, err := a.text(m)
			if err != nil {
				return record.Value{}, err
			}
			part, err := b.text(m)
			if err != nil {
				return record.Value{}, err
			}
			return record.BoolValue(f(s, part)), m.scan(len(s)+len(part), at.from)
		},
		typ:  Type{Kind: record.Bool},
		at:   a.at.join(b.at),
		size: a.size + b.size + 1,
	}
}
