// Package plan compares two models: what changes, what that does to the flows, and what it does to their state.
//
// It does no I/O, and its result is all that reconciling gets to see: what the plan does not show, the agent does not do.
package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/dray-sync/dray/engine/config"
)

// Action is what happens to a resource.
type Action string

// The actions.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
	Rename Action = "rename" // possibly with other changes
)

// StateEffect is what happens to what a touchpoint remembers: its checkpoint, ledger and dead letters.
type StateEffect string

// The effects on state.
const (
	StateNew     StateEffect = "new"     // it begins at its start
	StateKept    StateEffect = "kept"    // it goes on where it was
	StateRenamed StateEffect = "renamed" // it goes on under a new name
	StateReset   StateEffect = "reset"   // it forgets and begins at its start again
	StatePruned  StateEffect = "pruned"  // it is forgotten for good
)

// Risk says how carefully a change wants to be read.
type Risk string

// The classes of risk.
const (
	Safe      Risk = "safe"
	Review    Risk = "review"
	Dangerous Risk = "dangerous"
)

// AllowReset is the annotation by which a touchpoint permits that its state is reset.
const AllowReset = "dray/allow-reset"

// Changes is the difference between two models.
type Changes struct {
	From        string             `json:"from"` // digest; empty: nothing was there
	To          string             `json:"to"`
	Resources   []ResourceChange   `json:"resources"`
	Touchpoints []TouchpointChange `json:"touchpoints"`
	// Blocked says why these changes may not be applied. Empty: they may.
	Blocked []string `json:"blocked,omitempty"`
}

// ResourceChange is what happens to one resource.
type ResourceChange struct {
	Kind        string        `json:"kind"`
	Name        string        `json:"name"`
	RenamedFrom string        `json:"renamedFrom,omitempty"`
	Action      Action        `json:"action"`
	Fields      []FieldChange `json:"fields,omitempty"` // of an update; sorted by path
}

// FieldChange is one value before and after. null means that it was not there.
type FieldChange struct {
	Path   string          `json:"path"`
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// TouchpointChange is what happens to one flow.
type TouchpointChange struct {
	Name        string      `json:"name"`
	RenamedFrom string      `json:"renamedFrom,omitempty"`
	Action      Action      `json:"action"`
	State       StateEffect `json:"state"`
	Risk        Risk        `json:"risk"`
	Causes      []string    `json:"causes"`          // the resources whose change reaches it: "Mapping/order-to-sale"
	Notes       []string    `json:"notes,omitempty"` // what a reviewer should know
}

// Empty reports whether nothing changes.
func (c Changes) Empty() bool { return len(c.Resources) == 0 && len(c.Touchpoints) == 0 }

// Diff compares two models. from may be nil: nothing is there yet. It is pure and deterministic.
func Diff(from, to *config.Model) Changes {
	if from == nil {
		from = &config.Model{}
	}
	c := Changes{From: from.Digest, To: to.Digest, Resources: resourceChanges(from, to)}
	changed := map[string]bool{}
	for _, r := range c.Resources {
		changed[ref(r.Kind, r.Name)] = true
		if r.RenamedFrom != "" {
			changed[ref(r.Kind, r.RenamedFrom)] = true
		}
	}
	renamed := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(to.Touchpoints)) {
		if t, ok := touchpointChange(from, to, name, changed); ok {
			c.Touchpoints = append(c.Touchpoints, t)
			renamed[t.RenamedFrom] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(from.Touchpoints)) {
		if to.Touchpoints[name] == nil && !renamed[name] {
			c.Touchpoints = append(c.Touchpoints, TouchpointChange{
				Name: name, Action: Delete, State: StatePruned, Risk: Dangerous, Causes: []string{ref("Touchpoint", name)},
				Notes: []string{"its checkpoint, ledger and dead letters are destroyed; rename with metadata.renamedFrom to keep them"},
			})
		}
	}
	slices.SortFunc(c.Touchpoints, func(a, b TouchpointChange) int { return cmp.Compare(a.Name, b.Name) })
	for _, t := range c.Touchpoints {
		if t.State == StateReset && to.Touchpoints[t.Name].Metadata.Annotations[AllowReset] == "" {
			c.Blocked = append(c.Blocked, fmt.Sprintf(
				"touchpoint %q would lose its checkpoint and ledger and read from its start again; if that is meant, annotate it with %s: \"the reason\"",
				t.Name, AllowReset))
		}
	}
	return c
}

func ref(kind, name string) string { return kind + "/" + name }

// touchpointChange says what a flow that exists in to goes through.
func touchpointChange(from, to *config.Model, name string, changed map[string]bool) (TouchpointChange, bool) {
	after := to.Touchpoints[name]
	c := TouchpointChange{Name: name, Action: Create, State: StateNew, Risk: Review}
	before := from.Touchpoints[name]
	if before == nil && after.Metadata.RenamedFrom != "" {
		if before = from.Touchpoints[after.Metadata.RenamedFrom]; before != nil && to.Touchpoints[after.Metadata.RenamedFrom] == nil {
			c.RenamedFrom, c.Action, c.State = after.Metadata.RenamedFrom, Rename, StateRenamed
		} else {
			before = nil
		}
	}
	for _, d := range dependencies(to, name) {
		if changed[d] {
			c.Causes = append(c.Causes, d)
		}
	}
	if before == nil {
		c.Notes = []string{"reads from " + after.Spec.Source.Start}
		return c, true
	}
	if c.Action == Create {
		c.Action, c.State = Update, StateKept
	}
	if len(c.Causes) == 0 && c.Action != Rename {
		return c, false
	}
	c.Risk, c.Notes = Safe, nil
	if why := resets(withNewNames(before.Spec, to), after.Spec); why != "" {
		c.State, c.Risk = StateReset, Dangerous
		c.Notes = append(c.Notes, why+": it reads again from "+after.Spec.Source.Start)
		return c, true
	}
	for _, n := range notes(from, to, before.Spec, after.Spec) {
		c.Risk, c.Notes = Review, append(c.Notes, n)
	}
	for _, d := range c.Causes {
		if d != ref("Touchpoint", name) {
			c.Risk = Review
		}
	}
	return c, true
}

// withNewNames returns the touchpoint as it would read after the renames of connections in to.
func withNewNames(t config.Touchpoint, to *config.Model) config.Touchpoint {
	for name, c := range to.Connections {
		if old := c.Metadata.RenamedFrom; old != "" && to.Connections[old] == nil {
			t = t.WithConnection(old, name)
		}
	}
	return t
}

// resets says why the state of a touchpoint does not fit its new form, or "".
func resets(before, after config.Touchpoint) string {
	b, a := before.Source, after.Source
	switch {
	case b.Connection != a.Connection || b.Object != a.Object:
		return "its source is another object"
	case b.Read != a.Read:
		return "it is read in another way"
	case before.Destination.Connection != after.Destination.Connection || before.Destination.Object != after.Destination.Object:
		return "its destination is another object"
	case !slices.Equal(before.Destination.Key, after.Destination.Key):
		return "its destination key is another"
	default:
		return ""
	}
}

// notes says what a reviewer should know of a change that keeps the state.
func notes(from, to *config.Model, before, after config.Touchpoint) (n []string) {
	if before.Source.Start != after.Source.Start {
		n = append(n, "start counts only for the first read: what has been read is not read again")
	}
	if before.Source.Where != after.Source.Where {
		n = append(n, "the filter changes: older records are not read again")
	}
	if before.Destination.Write != after.Destination.Write {
		n = append(n, fmt.Sprintf("records are written by %s instead of %s", after.Destination.Write, before.Destination.Write))
	}
	if before.Mode != after.Mode && after.Mode == "live" {
		n = append(n, "it starts to write")
	}
	if before.Mapping != after.Mapping {
		n = append(n, "records that were delivered already are not sent again until they change")
	}
	for _, name := range after.Connections() {
		b, a := from.Connections[name], to.Connections[name]
		if b != nil && a != nil && string(b.Spec.Config) != string(a.Spec.Config) {
			n = append(n, fmt.Sprintf("connection %q goes to another place or works in another way", name))
		}
	}
	return n
}

// dependencies lists all resources whose change reaches a touchpoint, itself included.
func dependencies(m *config.Model, name string) []string {
	t := m.Touchpoints[name].Spec
	deps := map[string]bool{ref("Touchpoint", name): true}
	for _, l := range t.Lookups() {
		deps[ref("Lookup", l)] = true
	}
	if t.Schedule != nil && t.Schedule.Ref != "" {
		deps[ref("Schedule", t.Schedule.Ref)] = true
	}
	for _, connection := range t.Connections() {
		deps[ref("Connection", connection)] = true
		c := m.Connections[connection]
		if c == nil {
			continue
		}
		if c.Spec.Credential != "" {
			deps[ref("Credential", c.Spec.Credential)] = true
		}
		if m.Applications[c.Spec.Application] != nil {
			deps[ref("Application", c.Spec.Application)] = true
		}
	}
	for _, used := range t.Mappings() {
		deps[ref("Mapping", used)] = true
		if mapping := m.Mappings[used]; mapping != nil {
			for _, l := range mapping.Spec.Fields.Lookups() {
				deps[ref("Lookup", l)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(deps))
}
