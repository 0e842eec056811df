package plan

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/engine/config"
)

// A flow is one touchpoint of both models.
type flow struct {
	*pair
	name          string
	before, after config.Touchpoint // before by today's names of connections
	old           config.Touchpoint // before as it was
	changed       map[string]ResourceChange
	targets       []target
}

func (p *pair) flow(name string, before config.Touchpoint, after *config.Resource[config.Touchpoint], changed map[string]ResourceChange) *flow {
	f := &flow{pair: p, name: name, before: before, after: after.Spec, old: before, changed: changed}
	for _, old := range before.Connections() {
		f.before = f.before.WithConnection(old, p.newName("Connection", old))
	}
	f.findTargets()
	return f
}

// full reports whether every run reads everything.
func (f *flow) full() bool { return f.after.Source.Read == "full" }

// resets says why the state does not fit the new form, or "".
func (f *flow) resets() string {
	b, a := f.before, f.after
	switch {
	case b.Source.Connection != a.Source.Connection || b.Source.Object != a.Source.Object:
		return "its source is another object"
	case b.Source.Read != a.Source.Read:
		return "it is read in another way"
	case f.otherApplication(a.Source.Connection):
		return "its source is another application"
	}
	for _, t := range f.targets {
		if t.before == nil || t.after == nil || t.before.Destination.Connection == "" {
			continue
		}
		b, a := t.before.Destination, t.after.Destination
		switch {
		case b.Connection != a.Connection || b.Object != a.Object:
			return t.its("destination") + " is another object"
		case !slices.Equal(b.Key, a.Key):
			return t.its("destination key") + " is another"
		case f.otherApplication(a.Connection):
			return t.its("destination") + " is another application"
		}
	}
	return ""
}

func (f *flow) otherApplication(connection string) bool {
	b, a := f.connections(connection)
	return b != nil && a != nil && f.newName("Application", b.Application) != a.Application
}

// resetEffects says what a reset does.
func (f *flow) resetEffects(why string) []Effect {
	again := "it reads again " + startWords(f.after.Source.Start)
	if f.full() {
		again = "the next run reads everything, as every run does"
	}
	e := []Effect{
		{Dangerous, why + ": its checkpoint is dropped, a run under way ends, and " + again},
		{Safe, "its ledger and dead letters stay"},
	}
	if f.after.Mode == "observe" {
		return e
	}
	for _, t := range f.targets {
		switch {
		case t.after == nil:
		case t.after.Destination.Write == "create":
			e = append(e, Effect{Dangerous, fmt.Sprintf("it writes to %s by create: every record that is read again is created again", t.name())})
		default:
			e = append(e, Effect{Dangerous, fmt.Sprintf("every record that is read again is written to %s again, by %s", t.name(), t.after.Destination.Write)})
		}
	}
	return e
}

// A target is one place that a flow writes its records to; nil where it does not.
type target struct {
	before, after *config.Target
	mapping       []FieldChange // how its records come out differently
	switched      bool          // they go through another mapping
}

// name is where the target is.
func (t target) name() string {
	d := t.before
	if t.after != nil {
		d = t.after
	}
	return d.Destination.Connection + "/" + d.Destination.Object
}

// pruned reports whether the target had a ledger and dead letters of its own and is gone.
func (t target) pruned() bool { return t.after == nil && t.before.Route != "" }

// its says whose something is, where there are several.
func (t target) its(what string) string {
	if t.after.Route == "" {
		return "its " + what
	}
	return "the " + what + " of " + t.after.Route
}

// findTargets pairs the targets of both forms by their routes.
func (f *flow) findTargets() {
	before, after := f.before.Targets(), f.after.Targets()
	for i := range after {
		t := target{after: &after[i]}
		if j := slices.IndexFunc(before, func(b config.Target) bool { return b.Route == after[i].Route }); j >= 0 {
			t.before = &before[j]
			f.compareMappings(&t)
		}
		f.targets = append(f.targets, t)
	}
	for i := range before {
		if !slices.ContainsFunc(after, func(a config.Target) bool { return a.Route == before[i].Route }) {
			f.targets = append(f.targets, target{before: &before[i]})
		}
	}
}

// compareMappings finds out how the records for a target come out differently.
func (f *flow) compareMappings(t *target) {
	if f.newName("Mapping", t.before.Mapping) == t.after.Mapping {
		t.mapping = f.changed[ref("Mapping", t.after.Mapping)].Fields
		return
	}
	b, a := specOf(f.from.Mappings, t.before.Mapping), specOf(f.to.Mappings, t.after.Mapping)
	if b == nil || a == nil {
		return
	}
	d := &differ{}
	d.mapping(b, a)
	t.mapping, t.switched = d.out[:min(len(d.out), mostFields)], true
}
