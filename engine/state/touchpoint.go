package state

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dray-sync/dray/engine/secret"
)

// Touchpoint is what state knows of one flow.
type Touchpoint struct {
	// ID is the clear number that rows and jobs carry.
	ID int64
	// UID is its lasting identity, which keys derive from: a rename keeps it, a prune destroys its keys.
	UID secret.UID
	// Name is the name in the repository.
	Name string
	// Generation is raised by each reset; checkpoints belong to one generation. It starts at 1.
	Generation int64
	// IndexKid names the root that the touchpoint's keyed hashes are made under: one for all of them.
	IndexKid string
	// CreatedAt is when the touchpoint was first seen.
	CreatedAt time.Time
}

// Hasher makes the touchpoint's keyed hashes and fingerprints, for one goroutine.
func (s *Store) Hasher(tp Touchpoint) (*secret.Hasher, error) {
	return s.Ring().Hasher(tp.IndexKid, tp.UID)
}

// EnsureTouchpoint returns the touchpoint of a name and creates it when there is none.
func (s *Store) EnsureTouchpoint(ctx context.Context, name string) (Touchpoint, error) {
	tp, err := s.Touchpoint(ctx, name)
	if !errors.Is(err, NotFound) {
		return tp, err
	}
	if name == "" {
		return Touchpoint{}, &Error{Reason: Invalid, Text: "a touchpoint needs a name"}
	}
	p := &point{tp: Touchpoint{UID: secret.NewUID(), Name: name, Generation: 1, IndexKid: s.Ring().Primary(), CreatedAt: s.now().UTC().Truncate(time.Microsecond)}, head: newHead()}
	p.scope = secret.TouchpointScope(p.tp.UID)
	p.head.Seq = 1
	system, err := s.sealer.Key(ctx, s.system.scope)
	if err != nil {
		return Touchpoint{}, err
	}
	key, err := s.sealer.Key(ctx, p.scope)
	if err != nil {
		return Touchpoint{}, err
	}
	if err := s.lockWriter(ctx); err != nil {
		return Touchpoint{}, err
	}
	defer s.unlockWriter()
	// Another caller may have made it while this one waited.
	if tp, err := s.Touchpoint(ctx, name); !errors.Is(err, NotFound) {
		return tp, err
	}
	t := &txn{s: s, p: p, head: p.head, key: key}
	err = s.transact(ctx, t, func(t *txn) error {
		if err := t.insertTouchpoint(system); err != nil {
			return err
		}
		return t.saveHead()
	})
	if err != nil {
		return Touchpoint{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.points[p.tp.ID], s.byName[name] = p, p
	s.anchor.move(p.tp.UID, p.head.Seq)
	return p.tp, nil
}

// insertTouchpoint writes t.p's row. The number is chosen first, because the body holds it.
func (t *txn) insertTouchpoint(system *secret.DataKey) error {
	if _, err := t.one("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'touchpoints'), 0) + 1", nil, &t.p.tp.ID); err != nil {
		return err
	}
	sealed, err := t.p.seal(system, t.p.tp.Name, t.p.rowSeq)
	if err != nil {
		return err
	}
	_, err = t.exec("INSERT INTO touchpoints (id, uid, index_kid, row_seq, created_at, sealed) VALUES (?, ?, ?, ?, ?, ?)",
		t.p.tp.ID, t.p.tp.UID[:], t.p.tp.IndexKid, int64(t.p.rowSeq), micros(t.p.tp.CreatedAt), sealed)
	return err
}

// seal makes the sealed body of the touchpoint's row under a name.
func (p *point) seal(system *secret.DataKey, name string, rowSeq uint64) ([]byte, error) {
	body, err := json.Marshal(touchpointBody{ID: p.tp.ID, Name: name, IndexKid: p.tp.IndexKid, CreatedAt: micros(p.tp.CreatedAt)})
	if err != nil {
		return nil, err
	}
	return system.Seal(row("touchpoints", p.tp.UID[:], rowSeq), body)
}

// Touchpoint returns the touchpoint of a name, or [NotFound].
func (s *Store) Touchpoint(_ context.Context, name string) (Touchpoint, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if p := s.byName[name]; p != nil {
		return p.tp, nil
	}
	return Touchpoint{}, &Error{
		Reason: NotFound, Text: fmt.Sprintf("touchpoint %q has no state", name),
		Hint: "check its name; a touchpoint has state once a revision that holds it was applied",
	}
}

// TouchpointByID returns a touchpoint, or [NotFound].
func (s *Store) TouchpointByID(_ context.Context, id int64) (Touchpoint, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if p := s.points[id]; p != nil && id != 0 {
		return p.tp, nil
	}
	return Touchpoint{}, noTouchpoint(id)
}

func noTouchpoint(id int64) error {
	return &Error{Reason: NotFound, Text: fmt.Sprintf("there is no touchpoint number %d", id), Hint: "it was pruned, or never was"}
}

// Touchpoints lists all, by name.
func (s *Store) Touchpoints(_ context.Context) ([]Touchpoint, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]Touchpoint, 0, len(s.byName))
	for _, p := range s.byName {
		list = append(list, p.tp)
	}
	slices.SortFunc(list, func(a, b Touchpoint) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// point returns the touchpoint in memory.
func (s *Store) point(id int64) (*point, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if p := s.points[id]; p != nil && id != 0 {
		return p, nil
	}
	return nil, noTouchpoint(id)
}

// known refuses a point that was pruned.
func (s *Store) known(p *point) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.points[p.tp.ID] != p {
		return noTouchpoint(p.tp.ID)
	}
	return nil
}

// RenameTouchpoint keeps everything under a new name. The new name must be free.
func (s *Store) RenameTouchpoint(ctx context.Context, from, to string) error {
	tp, err := s.Touchpoint(ctx, from)
	if err != nil || from == to {
		return err
	}
	if _, err := s.Touchpoint(ctx, to); err == nil || to == "" {
		return nameTaken(to)
	}
	p, err := s.point(tp.ID)
	if err != nil {
		return err
	}
	system, err := s.sealer.Key(ctx, s.system.scope)
	if err != nil {
		return err
	}
	return s.change(ctx, p, func(t *txn) error {
		s.mu.RLock()
		taken := s.byName[to] != nil
		s.mu.RUnlock()
		if taken {
			return nameTaken(to)
		}
		sealed, err := p.seal(system, to, p.rowSeq+1)
		if err != nil {
			return err
		}
		t.after = append(t.after, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.byName, p.tp.Name)
			p.tp.Name, s.byName[to] = to, p
			p.rowSeq++
		})
		_, err = t.exec("UPDATE touchpoints SET row_seq = ?, sealed = ? WHERE id = ?", int64(p.rowSeq+1), sealed, p.tp.ID)
		return err
	})
}

func nameTaken(name string) error {
	return &Error{
		Reason: Invalid, Text: fmt.Sprintf("renaming to touchpoint %q: that name has state of its own", name),
		Hint: "prune that state first, or choose another name",
	}
}

// ResetTouchpoint raises the generation and drops the checkpoints, so that the
// next read starts at the beginning. Active runs are ended as superseded.
// Ledger and dead letters stay, so that what was written is known again.
func (s *Store) ResetTouchpoint(ctx context.Context, id int64) (Touchpoint, error) {
	p, err := s.point(id)
	if err != nil {
		return Touchpoint{}, err
	}
	err = s.change(ctx, p, func(t *txn) error {
		if err := t.endRuns(id, RunSuperseded); err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM deliveries WHERE touchpoint_id = ?", id); err != nil {
			return err
		}
		if _, err := t.exec("DELETE FROM checkpoints WHERE touchpoint_id = ?", id); err != nil {
			return err
		}
		t.head.Checkpoints = rowSet{}
		t.head.Generation++
		generation := t.head.Generation
		t.after = append(t.after, func() { s.setGeneration(p, generation) })
		return nil
	})
	if err != nil {
		return Touchpoint{}, err
	}
	return s.TouchpointByID(ctx, id)
}
