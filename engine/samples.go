package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/dray-sync/dray/engine/api"
	"github.com/dray-sync/dray/engine/plan"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/sample"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// SampleOptions say whether the agent keeps samples of records, for revisions to be tried on. The repository has no say in it.
type SampleOptions struct {
	Number   int           // of each touchpoint; 0: none are kept, and those that were are dropped
	Lifetime time.Duration // after which a sample is dropped; 0 means 7 days
}

// MaxSamples is how many samples of a touchpoint are kept at most.
const MaxSamples = 1000

// sampler is what the agent remembers of its samples in memory.
type sampler struct {
	mu   sync.Mutex
	kept map[int64]int // how many slots were filled since the start, by touchpoint
	busy sync.Mutex    // one comparison at a time
}

// slot chooses where a sample is kept: the free ones first, then any.
func (s *sampler) slot(touchpointID int64, number int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[int64]int{}
	}
	n := s.kept[touchpointID]
	if n < number {
		s.kept[touchpointID]++
		return n
	}
	return rand.IntN(number)
}

// keepSamples makes records unrecognisable and keeps them. What fails is logged: samples are no reason to stop a run.
func (e *Engine) keepSamples(ctx context.Context, t state.Touchpoint, f *run.Flow, docs [][]byte) {
	hasher, err := e.store.Hasher(t)
	if err != nil {
		e.log.Warn("samples could not be kept", "touchpoint", f.Name, "error", err)
		return
	}
	hash := func(text string) [16]byte {
		return hasher.Key(secret.StringPart("dray/pseudonym/v1"), secret.StringPart(text))
	}
	words := e.words(f)
	for _, doc := range docs {
		masked, ok := sample.Pseudonymise(doc, hash, words)
		if !ok {
			continue
		}
		if err := e.store.SaveSample(ctx, t.ID, e.samples.slot(t.ID, e.options.Samples.Number), masked); err != nil {
			e.log.Warn("samples could not be kept", "touchpoint", f.Name, "error", err)
			return
		}
	}
}

// words returns what samples of a flow keep as it is.
func (e *Engine) words(f *run.Flow) sample.Words {
	if now := e.current.Load().flow(f.Name); now != nil && now.Flow == f {
		return now.words()
	}
	return sample.WordsOf(f.Model, f.Name)
}

// samplesSince is when the oldest samples were kept that still live.
func (e *Engine) samplesSince() time.Time {
	lifetime := e.options.Samples.Lifetime
	if lifetime <= 0 {
		lifetime = 7 * 24 * time.Hour
	}
	return e.options.Now().Add(-lifetime)
}

// compareTimeout bounds a comparison.
const compareTimeout = 30 * time.Second

// CompareSamples tries a revision of the repository on the samples of every touchpoint that it changes. The revision comes from the
// repository that the agent follows, and must be valid: nobody tries a mapping on samples that is not there for all to see.
func (e *Engine) CompareSamples(ctx context.Context, commit string) ([]api.SampleResult, error) {
	if e.options.Samples.Number == 0 {
		return nil, fmt.Errorf("%w: this agent keeps no samples; start it with --samples", api.ErrConflict)
	}
	g := e.current.Load()
	if g == nil {
		return nil, fmt.Errorf("%w: no revision is applied", api.ErrConflict)
	}
	if !e.samples.busy.TryLock() {
		return nil, fmt.Errorf("%w: another comparison is under way; try again", api.ErrConflict)
	}
	defer e.samples.busy.Unlock()
	ctx, cancel := context.WithTimeout(ctx, compareTimeout)
	defer cancel()
	rev, err := e.options.Source.Fetch(ctx, commit)
	if err != nil {
		e.log.Warn("a revision to compare samples with could not be fetched", "commit", commit, "error", err)
		return nil, fmt.Errorf("%w: commit %s is not in the repository that the agent follows; push it first", api.ErrConflict, commit)
	}
	if e.options.Path != "" {
		if rev, err = rev.Sub(e.options.Path); err != nil {
			return nil, fmt.Errorf("%w: commit %s has no folder %q", api.ErrConflict, commit, e.options.Path)
		}
	}
	m, list, err := e.load(ctx, rev.Tree)
	if err != nil {
		return nil, err
	}
	if m == nil || list.HasErrors() {
		return nil, fmt.Errorf("%w: commit %s is not valid; dray validate says why", api.ErrConflict, commit)
	}
	results := []api.SampleResult{}
	for _, c := range plan.Diff(g.model, m).Touchpoints {
		if c.State == plan.StateNew || c.State == plan.StatePruned {
			continue
		}
		r, err := e.compareOne(ctx, sample.Side{Model: g.model, Name: before(c)}, sample.Side{Model: m, Name: c.Name})
		if err != nil {
			return nil, err
		}
		results = append(results, api.SampleResult{Name: c.Name, Samples: r})
	}
	e.log.Info("samples compared", "commit", commit, "touchpoints", len(results))
	return results, nil
}

// before is the name that a touchpoint had.
func before(c plan.TouchpointChange) string {
	if c.RenamedFrom != "" {
		return c.RenamedFrom
	}
	return c.Name
}

func (e *Engine) compareOne(ctx context.Context, old, fresh sample.Side) (plan.Samples, error) {
	t, err := e.store.Touchpoint(ctx, old.Name)
	if err != nil {
		return plan.Samples{}, ignoreNotFound(err)
	}
	docs, err := e.store.Samples(ctx, t.ID, e.samplesSince())
	if err != nil {
		return plan.Samples{}, err
	}
	return sample.Compare(ctx, old, fresh, docs, e.options.Now())
}

// dropSamples drops what has outlived its time, or all when none are to be kept.
func (e *Engine) dropSamples(ctx context.Context) error {
	since := e.samplesSince()
	if e.options.Samples.Number == 0 {
		since = time.Time{}
	}
	return e.store.DropSamples(ctx, since)
}
