package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/reconcile"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

const (
	actionOverride       = "override"
	actionRemoveOverride = "remove-override"
)

// OverrideLookup puts a row in place of one of a lookup, for a time.
func (e *Engine) OverrideLookup(ctx context.Context, q api.OverrideRequest) (api.Override, error) {
	g := e.current.Load()
	if g == nil || g.model.Lookups[q.Lookup] == nil {
		return api.Override{}, fmt.Errorf("lookup %q is not in the applied revision: %w", q.Lookup, api.ErrNotFound)
	}
	l := &g.model.Lookups[q.Lookup].Spec
	row := maps.Clone(q.Row)
	if v, ok := row["value"]; ok && l.Value != "" && l.Value != "value" && !slices.Contains(l.Key, "value") {
		delete(row, "value")
		row[l.Value] = v
	}
	if err := run.CheckOverride(l, row); err != nil {
		return api.Override{}, fmt.Errorf("%w: lookup %q: %s", api.ErrConflict, q.Lookup, err)
	}
	if !q.Until.After(e.options.Now()) {
		return api.Override{}, fmt.Errorf("%w: an override ends by itself: name an instant that lies ahead", api.ErrConflict)
	}
	id := make([]byte, 8)
	rand.Read(id)
	o := state.Override{ID: hex.EncodeToString(id), Lookup: q.Lookup, Row: row, Actor: q.Actor, Why: q.Reason, At: e.options.Now().UTC(), Until: q.Until.UTC()}
	if err := e.audit(ctx, 0, q.Actor, actionOverride, "lookup "+q.Lookup+", override "+o.ID, auditDetail{Reason: q.Reason}); err != nil {
		return api.Override{}, err
	}
	same := func(old state.Override) bool { return old.Lookup == o.Lookup && run.SameRow(l, old.Row, row) }
	if err := e.store.Override(ctx, o, same); err != nil {
		return api.Override{}, err
	}
	return overrideView(o, false), nil
}

func overrideView(o state.Override, reveal bool) api.Override {
	view := api.Override{ID: o.ID, Lookup: o.Lookup, By: o.Actor, Reason: o.Why, At: o.At, Until: o.Until}
	if reveal {
		view.Row = o.Row
	}
	return view
}

// ListOverrides lists the overrides in force.
func (e *Engine) ListOverrides(ctx context.Context, reveal *api.Act) ([]api.Override, error) {
	all, err := e.store.Overrides(ctx)
	if err != nil {
		return nil, err
	}
	if reveal != nil {
		if err := e.audit(ctx, 0, reveal.Actor, actionReveal, "overrides", auditDetail{Reason: reveal.Reason}); err != nil {
			return nil, err
		}
	}
	list := make([]api.Override, len(all))
	for i, o := range all {
		list[i] = overrideView(o, reveal != nil)
	}
	return list, nil
}

// RemoveOverride ends an override.
func (e *Engine) RemoveOverride(ctx context.Context, id string, a api.Act) error {
	if err := e.audit(ctx, 0, a.Actor, actionRemoveOverride, "override "+id, auditDetail{Reason: a.Reason}); err != nil {
		return err
	}
	found, err := e.store.RemoveOverride(ctx, id)
	if err == nil && !found {
		err = fmt.Errorf("override %q: %w", id, api.ErrNotFound)
	}
	return err
}

// drifted returns the condition that says what differs from the repository by hand. false: nothing does.
func (e *Engine) drifted(ctx context.Context) (reconcile.Condition, bool) {
	if e.store == nil {
		return reconcile.Condition{}, false
	}
	all, err := e.store.Overrides(ctx)
	if err != nil {
		if !errors.Is(err, state.Closed) {
			e.log.Error("overrides cannot be read", "error", err)
		}
		return reconcile.Condition{}, false
	}
	if len(all) == 0 {
		return reconcile.Condition{}, false
	}
	words := make([]string, len(all))
	for i, o := range all {
		words[i] = fmt.Sprintf("lookup %s has a row by %s until %s", o.Lookup, o.Actor, o.Until.UTC().Format(time.RFC3339))
	}
	return reconcile.Condition{
		Type: reconcile.Drifted, Status: "True", Reason: "Overridden", Message: "differs from the repository by hand: " + strings.Join(words, "; "), LastTransitionTime: all[0].At,
	}, true
}
