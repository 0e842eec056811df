package state

import (
	"context"
	"database/sql"
	"errors"

	"github.com/dray-sync/dray/engine/secret"
)

// sealVersion is the version of all sealed bodies' formats.
const sealVersion = 1

// txn is a write transaction. Only one exists at a time.
type txn struct {
	s   *Store
	tx  *sql.Tx
	ctx context.Context // of this transaction only; it does not outlive the call that made it

	// p, head and key are set by change: the touchpoint, its head as it will be, its data key.
	p    *point
	head head
	key  *secret.DataKey
	// after runs once the transaction is durable, in order.
	after []func()
}

// lockWriter waits for the turn to write.
func (s *Store) lockWriter(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case s.turn <- struct{}{}:
	}
	if s.closed.Load() {
		s.unlockWriter()
		return errClosed
	}
	return nil
}

func (s *Store) unlockWriter() { <-s.turn }

// write runs f in a transaction of its own. Once the turn has come, ctx no longer
// ends it: transactions are short, and half a commit tells nobody anything.
func (s *Store) write(ctx context.Context, f func(*txn) error) error {
	if err := s.lockWriter(ctx); err != nil {
		return err
	}
	defer s.unlockWriter()
	t := &txn{s: s}
	err := s.transact(ctx, t, f)
	if err == nil {
		t.settle()
	}
	return err
}

// settle tells memory what has become durable.
func (t *txn) settle() {
	for _, f := range t.after {
		f()
	}
}

// transact runs f in a transaction. The caller holds the turn.
func (s *Store) transact(ctx context.Context, t *txn, f func(*txn) error) error {
	t.ctx = context.WithoutCancel(ctx)
	tx, err := s.conn.BeginTx(t.ctx, nil)
	if err != nil {
		return s.fail(err)
	}
	t.tx = tx
	if err := f(t); err != nil {
		return errors.Join(s.fail(err), s.rollback(tx))
	}
	return s.fail(tx.Commit())
}

// rollback reports nothing when the database has rolled back by itself, as it does when the disk is full.
func (s *Store) rollback(tx *sql.Tx) error {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		s.log.Debug("rolling back a state transaction", "error", s.fail(err))
	}
	return nil
}

// change runs f in a transaction that moves the head of a touchpoint.
func (s *Store) change(ctx context.Context, p *point, f func(*txn) error) error {
	if err := s.known(p); err != nil {
		return err
	}
	// The key comes first: making one is a write of its own.
	key, err := s.sealer.Key(ctx, p.scope)
	if err != nil {
		return err
	}
	if err := s.lockWriter(ctx); err != nil {
		return err
	}
	defer s.unlockWriter()
	if err := s.freshPoint(ctx, p); err != nil {
		return err
	}
	t := &txn{s: s, p: p, head: p.head, key: key}
	t.head.Seq++
	err = s.transact(ctx, t, func(t *txn) error {
		if err := f(t); err != nil {
			return err
		}
		return t.saveHead()
	})
	if err != nil {
		// The transaction may or may not be durable: believe the file.
		p.stale = true
		return err
	}
	p.head = t.head
	s.anchor.move(p.tp.UID, t.head.Seq)
	t.settle()
	return nil
}

// exec runs a statement. Statements are prepared once: texts come from the
// program and are few.
func (t *txn) exec(query string, args ...any) (sql.Result, error) {
	stmt, err := t.s.prepared(t.ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(t.ctx, args...)
}

// one runs a query for at most one row and reports whether there was one.
func (t *txn) one(query string, args []any, into ...any) (bool, error) {
	stmt, err := t.s.prepared(t.ctx, query)
	if err != nil {
		return false, err
	}
	err = stmt.QueryRowContext(t.ctx, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// prepared returns a statement of the writer's only connection, on which the
// transaction runs too. The caller holds the turn.
func (s *Store) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt := s.statements[query]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.statements[query] = stmt
	return stmt, nil
}

// saveHead writes the head as it will be.
func (t *txn) saveHead() error {
	body, err := t.head.encode()
	if err != nil {
		return err
	}
	sealed, err := t.key.Seal(headRow(t.p, t.head.Seq), body)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO heads (touchpoint_id, seq, sealed) VALUES (?, ?, ?)
		ON CONFLICT (touchpoint_id) DO UPDATE SET seq = excluded.seq, sealed = excluded.sealed`, t.p.tp.ID, int64(t.head.Seq), sealed)
	return err
}

// headRow is the place of a head.
func headRow(p *point, seq uint64) secret.Row {
	return secret.Row{Table: "heads", Column: "sealed", SchemaVersion: sealVersion, Key: p.tp.UID[:], Seq: seq}
}

// row is the place of any other sealed body.
func row(table string, key []byte, seq uint64) secret.Row {
	return secret.Row{Table: table, Column: "sealed", SchemaVersion: sealVersion, Key: key, Seq: seq}
}
