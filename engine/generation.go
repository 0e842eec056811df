package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/plan"
	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/sample"
	"github.com/dray-sync/dray/engine/schedule"
	"github.com/dray-sync/dray/engine/state"
)

// A generation is what one applied revision means to this agent. It is immutable.
type generation struct {
	commit    string
	model     *config.Model
	flows     map[string]*flow // by touchpoint name
	ids       map[int64]string // touchpoint names by the store's id
	revisions map[string]string
}

// A flow is one touchpoint as it runs.
type flow struct {
	*run.Flow
	id       int64
	schedule *schedule.Schedule // nil: it runs only when asked to
	words    func() sample.Words
}

// applied is the form in which the applied model is kept.
type applied struct {
	Commit string `json:"commit"`
	// Revisions are the commits by which each flow last changed.
	Revisions map[string]string `json:"revisions"`
	Model     *config.Model     `json:"model"`
}

// Apply takes a model into use. It does what changes says and nothing else (promise 8): a flow that changes does not name goes on
// undisturbed, in the middle of a run too.
func (e *Engine) Apply(ctx context.Context, changes plan.Changes, m *config.Model, rev *repo.Revision) error {
	next, err := e.build(changes, m, rev.Commit)
	if err != nil {
		return err
	}
	blob, err := rev.MarshalBinary()
	if err != nil {
		return err
	}
	if err := e.acceptRing(ctx, m); err != nil {
		return err
	}
	if err := e.store.SaveRevision(ctx, state.Revision{Commit: rev.Commit, Digest: m.Digest, Blob: blob}); err != nil {
		return err
	}
	if err := e.changeState(ctx, changes); err != nil {
		return err
	}
	if err := e.identify(ctx, next); err != nil {
		return err
	}
	text, err := json.Marshal(applied{Commit: next.commit, Revisions: next.revisions, Model: m})
	if err != nil {
		return fmt.Errorf("keeping the applied model: %w", err)
	}
	if err := e.store.SaveApplied(ctx, text); err != nil {
		return err
	}
	e.use(next)
	return nil
}

// build makes the next generation of the flows that changed, and takes over those that did not.
func (e *Engine) build(changes plan.Changes, m *config.Model, commit string) (*generation, error) {
	g := &generation{commit: commit, model: m, flows: map[string]*flow{}, ids: map[int64]string{}, revisions: map[string]string{}}
	changed := map[string]bool{}
	for _, c := range changes.Touchpoints {
		changed[c.Name] = true
	}
	before := e.current.Load()
	for name := range m.Touchpoints {
		if old := before.flow(name); old != nil && !changed[name] {
			kept := *old
			g.flows[name] = &kept
			g.revisions[name] = before.revisions[name]
			continue
		}
		f, err := e.newFlow(m, name, commit)
		if err != nil {
			return nil, err
		}
		g.flows[name], g.revisions[name] = f, commit
	}
	return g, nil
}

func (e *Engine) newFlow(m *config.Model, name, commit string) (*flow, error) {
	rf, err := run.NewFlow(m, name, commit)
	if err != nil {
		return nil, err
	}
	if e.options.ObserveOnly {
		rf.Spec.Mode = "observe"
	}
	f := &flow{Flow: rf, words: sync.OnceValue(func() sample.Words { return sample.WordsOf(rf.Model, name) })}
	if s, ok := m.ScheduleOf(&f.Spec); ok {
		if f.schedule, err = schedule.Compile(s, name); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// changeState does to the state what the plan says. Each step may be repeated, should the process end before the model is saved.
func (e *Engine) changeState(ctx context.Context, changes plan.Changes) error {
	for _, c := range changes.Touchpoints {
		var err error
		switch c.State {
		case plan.StateRenamed:
			err = e.store.RenameTouchpoint(ctx, c.RenamedFrom, c.Name)
		case plan.StateReset:
			if c.RenamedFrom != "" {
				err = ignoreNotFound(e.store.RenameTouchpoint(ctx, c.RenamedFrom, c.Name))
			}
			if err == nil {
				err = e.withTouchpoint(ctx, c.Name, func(id int64) error {
					_, err := e.store.ResetTouchpoint(ctx, id)
					return err
				})
			}
		case plan.StatePruned:
			err = e.withTouchpoint(ctx, c.Name, func(id int64) error { return e.store.PruneTouchpoint(ctx, id) })
		}
		if err == nil && len(c.PrunedRoutes) > 0 && c.State != plan.StatePruned {
			err = e.withTouchpoint(ctx, c.Name, func(id int64) error {
				for _, route := range c.PrunedRoutes {
					if err := run.PruneRoute(ctx, e.store, id, route); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := ignoreNotFound(err); err != nil {
			return fmt.Errorf("touchpoint %q: %w", c.Name, err)
		}
	}
	return nil
}

func (e *Engine) withTouchpoint(ctx context.Context, name string, do func(id int64) error) error {
	t, err := e.store.Touchpoint(ctx, name)
	if err != nil {
		return err
	}
	return do(t.ID)
}

func ignoreNotFound(err error) error {
	if errors.Is(err, state.NotFound) {
		return nil
	}
	return err
}

// identify gives every flow its place in the store.
func (e *Engine) identify(ctx context.Context, g *generation) error {
	for name, f := range g.flows {
		t, err := e.store.EnsureTouchpoint(ctx, name)
		if err != nil {
			return err
		}
		f.id = t.ID
		g.ids[t.ID] = name
	}
	return nil
}

// flow returns a flow by name; nil when there is none, or no generation.
func (g *generation) flow(name string) *flow {
	if g == nil {
		return nil
	}
	return g.flows[name]
}

// restore takes the model into use that was applied before the restart. nil, when there was none.
func (e *Engine) restore(ctx context.Context) (*generation, error) {
	text, err := e.store.LoadApplied(ctx)
	if err != nil || text == nil {
		return nil, err
	}
	var a applied
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("the applied model in the state does not decode: %w", err)
	}
	g := &generation{commit: a.Commit, model: a.Model, flows: map[string]*flow{}, ids: map[int64]string{}, revisions: a.Revisions}
	for name := range a.Model.Touchpoints {
		if g.flows[name], err = e.newFlow(a.Model, name, a.Revisions[name]); err != nil {
			return nil, err
		}
	}
	if err := e.locate(ctx, g); err != nil {
		return nil, err
	}
	e.use(g)
	return g, nil
}

// locate finds the flows of a restored generation in the store. One that is not there was about to be renamed or pruned when the
// process ended: it waits for the revision that does so to be applied again, and is not made anew under its old name.
func (e *Engine) locate(ctx context.Context, g *generation) error {
	for name, f := range g.flows {
		t, err := e.store.Touchpoint(ctx, name)
		if errors.Is(err, state.NotFound) {
			delete(g.flows, name)
			continue
		}
		if err != nil {
			return err
		}
		f.id = t.ID
		g.ids[t.ID] = name
	}
	return nil
}
