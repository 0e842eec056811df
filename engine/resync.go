package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// Resync reads records again and sends them in a run beside the normal flow.
func (e *Engine) Resync(ctx context.Context, touchpoint string, q api.ResyncRequest) (api.Run, error) {
	f, err := e.find(touchpoint)
	if err != nil {
		return api.Run{}, err
	}
	choice, err := e.choice(ctx, f, &q)
	if err != nil {
		return api.Run{}, err
	}
	return e.askRun(ctx, f, TriggerResync, &run.Request{Actor: q.Actor, Reason: q.Reason, Edits: edits(q.Edits), Resync: choice})
}

// choice turns what a person chose into what a run reads.
func (e *Engine) choice(ctx context.Context, f *flow, q *api.ResyncRequest) (*run.Resync, error) {
	c := &run.Resync{Force: q.Force, Run: q.Run}
	chosen := 0
	for _, w := range []struct {
		from *api.Window
		into **run.Window
	}{{q.Changed, &c.Changed}, {q.Created, &c.Created}, {q.Written, &c.Written}} {
		if w.from == nil {
			continue
		}
		if w.from.From.After(w.from.To) {
			return nil, fmt.Errorf("%w: the window ends before it begins", api.ErrConflict)
		}
		*w.into = &run.Window{From: w.from.From, To: w.from.To}
		chosen++
	}
	if q.Run != 0 {
		chosen++
		if r, err := e.store.Run(ctx, q.Run); err != nil || r.TouchpointID != f.id {
			return nil, fmt.Errorf("run %d of touchpoint %q: %w", q.Run, f.Name, api.ErrNotFound)
		}
	}
	var err error
	if q.WrittenBy != "" {
		chosen++
		if c.Revisions, err = e.revisionsBetween(ctx, f, q.WrittenBy); err != nil {
			return nil, err
		}
	}
	if len(q.Values) > 0 {
		chosen++
		if c.Keys, err = e.sourceKeys(ctx, f, q.Values); err != nil {
			return nil, err
		}
	}
	if chosen != 1 {
		return nil, fmt.Errorf("%w: choose records in exactly one way: by keys, changed, created, written, run or writtenBy", api.ErrConflict)
	}
	return c, nil
}

// sourceKeys returns the source keys that values stand for: those of the records that are known by them, else the values themselves.
func (e *Engine) sourceKeys(ctx context.Context, f *flow, values []string) (list []json.RawMessage, err error) {
	t, err := e.store.TouchpointByID(ctx, f.id)
	if err != nil {
		return nil, err
	}
	h, err := e.store.Hasher(t)
	if err != nil {
		return nil, err
	}
	parts := len(e.keyOf(ctx, f))
	add := func(key []byte) {
		if !slices.ContainsFunc(list, func(k json.RawMessage) bool { return string(k) == string(key) }) {
			list = append(list, slices.Clone(key))
		}
	}
	for _, value := range values {
		before := len(list)
		for _, hash := range run.SearchHashes(h, value, e.routesOf(f.Name)...) {
			found, err := e.store.Find(ctx, t.ID, hash)
			if err != nil {
				return nil, err
			}
			for _, l := range found.Ledger {
				add(firstParts(l.Key, parts))
			}
			for _, d := range found.DeadLetters {
				add(firstParts(d.Key, parts))
			}
		}
		if len(list) == before {
			add(e.typedKey(ctx, f, value))
		}
	}
	return slices.DeleteFunc(list, func(k json.RawMessage) bool { return len(k) == 0 }), nil
}

// firstParts is the key of the record that one of its elements belongs to.
func firstParts(key []byte, n int) []byte {
	var parts []json.RawMessage
	if json.Unmarshal(key, &parts) != nil || n == 0 || len(parts) <= n {
		return key
	}
	text, err := json.Marshal(parts[:n])
	if err != nil {
		return key
	}
	return text
}

// keyOf returns the fields of the source's key, as far as the repository tells them.
func (e *Engine) keyOf(ctx context.Context, f *flow) []record.Path {
	o, err := e.runner.Source(ctx, f.Flow)
	if err != nil {
		return nil // the check of the request says why
	}
	return o.Key
}

// typedKey reads a key that a person typed: a JSON list of its parts, or its only part. A number is one where the source says so, and where
// nothing is known of the field.
func (e *Engine) typedKey(ctx context.Context, f *flow, value string) []byte {
	if v, err := record.ParseText(value); err == nil && v.Kind() == record.List && v.Len() > 0 {
		return []byte(value)
	}
	numeric := false
	if o, err := e.runner.Source(ctx, f.Flow); err == nil && len(o.Key) == 1 {
		numeric = true
		for _, field := range o.Fields {
			if field.Name == o.Key[0].String() && field.Type != "" {
				numeric = field.Type == "int" || field.Type == "decimal" || field.Type == "any"
			}
		}
	}
	if v, err := record.ParseNumber(value); err == nil && numeric {
		return append(v.AppendJSON([]byte{'['}), ']')
	}
	return append(record.StringValue(value).AppendJSON([]byte{'['}), ']')
}

// revisionsBetween returns the commits that runs of a flow worked with, from one to another, in the order in which they came into force.
func (e *Engine) revisionsBetween(ctx context.Context, f *flow, span string) ([]string, error) {
	var order []string // newest first
	for before := int64(0); ; {
		runs, next, err := e.store.Runs(ctx, state.RunFilter{TouchpointID: f.id, Before: before, Limit: 1000})
		if err != nil {
			return nil, err
		}
		for _, r := range runs {
			if r.Revision != "" && !slices.Contains(order, r.Revision) {
				order = append(order, r.Revision)
			}
		}
		if before = next; before == 0 {
			break
		}
	}
	slices.Reverse(order)
	first, last, two := strings.Cut(span, "..")
	from, err := commit(order, first, f.Name)
	if err != nil {
		return nil, err
	}
	to := from
	if two {
		if to, err = commit(order, cmp.Or(last, order[len(order)-1]), f.Name); err != nil {
			return nil, err
		}
	}
	if to < from {
		return nil, fmt.Errorf("%w: commit %s came into force before %s", api.ErrConflict, last, first)
	}
	return order[from : to+1], nil
}

// commit finds the only commit that begins with a text.
func commit(order []string, text, touchpoint string) (int, error) {
	at := -1
	for i, c := range order {
		if text == "" || !strings.HasPrefix(c, text) {
			continue
		}
		if at >= 0 {
			return 0, fmt.Errorf("%w: several commits begin with %q; write more of it", api.ErrConflict, text)
		}
		at = i
	}
	if at < 0 {
		return 0, fmt.Errorf("no run of touchpoint %q is known that worked with commit %q: %w", touchpoint, text, api.ErrNotFound)
	}
	return at, nil
}
