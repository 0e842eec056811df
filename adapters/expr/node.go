package expr

import (
	"github.com/dray-sync/dray/adapters/record"
)

// evaluator computes a value. It never returns a Raw value.
type evaluator func(m *Machine) (record.Value, error)

// node is a compiled part of an expression.
type node struct {
	eval  evaluator
	typ   Type
	at    span
	path  string        // the path as written where the node is one
	konst *record.Value // the value where it is written out
	size  int           // operations in it
}

// null is the error of a nil where a value is needed.
func (n *node) null(detail string) error {
	return &RunError{Rule: RuleNull, Offset: n.at.from, Path: n.path, Detail: detail}
}

// wrong is the error of a value that is not of the kind wanted.
func (n *node) wrong(v record.Value, want string) error {
	return &RunError{Rule: RuleType, Offset: n.at.from, Path: n.path, Detail: v.Kind().String() + " where " + want + " is needed"}
}

func (n *node) reject(v record.Value, want string) error {
	if v.IsNull() {
		return n.null("")
	}
	return n.wrong(v, want)
}

// number evaluates to an Int or Decimal.
func (n *node) number(m *Machine) (record.Value, error) {
	v, err := n.eval(m)
	if err == nil && v.Kind() != record.Int && v.Kind() != record.Decimal {
		return v, n.reject(v, "a number")
	}
	return v, err
}

// bool evaluates to a truth value.
func (n *node) bool(m *Machine) (bool, error) {
	v, err := n.eval(m)
	if err == nil && v.Kind() != record.Bool {
		return false, n.reject(v, "bool")
	}
	return v.Bool(), err
}

// text evaluates to a string.
func (n *node) text(m *Machine) (string, error) {
	v, err := n.eval(m)
	if err == nil && v.Kind() != record.String {
		return "", n.reject(v, "string")
	}
	return v.Text(), err
}

// list evaluates to a list.
func (n *node) list(m *Machine) (record.Value, error) {
	v, err := n.eval(m)
	if err == nil && v.Kind() != record.List {
		return v, n.reject(v, "a list")
	}
	return v, err
}

// whole evaluates to an integer that fits an int.
func (n *node) whole(m *Machine) (int, error) {
	v, err := n.eval(m)
	if err != nil {
		return 0, err
	}
	i, ok := v.Int64()
	if !ok {
		return 0, n.reject(v, "an integer")
	}
	return int(i), nil
}

// constant returns a node that is always v.
func constant(v record.Value, typ Type, at span) node {
	return node{
		eval:  func(*Machine) (record.Value, error) { return v, nil },
		typ:   typ,
		at:    at,
		konst: &v,
		size:  1,
	}
}
