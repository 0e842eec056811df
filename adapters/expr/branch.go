package expr

import "github.com/dray-sync/dray/adapters/record"

// A Branch is one of the ways an expression can go.
type Branch struct {
	Offset int    // in bytes, of what decides
	What   string // "true" or "false" of a condition before ?, "given" or "nil" of what stands before ??
}

// Branches returns the branches of a program that was compiled with [Options.Branches], in a fixed order. The caller must not change them.
func (p *Program) Branches() []Branch { return p.branches }

// branch notes a way that is taken whenever n is evaluated.
func (c *compiler) branch(n node, at span, what string) node {
	if !c.cover {
		return n
	}
	i := c.newBranch(at, what)
	eval := n.eval
	n.eval = func(m *Machine) (record.Value, error) {
		m.reach(i)
		return eval(m)
	}
	return n
}

func (c *compiler) newBranch(at span, what string) int {
	c.branches = append(c.branches, Branch{Offset: c.whole(at).from, What: what})
	return len(c.branches) - 1
}

// Cover has the machine mark in reached which branches of the program it runs are taken. nil: nothing is marked. It holds until the next
// call, so that each program that runs must have as many branches as there are marks.
func (m *Machine) Cover(reached []bool) { m.reached = reached }

func (m *Machine) reach(i int) {
	if m.reached != nil {
		m.reached[i] = true
	}
}
