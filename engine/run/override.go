package run

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/state"
)

// overlays remember flows whose lookups have overrides in force, so that the slices of a run keep what they have open. Safe for concurrent use.
type overlays struct {
	mu sync.Mutex
	of map[string]overlay // by touchpoint
}

type overlay struct {
	base    *Flow
	version string
	flow    *Flow
}

// flow returns a flow with the overrides that concern its lookups; the flow itself where none does.
func (o *overlays) flow(f *Flow, all []state.Override) *Flow {
	var version strings.Builder
	lookups := f.Model.Lookups
	for _, v := range all {
		l, ok := lookups[v.Lookup]
		if !ok || CheckOverride(&l.Spec, v.Row) != nil { // the lookup has other columns now
			continue
		}
		if version.Len() == 0 {
			lookups = maps.Clone(lookups)
		}
		version.WriteString(v.ID)
		changed := *l
		changed.Spec.Rows = overridden(&l.Spec, v.Row)
		lookups[v.Lookup] = &changed
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if version.Len() == 0 {
		delete(o.of, f.Name)
		return f
	}
	if have := o.of[f.Name]; have.base == f && have.version == version.String() {
		return have.flow
	}
	model, other := *f.Model, *f
	model.Lookups, other.Model = lookups, &model
	if o.of == nil {
		o.of = map[string]overlay{}
	}
	o.of[f.Name] = overlay{f, version.String(), &other}
	return &other
}

// overridden returns the rows of a lookup with one more, which replaces that of the same key.
func overridden(l *config.Lookup, row map[string]string) []map[string]string {
	rows := slices.DeleteFunc(slices.Clone(l.Rows), func(r map[string]string) bool { return SameRow(l, r, row) })
	return append(rows, row)
}

// SameRow reports whether two rows of a lookup have the same key.
func SameRow(l *config.Lookup, a, b map[string]string) bool {
	for _, c := range l.Key {
		if a[c] != b[c] && (l.Fold != "case" || !strings.EqualFold(a[c], b[c])) {
			return false
		}
	}
	return true
}

// CheckOverride says why a row cannot be one of a lookup. Errors are made for showing.
func CheckOverride(l *config.Lookup, row map[string]string) error {
	if l.Elsewhere() {
		return errors.New("it has no rows of its own: it asks a connection or a ledger")
	}
	columns := append(slices.Clone(l.Key), l.Values...)
	if l.Value != "" {
		columns = append(columns, l.Value)
	}
	for _, c := range columns {
		if v, ok := row[c]; !ok || slices.Contains(l.Key, c) && strings.TrimSpace(v) == "" {
			return fmt.Errorf("the row needs its column %q", c)
		}
	}
	for c := range row {
		if !slices.Contains(columns, c) {
			return fmt.Errorf("it has no column %q; the columns are %s", c, strings.Join(columns, ", "))
		}
	}
	return nil
}
