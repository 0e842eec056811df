package config

import (
	"fmt"
	"slices"

	"github.com/dray-sync/dray/adapters"
)

// Removes reports whether the target takes records away.
func (d *DestinationSpec) Removes() bool { return d.Write == string(adapters.WriteDelete) }

// Acts reports whether the target has the application do something with records.
func (d *DestinationSpec) Acts() bool { return d.Write == string(adapters.WriteAction) }

// ByLedger reports whether the existing record is found by what the ledger knows of its delivery on another route.
func (d *DestinationSpec) ByLedger() bool { return d.Target == "ledger" }

// Fills reports whether the target puts what is mapped into records: it is neither a delete nor an action.
func (d *DestinationSpec) Fills() bool { return !d.Removes() && !d.Acts() }

// narrow says what of its mapping a target uses. own: it names the mapping itself.
func (t *Target) narrow(own bool) {
	if t.Destination.Fills() || own && t.Destination.Acts() {
		return
	}
	t.KeyOnly = true
	if t.Destination.ByLedger() {
		t.Mapping, t.MappingPath = "", ""
	}
}

// Mapped returns what a target maps: what it uses of the mapping, which may be nil, and a field for a key that comes from the ledger. key is
// the destination's key.
func (t *Target) Mapped(m *Mapping, key []string) *Mapping {
	if !t.KeyOnly && !t.Destination.ByLedger() {
		return m
	}
	var out Mapping
	if m != nil {
		out = *m
	}
	if t.KeyOnly {
		out.Checks = nil
		out.Fields = slices.DeleteFunc(slices.Clone(out.Fields), func(f NamedField) bool { return !slices.Contains(key, f.Name) })
	}
	if t.Destination.ByLedger() {
		out.Fields = slices.DeleteFunc(slices.Clone(out.Fields), func(f NamedField) bool { return slices.Contains(key, f.Name) })
		for _, k := range key {
			out.Fields = append(out.Fields, NamedField{Name: k, Field: Field{Value: []byte("null")}})
		}
	}
	return &out
}

// existing judges what a destination says of records that are there already.
func (s *semantics) existing(v *node) {
	write, target := v.str("write"), v.str("target")
	if s.hasUnknown(v) || s.bad[v.get("write")] {
		return
	}
	switch {
	case write == "action" && v.key("action") == nil:
		s.reportAt(v, "write", codeOneOf, "nothing says what is done with the record", "add action: with the name of one that the application declares")
	case write != "action" && v.key("action") != nil:
		s.reportAt(v, "action", codeMisplaced, "action says what is done with write: action", "write write: action, or remove it")
	}
	if v.key("target") != nil && slices.Contains([]string{"create", "ensure", "upsert"}, write) {
		s.reportAt(v, "target", codeMisplaced, fmt.Sprintf("write: %s finds its record by the key that is mapped", write), "remove it, or write update, delete or action")
	}
	if k := v.get("key"); target == "ledger" && k != nil && len(k.items) > 1 {
		s.reportAt(v, "key", codeBadValue, "the ledger gives one value for the record at the destination", "name the one field that holds the record's id, or leave key out to take the object's own")
	}
}

// mapsNothing reports whether a destination needs no mapping: the ledger finds its record, and nothing is put into that.
func mapsNothing(d *node) bool {
	return d.str("target") == "ledger" && (d.str("write") == "delete" || d.str("write") == "action")
}

// removals demands that what deletes says how much of it one run may do: it is nothing unless said.
func (s *semantics) removals(v *node) {
	n := s.spec.get("limits").get("maxDeletes")
	if v.str("write") != "delete" || s.bad[v.get("write")] || n != nil && (s.bad[n] || n.text != "0" && n.text != "0%") {
		return
	}
	s.reportAt(v, "write", codeBadValue, "limits.maxDeletes is 0 unless said, so that every run parks at its first record", "add limits: {maxDeletes: 10} with how many records one run may delete at most")
}

// ExactlyOnce reports whether each record arrives once, whatever happens.
func (t *Touchpoint) ExactlyOnce() bool { return t.Delivery == "exactlyOnce" }

// delivery judges whether records can arrive exactly once: the one place that they are written to commits them with a checkpoint.
func (e *environment) delivery(r *loaded, t *Touchpoint) {
	if !t.ExactlyOnce() {
		return
	}
	for _, part := range []struct {
		name  string
		there bool
	}{{"destinations", len(t.Destinations) > 0}, {"routes", t.Routes != nil}, {"writeBack", len(t.WriteBack) > 0}} {
		if part.there {
			e.problemPath(r, "spec.delivery", codeMisplaced, fmt.Sprintf("%s are not part of the transaction that delivers a record", part.name),
				"write atLeastOnce, or make a touchpoint of its own of the one destination")
			return
		}
	}
	c := e.model.Connections[t.Destination.Connection]
	if c == nil || e.wrong(r) {
		return
	}
	if spec := e.specOf(c.Spec.Application); spec != nil && !spec.Transactional {
		e.problemPath(r, "spec.delivery", codeUnsupported, fmt.Sprintf("%s keeps no checkpoint beside its records", c.Spec.Application),
			"write atLeastOnce: docs/delivery.md says what a repeated write does there")
	}
}

// byLedger judges targets whose records the ledger finds: another target must have delivered them, and their key is one field.
func (e *environment) byLedger(r *loaded, t *Touchpoint, d Target, o adapters.Object, known bool) {
	if !d.Destination.ByLedger() {
		return
	}
	delivers := func(other Target) bool {
		return other.Destination.Connection == d.Destination.Connection && other.Destination.Object == d.Destination.Object && other.Destination.Fills() && !other.Destination.ByLedger()
	}
	if !slices.ContainsFunc(t.Targets(), delivers) {
		e.problemPath(r, d.Path+".target", codeMisplaced, fmt.Sprintf("no other target of this touchpoint writes %q, so that the ledger knows no record there", d.Destination.Object),
			"remove it and name the key, or add the route that creates the record")
	}
	if known && len(d.Destination.Key) == 0 && (len(o.Key) != 1 || len(o.Key[0]) != 1) {
		e.problemPath(r, d.Path+".target", codeKeyMissing, fmt.Sprintf("%q has no key of one field", d.Destination.Object), "add key: with the field that holds the record's id")
	}
}

// action judges whether an object has the action that is asked of it.
func (e *environment) action(r *loaded, d Target, o adapters.Object) {
	if d.Destination.Acts() && d.Destination.Action != "" && o.CanWrite(adapters.WriteAction) && !slices.Contains(o.Actions, d.Destination.Action) {
		e.problemPath(r, d.Path+".action", codeUnsupported, fmt.Sprintf("%q has no action %q", d.Destination.Object, d.Destination.Action), "it has "+orList(o.Actions))
	}
}
