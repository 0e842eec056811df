package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A finding is a record that is not as it should be.
type finding struct{ flow, place, what, key, detail string }

// verdict is what came of it.
type verdict struct {
	findings []finding
	lines    []string // what was compared
}

func (v *verdict) good() bool { return len(v.findings) == 0 }

func (v *verdict) find(f flow, place, what, key, format string, args ...any) {
	v.findings = append(v.findings, finding{f.name, place, what, key, fmt.Sprintf(format, args...)})
}

// print says what was found, at most some of each kind.
func (v *verdict) print(say func(format string, args ...any)) {
	for _, l := range v.lines {
		say("%s", l)
	}
	counts := map[string]int{}
	const shown = 5
	for _, f := range v.findings {
		kind := f.flow + "/" + f.place + ": " + f.what
		if counts[kind]++; counts[kind] <= shown {
			say("%s %s: %s", kind, f.key, f.detail)
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		say("%s: %d", kind, counts[kind])
	}
	if v.good() {
		say("nothing lost, nothing twice, nothing out of date")
	}
}

// judge compares both sides of every flow, and its dead letters.
func (w *world) judge(ctx context.Context, a *agent) (*verdict, error) {
	v := &verdict{}
	v.lines = append(v.lines, fmt.Sprintf("%d kills, %d changes; trouble: %s", w.kills, w.changes.Load(), w.troubles()))
	for _, f := range w.flows {
		for _, p := range f.places {
			want, err := p.want(ctx, w)
			if err != nil {
				return nil, err
			}
			got, err := p.got(ctx, w)
			if err != nil {
				return nil, err
			}
			v.compare(f, p.name, want, got)
		}
		if err := w.judgeLetters(ctx, a, f, v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// compare compares what is there with what should be.
func (v *verdict) compare(f flow, place string, want map[string]fact, got map[string][]stored) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		fact, list := want[key], got[key]
		switch {
		case len(list) > 1:
			v.find(f, place, "twice", key, "it is there %d times", len(list))
		case len(list) == 0 && !fact.bad():
			v.find(f, place, "lost", key, "revision %d is not there", fact.Rev)
		case len(list) == 0:
		case strings.HasPrefix(list[0].Name, poison):
			v.find(f, place, "poisoned", key, "revision %d should have been refused", list[0].Rev)
		case list[0].Rev > fact.Rev, list[0].Rev < fact.Rev && !fact.bad():
			v.find(f, place, "stale", key, "revision %d is there, and %d is the newest", list[0].Rev, fact.Rev)
		case list[0].Rev == fact.Rev && fact.Name != "" && list[0].Name != strings.TrimPrefix(fact.Name, poison):
			v.find(f, place, "wrong", key, "revision %d has other content", fact.Rev)
		}
		if len(list) > 0 && list[0].Back > 0 {
			v.find(f, place, "backwards", key, "an older revision replaced a newer one, %d times", list[0].Back)
		}
	}
	v.lines = append(v.lines, fmt.Sprintf("%-14s %-10s %6d records, %6d there", f.name, place, len(want), len(got)))
}

// judgeLetters compares the dead letters of a flow with the records that no destination takes.
func (w *world) judgeLetters(ctx context.Context, a *agent, f flow, v *verdict) error {
	want, err := w.badOnes(ctx, f)
	if err != nil {
		return err
	}
	letters, err := a.letters(ctx, f.name)
	if err != nil {
		return err
	}
	got := map[string]int{}
	for _, l := range letters {
		got[l.Trace["id"]]++
	}
	for id, n := range want {
		if got[id] != n {
			v.find(f, "letters", "missing", id, "%d dead letters, and %d are right", got[id], n)
		}
	}
	for _, l := range letters {
		if id := l.Trace["id"]; want[id] == 0 {
			v.find(f, "letters", "surplus", id, "%s %s %s", l.Kind, l.Rule, l.Stage)
		}
	}
	v.lines = append(v.lines, fmt.Sprintf("%-14s %-10s %6d records, %6d letters", f.name, "letters", len(want), len(letters)))
	return nil
}

// badOnes says how many dead letters each bad record of a flow should have.
func (w *world) badOnes(ctx context.Context, f flow) (map[string]int, error) {
	bad := map[string]int{}
	list := w.shop.all()
	switch f.source {
	case "events":
		list = w.shop.told()
	case "file", "server":
		all, err := f.places[0].want(ctx, w)
		for id, fact := range all {
			if fact.bad() {
				bad[id] = 1
			}
		}
		return bad, err
	}
	for _, o := range list {
		switch {
		case !o.bad():
		case f.letters == nil:
			bad[o.ID] = 1
		default:
			bad[o.ID] = f.letters(o)
		}
	}
	return bad, nil
}

// troubles says what was made.
func (w *world) troubles() string {
	sum := map[string]int{}
	for _, t := range []*trouble{w.shopTrouble, w.warehouseTrouble} {
		t.mu.Lock()
		for name, n := range t.made {
			sum[name] += n
		}
		t.mu.Unlock()
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(sum)) {
		list = append(list, fmt.Sprintf("%s %d", name, sum[name]))
	}
	if w.wire != nil {
		list = append(list, fmt.Sprintf("connections cut %d", w.wire.cuts.Load()))
	}
	return strings.Join(list, ", ")
}
