package config

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/diag"
)

// lookupElsewhere judges what a lookup says of the place of its rows.
func (e *environment) lookupElsewhere(r *loaded, l *Lookup) {
	switch {
	case l.Connection != "":
		if o, ok := e.object(r, "spec", l.Connection, l.Object); ok && !o.CanRead(adapters.ReadKeys) {
			e.problemPath(r, "spec.object", codeUnsupported, fmt.Sprintf("%q cannot be looked up by key", l.Object), "take an object with a key, or declare its key under spec.objects of the connection")
		}
		e.lookupFields(r, l)
	case l.Ledger != "":
		if t := e.model.Touchpoints[l.Ledger]; t != nil {
			e.lookupRoute(r, l, &t.Spec)
		}
	}
}

// noneElsewhere demands that write-backs consult nothing that has to be asked: they come after the write, and must not wait.
func (e *environment) noneElsewhere(r *loaded, t *Touchpoint) {
	for i, b := range t.WriteBack {
		for _, name := range b.Fields.Lookups() {
			if l := e.model.Lookups[name]; l != nil && l.Spec.Elsewhere() {
				path := fmt.Sprintf("spec.writeBack[%d].fields", i)
				d := e.problemPath(r, path, codeUnsupported, fmt.Sprintf("the lookup %q has its rows elsewhere, and what is written back cannot ask for them", name), "look it up in the mapping, and write back what came of it")
				d.Related = append(d.Related, l.Source.Pos("spec"))
			}
		}
	}
}

// lookupFields judges whether the object has the fields that the lookup names, where it is known.
func (e *environment) lookupFields(r *loaded, l *Lookup) {
	o := e.side(l.Connection, l.Object).Object
	if o == nil || len(o.Fields) == 0 {
		return
	}
	judge := func(path, name string) {
		if hint, lacks := o.lacks(name); lacks {
			e.problemPath(r, path, codeUnknownReference, fmt.Sprintf("%q has no field %q", l.Object, name), hint)
		}
	}
	for i, name := range l.Key {
		judge(fmt.Sprintf("spec.key[%d]", i), name)
	}
	judge("spec.value", l.Value)
	for i, name := range l.Values {
		judge(fmt.Sprintf("spec.values[%d]", i), name)
	}
}

// lookupRoute judges whether the touchpoint has the one ledger that is meant.
func (e *environment) lookupRoute(r *loaded, l *Lookup, t *Touchpoint) {
	var routes []string
	for _, d := range t.Targets() {
		routes = append(routes, d.Route)
	}
	switch {
	case slices.Contains(routes, l.Route):
	case l.Route == "":
		d := e.problemPath(r, "spec.ledger", codeMissingField, fmt.Sprintf("the touchpoint %q has a ledger for each of its destinations", l.Ledger), "add route: with the one that is meant: "+orList(routes))
		d.Related = append(d.Related, e.model.Touchpoints[l.Ledger].Source.Pos("spec"))
	default:
		hint := "it has none with a name: remove route"
		if named := slices.DeleteFunc(routes, func(name string) bool { return name == "" }); len(named) > 0 {
			hint = "it has " + orList(named)
			if near := diag.Nearest(l.Route, named); near != "" {
				hint = fmt.Sprintf("did you mean %s?", near)
			}
		}
		e.problemPath(r, "spec.route", codeUnknownReference, fmt.Sprintf("the touchpoint %q has no destination or route %q", l.Ledger, l.Route), hint)
	}
}

// EndsOf returns all places that a touchpoint reaches: those that it names, and those of the lookups that it consults.
func (m *Model) EndsOf(t *Touchpoint) []End {
	all := t.Ends()
	for _, l := range m.lookupsOf(t) {
		if l.Spec.Connection != "" {
			all = append(all, End{Path: "spec", Connection: l.Spec.Connection, Object: l.Spec.Object})
		}
	}
	return all
}

// ConnectionsOf returns the names of all connections that a touchpoint reaches, each once, the source's first.
func (m *Model) ConnectionsOf(t *Touchpoint) []string {
	names := t.Connections()
	for _, l := range m.lookupsOf(t) {
		if c := l.Spec.Connection; c != "" && !slices.Contains(names, c) {
			names = append(names, c)
		}
	}
	return names
}

// lookupsOf returns the lookups that a touchpoint consults, itself and in its mappings.
func (m *Model) lookupsOf(t *Touchpoint) []*Resource[Lookup] {
	names := t.Lookups()
	for _, name := range t.Mappings() {
		if r := m.Mappings[name]; r != nil {
			names = append(names, r.Spec.Fields.Lookups()...)
		}
	}
	slices.Sort(names)
	var all []*Resource[Lookup]
	for _, name := range slices.Compact(names) {
		if l := m.Lookups[name]; l != nil {
			all = append(all, l)
		}
	}
	return all
}
