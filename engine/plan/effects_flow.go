package plan

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/config"
)

// effects says what a change of a flow, or of what it stands on, means for its records.
func (f *flow) effects() []Effect {
	e := f.sourceEffects()
	for _, t := range f.targets {
		switch {
		case t.before == nil:
			e = append(e, removalEffects(t.after)...)
			e = append(e, Effect{Review, fmt.Sprintf("it writes to %s, too: records that were delivered already are not sent there until they change at the source", t.name())})
		case t.pruned():
			e = append(e, Effect{Dangerous, fmt.Sprintf("route %s is gone: it no longer writes to %s, and the ledger and dead letters of the route are destroyed", t.before.Route, t.name())})
		case t.after == nil:
			e = append(e, Effect{Review, fmt.Sprintf("it no longer writes to %s: what is there stays", t.name())})
		default:
			e = append(e, f.mappingEffects(t)...)
			e = append(e, f.destinationEffects(t)...)
		}
	}
	return slices.Concat(e, f.deletedEffects(), f.lookupEffects(), f.deliveryEffects(), f.limitEffects(), f.runEffects(), f.connectionEffects(), f.otherEffects())
}

func (f *flow) sourceEffects() (e []Effect) {
	b, a := f.before.Source, f.after.Source
	if b.Start != a.Start && !f.full() && f.resets() == "" {
		e = append(e, Effect{Safe, "start counts only for a first read: what has been read is not read again"})
	}
	if b.Where != a.Where && f.resets() == "" {
		e = append(e, Effect{Review, f.filterWords(b.Where, a.Where)})
	}
	e = append(e, f.beside()...)
	if a.Overlap < b.Overlap {
		e = append(e, Effect{Review, fmt.Sprintf("each run steps back %s instead of %s: what the source commits later than that is missed", a.Overlap, b.Overlap)})
	} else if a.Overlap > b.Overlap {
		e = append(e, Effect{Safe, fmt.Sprintf("each run steps back %s instead of %s, and reads more records twice", a.Overlap, b.Overlap)})
	}
	if !reflect.DeepEqual(f.before.Split, f.after.Split) {
		e = append(e, Effect{Dangerous, "records are split in another way: what comes out under another key is written beside what was delivered before"})
	}
	if !slices.Equal(f.before.Trace, f.after.Trace) {
		e = append(e, Effect{Review, "what it traces is shown in lists and answers; the new fields find records that are read from now on"})
	}
	return e
}

// filterWords says what another filter means for records that were there before.
func (f *flow) filterWords(before, after string) string {
	later := "records that it held back before are not read again until they change at the source"
	if f.full() {
		later = "the next run reads everything, and with it the records that it held back before"
	}
	const gone = "what was delivered before stays at the destination"
	switch compareFilters(before, after) {
	case wider:
		return "the filter lets more records through: " + later
	case narrower:
		return "the filter lets fewer records through: " + gone
	default:
		return "the filter is another: " + gone + ", and " + later
	}
}

// mappingEffects says what another mapping, or another form of it, means for records that were delivered before.
func (f *flow) mappingEffects(t target) (e []Effect) {
	var fields, removed, refused []string
	for _, c := range t.mapping {
		switch {
		case c.Of != "" && !slices.Contains(fields, c.Of):
			fields = append(fields, c.Of)
			if c.Name == "" && string(c.After) == "null" {
				removed = append(removed, c.Of)
			}
		case c.Of == "" && strings.HasPrefix(c.Path, "spec.checks"):
			e = append(e, Effect{Review, "its checks change: other records may be rejected, skipped or parked"})
		}
		if rejects(c) {
			refused = append(refused, c.Of)
		}
	}
	if len(fields) > 0 && f.resets() == "" {
		e = append(e, Effect{Review, f.oldValues(list(fields)+verb(fields), t.after.Destination.Write)})
	}
	if len(refused) > 0 {
		e = append(e, Effect{Review, fmt.Sprintf("records without a value for %s may newly be rejected", list(refused))})
	}
	if len(removed) > 0 {
		e = append(e, Effect{Review, fmt.Sprintf("%s %s no longer sent: the destination keeps the value that it has", list(removed), are(removed))})
	}
	for _, key := range t.after.Destination.Key {
		if slices.Contains(fields, key) {
			e = append(e, Effect{Dangerous, fmt.Sprintf("%s is part of the destination's key: a record that is sent again is written under its new key, beside what it was written as before", key)})
		}
	}
	return e
}

// lookupEffects says what another table means for records that were delivered before.
func (f *flow) lookupEffects() (e []Effect) {
	if f.resets() != "" {
		return nil
	}
	write := ""
	for _, t := range f.targets {
		if t.after != nil {
			write = t.after.Destination.Write
		}
	}
	for _, cause := range f.dependencies(f.name) {
		if r := f.changed[cause]; r.Kind == "Lookup" && r.Action == Update {
			e = append(e, Effect{Review, f.oldValues("lookup "+r.Name+" changes", write)})
		}
	}
	return e
}

// rejects reports whether a change of a field can make it reject records.
func rejects(c FieldChange) bool {
	return (c.Name == "required" && string(c.After) == "true") || (c.Name == "ifAbsent" && string(c.After) == `"error"`) ||
		(c.Name == "lookup" && string(c.Before) == "null") || (c.Name == "default" && string(c.After) == "null")
}

// oldValues says when records that were delivered before take on what changes.
func (f *flow) oldValues(what, write string) string {
	switch {
	case write == "ensure" || write == "create":
		return what + ": records that were delivered already keep what they were created with"
	case f.full():
		return what + ": the next run sends every record again that comes out different"
	default:
		return what + ": records that were delivered already keep the old value until they change at the source"
	}
}

func verb(names []string) string {
	if len(names) == 1 {
		return " changes"
	}
	return " change"
}

func are(names []string) string {
	if len(names) == 1 {
		return "is"
	}
	return "are"
}

func (f *flow) destinationEffects(t target) (e []Effect) {
	b, a := t.before.Destination, t.after.Destination
	if b.Write != a.Write {
		risk, text := Review, fmt.Sprintf("records are written to %s by %s instead of %s", t.name(), a.Write, b.Write)
		switch {
		case a.Write == "delete":
			risk, text = Dangerous, text+": they are removed there"
		case a.Write == "action":
			risk, text = Dangerous, text+fmt.Sprintf(": %q is done with each of them", a.Action)
		case a.Write == "create":
			risk, text = Dangerous, text+": one that is sent again is created again"
		case (b.Write == "create" || b.Write == "ensure") && (a.Write == "upsert" || a.Write == "update"):
			text += ": what is at the destination is overwritten when its record changes"
		}
		e = append(e, Effect{risk, text}, Effect{Safe, fmt.Sprintf("delivery to %s by %s: %s", t.name(), a.Write, classOf(&f.after, &a))})
	}
	if a.Write == b.Write && a.Action != b.Action {
		e = append(e, Effect{Dangerous, fmt.Sprintf("%q is done with records at %s instead of %q", a.Action, t.name(), b.Action)})
	}
	if a.Target != b.Target && (a.ByLedger() || b.ByLedger()) {
		e = append(e, Effect{Dangerous, fmt.Sprintf("the records at %s that are changed are found in another way: by %s", t.name(), found(a))})
	}
	if b.Unchanged != a.Unchanged {
		switch a.Unchanged {
		case "send":
			e = append(e, Effect{Review, "every record that is read is sent, also when nothing about it changed"})
		case "ledger":
			e = append(e, Effect{Review, "what the ledger says was delivered is not sent again, also where others changed it at the destination"})
		default:
			e = append(e, Effect{Review, "each record is compared with what is at the destination, which costs a look for each"})
		}
	}
	return e
}

func (f *flow) limitEffects() (e []Effect) {
	for _, l := range []struct {
		verb string
		b, a *config.Limit
	}{
		{"create", f.before.Limits.MaxCreates, f.after.Limits.MaxCreates},
		{"update", f.before.Limits.MaxUpdates, f.after.Limits.MaxUpdates},
		{"delete", f.before.Limits.MaxDeletes, f.after.Limits.MaxDeletes},
	} {
		if limitWords(l.b) == limitWords(l.a) {
			continue
		}
		risk := Review
		if lower(l.a, l.b) {
			risk = Safe
		}
		e = append(e, Effect{risk, fmt.Sprintf("one run may %s %s instead of %s; beyond, it parks", l.verb, limitWords(l.a), limitWords(l.b))})
	}
	e = append(e, f.shrinkEffects()...)
	if b, a := f.before.StopAfter, f.after.StopAfter; b != a {
		risk, text := Safe, fmt.Sprintf("%d rejected records stop a run, instead of %d", a, b)
		if a == 0 {
			text = "rejected records never stop a run"
		}
		if a == 0 || (b != 0 && a > b) {
			risk = Review
		}
		e = append(e, Effect{risk, text})
	}
	return e
}

// limitWords says how many records a limit lets through.
func limitWords(l *config.Limit) string {
	switch {
	case l == nil:
		return "any number of records"
	case l.Percent > 0:
		return fmt.Sprintf("%g%% of those delivered", l.Percent)
	default:
		return fmt.Sprint(l.Count)
	}
}

// lower reports whether a limit is known to be below another.
func lower(a, b *config.Limit) bool {
	switch {
	case a == nil:
		return false
	case b == nil:
		return true
	case (a.Percent > 0) != (b.Percent > 0):
		return false
	default:
		return a.Percent < b.Percent || a.Count < b.Count
	}
}

// runEffects says when and whether it runs.
func (f *flow) runEffects() (e []Effect) {
	b, a := f.before, f.after
	if b.Mode != a.Mode && a.Mode == "observe" {
		e = append(e, Effect{Review, "it stops writing, and goes on reading: what it reads meanwhile is not written later, unless it changes again"})
	} else if b.Mode != a.Mode {
		text := "it begins to write: what it read while it observed is not written until it changes at the source"
		if f.full() {
			text = "it begins to write: the next run sends everything that it reads"
		}
		e = append(e, Effect{Review, text})
	}
	if b.Suspend != a.Suspend {
		text := "it goes on from its checkpoint"
		if a.Suspend {
			text = "it stands still: what changes meanwhile waits at the source"
		}
		e = append(e, Effect{Review, text})
	}
	if r := a.OnReject.Retry; r != nil && (b.OnReject.Retry == nil || *r != *b.OnReject.Retry) {
		e = append(e, Effect{Safe, fmt.Sprintf("dead letters are tried again every %s for %s, those that wait already, too", r.Every, r.For)})
	} else if r == nil && b.OnReject.Retry != nil {
		e = append(e, Effect{Review, "dead letters are no longer tried again by themselves"})
	}
	switch {
	case b.OnReject.Read == a.OnReject.Read:
	case a.OnReject.Read == "again":
		e = append(e, Effect{Review, "a dead letter is read from the source anew before it is tried again: what is there then is sent, and one that is gone stays where it is"})
	default:
		e = append(e, Effect{Review, "a dead letter is tried again as it was read when it was rejected, whatever became of it at the source since"})
	}
	return append(append(e, f.scheduleEffects()...), f.afterEffects()...)
}

// explained are the parts of a touchpoint whose change is put in words above.
var explained = []string{
	"spec.source.", "spec.mapping", "spec.destination.", "spec.destinations[", "spec.trace", "spec.split", "spec.delivery", "spec.limits", "spec.stopAfter", "spec.mode", "spec.suspend", "spec.onReject", "spec.schedule", "spec.after", "metadata.",
}

// otherEffects names what else changes.
func (f *flow) otherEffects() []Effect {
	var parts []string
	for _, c := range f.changed[ref("Touchpoint", f.name)].Fields {
		if slices.ContainsFunc(explained, func(prefix string) bool { return strings.HasPrefix(c.Path, prefix) }) {
			continue
		}
		part, _, _ := strings.Cut(strings.TrimPrefix(c.Path, "spec."), ".")
		part, _, _ = strings.Cut(part, "[")
		if !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return []Effect{{Review, "it works in another way from now on: " + list(parts)}}
}
