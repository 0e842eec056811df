package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// tests lays out the cases of mapping tests: each row of a table and each record of a file becomes a case of its own. What the cases
// name is judged on the way.
func (e *environment) tests() {
	for _, name := range e.judged("MappingTest") {
		t := e.model.Tests[name]
		e.about(e.index["MappingTest/"+name])
		x := &caseLayout{environment: e, r: e.index["MappingTest/"+name], test: &t.Spec}
		x.touchpoint()
		written := t.Spec.Cases
		t.Spec.Cases = make([]TestCase, 0, len(written))
		for i := range written {
			x.layOut(fmt.Sprintf("spec.cases[%d]", i), written[i])
		}
	}
}

// caseLayout lays out the cases of one test.
type caseLayout struct {
	*environment
	r    *loaded
	test *MappingTest
}

// touchpoint judges whether the touchpoint is one that the mapping runs in.
func (x *caseLayout) touchpoint() {
	t, ok := x.model.Touchpoints[x.test.Touchpoint]
	if ok && x.index["Mapping/"+x.test.Mapping] != nil && !slices.Contains(t.Spec.Mappings(), x.test.Mapping) {
		x.problemPath(x.r, "spec.touchpoint", codeMappingTest, fmt.Sprintf("the touchpoint %q does not use the mapping %q", x.test.Touchpoint, x.test.Mapping),
			"name a touchpoint that uses the mapping under test: this one has "+andList(t.Spec.Mappings()))
	}
}

// layOut adds the cases that one case as it is written stands for.
func (x *caseLayout) layOut(path string, c TestCase) {
	inputs, ok := x.inputs(path, c.Input)
	if !ok {
		return
	}
	c.Path, c.ExpectedAt = path, path
	expected, ok := x.expected(path, &c, len(inputs))
	if !ok {
		return
	}
	rows := c.Rows
	c.Rows = nil
	if len(rows) > 0 && (len(inputs) > 1 || expected != nil) {
		x.problemPath(x.r, path+".rows", codeMappingTest, "a table starts from one record, and its rows say what they expect", "name a file with one record, and write the expectations here")
		return
	}
	for k, input := range inputs {
		one := c
		one.Input = input.json
		if len(inputs) > 1 || input.many {
			one.Name = fmt.Sprintf("%s, line %d", c.Name, input.Line)
		}
		if expected != nil && !x.take(&one, expected[k], path) {
			continue
		}
		if len(rows) == 0 {
			x.add(one)
			continue
		}
		x.change(&one)
		for j, row := range rows {
			x.add(x.row(one, row, fmt.Sprintf("%s.rows[%d]", path, j)))
		}
	}
}

// row returns the case that a row stands for.
func (x *caseLayout) row(c, row TestCase, path string) TestCase {
	if row.Name == "" {
		row.Name = x.rowName(path)
	}
	out := c
	out.Name, out.Path = c.Name+": "+row.Name, path
	out.Set, out.Remove, out.Now = row.Set, row.Remove, cmp.Or(row.Now, c.Now)
	out.Given = c.Given.with(row.Given)
	if row.expects() {
		out.Expect, out.ExpectExactly, out.ExpectRejected = row.Expect, row.ExpectExactly, row.ExpectRejected
		out.ExpectSkipped, out.ExpectFiltered, out.ExpectParked = row.ExpectSkipped, row.ExpectFiltered, row.ExpectParked
		out.ExpectedAt = path
	}
	return out
}

// rowName is what a row sets and removes, in its order.
func (x *caseLayout) rowName(path string) string {
	row := mustAt(x.r.tree(), path)
	var parts []string
	if set := row.get("set"); set != nil {
		for i, k := range set.keys {
			value := set.items[i].text
			if set.items[i].kind != stringNode {
				value = string(set.items[i].appendJSON(nil, false))
			}
			parts = append(parts, k.text+"="+value)
		}
	}
	if remove := row.get("remove"); remove != nil {
		for _, p := range remove.items {
			parts = append(parts, "without "+p.text)
		}
	}
	if len(parts) == 0 {
		return path[strings.LastIndexByte(path, '.')+1:]
	}
	return strings.Join(parts, ", ")
}

// with returns what is given when a row gives more.
func (g *Given) with(row *Given) *Given {
	switch {
	case row == nil:
		return g
	case g == nil:
		return row
	}
	out := &Given{Lookups: maps.Clone(g.Lookups), Steps: maps.Clone(g.Steps)}
	if out.Lookups == nil {
		out.Lookups = row.Lookups
	} else {
		maps.Copy(out.Lookups, row.Lookups)
	}
	if out.Steps == nil {
		out.Steps = row.Steps
	} else {
		maps.Copy(out.Steps, row.Steps)
	}
	return out
}

func (c *TestCase) expects() bool {
	return c.Expect != nil || c.ExpectExactly != nil || c.ExpectRejected != nil || c.ExpectSkipped || c.ExpectFiltered || c.ExpectParked
}

// add changes the input as the case says and keeps the case.
func (x *caseLayout) add(c TestCase) {
	x.change(&c)
	x.judge(&c)
	x.test.Cases = append(x.test.Cases, c)
}
