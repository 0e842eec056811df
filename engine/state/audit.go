package state

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/dray-sync/dray/engine/secret"
)

// AuditEntry says who did what by hand. Entries are only ever added, and each holds the hash of the one before.
type AuditEntry struct {
	// N is its number, from 1 on without a gap; [Store.Audit] sets it.
	N int64
	// At is when; set by [Store.Audit].
	At time.Time
	// TouchpointID is the touchpoint it is about; 0 when it is about none.
	TouchpointID int64
	// Action is a word of the program, in the clear.
	Action string
	// Actor is who, and Object is what: a name or an opaque id, never content. Sealed, as everything below.
	Actor, Object string
	// Revision is the commit that was applied then.
	Revision string
	// Detail is what else there is to say, as the caller encoded it. It may hold content: it is sealed by the touchpoint's key, and nil once
	// the touchpoint was pruned.
	Detail []byte
}

// AuditFilter chooses entries, newest first. The zero filter chooses all.
type AuditFilter struct {
	// TouchpointID is whose; 0 means all.
	TouchpointID int64
	// Before is the page cursor: only entries with a lower number; 0 starts at the newest.
	Before int64
	// Limit is the page size; 0 means 100; at most 1000.
	Limit int
}

// auditHead is what the agent's head knows of the audit.
type auditHead struct {
	// N is the number of the last entry.
	N int64 `json:"n"`
	// Hash is its hash.
	Hash []byte `json:"hash"`
}

// auditBody is the sealed part of an entry.
type auditBody struct {
	Actor    string `json:"actor"`
	Object   string `json:"object"`
	Revision string `json:"revision"`
	// Detail is the digest of the sealed detail, so that the chain can be verified once the detail cannot be opened any more.
	Detail []byte `json:"detail"`
	// Previous is the hash of the entry before.
	Previous []byte `json:"previous"`
}

// hash is the link of the chain that an entry is.
func (b *auditBody) hash(state secret.StateID, e *AuditEntry) []byte {
	sum := sha256.Sum256(secret.Enc("dray/audit/v1", state[:], be64(e.N), be64(micros(e.At)), []byte(b.Actor), []byte(e.Action),
		be64(e.TouchpointID), []byte(b.Object), []byte(b.Revision), b.Detail, b.Previous))
	return sum[:]
}

func auditDetailRow(n int64) secret.Row {
	return secret.Row{Table: "audit", Column: "detail", SchemaVersion: sealVersion, Key: be64(n), Seq: uint64(n)}
}

// Audit adds an entry. What it tells of is done afterwards: an act that is not in the audit did not happen.
func (s *Store) Audit(ctx context.Context, e AuditEntry) error {
	p := s.system
	if e.TouchpointID != 0 {
		var err error
		if p, err = s.point(e.TouchpointID); err != nil {
			return err
		}
	}
	if e.Action == "" || e.Actor == "" {
		return &Error{Reason: Invalid, Text: "an audit entry needs an actor and an action"}
	}
	key, err := s.sealer.Key(ctx, p.scope)
	if err != nil {
		return err
	}
	return s.change(ctx, s.system, func(t *txn) error { return t.appendAudit(key, e) })
}

// appendAudit adds an entry whose detail is sealed by key.
func (t *txn) appendAudit(key *secret.DataKey, e AuditEntry) error {
	e.N, e.At = t.head.Audit.N+1, fromMicros(micros(t.s.now()))
	detail, err := key.Seal(auditDetailRow(e.N), e.Detail)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(detail)
	body := auditBody{Actor: e.Actor, Object: e.Object, Revision: e.Revision, Detail: digest[:], Previous: t.head.Audit.Hash}
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding an audit entry: %w", err)
	}
	sealed, err := t.key.Seal(row("audit", be64(e.N), uint64(e.N)), text)
	if err != nil {
		return err
	}
	t.head.Audit = auditHead{N: e.N, Hash: body.hash(t.s.stateID, &e)}
	_, err = t.exec("INSERT INTO audit (n, touchpoint_id, action, at, sealed, detail) VALUES (?, ?, ?, ?, ?, ?)", e.N, e.TouchpointID, e.Action, micros(e.At), sealed, detail)
	return err
}

// storedAudit is a row before its detail is opened.
type storedAudit struct {
	AuditEntry
	body   auditBody
	detail []byte
}

func (s *Store) auditRows(ctx context.Context, tail string, args ...any) (list []storedAudit, err error) {
	var bodies [][]byte
	err = s.each(ctx, "SELECT n, touchpoint_id, action, at, sealed, detail FROM audit "+tail, args, func(scan scanner) error {
		var r storedAudit
		var at int64
		var sealed []byte
		err := scan(&r.N, &r.TouchpointID, &r.Action, &at, &sealed, &r.detail)
		r.At = fromMicros(at)
		list, bodies = append(list, r), append(bodies, sealed)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		r := &list[i]
		text, err := s.sealer.Open(ctx, s.system.scope, row("audit", be64(r.N), uint64(r.N)), bodies[i])
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &r.body); err != nil {
			return nil, damaged(s.dir, "an entry of its audit cannot be read")
		}
		r.Actor, r.Object, r.Revision = r.body.Actor, r.body.Object, r.body.Revision
	}
	return list, nil
}

// AuditEntries lists entries, newest first. next is [AuditFilter.Before] of the following page; 0 at the end.
func (s *Store) AuditEntries(ctx context.Context, f AuditFilter) (list []AuditEntry, next int64, err error) {
	limit := pageSize(f.Limit)
	rows, err := s.auditRows(ctx, "WHERE (touchpoint_id = ? OR ? = 0) AND (n < ? OR ? = 0) ORDER BY n DESC LIMIT ?", f.TouchpointID, f.TouchpointID, f.Before, f.Before, limit+1)
	if err != nil {
		return nil, 0, err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].N
	}
	for _, r := range rows {
		p := s.system
		if r.TouchpointID != 0 {
			if p, err = s.point(r.TouchpointID); err != nil { // pruned, and the detail with it
				list = append(list, r.AuditEntry)
				continue
			}
		}
		if r.Detail, err = s.sealer.Open(ctx, p.scope, auditDetailRow(r.N), r.detail); err != nil {
			return nil, 0, err
		}
		list = append(list, r.AuditEntry)
	}
	return list, next, nil
}

// VerifyAudit follows the chain from the first entry to the last and returns how many there are. It fails with [StateRolledBack] where one was
// removed, changed, reordered or cut off.
func (s *Store) VerifyAudit(ctx context.Context) (n int64, err error) {
	want, err := s.auditHead(ctx)
	if err != nil {
		return 0, err
	}
	var previous []byte
	for n < want.N {
		rows, err := s.auditRows(ctx, "WHERE n > ? ORDER BY n LIMIT 500", n)
		if err != nil {
			return n, err
		}
		for i := range rows {
			r := &rows[i]
			digest := sha256.Sum256(r.detail)
			if n++; r.N != n || !bytes.Equal(r.body.Previous, previous) || !bytes.Equal(r.body.Detail, digest[:]) {
				return n - 1, rolledBack(s.dir, s.system, fmt.Sprintf("the audit is broken at its entry %d", n))
			}
			if previous = r.body.hash(s.stateID, &r.AuditEntry); n == want.N {
				break
			}
		}
		if len(rows) == 0 {
			break
		}
	}
	if n != want.N || !bytes.Equal(previous, want.Hash) {
		return n, rolledBack(s.dir, s.system, "the end of the audit was cut off or changed")
	}
	return n, nil
}

// auditHead returns what the agent's head knows of the audit.
func (s *Store) auditHead(ctx context.Context) (auditHead, error) {
	if err := s.lockWriter(ctx); err != nil {
		return auditHead{}, err
	}
	defer s.unlockWriter()
	err := s.freshPoint(ctx, s.system)
	return s.system.head.Audit, err
}
