package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A remembered state is what a store must answer, kept in plain maps.
type rememberedState struct {
	seq     int64
	cursor  string
	ledger  map[KeyHash]LedgerState
	letters map[KeyHash]bool // open
	read    int64
}

// apply does to the model what a commit does to a store.
func (m *rememberedState) apply(c Commit) {
	for _, e := range c.Ledger {
		m.ledger[e.KeyHash] = e.State
	}
	for _, d := range c.DeadLetters {
		m.letters[d.KeyHash] = true
	}
	for _, r := range c.Resolved {
		delete(m.letters, r.KeyHash)
	}
	if c.Checkpoint != nil {
		m.seq, m.cursor = c.Checkpoint.Seq, string(c.Checkpoint.Cursor)
	}
	m.read += c.Counts.Read
}

// A modelled store is driven beside its model.
type modelled struct {
	t       *testing.T
	rng     *rand.Rand
	store   *Store
	dir     string
	nanos   atomic.Int64 // the time, which the store's own goroutines read, too
	key     CheckpointKey
	run     int64
	fence   Fence
	stale   Fence // zero: there is none yet
	commits int
	model   *rememberedState
}

const modelKeys = 60

// TestStoreEqualsModel drives commits, refused and canceled commits, folds, other slices, clocks that are set forwards and backwards,
// reopenings and crashes in random order. Whatever came, the checkpoint, the ledger, the dead letters and the counts of the run are those of
// whole commits, in their order.
func TestStoreEqualsModel(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := &modelled{
				t: t, rng: rand.New(rand.NewPCG(seed, 11)), dir: filepath.Join(t.TempDir(), "state"),
				model: &rememberedState{ledger: map[KeyHash]LedgerState{}, letters: map[KeyHash]bool{}},
			}
			m.nanos.Store(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixNano())
			m.open()
			tp := must(m.store.EnsureTouchpoint(t.Context(), "orders"))(t)
			run, _, err := m.store.StartRun(t.Context(), NewRun{TouchpointID: tp.ID, Trigger: "test", Revision: "r1"})
			check(t, err)
			m.run, m.key = run.ID, CheckpointKey{TouchpointID: tp.ID, Generation: tp.Generation}
			m.slice()
			for range 120 {
				m.step()
				m.compare()
			}
		})
	}
}

func (m *modelled) now() time.Time { return time.Unix(0, m.nanos.Load()).UTC() }

func (m *modelled) open() {
	m.t.Helper()
	o := options(m.t, m.dir)
	o.Now = m.now
	s, err := Open(m.t.Context(), o)
	check(m.t, err)
	m.store = s
	m.t.Cleanup(func() { check(m.t, s.Close()) })
}

func (m *modelled) slice() {
	m.t.Helper()
	m.stale = m.fence
	_, f, err := m.store.BeginSlice(m.t.Context(), m.run)
	check(m.t, err)
	m.fence = f
}

// step does one thing.
func (m *modelled) step() {
	m.t.Helper()
	ctx := m.t.Context()
	switch op := m.rng.IntN(20); {
	case op < 9:
		c := m.commit()
		check(m.t, m.store.Commit(ctx, m.fence, c))
		m.model.apply(c)
	case op == 9 && m.stale != (Fence{}):
		wantReason(m.t, m.store.Commit(ctx, m.stale, m.commit()), Fenced)
	case op == 10:
		c := m.commit()
		c.Checkpoint = &CheckpointUpdate{Key: m.key, Cursor: []byte("wrong"), Seq: m.model.seq + 2}
		wantReason(m.t, m.store.Commit(ctx, m.fence, c), OutOfOrder)
	case op == 11:
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if c := m.commit(); m.store.Commit(gone, m.fence, c) == nil { // done or not, as it says
			m.model.apply(c)
		}
	case op < 14:
		check(m.t, m.store.Fold(ctx))
	case op == 14:
		m.slice()
	case op < 17:
		m.nanos.Add(m.rng.Int64N(int64(96*time.Hour)) - int64(48*time.Hour))
	case op == 17:
		check(m.t, m.store.Close())
		m.open()
	default:
		m.crash()
	}
}

// commit makes a commit of some of few records.
func (m *modelled) commit() Commit {
	m.commits++
	c := Commit{Revision: "r1", Counts: Counts{Read: int64(m.rng.IntN(5))}}
	for _, n := range m.rng.Perm(modelKeys)[:1+m.rng.IntN(12)] {
		e := LedgerEntry{KeyHash: hash(n), Key: fmt.Append(nil, n), State: LedgerWritten, At: m.now()}
		switch open := m.model.letters[e.KeyHash]; {
		case m.rng.IntN(4) == 0:
			e.State = LedgerRejected
			c.DeadLetters = append(c.DeadLetters, DeadLetterEntry{KeyHash: e.KeyHash, Kind: "Invalid", Source: []byte("{}")})
		case open:
			c.Resolved = append(c.Resolved, Resolution{KeyHash: e.KeyHash, State: DeadLetterSuperseded})
		}
		c.Ledger = append(c.Ledger, e)
	}
	if m.rng.IntN(3) > 0 {
		c.Checkpoint = &CheckpointUpdate{Key: m.key, Cursor: fmt.Append(nil, "at ", m.commits), Seq: m.model.seq + 1}
	}
	return c
}

// crash goes on with the files as they are on disk at this moment, as a process does after one that was killed.
func (m *modelled) crash() {
	m.t.Helper()
	image := filepath.Join(m.t.TempDir(), "state")
	check(m.t, os.Mkdir(image, 0o700))
	files, err := os.ReadDir(m.dir)
	check(m.t, err)
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(m.dir, f.Name()))
		if errors.Is(err, fs.ErrNotExist) { // the anchor is written under another name first
			continue
		}
		check(m.t, err)
		check(m.t, os.WriteFile(filepath.Join(image, f.Name()), text, 0o600))
	}
	check(m.t, m.store.Close())
	m.dir = image
	m.open()
}

// compare asks the store for all that the model holds.
func (m *modelled) compare() {
	m.t.Helper()
	ctx := m.t.Context()
	c := must(m.store.Checkpoint(ctx, m.key))(m.t)
	if c.Seq != m.model.seq || !bytes.Equal(c.Cursor, []byte(m.model.cursor)) {
		m.t.Fatalf("checkpoint %d at %q, want %d at %q", c.Seq, c.Cursor, m.model.seq, m.model.cursor)
	}
	var keys []KeyHash
	for n := range modelKeys {
		keys = append(keys, hash(n))
	}
	got := map[KeyHash]LedgerState{}
	for i, e := range must(m.store.Lookup(ctx, m.key.TouchpointID, keys))(m.t) {
		if e.State != LedgerNone {
			got[keys[i]] = e.State
		}
	}
	if d := cmp.Diff(m.model.ledger, got); d != "" {
		m.t.Fatalf("ledger (-want +got):\n%s", d)
	}
	open := must(m.store.OpenLetters(ctx, m.key.TouchpointID, keys))(m.t)
	if len(open) != len(m.model.letters) || slices.ContainsFunc(open, func(k KeyHash) bool { return !m.model.letters[k] }) {
		m.t.Fatalf("%d dead letters are open, want %d", len(open), len(m.model.letters))
	}
	if r := must(m.store.Run(ctx, m.run))(m.t); r.Counts.Read != m.model.read {
		m.t.Fatalf("the run has read %d, want %d", r.Counts.Read, m.model.read)
	}
}
