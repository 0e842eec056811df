package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/diag"
)

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
