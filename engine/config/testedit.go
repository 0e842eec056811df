package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dray-sync/dray/adapters/record"
)

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
