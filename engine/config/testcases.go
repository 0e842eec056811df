package config

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/diag"
)

// tests lays out the cases of mapping tests: each row of a table and each record of a file becomes a case of its own. What the cases
// name is judged on the way.
func (e *environment) tests() {
	for _, name := range slices.Sorted(maps.Keys(e.model.Tests)) {
		t := e.model.Tests[name]
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

// change puts the values that a case sets into its input, and takes out what it removes.
func (x *caseLayout) change(c *TestCase) {
	if len(c.Set) == 0 && len(c.Remove) == 0 {
		return
	}
	v, err := record.ParseJSON(c.Input)
	if err != nil {
		x.problemPath(x.r, c.Path, codeMappingTest, "the input is not a record that values can be set in: "+err.Error(), "")
		return
	}
	for _, key := range slices.Sorted(maps.Keys(c.Set)) {
		at := c.Path + ".set" + "." + pathString([]segment{{name: key}})
		w, err := record.ParseJSON(c.Set[key])
		if err == nil {
			v, err = x.edited(v, key, w)
		}
		if err != nil {
			x.problemPath(x.r, at, codeMappingTest, err.Error(), "the path must fit the input")
		}
	}
	for i, key := range c.Remove {
		if v, err = x.edited(v, key, record.Value{}); err != nil {
			x.problemPath(x.r, fmt.Sprintf("%s.remove[%d]", c.Path, i), codeMappingTest, err.Error(), "the path must fit the input")
		}
	}
	c.Input, c.Set, c.Remove = v.AppendJSON(nil), nil, nil
}

// edited returns a record with the value at a path replaced, or taken out when w is absent.
func (x *caseLayout) edited(v record.Value, path string, w record.Value) (record.Value, error) {
	p, err := record.ParsePath(path)
	if err != nil || p.Root() != "" {
		return v, nil // said elsewhere
	}
	out, err := edit(v, p, w)
	if err != nil {
		return v, fmt.Errorf("%s: %w", path, err)
	}
	return out, nil
}

// edit returns v with the value at p replaced by w, or taken out when w is absent. Objects on the way are made where they are missing.
func edit(v record.Value, p record.Path, w record.Value) (record.Value, error) {
	if len(p) == 0 {
		return w, nil
	}
	if p[0].IsIndex() {
		return editElement(v, p, w)
	}
	switch {
	case v.IsNull() && w.IsAbsent():
		return v, nil
	case v.IsNull():
		v = record.ObjectValue(nil, nil)
	case v.Kind() != record.Object:
		return v, fmt.Errorf("the input has a %s where %q would be a field", v.Kind(), p[0].Name)
	}
	names, values := slices.Clone(v.Names()), make([]record.Value, v.Len())
	for i := range values {
		values[i] = v.Index(i)
	}
	i := slices.Index(names, p[0].Name)
	if i < 0 {
		if w.IsAbsent() {
			return v, nil
		}
		i = len(names)
		names, values = append(names, p[0].Name), append(values, record.Value{})
	}
	inner, err := edit(values[i], p[1:], w)
	if err != nil {
		return v, err
	}
	if values[i] = inner; inner.IsAbsent() {
		names, values = slices.Delete(names, i, i+1), slices.Delete(values, i, i+1)
	}
	return record.ObjectValue(names, values), nil
}

func editElement(v record.Value, p record.Path, w record.Value) (record.Value, error) {
	i := p[0].Index
	if v.IsNull() && i == 0 && !w.IsAbsent() {
		v = record.ListValue(nil)
	}
	if v.Kind() != record.List {
		return v, fmt.Errorf("the input has no list where [%d] would be an element", i)
	}
	if i > v.Len() || (i == v.Len() && w.IsAbsent()) {
		return v, fmt.Errorf("the input's list has %d elements, so there is no [%d]", v.Len(), i)
	}
	values := slices.Clone(v.Elements())
	if i == len(values) {
		values = append(values, record.Value{})
	}
	inner, err := edit(values[i], p[1:], w)
	if err != nil {
		return v, err
	}
	if values[i] = inner; inner.IsAbsent() {
		values = slices.Delete(values, i, i+1)
	}
	return record.ListValue(values), nil
}

// judge finds expectations that nothing can meet.
func (x *caseLayout) judge(c *TestCase) {
	x.given(c)
	m, ok := x.model.Mappings[x.test.Mapping]
	if !ok || x.wrong(x.index["Mapping/"+x.test.Mapping]) {
		return
	}
	if w := c.ExpectRejected; w != nil && w.Check != "" {
		names := make([]string, len(m.Spec.Checks))
		for i, k := range m.Spec.Checks {
			names[i] = k.Name
		}
		x.mustBe(c.ExpectedAt+".expectRejected.check", "the mapping has no check", w.Check, names)
	}
	fields := make([]string, len(m.Spec.Fields))
	for i, f := range m.Spec.Fields {
		fields[i] = f.Name
	}
	if w := c.ExpectRejected; w != nil && w.Field != "" {
		if p, err := record.ParsePath(w.Field); err == nil && len(p) > 0 {
			x.mustBe(c.ExpectedAt+".expectRejected.field", "the mapping has no field", p[0].Name, fields)
		}
	}
	for name, want := range map[string]json.RawMessage{"expect": c.Expect, "expectExactly": c.ExpectExactly} {
		var members map[string]json.RawMessage
		if json.Unmarshal(want, &members) != nil || c.Expected.File != "" {
			continue
		}
		for _, member := range slices.Sorted(maps.Keys(members)) {
			x.mustBe(c.ExpectedAt+"."+name+"."+pathString([]segment{{name: member}}), "the mapping has no field", member, fields)
		}
	}
	t := x.model.Touchpoints[x.test.Touchpoint]
	switch {
	case !c.ExpectFiltered:
	case x.test.Touchpoint == "":
		x.problemPath(x.r, c.ExpectedAt+".expectFiltered", codeMappingTest, "a source filter belongs to a touchpoint, and the test names none", "add touchpoint: to the test, with the one whose filter is meant")
	case t != nil && t.Spec.Source.Where == "":
		x.problemPath(x.r, c.ExpectedAt+".expectFiltered", codeMappingTest, fmt.Sprintf("the touchpoint %q filters nothing", x.test.Touchpoint), "give its source a where, or remove the case")
	}
}

// mustBe demands that a name is one of these.
func (x *caseLayout) mustBe(path, message, name string, names []string) {
	if slices.Contains(names, name) {
		return
	}
	hint := "it has " + orList(names)
	if near := diag.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %s?", near)
	} else if len(names) == 0 {
		hint = "remove it"
	}
	steps := parsePath(path)
	n, _ := x.r.tree().at(steps)
	around, _ := x.r.tree().at(steps[:len(steps)-1])
	if key := around.key(name); key != nil { // the name is that of the field
		n = key
	}
	x.problem(x.r, n, codeMappingTest, path, fmt.Sprintf("%s %q", message, name), hint)
}

// given judges the names of what a case replaces.
func (x *caseLayout) given(c *TestCase) {
	if c.Given == nil {
		return
	}
	m, known := x.model.Mappings[x.test.Mapping]
	known = known && !x.wrong(x.index["Mapping/"+x.test.Mapping])
	for _, name := range slices.Sorted(maps.Keys(c.Given.Lookups)) {
		path, own := x.givenPath(c, "lookups", name)
		_, exists := x.index["Lookup/"+name]
		switch {
		case !own:
		case !exists && x.doubts.mayHold("Lookup", name):
		case !exists:
			hint := "check its name"
			if near := diag.Nearest(name, x.names("Lookup")); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			}
			x.problemPath(x.r, path, codeUnknownReference, fmt.Sprintf("there is no Lookup %q", name), hint)
		case known:
			x.mustBe(path, "the mapping does not consult the lookup", name, m.Spec.Fields.Lookups())
		}
	}
	t, ok := x.model.Touchpoints[x.test.Touchpoint]
	if !ok || x.wrong(x.index["Touchpoint/"+x.test.Touchpoint]) {
		return
	}
	steps := make([]string, len(t.Spec.Steps))
	for i, s := range t.Spec.Steps {
		steps[i] = s.Name
	}
	for _, name := range slices.Sorted(maps.Keys(c.Given.Steps)) {
		if path, own := x.givenPath(c, "steps", name); own {
			x.mustBe(path, "the touchpoint has no step", name, steps)
		}
	}
}

// givenPath returns where something given stands, and whether the case has it of its own and not of the case around the row.
func (x *caseLayout) givenPath(c *TestCase, what, name string) (string, bool) {
	path := c.Path + ".given." + what + "." + pathString([]segment{{name: name}})
	steps := parsePath(path)
	_, found := x.r.tree().at(steps)
	return path, found == len(steps)
}
