package engine

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/state"
)

// runView is a run as the API shows it.
func (e *Engine) runView(r state.Run) api.Run {
	view := api.Run{
		Parked: e.parkedView(r),
		ID:     r.ID, Touchpoint: e.nameOf(r.TouchpointID), Trigger: r.Trigger, Revision: r.Revision, Status: string(r.Status), Code: r.Code,
		Counts: api.Counts(r.Counts), DueAt: r.DueAt, CreatedAt: r.CreatedAt, StartedAt: r.StartedAt, EndedAt: r.EndedAt,
	}
	if r.Beside {
		e.fillAsked(&view)
	}
	return view
}

// nameOf returns the name of a touchpoint, also of one that the applied revision lacks.
func (e *Engine) nameOf(id int64) string {
	t, err := e.store.TouchpointByID(context.Background(), id) // answered from memory
	if err != nil {
		return ""
	}
	return t.Name
}

var ledgerStates = map[state.LedgerState]string{
	state.LedgerIntended: "intended", state.LedgerWritten: "written", state.LedgerUnchanged: "unchanged", state.LedgerSkipped: "skipped",
	state.LedgerRejected: "rejected", state.LedgerDeleted: "deleted", state.LedgerUnacknowledged: "unacknowledged",
}

// recordView is a ledger entry without its content.
func (e *Engine) recordView(touchpoint string, l state.LedgerEntry) api.Record {
	r := api.Record{
		ID: hex.EncodeToString(l.KeyHash[:]), Touchpoint: touchpoint, Route: l.Route, State: ledgerStates[l.State], Trace: traceView(l.Trace),
		Revision: l.Revision, RunID: l.RunID, FirstAt: l.FirstAt, At: l.At,
	}
	e.places(&r)
	return r
}

// places fills in where a touchpoint moves its records.
func (e *Engine) places(r *api.Record) {
	if f := e.current.Load().flow(r.Touchpoint); f != nil {
		r.Source = f.Spec.Source.Connection + "/" + f.Spec.Source.Object
		r.Destination = destinations(&f.Spec)
		for _, d := range f.Spec.Targets() {
			if d.Route == r.Route {
				r.Destination = d.Destination.Connection + "/" + d.Destination.Object
			}
		}
	}
}

// routesOf returns the names of a touchpoint's routes that have one.
func (e *Engine) routesOf(touchpoint string) (names []string) {
	if f := e.current.Load().flow(touchpoint); f != nil {
		for _, d := range f.Spec.Targets() {
			if d.Route != "" {
				names = append(names, d.Route)
			}
		}
	}
	return names
}

// destinations names every object that a touchpoint writes its records to, each once.
func destinations(t *config.Touchpoint) string {
	var all []string
	for _, d := range t.Targets() {
		if name := d.Destination.Connection + "/" + d.Destination.Object; !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return strings.Join(all, ", ")
}

var stages = map[state.Stage]string{state.StageHead: "before", state.StageWriteBack: "write-back"}

// recordOf returns the key hash of the record that a dead letter is of.
func recordOf(d state.DeadLetter) []byte {
	if d.Stage == state.StageWriteBack {
		return d.Of[:]
	}
	return d.KeyHash[:]
}

// deadLetterView is a dead letter without its content.
func (e *Engine) deadLetterView(d state.DeadLetter) api.DeadLetter {
	return api.DeadLetter{
		ID: d.ID, Touchpoint: e.nameOf(d.TouchpointID), Route: d.Route, State: string(d.State), Field: d.Field, Rule: d.Rule, Kind: d.Kind,
		Cause: hex.EncodeToString(d.Cause[:]), Parked: d.Parked, Trace: traceView(d.Trace), Revision: d.Revision, RunID: d.RunID, Attempts: d.Attempts,
		FirstAt: d.FirstAt, LastAt: d.LastAt, ClosedAt: d.ClosedAt, RecordID: hex.EncodeToString(recordOf(d)), Stage: stages[d.Stage],
	}
}

func traceView(fields []state.TraceField) map[string]string {
	if len(fields) == 0 {
		return nil
	}
	m := make(map[string]string, len(fields))
	for _, f := range fields {
		m[f.Path] = f.Value
	}
	return m
}
