package expr

import (
	"github.com/dray-sync/dray/adapters/record"
)

// The bounds of a run.
const (
	MaxSteps      = 1_000_000 // for one record, over all its expressions: about one step for each operation and 64 bytes looked at
	MaxResultSize = 1 << 20   // bytes of one text or list, intermediate ones too
	MaxWorkSize   = 16 << 20  // bytes made by one run, intermediate results together
)

// A Machine runs programs and counts what they cost. The zero value is ready for use. Not safe for concurrent use: keep one
// for each worker and call Reset for each record.
type Machine struct {
	refs  []record.Value
	elems [MaxDepth]element
	args  []record.Value // arguments of the calls under way
	steps int
	work  int

	reached []bool // by branch of the program that runs; nil: nobody wants to know
}

// element is the element that a predicate looks at.
type element struct {
	value record.Value
	index int
}

// Reset gives the machine the step budget of a new record.
func (m *Machine) Reset() { m.steps = 0 }

// spend takes n steps from the budget of the record.
func (m *Machine) spend(n, offset int) error {
	m.steps += n
	if m.steps > MaxSteps {
		m.steps = MaxSteps
		return &RunError{Rule: RuleBudget, Offset: offset, Detail: "more steps than one record may take"}
	}
	return nil
}

// scan takes the steps for looking at n bytes.
func (m *Machine) scan(n, offset int) error { return m.spend(1+n/64, offset) }

// grow takes the budget for making a result of n bytes.
func (m *Machine) grow(n, offset int) error {
	if n > MaxResultSize {
		return &RunError{Rule: RuleBudget, Offset: offset, Detail: "a result larger than 1 MiB"}
	}
	if m.work += n; m.work > MaxWorkSize {
		return &RunError{Rule: RuleBudget, Offset: offset, Detail: "intermediate results larger than 16 MiB"}
	}
	return m.scan(n, offset)
}

// valueSize is what one element of a list counts in bytes.
const valueSize = 48

// newList takes the budget for a list and returns it.
func (m *Machine) newList(values []record.Value, offset int) (record.Value, error) {
	if err := m.grow(len(values)*valueSize, offset); err != nil {
		return record.Value{}, err
	}
	return record.ListValue(values), nil
}

// expand returns a raw value as what it stands for, and any other as it is.
func (m *Machine) expand(v record.Value, offset int) (record.Value, error) {
	if v.Kind() != record.Raw {
		return v, nil
	}
	if err := m.scan(len(v.Text()), offset); err != nil {
		return v, err
	}
	v, err := v.Expand()
	if err != nil {
		return v, &RunError{Rule: RuleInvalidJSON, Offset: offset}
	}
	return v, nil
}

// measure returns what is left of a number of bytes after v, or a negative number as soon as nothing is.
func measure(v record.Value, left int) int {
	switch v.Kind() {
	case record.List, record.Object:
		for i := 0; i < v.Len() && left >= 0; i++ {
			left = measure(v.Index(i), left-valueSize)
		}
		return left
	case record.String, record.Bytes, record.Raw:
		return left - len(v.Text())
	}
	return left - valueSize
}
