package config

import (
	"fmt"
	"slices"
)

// Split makes several records of one: each element of a list.
type Split struct {
	Each string   `json:"each"` // a path to a list of the source record
	Key  []string `json:"key"`  // paths in the element: what tells those of one record apart
}

// Step is something a record needs before it is mapped: another record, found by its key, or made.
type Step struct {
	Name        string `json:"name"`
	Connection  string `json:"connection"`
	Object      string `json:"object"`
	Find        Fields `json:"find"`              // fields of the object, all of which must match
	Expect      string `json:"expect"`            // 0..1 | 1
	WhenMissing string `json:"whenMissing"`       // create | reject | skip | wait
	Mapping     string `json:"mapping,omitempty"` // what is created
}

// NamedDestination is one of several destinations of every record.
type NamedDestination struct {
	Name    string `json:"name"`
	Mapping string `json:"mapping,omitempty"` // empty: the touchpoint's
	DestinationSpec
}

// Routes send a record to destinations by condition.
type Routes struct {
	Match string `json:"match"` // first | all
	Cases []Case `json:"cases"`
}

// Case is one route.
type Case struct {
	Name        string          `json:"name"`
	When        string          `json:"when,omitempty"`    // empty: always
	Mapping     string          `json:"mapping,omitempty"` // empty: the touchpoint's
	Destination DestinationSpec `json:"destination"`       // without a connection: that of the touchpoint's destination
	WhenMissing string          `json:"whenMissing"`       // reject | skip: the destination lacks the record
	WhenRefused string          `json:"whenRefused"`       // reject | skip | review: the destination refuses the record
}

// WriteBack writes the destination's answer for a record somewhere else, as a rule into the source.
type WriteBack struct {
	On         string   `json:"on"`                   // delivered | rejected
	Connection string   `json:"connection,omitempty"` // empty: the source's
	Object     string   `json:"object"`
	Fields     Fields   `json:"fields"`
	Write      string   `json:"write"`
	Key        []string `json:"key,omitempty"` // fields that identify the record that is written; empty: the key of the object that is read
}

// A Target is one place that records of a touchpoint are written to, with everything that was left unsaid filled in.
type Target struct {
	Route       string // its name in state; empty: the touchpoint's own destination
	Path        string // where the destination stands in the touchpoint: spec.routes.cases[0].destination
	MappingPath string // where its mapping is named
	Mapping     string // empty: it needs none
	KeyOnly     bool   // only the key of what is mapped is sent
	Destination DestinationSpec
	When        string // the condition, with Routes only; empty: always
	WhenPath    string
	Routed      bool // it is one of Routes
	WhenMissing string
	WhenRefused string
}

// Targets returns every place the touchpoint writes its records to, in the order in which they are tried. One that Routes leave over for the
// touchpoint's own destination comes last.
func (t *Touchpoint) Targets() []Target {
	var all []Target
	for i, d := range t.Destinations {
		path := fmt.Sprintf("spec.destinations[%d]", i)
		all = append(all, Target{Route: d.Name, Path: path, Destination: d.DestinationSpec, Mapping: d.Mapping, MappingPath: path + ".mapping"})
	}
	if t.Routes != nil {
		for i, c := range t.Routes.Cases {
			path := fmt.Sprintf("spec.routes.cases[%d]", i)
			target := Target{
				Route: c.Name, Path: path + ".destination", Destination: c.Destination, Mapping: c.Mapping, MappingPath: path + ".mapping",
				When: c.When, WhenPath: path + ".when", Routed: true, WhenMissing: c.WhenMissing, WhenRefused: c.WhenRefused,
			}
			if target.Destination.Connection == "" {
				target.Destination.Connection = t.Destination.Connection
			}
			all = append(all, target)
		}
	}
	if t.Destination.Connection != "" || len(all) == 0 {
		all = append(all, Target{Path: "spec.destination", Destination: t.Destination})
	}
	for i := range all {
		own := all[i].Mapping != ""
		if !own {
			all[i].Mapping, all[i].MappingPath = t.Mapping, "spec.mapping"
		}
		all[i].narrow(own)
	}
	return all
}

// An End is one object that a touchpoint reads or writes.
type End struct {
	Path       string // where it stands in the touchpoint: spec.source, spec.steps[0]
	Connection string
	Object     string
	Reads      bool
	Write      string // how it is written; empty: it is only read
	Key        []string
}

// Ends returns everything the touchpoint reads or writes: its source with what belongs to it first, then steps, targets and write-backs.
func (t *Touchpoint) Ends() []End {
	all := []End{{Path: "spec.source", Connection: t.Source.Connection, Object: t.Source.Object, Reads: true}}
	for i, in := range t.Source.Include {
		all = append(all, End{Path: fmt.Sprintf("spec.source.include[%d]", i), Connection: t.Source.Connection, Object: in.Object, Reads: true})
	}
	for i, by := range t.Source.ChangedBy {
		all = append(all, End{Path: fmt.Sprintf("spec.source.changedBy[%d]", i), Connection: t.Source.Connection, Object: by.Object, Reads: true})
	}
	for i, s := range t.Steps {
		end := End{Path: fmt.Sprintf("spec.steps[%d]", i), Connection: s.Connection, Object: s.Object, Reads: true}
		if s.WhenMissing == "create" {
			end.Write = "ensure"
			for _, f := range s.Find {
				end.Key = append(end.Key, f.Name)
			}
		}
		all = append(all, end)
	}
	for _, d := range t.Targets() {
		all = append(all, End{Path: d.Path, Connection: d.Destination.Connection, Object: d.Destination.Object, Write: d.Destination.Write, Key: d.Destination.Key})
	}
	for i, b := range t.WriteBack {
		all = append(all, End{Path: fmt.Sprintf("spec.writeBack[%d]", i), Connection: t.writeBackConnection(b), Object: b.Object, Write: b.Write, Key: b.Key})
	}
	return all
}

func (t *Touchpoint) writeBackConnection(b WriteBack) string {
	if b.Connection == "" {
		return t.Source.Connection
	}
	return b.Connection
}

// Connections returns the names of all connections the touchpoint uses, each once, the source's first.
func (t *Touchpoint) Connections() []string {
	var names []string
	for _, e := range t.Ends() {
		if e.Connection != "" && !slices.Contains(names, e.Connection) {
			names = append(names, e.Connection)
		}
	}
	return names
}

// Mappings returns the names of all mappings the touchpoint uses, each once.
func (t *Touchpoint) Mappings() []string {
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, d := range t.Targets() {
		add(d.Mapping)
	}
	for _, s := range t.Steps {
		add(s.Mapping)
	}
	return names
}

// Lookups returns the names of all lookups the touchpoint consults outside of its mappings, each once.
func (t *Touchpoint) Lookups() []string {
	var names []string
	fields := make([]Fields, 0, len(t.Steps)+len(t.WriteBack))
	for _, s := range t.Steps {
		fields = append(fields, s.Find)
	}
	for _, b := range t.WriteBack {
		fields = append(fields, b.Fields)
	}
	for _, f := range fields {
		for _, name := range f.Lookups() {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// WithConnection returns the touchpoint with a connection under another name.
func (t Touchpoint) WithConnection(old, name string) Touchpoint {
	change := func(connection *string) {
		if *connection == old {
			*connection = name
		}
	}
	change(&t.Source.Connection)
	change(&t.Destination.Connection)
	t.Steps, t.Destinations, t.WriteBack = slices.Clone(t.Steps), slices.Clone(t.Destinations), slices.Clone(t.WriteBack)
	for i := range t.Steps {
		change(&t.Steps[i].Connection)
	}
	for i := range t.Destinations {
		change(&t.Destinations[i].Connection)
	}
	for i := range t.WriteBack {
		change(&t.WriteBack[i].Connection)
	}
	if t.Routes != nil {
		routes := *t.Routes
		routes.Cases = slices.Clone(routes.Cases)
		for i := range routes.Cases {
			change(&routes.Cases[i].Destination.Connection)
		}
		t.Routes = &routes
	}
	return t
}
