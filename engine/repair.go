package engine

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// The triggers of runs beside the normal flow, and the actions of the audit.
const (
	TriggerReplay = "replay"
	TriggerResync = "resync"
	TriggerWhere  = "where"

	actionReveal  = "reveal"
	actionDiscard = "discard"
)

// auditDetail is what the audit keeps of an act beside its names.
type auditDetail struct {
	Reason string     `json:"reason,omitempty"`
	Edits  []run.Edit `json:"edits,omitempty"`
	Where  string     `json:"where,omitempty"`
}

// audit writes down what is about to be done.
func (e *Engine) audit(ctx context.Context, touchpointID int64, actor, action, object string, d auditDetail) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	revision := ""
	if g := e.current.Load(); g != nil {
		revision = g.commit
	}
	return e.store.Audit(ctx, state.AuditEntry{TouchpointID: touchpointID, Actor: actor, Action: action, Object: object, Revision: revision, Detail: text})
}

// Audit lists who did what by hand.
func (e *Engine) Audit(ctx context.Context, f api.AuditFilter) ([]api.AuditEntry, int64, error) {
	filter := state.AuditFilter{Before: f.Before, Limit: f.Limit}
	if f.Touchpoint != "" {
		t, err := e.store.Touchpoint(ctx, f.Touchpoint)
		if err != nil {
			return nil, 0, err
		}
		filter.TouchpointID = t.ID
	}
	entries, next, err := e.store.AuditEntries(ctx, filter)
	list := make([]api.AuditEntry, len(entries))
	for i, a := range entries {
		var d auditDetail
		_ = json.Unmarshal(a.Detail, &d) // gone with its touchpoint: then it says nothing
		list[i] = api.AuditEntry{
			N: a.N, At: a.At, Actor: a.Actor, Action: a.Action, Touchpoint: e.nameOf(a.TouchpointID), Object: a.Object, Revision: a.Revision, Reason: d.Reason, Edits: editPaths(d.Edits),
		}
	}
	return list, next, err
}

// VerifyAudit follows the audit's chain.
func (e *Engine) VerifyAudit(ctx context.Context) (api.AuditVerdict, error) {
	n, err := e.store.VerifyAudit(ctx)
	return api.AuditVerdict{Entries: n}, err
}

func editPaths(edits []run.Edit) (paths []string) {
	for _, d := range edits {
		paths = append(paths, d.Path)
	}
	return paths
}

// DeadLetterCauses groups open dead letters.
func (e *Engine) DeadLetterCauses(ctx context.Context, touchpoint string) ([]api.Cause, error) {
	var id int64
	if touchpoint != "" {
		t, err := e.store.Touchpoint(ctx, touchpoint)
		if err != nil {
			return nil, err
		}
		id = t.ID
	}
	causes, err := e.store.DeadLetterCauses(ctx, id)
	list := make([]api.Cause, len(causes))
	for i, c := range causes {
		list[i] = api.Cause{
			Touchpoint: e.nameOf(c.TouchpointID), Cause: hex.EncodeToString(c.Cause[:]), Kind: c.Kind, Field: c.Field, Rule: c.Rule,
			Count: c.Count, FirstAt: c.FirstAt, LastAt: c.LastAt,
		}
	}
	return list, err
}

// Reveal opens a dead letter, once the audit says who looks at it.
func (e *Engine) Reveal(ctx context.Context, id string, a api.Act) (api.Revealed, error) {
	d, err := e.store.DeadLetter(ctx, id)
	if err != nil {
		return api.Revealed{}, err
	}
	if err := e.audit(ctx, d.TouchpointID, a.Actor, actionReveal, "dead letter "+d.ID, auditDetail{Reason: a.Reason}); err != nil {
		return api.Revealed{}, err
	}
	return api.Revealed{DeadLetter: e.deadLetterView(d), Text: d.Text, Key: asJSON(d.Key), Source: asJSON(d.Source), Mapped: asJSON(d.Mapped)}, nil
}

// asJSON is a stored document for an answer: what is no JSON becomes a text.
func asJSON(b []byte) json.RawMessage {
	if len(b) == 0 {
		return nil
	}
	if json.Valid(b) {
		return b
	}
	text, err := json.Marshal(string(b))
	if err != nil {
		return nil
	}
	return text
}

// Replay tries dead letters again in a run beside the normal flow.
func (e *Engine) Replay(ctx context.Context, touchpoint string, q api.ReplayRequest) (api.Run, error) {
	f, err := e.find(touchpoint)
	if err != nil {
		return api.Run{}, err
	}
	chosen := &run.Replay{IDs: q.IDs}
	if chosen.Cause, err = causeOf(q.Cause); err != nil {
		return api.Run{}, err
	}
	return e.askRun(ctx, f, TriggerReplay, &run.Request{Actor: q.Actor, Reason: q.Reason, Edits: edits(q.Edits), Replay: chosen})
}

// causeOf reads the name of a group of dead letters.
func causeOf(text string) (c state.KeyHash, err error) {
	if text == "" {
		return c, nil
	}
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(c) {
		return c, fmt.Errorf("cause %q: %w", text, api.ErrNotFound)
	}
	return state.KeyHash(raw), nil
}

func edits(list []api.RecordEdit) (out []run.Edit) {
	for _, d := range list {
		out = append(out, run.Edit(d))
	}
	return out
}

// Discard gives dead letters up.
func (e *Engine) Discard(ctx context.Context, touchpoint string, q api.DiscardRequest) (n int64, err error) {
	t, err := e.store.Touchpoint(ctx, touchpoint)
	if err != nil {
		return 0, err
	}
	cause, err := causeOf(q.Cause)
	if err != nil {
		return 0, err
	}
	if q.Cause == "" && len(q.IDs) == 0 && !q.All {
		return 0, fmt.Errorf("%w: name a cause or dead letters, or say that all are meant", api.ErrConflict)
	}
	var letters []state.DeadLetter
	for page := ""; ; {
		list, next, err := e.store.DeadLetters(ctx, state.DeadLetterFilter{TouchpointID: t.ID, State: state.DeadLetterOpen, Cause: cause, Page: page, Limit: 1000})
		if err != nil {
			return 0, err
		}
		letters = append(letters, list...)
		if page = next; page == "" {
			break
		}
	}
	for _, d := range letters {
		if len(q.IDs) > 0 && !slices.Contains(q.IDs, d.ID) {
			continue
		}
		if err := e.audit(ctx, t.ID, q.Actor, actionDiscard, "dead letter "+d.ID, auditDetail{Reason: q.Reason}); err != nil {
			return n, err
		}
		if err := e.store.CloseDeadLetter(ctx, d.ID, state.DeadLetterDiscarded); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// askRun starts a run beside the normal flow, unless one that was asked for the same has not ended.
func (e *Engine) askRun(ctx context.Context, f *flow, trigger string, q *run.Request) (api.Run, error) {
	if e.suspended(ctx, f) {
		return api.Run{}, fmt.Errorf("%w: touchpoint %q is suspended, in the repository or on this agent; resume it first", api.ErrConflict, f.Name)
	}
	if len(q.Edits) > 0 && strings.TrimSpace(q.Reason) == "" {
		return api.Run{}, fmt.Errorf("%w: an edit by hand needs a reason", api.ErrConflict)
	}
	if err := e.runner.CheckBeside(ctx, f.Flow, q); err != nil {
		if a, ok := errors.AsType[*adapters.Error](err); ok && a.Kind != adapters.Invalid {
			return api.Run{}, fmt.Errorf("%w: %s: %s", api.ErrConflict, a.Kind, err)
		}
		return api.Run{}, fmt.Errorf("%w: %s", api.ErrConflict, err)
	}
	same, ok, err := e.asked(ctx, f, q)
	if err != nil || ok {
		return same, err
	}
	text, err := q.Encode()
	if err != nil {
		return api.Run{}, err
	}
	r, _, err := e.store.StartRun(ctx, state.NewRun{TouchpointID: f.id, Trigger: trigger, Revision: f.Revision, Request: text})
	if err != nil {
		return api.Run{}, err
	}
	// The run waits until the audit tells of it.
	if err := e.audit(ctx, f.id, q.Actor, trigger, fmt.Sprintf("run %d", r.ID), auditDetail{Reason: q.Reason, Edits: q.Edits, Where: q.Where}); err != nil {
		return api.Run{}, errors.Join(err, e.cancelRun(ctx, r.ID))
	}
	if err := e.store.EnqueueRun(ctx, r.ID); err != nil {
		return api.Run{}, err
	}
	return e.runView(r), nil
}

// asked returns the run under way that was asked for the same.
func (e *Engine) asked(ctx context.Context, f *flow, q *run.Request) (api.Run, bool, error) {
	want, err := essence(q)
	if err != nil {
		return api.Run{}, false, err
	}
	active, err := e.store.ActiveRuns(ctx, f.id)
	if err != nil {
		return api.Run{}, false, err
	}
	for _, r := range active {
		text, _, err := e.store.RunRequest(ctx, r.ID)
		if err != nil {
			return api.Run{}, false, err
		}
		if text == nil {
			continue
		}
		other, err := run.DecodeRequest(text)
		if err != nil {
			return api.Run{}, false, err
		}
		have, err := essence(other)
		if err != nil {
			return api.Run{}, false, err
		}
		if bytes.Equal(have, want) {
			return e.runView(r), true, nil
		}
	}
	return api.Run{}, false, nil
}

// essence is what a request is, whoever asked and why.
func essence(q *run.Request) ([]byte, error) {
	other := *q
	other.Actor, other.Reason = "", ""
	return other.Encode()
}

// TriggerWhere reads once from the touchpoint's start with another condition.
func (e *Engine) TriggerWhere(ctx context.Context, touchpoint string, q api.WhereRequest) (api.Run, error) {
	f, err := e.find(touchpoint)
	if err != nil {
		return api.Run{}, err
	}
	return e.askRun(ctx, f, TriggerWhere, &run.Request{Actor: q.Actor, Reason: q.Reason, Where: q.Where})
}

// normal returns the runs that are not beside the normal flow.
func normal(runs []state.Run) []state.Run {
	return slices.DeleteFunc(runs, func(r state.Run) bool { return r.Beside })
}
