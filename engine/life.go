package engine

import (
	"context"
	"encoding/hex"
	"slices"

	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// fillAsked says of a run beside the normal flow who asked for it, and why.
func (e *Engine) fillAsked(r *api.Run) {
	text, _, err := e.store.RunRequest(context.Background(), r.ID)
	if err != nil || text == nil {
		return // what it was asked for is gone with its touchpoint
	}
	q, err := run.DecodeRequest(text)
	if err != nil {
		return
	}
	r.By, r.Reason, r.Edits = q.Actor, q.Reason, editPaths(q.Edits)
}

// discardsSearched is how many entries of the audit are searched for who gave a dead letter up.
const discardsSearched = 1000

// tellLetters orders the dead letters of a record, and says who gave up those that nobody will deliver.
func (e *Engine) tellLetters(ctx context.Context, touchpointID int64, r *api.Record) error {
	seen := map[string]bool{}
	r.DeadLetters = slices.DeleteFunc(r.DeadLetters, func(d api.DeadLetter) bool {
		twice := seen[d.ID]
		seen[d.ID] = true
		return twice
	})
	slices.SortStableFunc(r.DeadLetters, func(a, b api.DeadLetter) int { return b.LastAt.Compare(a.LastAt) })
	var entries []api.AuditEntry
	for i := range r.DeadLetters {
		d := &r.DeadLetters[i]
		if r.DeadLetter == nil || d.State == string(state.DeadLetterOpen) && r.DeadLetter.State != d.State {
			r.DeadLetter = d
		}
		if d.State != string(state.DeadLetterDiscarded) {
			continue
		}
		if entries == nil {
			var err error
			if entries, _, err = e.Audit(ctx, api.AuditFilter{Touchpoint: e.nameOf(touchpointID), Limit: discardsSearched}); err != nil {
				return err
			}
		}
		if k := slices.IndexFunc(entries, func(a api.AuditEntry) bool { return a.Action == actionDiscard && a.Object == "dead letter "+d.ID }); k >= 0 {
			d.Discarded = &entries[k]
		}
	}
	return nil
}

// RevealRecords opens what is known of the records that a value stands for, once the audit says who looks at it.
func (e *Engine) RevealRecords(ctx context.Context, touchpoint, value string, a api.Act) ([]api.RevealedRecord, error) {
	t, err := e.store.Touchpoint(ctx, touchpoint)
	if err != nil {
		return nil, err
	}
	h, err := e.store.Hasher(t)
	if err != nil {
		return nil, err
	}
	var list []api.RevealedRecord
	for _, hash := range run.SearchHashes(h, value, e.routesOf(touchpoint)...) {
		found, err := e.store.Find(ctx, t.ID, hash)
		if err != nil {
			return nil, err
		}
		for _, l := range found.Ledger {
			id := hex.EncodeToString(l.KeyHash[:])
			if slices.ContainsFunc(list, func(r api.RevealedRecord) bool { return r.ID == id }) {
				continue
			}
			if err := e.audit(ctx, t.ID, a.Actor, actionReveal, "record "+id, auditDetail{Reason: a.Reason}); err != nil {
				return nil, err
			}
			list = append(list, api.RevealedRecord{ID: id, Route: l.Route, Key: asJSON(l.Key), DestinationKey: asJSON(l.DestID), Answer: asJSON(l.Answer)})
		}
	}
	return list, nil
}
