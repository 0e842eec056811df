package run

import (
	"context"
	"time"
)

// idle is how long a reader stays open for a slice that does not come.
const idle = 20 * time.Minute

// A memory is what stays of a run between its slices.
type memory struct {
	session *session // nil: to be opened from the last checkpoint
	flagged int64    // records that had their flag still, though it was to be taken away
	patient *patience
	used    time.Time
	busy    bool
}

// remember returns the memory of a run for one slice, with an open session only if that is of the same flow. Readers that nobody
// came back for are closed.
func (r *Runner) remember(ctx context.Context, runID int64, f *Flow) *memory {
	r.mu.Lock()
	m := r.runs[runID]
	if m == nil {
		m = &memory{patient: newPatience()}
		if r.runs == nil {
			r.runs = map[int64]*memory{}
		}
		r.runs[runID] = m
	}
	m.busy = true
	var old []*memory
	for id, other := range r.runs {
		if !other.busy && r.Now().Sub(other.used) > idle {
			delete(r.runs, id)
			old = append(old, other)
		}
	}
	r.mu.Unlock()
	for _, o := range old {
		o.drop(ctx)
	}
	if m.session != nil && m.session.ends.flow != f {
		m.drop(ctx)
	}
	return m
}

// rest leaves the memory for the run's next slice.
func (r *Runner) rest(m *memory) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.busy, m.used = false, r.Now()
}

// Forget closes what a run has open, because it ended. A slice that is still working closes its own.
func (r *Runner) Forget(ctx context.Context, runID int64) {
	r.mu.Lock()
	m := r.runs[runID]
	delete(r.runs, runID)
	r.mu.Unlock()
	if m != nil {
		m.drop(ctx)
	}
}

// Close closes everything that is open between slices. No slice may be working.
func (r *Runner) Close(ctx context.Context) {
	r.mu.Lock()
	all := r.runs
	r.runs = nil
	r.mu.Unlock()
	for _, m := range all {
		m.drop(ctx)
	}
}

// drop closes the session, whatever becomes of ctx.
func (m *memory) drop(ctx context.Context) {
	if m.session != nil {
		m.session.close(context.WithoutCancel(ctx))
		m.session = nil
	}
}
