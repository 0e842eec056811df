package run

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
)

// compile prepares everything that maps or judges. What identifies a record is extracted in the same pass as what its mapping needs.
func (e *ends) compile() error {
	spec := &e.flow.Spec
	extra, err := e.extra()
	if err != nil {
		return err
	}
	base := mapping.Options{Lookups: e.lookups(), Zone: e.flow.Model.Connections[spec.Source.Connection].Spec.Zone, Steps: map[string]expr.Type{}, Split: spec.Split}
	if err := e.compileBacks(base); err != nil {
		return err
	}
	if err := e.compileGone(); err != nil {
		return err
	}
	head := base
	head.Where, head.Extra = spec.Source.Where, extra
	if e.plain() {
		e.routes[0].program, err = e.program(e.routes[0], &head)
		return err
	}
	if err := e.compileSteps(base); err != nil {
		return err
	}
	for _, s := range e.steps {
		base.Steps[s.Name], head.Steps = expr.Type{}, base.Steps
	}
	for _, r := range e.routes {
		if r.program, err = e.program(r, &base); err != nil {
			return err
		}
		if r.Routed {
			r.condition = len(head.Conditions)
			head.Conditions = append(head.Conditions, config.Condition{Path: r.WhenPath, Text: r.When})
		}
	}
	e.head, err = compiled("the touchpoint", &config.Mapping{}, head)
	return err
}

// plain reports whether a record has nothing to go through but one mapping.
func (e *ends) plain() bool {
	return len(e.routes) == 1 && !e.routes[0].Routed && e.steps == nil && e.flow.Spec.Split == nil
}

// extra returns the paths of what identifies a record, and of what finds it again.
func (e *ends) extra() ([]record.Path, error) {
	extra := append([]record.Path(nil), e.object.Key...)
	e.key, e.version = len(extra), -1
	if e.object.Version != nil {
		e.version = len(extra)
		extra = append(extra, e.object.Version)
	}
	for _, t := range e.flow.Spec.Trace {
		p, err := record.ParsePath(t)
		if err != nil {
			return nil, fmt.Errorf("trace %q: %w", t, err)
		}
		extra = append(extra, p)
	}
	return extra, nil
}

func (e *ends) lookups() map[string]*config.Lookup {
	lookups := make(map[string]*config.Lookup, len(e.flow.Model.Lookups))
	for name, l := range e.flow.Model.Lookups {
		lookups[name] = &l.Spec
	}
	return lookups
}

// program compiles what a route maps.
func (e *ends) program(r *route, o *mapping.Options) (*mapping.Program, error) {
	var spec *config.Mapping
	if m, ok := e.flow.Model.Mappings[r.Mapping]; ok {
		spec = &m.Spec
	} else if r.Mapping != "" {
		return nil, fmt.Errorf("mapping %q does not exist", r.Mapping)
	}
	options := *o
	if !r.Destination.ByLedger() {
		options.Key = r.Destination.Key
	}
	return compiled(fmt.Sprintf("mapping %q", r.Mapping), r.Mapped(spec, r.Destination.Key), options)
}

func compiled(what string, m *config.Mapping, o mapping.Options) (*mapping.Program, error) {
	program, problems := mapping.Compile(m, o)
	if program != nil {
		return program, nil
	}
	for _, p := range problems {
		if p.Severity == diag.Error {
			return nil, fmt.Errorf("%s: %s: %s", what, p.Path, p.Message)
		}
	}
	return nil, fmt.Errorf("%s does not compile", what)
}

// paths returns everything of a source record that is looked at. nil: all of it.
func (e *ends) paths() []record.Path {
	programs := make([]*mapping.Program, 0, len(e.routes)+1)
	for _, r := range e.routes {
		programs = append(programs, r.program)
	}
	if e.head == nil && e.backs == nil {
		return programs[0].Paths()
	}
	if e.head != nil {
		programs = append(programs, e.head)
	}
	for _, b := range e.backs {
		programs = append(programs, b.program)
	}
	for _, s := range e.steps {
		if programs = append(programs, s.find); s.create != nil {
			programs = append(programs, s.create)
		}
	}
	var all []record.Path
	seen := map[string]bool{}
	for _, p := range programs {
		if p.Whole() {
			return nil
		}
		for _, path := range p.Paths() {
			if text := path.String(); !seen[text] {
				seen[text] = true
				all = append(all, path)
			}
		}
	}
	return slices.Clip(all)
}

// traces returns the values of the traced fields among the extra values.
func (e *ends) traces(extra []record.Value) []record.Value {
	return extra[len(extra)-len(e.flow.Spec.Trace):]
}
