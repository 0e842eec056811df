package maptest

import (
	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
)

// stepsOf returns the names of all steps that a test knows of: the touchpoint's, and those that its cases give something for. nil: none.
func stepsOf(m *config.Model, t *config.MappingTest) map[string]expr.Type {
	o := OptionsFor(m, t.Mapping, t.Touchpoint)
	for i := range t.Cases {
		if g := t.Cases[i].Given; g != nil {
			for name := range g.Steps {
				addStep(&o, name)
			}
		}
	}
	return o.Steps
}

// OptionsFor returns what a mapping is compiled with: the lookups it names and, with a touchpoint, what counts as it runs there.
func OptionsFor(m *config.Model, name, touchpoint string) mapping.Options {
	o := mapping.Options{Lookups: map[string]*config.Lookup{}}
	if mp, ok := m.Mappings[name]; ok {
		for _, step := range mapping.StepNames(&mp.Spec) {
			addStep(&o, step)
		}
		for _, l := range mp.Spec.Fields.Lookups() {
			if r, ok := m.Lookups[l]; ok {
				o.Lookups[l] = &r.Spec
			}
		}
	}
	t, ok := m.Touchpoints[touchpoint]
	if !ok {
		return o
	}
	o.Where, o.Split = t.Spec.Source.Where, t.Spec.Split
	for _, target := range t.Spec.Targets() {
		if target.Mapping == name {
			o.Key = target.Destination.Key
			break
		}
	}
	for _, s := range t.Spec.Steps {
		addStep(&o, s.Name)
	}
	if c, ok := m.Connections[t.Spec.Source.Connection]; ok {
		o.Zone = c.Spec.Zone
	}
	return o
}

func addStep(o *mapping.Options, name string) {
	if o.Steps == nil {
		o.Steps = map[string]expr.Type{}
	}
	o.Steps[name] = expr.Type{}
}
