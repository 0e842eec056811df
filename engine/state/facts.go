package state

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Revision is one verified revision of the repository, as it was fetched.
type Revision struct {
	// Commit is the git commit.
	Commit string
	// Digest is the digest of the configuration it yields.
	Digest string
	// At is when it was verified; set by [Store.SaveRevision] when zero.
	At time.Time
	// Blob is whatever the caller needs to serve it again without git.
	Blob []byte
}

// KeptRevisions is how many verified revisions are kept.
const KeptRevisions = 5

// Suspension is a local stop of one touchpoint, or of all.
type Suspension struct {
	// TouchpointID is the one suspended; 0 means all.
	TouchpointID int64
	// Actor and Why say who and why.
	Actor, Why string
	// At is when it began; set by [Store.Suspend] when zero.
	At time.Time
	// Until is when it ends by itself; zero means by [Store.Resume] only.
	Until time.Time
}

// HighWater is the highest generation seen of a credential, a ring or a trust file.
type HighWater struct {
	Generation int64
	// Digest is of the file that carried it.
	Digest []byte
}

// The names of facts. Settings have a prefix of their own.
const (
	factApplied     = "applied"
	factRevisions   = "revision/"
	factHighWater   = "high-water"
	factSuspensions = "suspensions"
	factSetting     = "setting/"
)

// loadFact opens a fact; nil when there is none.
func (s *Store) loadFact(ctx context.Context, name string) ([]byte, error) {
	var seq uint64
	var sealed []byte
	found, err := s.oneRow(ctx, "SELECT row_seq, sealed FROM facts WHERE name = ?", []any{name}, &seq, &sealed)
	if err != nil || !found {
		return nil, err
	}
	return s.openFact(ctx, name, seq, sealed)
}

func (s *Store) openFact(ctx context.Context, name string, seq uint64, sealed []byte) ([]byte, error) {
	return s.sealer.Open(ctx, s.system.scope, row("facts", []byte(name), seq), sealed)
}

// setFact seals a fact; nil removes it. The agent's head moves with it.
func (t *txn) setFact(name string, value []byte) error {
	var seq uint64
	found, err := t.one("SELECT row_seq FROM facts WHERE name = ?", []any{name}, &seq)
	if err != nil {
		return err
	}
	if found {
		t.head.remove(&t.head.Facts, factElement(name, seq))
	}
	if value == nil {
		_, err := t.exec("DELETE FROM facts WHERE name = ?", name)
		return err
	}
	// The head's number, so that a fact that was removed never comes back with an old one.
	seq = t.head.Seq
	t.head.add(&t.head.Facts, factElement(name, seq))
	sealed, err := t.key.Seal(row("facts", []byte(name), seq), value)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO facts (name, row_seq, at, sealed) VALUES (?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET row_seq = excluded.row_seq, at = excluded.at, sealed = excluded.sealed`, name, int64(seq), micros(t.s.now()), sealed)
	return err
}

// updateFact changes a fact that is JSON. f gets the value and returns whether it changed.
func updateFact[T any](ctx context.Context, s *Store, name string, f func(value *T) (bool, error)) error {
	return s.change(ctx, s.system, func(t *txn) error {
		var seq uint64
		var sealed []byte
		found, err := t.one("SELECT row_seq, sealed FROM facts WHERE name = ?", []any{name}, &seq, &sealed)
		if err != nil {
			return err
		}
		var value T
		if found {
			body, err := s.openFact(ctx, name, seq, sealed)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(body, &value); err != nil {
				return damaged(s.dir, "its "+name+" cannot be read")
			}
		}
		changed, err := f(&value)
		if err != nil || !changed {
			return err
		}
		body, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("encoding %s: %w", name, err)
		}
		return t.setFact(name, body)
	})
}

// SaveApplied keeps the applied model.
func (s *Store) SaveApplied(ctx context.Context, model []byte) error {
	return s.change(ctx, s.system, func(t *txn) error { return t.setFact(factApplied, model) })
}

// LoadApplied returns the applied model; nil when none was saved.
func (s *Store) LoadApplied(ctx context.Context) ([]byte, error) { return s.loadFact(ctx, factApplied) }

// SaveSetting keeps a small value under a name that the program chose, in the
// clear; the value is sealed. nil removes it.
func (s *Store) SaveSetting(ctx context.Context, name string, value []byte) error {
	return s.change(ctx, s.system, func(t *txn) error { return t.setFact(factSetting+name, value) })
}

// LoadSetting returns a value; nil when there is none.
func (s *Store) LoadSetting(ctx context.Context, name string) ([]byte, error) {
	return s.loadFact(ctx, factSetting+name)
}

// SaveRevision keeps a verified revision, in place of one of the same commit and
// digest; the oldest beyond [KeptRevisions] go.
func (s *Store) SaveRevision(ctx context.Context, r Revision) error {
	if r.At.IsZero() {
		r.At = s.now().UTC()
	}
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding a revision: %w", err)
	}
	kept, err := s.revisions(ctx)
	if err != nil {
		return err
	}
	drop := kept[min(len(kept), KeptRevisions-1):]
	for i, k := range kept {
		if k.Commit == r.Commit && k.Digest == r.Digest {
			drop = kept[i : i+1]
		}
	}
	return s.change(ctx, s.system, func(t *txn) error {
		for _, old := range drop {
			if err := t.setFact(old.name, nil); err != nil {
				return err
			}
		}
		return t.setFact(fmt.Sprintf("%s%d", factRevisions, t.head.Seq), body)
	})
}

// Revisions returns the kept revisions, newest first.
func (s *Store) Revisions(ctx context.Context) ([]Revision, error) {
	kept, err := s.revisions(ctx)
	list := make([]Revision, len(kept))
	for i, k := range kept {
		list[i] = k.Revision
	}
	return list, err
}

type keptRevision struct {
	Revision
	name string
	seq  uint64
}

func (s *Store) revisions(ctx context.Context) ([]keptRevision, error) {
	type stored struct {
		name   string
		seq    uint64
		sealed []byte
	}
	var rows []stored
	err := s.each(ctx, "SELECT name, row_seq, sealed FROM facts WHERE name LIKE ? ORDER BY row_seq DESC", []any{factRevisions + "%"}, func(scan scanner) error {
		var r stored
		err := scan(&r.name, &r.seq, &r.sealed)
		rows = append(rows, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]keptRevision, 0, len(rows))
	for _, r := range rows {
		body, err := s.openFact(ctx, r.name, r.seq, r.sealed)
		if err != nil {
			return nil, err
		}
		k := keptRevision{name: r.name, seq: r.seq}
		if err := json.Unmarshal(body, &k.Revision); err != nil {
			return nil, damaged(s.dir, "a kept revision cannot be read")
		}
		list = append(list, k)
	}
	return list, nil
}

// HighWater returns the highest generation seen of a thing; zero when none was.
// kind and name are as in "credential", "shop".
func (s *Store) HighWater(ctx context.Context, kind, name string) (HighWater, error) {
	body, err := s.loadFact(ctx, factHighWater)
	if err != nil || body == nil {
		return HighWater{}, err
	}
	var all map[string]HighWater
	if err := json.Unmarshal(body, &all); err != nil {
		return HighWater{}, damaged(s.dir, "its "+factHighWater+" cannot be read")
	}
	return all[kind+"/"+name], nil
}

// RaiseHighWater remembers a generation. It fails with [Outdated] when a higher
// one was seen, or the same one with another digest.
func (s *Store) RaiseHighWater(ctx context.Context, kind, name string, w HighWater) error {
	return updateFact(ctx, s, factHighWater, func(all *map[string]HighWater) (bool, error) {
		have := (*all)[kind+"/"+name]
		switch {
		case w.Generation < have.Generation:
			return false, &Error{
				Reason: Outdated, Text: fmt.Sprintf("%s %q: generation %d is older than generation %d, which was accepted", kind, name, w.Generation, have.Generation),
				Hint: "it never goes back, even in a revert: commit the newest one again",
			}
		case w.Generation == have.Generation && have.Digest != nil && !bytes.Equal(w.Digest, have.Digest):
			return false, &Error{
				Reason: Outdated, Text: fmt.Sprintf("%s %q: another file of generation %d was accepted before", kind, name, w.Generation),
				Hint: "raise its generation with each change",
			}
		case w.Generation == have.Generation:
			return false, nil
		}
		if *all == nil {
			*all = map[string]HighWater{}
		}
		(*all)[kind+"/"+name] = w
		return true, nil
	})
}

// Suspend stops a touchpoint locally, or all for number 0, in place of an earlier stop.
func (s *Store) Suspend(ctx context.Context, p Suspension) error {
	if p.At.IsZero() {
		p.At = s.now().UTC()
	}
	return updateFact(ctx, s, factSuspensions, func(all *[]Suspension) (bool, error) {
		*all = slices.DeleteFunc(*all, func(o Suspension) bool { return o.TouchpointID == p.TouchpointID })
		*all = append(*all, p)
		return true, nil
	})
}

// Resume ends a local stop; none is no error.
func (s *Store) Resume(ctx context.Context, touchpointID int64) error {
	return updateFact(ctx, s, factSuspensions, func(all *[]Suspension) (bool, error) {
		n := len(*all)
		*all = slices.DeleteFunc(*all, func(o Suspension) bool { return o.TouchpointID == touchpointID })
		return len(*all) < n, nil
	})
}

// Suspensions lists the local stops in force.
func (s *Store) Suspensions(ctx context.Context) ([]Suspension, error) {
	body, err := s.loadFact(ctx, factSuspensions)
	if err != nil || body == nil {
		return nil, err
	}
	var all []Suspension
	if err := json.Unmarshal(body, &all); err != nil {
		return nil, damaged(s.dir, "its "+factSuspensions+" cannot be read")
	}
	now := s.now()
	return slices.DeleteFunc(all, func(p Suspension) bool { return !p.Until.IsZero() && !p.Until.After(now) }), nil
}
