package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/config"
)

// beside says what it means that other records are read with those of the source, or because of others, or that others are asked for.
func (f *flow) beside() (e []Effect) {
	b, a := f.before.Source, f.after.Source
	if b.Filter != a.Filter && f.resets() == "" {
		e = append(e, f.applicationFilter(b.Filter, a.Filter))
	}
	before, after := includesOf(b.Include), includesOf(a.Include)
	for _, name := range slices.Sorted(maps.Keys(after)) {
		switch old, was := before[name]; {
		case !was:
			e = append(e, Effect{Review, fmt.Sprintf("every record is read with its %s from %s, which costs more requests; %s", name, after[name].Object, f.later())})
		case old.Object != after[name].Object || !maps.Equal(old.Filter, after[name].Filter):
			e = append(e, Effect{Review, fmt.Sprintf("%s are others: %s; %s", name, includeWords(after[name]), f.later())})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, still := after[name]; !still {
			e = append(e, Effect{Review, fmt.Sprintf("records are read without %s: a mapping that looks at them finds nothing", name)})
		}
	}
	for _, by := range a.ChangedBy {
		if !slices.Contains(b.ChangedBy, by) {
			e = append(e, Effect{Review, fmt.Sprintf("changes of %s count, too: those since the start are read once, and each record they belong to (%s) is read again", by.Object, by.Key)})
		}
	}
	for _, by := range b.ChangedBy {
		if !slices.Contains(a.ChangedBy, by) {
			e = append(e, Effect{Review, fmt.Sprintf("changes of %s (%s) no longer count, and where its read stood is forgotten", by.Object, by.Key)})
		}
	}
	return e
}

func includesOf(all []config.Include) map[string]config.Include {
	named := make(map[string]config.Include, len(all))
	for _, in := range all {
		named[in.Name] = in
	}
	return named
}

func includeWords(in config.Include) string {
	var words strings.Builder
	words.WriteString("those of " + in.Object)
	for i, field := range slices.Sorted(maps.Keys(in.Filter)) {
		join := " and "
		if i == 0 {
			join = " whose "
		}
		words.WriteString(join + field + " is " + in.Filter[field])
	}
	return words.String()
}

// later says when records that were delivered before follow.
func (f *flow) later() string {
	if f.full() {
		return "the next run compares every record"
	}
	return "records that were delivered before follow when they change at the source"
}

// applicationFilter says what another filter of the application's own means. Which records it lets through, only the application knows.
func (f *flow) applicationFilter(before, after string) Effect {
	later := "records that it held back before are not read again until they change at the source"
	if f.full() {
		later = "the next run reads all that it lets through"
	}
	switch {
	case before == "":
		return Effect{Review, "the application is asked for less: what its filter leaves out is no longer read, and what was delivered before stays at the destination"}
	case after == "":
		return Effect{Review, "the application is asked without a filter: " + later}
	default:
		return Effect{Review, "the application is asked with another filter: what was delivered before stays at the destination, and " + later}
	}
}
