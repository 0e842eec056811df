package run

import (
	"context"
	"fmt"
	"time"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/state"
)

// allowance is what a run may still do. A nil number is unlimited.
type allowance struct {
	creates, updates, deletes *int64
	shrink                    bool // the read may have shrunk
}

// allowance resolves the limits of a touchpoint; a percentage is of the ledger's live keys.
// What other runs have deleted within a day counts, too. What a person approved is allowed, once.
func (r *Runner) allowance(ctx context.Context, w *work) (*allowance, error) {
	l, touchpointID := w.flow.Spec.Limits, w.touchpoint.ID
	var live int64
	for _, limit := range []*config.Limit{l.MaxCreates, l.MaxUpdates, l.MaxDeletes} {
		if limit == nil || limit.Percent == 0 || live > 0 {
			continue
		}
		var err error
		if live, err = r.Store.LiveKeys(ctx, touchpointID); err != nil {
			return nil, err
		}
	}
	a := &allowance{creates: resolve(l.MaxCreates, live), updates: resolve(l.MaxUpdates, live), deletes: resolve(l.MaxDeletes, live)}
	if a.deletes == nil {
		a.deletes = new(int64) // nothing is deleted unless said
	}
	deleted, err := r.Store.Deleted(ctx, touchpointID, w.run, r.Now().Add(-rollingDay))
	if err != nil {
		return nil, err
	}
	*a.deletes = max(0, *a.deletes-deleted)
	approved, err := r.Store.Approved(ctx, touchpointID, w.run)
	if err != nil || approved == nil || approved.Revision != w.flow.Revision || !r.Now().Before(approved.Until) {
		return a, err
	}
	a.approve(&approved.Wants)
	return a, nil
}

// resolve returns a limit as a number of records.
func resolve(l *config.Limit, live int64) *int64 {
	if l == nil {
		return nil
	}
	n := l.Count
	if l.Percent > 0 {
		n = int64(float64(live) * l.Percent / 100)
	}
	return &n
}

// rollingDay is the time within which all deletes of a touchpoint together keep to its limit.
const rollingDay = 24 * time.Hour

// approve allows what a person has seen.
func (a *allowance) approve(w *state.Wants) {
	for _, l := range []struct {
		most *int64
		n    int64
	}{{a.creates, w.Created}, {a.updates, w.Updated}, {a.deletes, w.Deleted}} {
		if l.most != nil {
			*l.most = max(*l.most, l.n)
		}
	}
	a.shrink = w.Shrank
}

// A limitError parks a run that would do more than its touchpoint allows.
type limitError struct {
	code, text string
	wants      state.Wants
}

// Error says which limit, and what the run would do.
func (e *limitError) Error() string { return e.text }

// codeLimit is the code of a run that would do more than a limit allows.
const codeLimit = "LimitReached"

// spend judges what a run is going to do next, given what it has done.
func (a *allowance) spend(done, next state.Counts) error {
	for _, l := range []struct {
		name, verb string
		most       *int64
		n, more    int64
	}{
		{"maxCreates", "create", a.creates, done.Created + next.Created, next.Created},
		{"maxUpdates", "update", a.updates, done.Updated + next.Updated, next.Updated},
		{"maxDeletes", "delete", a.deletes, done.Deleted + next.Deleted, next.Deleted},
	} {
		if l.most != nil && l.n > *l.most && l.more > 0 {
			return &limitError{
				code: codeLimit, text: fmt.Sprintf("%s leaves %d, and the run would %s %d or more", l.name, *l.most, l.verb, l.n),
				wants: state.Wants{Created: next.Created, Updated: next.Updated, Deleted: next.Deleted},
			}
		}
	}
	return nil
}
