package sample

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/plan"
)

// A Side is a touchpoint as one revision has it.
type Side struct {
	Model *config.Model
	Name  string
}

// Compare maps samples by both sides and says what comes out differently. Now is what $run.now says in both. What it answers holds names and
// counts, and nothing of the samples. An error is that of ctx.
func Compare(ctx context.Context, before, after Side, docs [][]byte, now time.Time) (plan.Samples, error) {
	out := plan.Samples{}
	old, why := trials(before, now)
	if why == "" {
		var fresh map[string]*trial
		if fresh, why = trials(after, now); why == "" {
			return compare(ctx, old, fresh, docs)
		}
	}
	out.Note = why
	return out, nil
}

// trials makes ready to map by each target of a side, by route. It returns why that cannot be done, in words.
func trials(s Side, now time.Time) (map[string]*trial, string) {
	r := s.Model.Touchpoints[s.Name]
	if r == nil {
		return nil, "it is not there"
	}
	t := &r.Spec
	if len(t.Steps) > 0 || t.Split != nil || t.Routes != nil {
		return nil, "a flow with steps, split or routes is not tried on samples"
	}
	o := mapping.Options{Where: t.Source.Where, Lookups: make(map[string]*config.Lookup, len(s.Model.Lookups))}
	for name, l := range s.Model.Lookups {
		o.Lookups[name] = &l.Spec
	}
	if c := s.Model.Connections[t.Source.Connection]; c != nil {
		o.Zone = c.Spec.Zone
	}
	all := map[string]*trial{}
	for _, target := range t.Targets() {
		m := s.Model.Mappings[target.Mapping]
		if m == nil {
			return nil, "its mapping is not there"
		}
		o.Key = target.Destination.Key
		p, _ := mapping.Compile(&m.Spec, o)
		if p == nil {
			return nil, "its mapping does not compile"
		}
		all[target.Route] = &trial{p, p.NewExecutor(func() time.Time { return now })}
	}
	return all, ""
}

// A trial maps samples.
type trial struct {
	program *mapping.Program
	exec    *mapping.Executor
}

// An outcome is what became of one sample.
type outcome struct {
	kind   mapping.Outcome
	reason plan.SampleReason
	fields map[string][]byte
}

func (t *trial) run(b *record.Batch) outcome {
	r := t.exec.Map(b, 0)
	o := outcome{kind: r.Outcome}
	switch r.Outcome {
	case mapping.Mapped, mapping.Parked:
		o.fields = make(map[string][]byte, len(r.Row))
		for i, c := range t.program.Columns() {
			if !r.Row[i].IsAbsent() {
				o.fields[c.Name] = r.Row[i].AppendJSON(nil)
			}
		}
	case mapping.Rejected:
		o.reason = plan.SampleReason{Field: position.ReplaceAllString(r.Reason.Field, "[]"), Rule: string(r.Reason.Rule)}
		if r.Reason.Check != "" {
			o.reason.Rule = "check " + r.Reason.Check
		}
	}
	return o
}

// position is that of an element, which says something of one record only.
var position = regexp.MustCompile(`\[[0-9]+\]`)

// compare counts differences. A sample that comes out differently for several targets is one.
func compare(ctx context.Context, old, fresh map[string]*trial, docs [][]byte) (plan.Samples, error) {
	n := plan.Samples{Compared: len(docs)}
	fields, reasons := map[string]int{}, map[plan.SampleReason]int{}
	b := new(record.Batch)
	for _, doc := range docs {
		if err := ctx.Err(); err != nil {
			return plan.Samples{}, fmt.Errorf("comparing samples: %w", err)
		}
		b.Reset(nil)
		b.AppendDoc(doc)
		changed := false
		for route, f := range fresh {
			o := old[route]
			if o == nil {
				continue // the plan says that the target is new
			}
			changed = count(o.run(b), f.run(b), &n, fields, reasons) || changed
		}
		if changed {
			n.Changed++
		}
	}
	for name, k := range fields {
		n.Fields = append(n.Fields, plan.SampleField{Name: name, Changed: k})
	}
	slices.SortFunc(n.Fields, func(a, b plan.SampleField) int {
		return cmp.Or(cmp.Compare(b.Changed, a.Changed), cmp.Compare(a.Name, b.Name))
	})
	for r, k := range reasons {
		r.Count = k
		n.Rejected = append(n.Rejected, r)
	}
	slices.SortFunc(n.Rejected, func(a, b plan.SampleReason) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Rule, b.Rule))
	})
	return n, nil
}

// count compares two outcomes of one sample and reports whether they differ.
func count(a, b outcome, n *plan.Samples, fields map[string]int, reasons map[plan.SampleReason]int) bool {
	if a.kind != b.kind {
		switch {
		case b.kind == mapping.Rejected:
			reasons[b.reason]++
		case a.kind == mapping.Rejected:
			n.Accepted++
		case b.kind == mapping.Filtered || b.kind == mapping.Skipped:
			n.LeftOut++
		case a.kind == mapping.Filtered || a.kind == mapping.Skipped:
			n.LetIn++
		default:
			n.Parked++
		}
		return true
	}
	if a.kind == mapping.Rejected {
		if a.reason != b.reason {
			reasons[b.reason]++
		}
		return a.reason != b.reason
	}
	changed := false
	for name, v := range b.fields {
		if was, ok := a.fields[name]; !ok || !bytes.Equal(was, v) {
			fields[name]++
			changed = true
		}
	}
	for name := range a.fields {
		if _, ok := b.fields[name]; !ok {
			fields[name]++
			changed = true
		}
	}
	return changed
}
