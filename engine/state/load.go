package state

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/dray-sync/dray/engine/secret"
)

// systemScope seals what belongs to no touchpoint.
func systemScope() secret.Scope { return secret.SystemScope("state") }

// touchpointBody is the sealed body of a touchpoints row.
type touchpointBody struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	IndexKid  string `json:"indexKid"`
	CreatedAt int64  `json:"createdAt"`
}

// loadPoints reads touchpoints and heads, compares heads with rows, and indexes
// the ledger log.
func (s *Store) loadPoints(ctx context.Context) error {
	s.system = &point{scope: systemScope(), stale: true}
	s.points[0] = s.system
	if err := s.readTouchpoints(ctx); err != nil {
		return err
	}
	for _, p := range s.points {
		if err := s.freshPoint(ctx, p); err != nil {
			return err
		}
		var one int
		folded, err := s.oneRow(ctx, "SELECT 1 FROM ledger WHERE touchpoint_id = ? LIMIT 1", []any{p.tp.ID}, &one)
		if err != nil {
			return err
		}
		p.folded.Store(folded)
		found, err := s.rowsOf(ctx, p)
		if err != nil {
			return err
		}
		if !p.head.sameRows(&found) {
			return rolledBack(s.dir, p, "rows were put back, removed or added outside the agent")
		}
	}
	return nil
}

// readTouchpoints fills the maps.
func (s *Store) readTouchpoints(ctx context.Context) error {
	type stored struct {
		p      *point
		sealed []byte
	}
	var all []stored
	err := s.each(ctx, "SELECT id, uid, index_kid, row_seq, created_at, sealed FROM touchpoints", nil, func(scan scanner) error {
		var uid, sealed []byte
		var created int64
		p := &point{stale: true}
		if err := scan(&p.tp.ID, &uid, &p.tp.IndexKid, &p.rowSeq, &created, &sealed); err != nil {
			return err
		}
		if len(uid) != len(p.tp.UID) {
			return damaged(s.dir, "a touchpoint has no proper uid")
		}
		p.tp.UID, p.tp.CreatedAt = secret.UID(uid), fromMicros(created)
		p.scope = secret.TouchpointScope(p.tp.UID)
		all = append(all, stored{p, sealed})
		return nil
	})
	if err != nil {
		return err
	}
	for _, st := range all {
		p := st.p
		plain, err := s.sealer.Open(ctx, s.system.scope, row("touchpoints", p.tp.UID[:], p.rowSeq), st.sealed)
		if err != nil {
			return err
		}
		var body touchpointBody
		if err := json.Unmarshal(plain, &body); err != nil || body.ID != p.tp.ID || body.IndexKid != p.tp.IndexKid || body.CreatedAt != micros(p.tp.CreatedAt) {
			return rolledBack(s.dir, p, "its row differs from what was sealed")
		}
		p.tp.Name = body.Name
		s.points[p.tp.ID], s.byName[p.tp.Name] = p, p
	}
	return nil
}

// freshPoint reads a point's head and log again when memory may differ from the
// file, and refuses a point that was pruned. The caller holds the turn, or is
// the only one who knows the store.
func (s *Store) freshPoint(ctx context.Context, p *point) error {
	if err := s.known(p); err != nil {
		return err
	}
	if !p.stale {
		return nil
	}
	var seq uint64
	var sealed []byte
	found, err := s.oneRow(ctx, "SELECT seq, sealed FROM heads WHERE touchpoint_id = ?", []any{p.tp.ID}, &seq, &sealed)
	switch {
	case err != nil:
		return err
	case !found && p == s.system:
		p.head = newHead()
	case !found:
		return rolledBack(s.dir, p, "its head is missing")
	default:
		plain, err := s.sealer.Open(ctx, p.scope, headRow(p, seq), sealed)
		if err != nil {
			return err
		}
		if p.head, err = decodeHead(plain); err != nil || p.head.Seq != seq {
			return rolledBack(s.dir, p, "its head differs from what was sealed")
		}
	}
	s.setGeneration(p, p.head.Generation)
	if err := s.loadLog(ctx, p); err != nil {
		return err
	}
	p.stale = false
	return nil
}

// setGeneration changes what Touchpoint returns.
func (s *Store) setGeneration(p *point, generation int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.tp.Generation = generation
}

// rowsOf computes the sets of a head from the rows that are there.
func (s *Store) rowsOf(ctx context.Context, p *point) (head, error) {
	h := head{Key: p.head.Key}
	id := []any{p.tp.ID}
	err := s.each(ctx, "SELECT route, generation, part, seq FROM checkpoints WHERE touchpoint_id = ?", id, func(scan scanner) error {
		var k CheckpointKey
		var seq int64
		err := scan(&k.Route, &k.Generation, &k.Partition, &seq)
		h.add(&h.Checkpoints, checkpointElement(k, seq))
		return err
	})
	if err != nil {
		return h, err
	}
	err = s.each(ctx, "SELECT id, key_hash, row_seq FROM dead_letters WHERE touchpoint_id = ? AND state = 'open'", id, func(scan scanner) error {
		var dl string
		var key []byte
		var seq uint64
		err := scan(&dl, &key, &seq)
		h.add(&h.DeadLetters, deadLetterElement(dl, toHash(key), seq))
		return err
	})
	if err != nil {
		return h, err
	}
	err = s.each(ctx, "SELECT seq FROM ledger_log WHERE touchpoint_id = ?", id, func(scan scanner) error {
		var seq uint64
		err := scan(&seq)
		h.add(&h.Log, logElement(seq))
		return err
	})
	if err != nil {
		return h, err
	}
	err = s.each(ctx, "SELECT run_id, row_seq FROM seen WHERE touchpoint_id = ?", id, func(scan scanner) error {
		var run int64
		var seq uint64
		err := scan(&run, &seq)
		h.add(&h.Seen, seenRow(run, seq))
		return err
	})
	if err != nil || p != s.system {
		return h, err
	}
	err = s.each(ctx, "SELECT name, row_seq FROM facts", nil, func(scan scanner) error {
		var name string
		var seq uint64
		err := scan(&name, &seq)
		h.add(&h.Facts, factElement(name, seq))
		return err
	})
	if err != nil {
		return h, err
	}
	_, err = s.oneRow(ctx, "SELECT count(*) FROM audit", nil, &h.Audit.N)
	return h, err
}

// toHash reads a hash column; a column of another length is no hash.
func toHash(b []byte) (h KeyHash) {
	if len(b) == len(h) {
		copy(h[:], b)
	}
	return h
}

// rolledBack says that a touchpoint's rows are not those that were committed last.
func rolledBack(dir string, p *point, text string) error {
	what := "the agent's own facts"
	if p.tp.ID != 0 {
		what = fmt.Sprintf("touchpoint %q (number %d)", p.tp.Name, p.tp.ID)
	}
	return &Error{
		Reason: StateRolledBack, Text: fmt.Sprintf("state directory %q: %s: %s", dir, what, text),
		Hint: "put back the newest copy of the whole directory; an older one would move records twice",
	}
}
