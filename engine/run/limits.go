package run

import (
	"context"
	"fmt"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/state"
)

// allowance is what a run may still do. A nil number is unlimited.
type allowance struct {
	creates, updates, deletes *int64
}

// allowance resolves the limits of a touchpoint; a percentage is of the ledger's live keys.
func (r *Runner) allowance(ctx context.Context, l limits, touchpointID int64) (*allowance, error) {
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
	return a, nil
}

// A limitError parks a run that would do more than its touchpoint allows.
type limitError struct{ code, text string }

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
			return &limitError{codeLimit, fmt.Sprintf("%s is %d, and the run would %s %d or more", l.name, *l.most, l.verb, l.n)}
		}
	}
	return nil
}
