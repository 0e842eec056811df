package expr

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"github.com/dray-sync/dray/adapters/record"
)

// comparable reports whether values of these kinds can be equal or ordered at all.
func comparableKinds(a, b record.Kind) bool {
	if a == record.Int || a == record.Decimal {
		return b == record.Int || b == record.Decimal
	}
	return a == b
}

// comparableTypes is the same for what is known before a run; nil can be compared with anything.
func comparableTypes(a, b Type) bool {
	return !a.Known() || !b.Known() || a.Kind == record.Null || b.Kind == record.Null || comparableKinds(a.Kind, b.Kind)
}

// ordered reports whether values of this kind have an order.
func ordered(k record.Kind) bool {
	switch k {
	case record.Int, record.Decimal, record.String, record.Date, record.Time, record.Timestamp:
		return true
	}
	return false
}

func (c *compiler) equality(operator string, a, b node, at span) node {
	if !comparableTypes(a.typ, b.typ) {
		return c.fail(at, CodeType, fmt.Sprintf("%s never equals %s", article(a.typ.String()), article(b.typ.String())),
			c.compareHint(a, b))
	}
	c.neverEqual(a, b)
	c.neverEqual(b, a)
	want := operator == "=="
	return node{
		eval: func(m *Machine) (record.Value, error) {
			x, err := a.eval(m)
			if err != nil {
				return x, err
			}
			y, err := b.eval(m)
			if err != nil {
				return y, err
			}
			same, err := m.equal(x, y, at.from)
			return record.BoolValue(same == want), err
		},
		typ:  Type{Kind: record.Bool},
		at:   a.at.join(b.at),
		size: a.size + b.size + 1,
	}
}

// numeral reports a number that is written out in quotes.
func (n *node) numeral() bool {
	if n.konst == nil || n.konst.Kind() != record.String {
		return false
	}
	_, err := record.ParseNumber(n.konst.Text())
	return err == nil
}

// readText writes how a text becomes the date that it is.
func readText(of record.Kind, written string) string {
	if of == record.Timestamp {
		if _, err := time.Parse(`"`+time.DateOnly+`"`, written); err == nil {
			written = strings.TrimSuffix(written, `"`) + `T00:00:00Z"`
		}
		return "datetime(" + written + ")"
	}
	return "date(" + written + ")"
}

// neverEqual reports a text that is compared with a value of an enum that it does not have.
func (c *compiler) neverEqual(a, b node) {
	if a.konst == nil && a.typ.Enum != nil && b.konst != nil && b.konst.Kind() == record.String {
		c.wantMember(a, b.konst.Text(), b.at)
	}
}

// neverIn is neverEqual for the elements of a list that is written out.
func (c *compiler) neverIn(a node, list ast.Node) {
	items, ok := list.(*ast.ArrayNode)
	if !ok || a.konst != nil || a.typ.Enum == nil {
		return
	}
	for _, item := range items.Nodes {
		if s, ok := item.(*ast.StringNode); ok {
			c.wantMember(a, s.Value, c.at(s))
		}
	}
}

func (c *compiler) wantMember(a node, value string, at span) {
	if slices.Contains(a.typ.Enum, value) {
		return
	}
	hint := "it is one of " + listed(a.typ.Enum[:min(len(a.typ.Enum), 10)])
	if near := nearest(value, slices.Clone(a.typ.Enum)); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	c.fail(at, CodeValue, fmt.Sprintf("%s is never %q", c.written(a.at), value), hint)
}

// compareHint says how to make two operands comparable.
func (c *compiler) compareHint(a, b node) string {
	switch {
	case a.typ.Of != record.Absent && a.typ.Of == b.typ.Kind:
		return fmt.Sprintf("write %s", readText(a.typ.Of, c.written(a.at)))
	case b.typ.Of != record.Absent && b.typ.Of == a.typ.Kind:
		return fmt.Sprintf("write %s", readText(b.typ.Of, c.written(b.at)))
	case a.typ.Kind == record.String && isDay(b.typ) != record.Absent:
		return fmt.Sprintf("write %s", readText(b.typ.Kind, c.written(a.at)))
	case b.typ.Kind == record.String && isDay(a.typ) != record.Absent:
		return fmt.Sprintf("write %s", readText(a.typ.Kind, c.written(b.at)))
	case b.numeral() || a.numeral():
		return "a number is written without quotes"
	case a.typ.Kind == record.String && b.typ.mayBeNumber():
		return numberHint(a.typ, c.written(a.at)) + fmt.Sprintf(", or string(%s)", c.written(b.at))
	case b.typ.Kind == record.String && a.typ.mayBeNumber():
		return numberHint(b.typ, c.written(b.at)) + fmt.Sprintf(", or string(%s)", c.written(a.at))
	case a.typ.Kind == record.List || b.typ.Kind == record.List:
		return "write x in list"
	}
	return ""
}

// equal compares by value: 1 is 1.00, nil is only nil. Values of kinds that never can be equal are an error, not false.
func (m *Machine) equal(a, b record.Value, offset int) (bool, error) {
	if a.IsNull() || b.IsNull() {
		return a.IsNull() && b.IsNull(), nil
	}
	if !comparableKinds(a.Kind(), b.Kind()) {
		return false, &RunError{Rule: RuleType, Offset: offset, Detail: "cannot compare " + a.Kind().String() + " with " + b.Kind().String()}
	}
	switch a.Kind() {
	case record.Int, record.Decimal:
		return compareNumbers(a, b) == 0, m.weigh(a, b, offset)
	case record.Bool:
		return a.Bool() == b.Bool(), nil
	case record.List:
		return m.equalLists(a, b, offset)
	case record.Object:
		return m.equalObjects(a, b, offset)
	case record.Date, record.Timestamp:
		return a.Time().Equal(b.Time()), nil
	case record.Time:
		return a.TimeOfDay() == b.TimeOfDay(), nil
	}
	return a.Text() == b.Text(), m.scan(min(len(a.Text()), len(b.Text())), offset)
}

func (m *Machine) equalLists(a, b record.Value, offset int) (bool, error) {
	if a.Len() != b.Len() {
		return false, nil
	}
	for i := range a.Len() {
		if same, err := m.equalMembers(a.Index(i), b.Index(i), offset); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

// equalMembers compares members of lists and objects: these may be of different kinds and are then not equal.
func (m *Machine) equalMembers(a, b record.Value, offset int) (bool, error) {
	if err := m.spend(1, offset); err != nil {
		return false, err
	}
	a, err := m.expand(a, offset)
	if err != nil {
		return false, err
	}
	b, err = m.expand(b, offset)
	if err != nil {
		return false, err
	}
	if !a.IsNull() && !b.IsNull() && !comparableKinds(a.Kind(), b.Kind()) {
		return false, nil
	}
	return m.equal(a, b, offset)
}

func (m *Machine) equalObjects(a, b record.Value, offset int) (bool, error) {
	if a.Len() != b.Len() {
		return false, nil
	}
	for i := range a.Len() {
		if err := m.spend(1+b.Len()/8, offset); err != nil {
			return false, err
		}
		other := b.Get(a.Name(i))
		if other.IsAbsent() {
			return false, nil
		}
		if same, err := m.equalMembers(a.Index(i), other, offset); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (c *compiler) ordering(operator string, a, b node, at span) node {
	for _, x := range []*node{&a, &b} {
		if x.typ.Known() && !ordered(x.typ.Kind) {
			return c.fail(x.at, CodeType, fmt.Sprintf("%s has no order", article(x.typ.String())), orderHint(x.typ, c.written(x.at)))
		}
		c.warnNull(x)
	}
	if !comparableTypes(a.typ, b.typ) {
		return c.fail(at, CodeType, fmt.Sprintf("cannot compare %s with %s", a.typ, b.typ), c.compareHint(a, b))
	}
	holds := orderOf(operator)
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
			case !ordered(x.Kind()):
				return x, a.reject(x, "a value with an order")
			case !ordered(y.Kind()):
				return y, b.reject(y, "a value with an order")
			}
			order, err := m.order(x, y, at.from)
			return record.BoolValue(holds(order)), err
		},
		typ:  Type{Kind: record.Bool},
		at:   a.at.join(b.at),
		size: a.size + b.size + 1,
	}
}

func orderHint(t Type, written string) string {
	switch t.Kind {
	case record.Bool:
		return fmt.Sprintf("it is true or false: write %s or not %[1]s", written)
	case record.List:
		return fmt.Sprintf("compare how many there are: len(%s)", written)
	}
	return "name a number, a text or a date in it"
}

func orderOf(operator string) func(order int) bool {
	switch operator {
	case "<":
		return func(o int) bool { return o < 0 }
	case "<=":
		return func(o int) bool { return o <= 0 }
	case ">":
		return func(o int) bool { return o > 0 }
	}
	return func(o int) bool { return o >= 0 }
}

// order compares two values that are ordered: numbers by value, strings by bytes, dates and times by what comes first.
func (m *Machine) order(a, b record.Value, offset int) (int, error) {
	if !comparableKinds(a.Kind(), b.Kind()) {
		return 0, &RunError{Rule: RuleType, Offset: offset, Detail: "cannot compare " + a.Kind().String() + " with " + b.Kind().String()}
	}
	switch a.Kind() {
	case record.Int, record.Decimal:
		return compareNumbers(a, b), m.weigh(a, b, offset)
	case record.String:
		return strings.Compare(a.Text(), b.Text()), m.scan(min(len(a.Text()), len(b.Text())), offset)
	case record.Time:
		return int(max(-1, min(a.TimeOfDay()-b.TimeOfDay(), 1))), nil
	}
	return a.Time().Compare(b.Time()), nil
}

// membership compiles a in list.
func (c *compiler) membership(a, b node, at span) node {
	switch {
	case b.typ.Kind == record.String:
		return c.fail(at, CodeType, "in looks into a list", fmt.Sprintf("write %s contains %s", c.written(b.at), c.written(a.at)))
	case !b.typ.mayBe(record.List):
		return c.fail(b.at, CodeType, fmt.Sprintf("%s where a list is needed", b.typ), "")
	case !comparableTypes(a.typ, b.typ.elem()):
		return c.fail(at, CodeType, fmt.Sprintf("%s is never in a list of %s", article(a.typ.String()), b.typ.elem()), "")
	}
	c.warnNull(&b)
	return node{
		eval: func(m *Machine) (record.Value, error) {
			x, err := a.eval(m)
			if err != nil {
				return x, err
			}
			list, err := b.list(m)
			if err != nil {
				return list, err
			}
			found, err := m.contains(list, x, at.from)
			return record.BoolValue(found), err
		},
		typ:  Type{Kind: record.Bool},
		at:   a.at.join(b.at),
		size: a.size + b.size + 1,
	}
}

// contains reports whether a list has an element equal to v. A list in which nothing ever could equal v is an error.
func (m *Machine) contains(list, v record.Value, offset int) (bool, error) {
	other := record.Absent
	for i := range list.Len() {
		if err := m.spend(1, offset); err != nil {
			return false, err
		}
		e, err := m.expand(list.Index(i), offset)
		switch {
		case err != nil:
			return false, err
		case v.IsNull() || e.IsNull():
			if v.IsNull() && e.IsNull() {
				return true, nil
			}
			other = record.Null
		case !comparableKinds(v.Kind(), e.Kind()):
			if other == record.Absent {
				other = e.Kind()
			}
		default:
			other = record.Null
			if same, err := m.equal(v, e, offset); same || err != nil {
				return same, err
			}
		}
	}
	if other > record.Null {
		return false, &RunError{Rule: RuleType, Offset: offset, Detail: v.Kind().String() + " is never in a list of " + other.String()}
	}
	return false, nil
}
