package postgres

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dray-sync/dray/adapters"
)

// A session is what a merge needs of a connection.
type session interface {
	Exec(ctx context.Context, sql string) *pgconn.MultiResultReader
	CopyFrom(ctx context.Context, r io.Reader, sql string) (pgconn.CommandTag, error)
	IsClosed() bool
}

// transactions says how an attempt begins, ends and is undone.
type transactions struct {
	begin, finish, undo string
	commits             bool // finish makes it durable
}

var (
	ownTransactions = transactions{begin: "begin", finish: "commit", undo: "rollback", commits: true}
	savepoints      = transactions{begin: "savepoint dray", finish: "release savepoint dray", undo: "rollback to savepoint dray; release savepoint dray"}
)

// isolate merges rows lo to hi of a form. When the database refuses them it tries each half, until the rows at fault stand alone.
// What it returns is an error about the request or the connection; rows it did not get to stay NotWritten.
func (b *batcher) isolate(ctx context.Context, s session, t transactions, f *form, lo, hi int, out []adapters.Outcome) error {
	if lo == hi {
		return nil
	}
	err := b.attempt(ctx, s, t, f, lo, hi, out)
	switch {
	case err == nil:
		return nil
	case !isRecordFault(err):
		return sorted(err, "writing", b.object.name)
	case hi-lo == 1:
		out[f.ordinals[lo]] = adapters.Outcome{Result: adapters.Rejected, Err: b.refusal(err)}
		return nil
	}
	middle := (lo + hi) / 2
	if err := b.isolate(ctx, s, t, f, lo, middle, out); err != nil {
		return err
	}
	return b.isolate(ctx, s, t, f, middle, hi, out)
}

func (b *batcher) refusal(err error) *adapters.Error {
	e, _ := errors.AsType[*adapters.Error](sorted(err, "writing", b.object.name))
	return e
}

// attempt merges rows in one transaction or savepoint. Outcomes are set only once that has ended well.
func (b *batcher) attempt(ctx context.Context, s session, t transactions, f *form, lo, hi int, out []adapters.Outcome) error {
	m := f.merge
	results, err := b.merged(ctx, s, t, f, lo, hi)
	if err != nil {
		if !s.IsClosed() {
			_, _ = s.Exec(ctx, t.undo).ReadAll() // a transaction that failed is gone with the connection anyway
		}
		return err
	}
	finish := t.finish
	if !t.commits {
		finish = "drop table pg_temp." + m.temp + "; " + finish
	}
	if err := ctx.Err(); err != nil {
		return err // before anything was decided
	}
	tags, err := s.Exec(ctx, finish).ReadAll()
	if err != nil && t.commits {
		return b.commitFailed(err, f, lo, hi, out)
	}
	if err != nil {
		return err
	}
	if t.commits && tags[len(tags)-1].CommandTag.String() != "COMMIT" {
		return &adapters.Error{Kind: adapters.Unavailable, Op: "writing", Object: b.object.name, Rule: "the server rolled the transaction back"}
	}
	for i, o := range f.ordinals[lo:hi] {
		out[o] = results[i]
	}
	return nil
}

// commitFailed tells a refused COMMIT from one without an answer. The driver's own word that an error is safe to retry is not taken: it
// gives it for connections that broke while it waited.
func (b *batcher) commitFailed(err error, f *form, lo, hi int, out []adapters.Outcome) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Severity == "ERROR" {
		return err
	}
	for _, o := range f.ordinals[lo:hi] {
		out[o] = adapters.Outcome{Result: adapters.Unknown}
	}
	return &adapters.Error{
		Kind: adapters.UnknownOutcome, Op: "writing", Object: b.object.name, Rule: "no answer to COMMIT",
		Detail: adapters.NewUntrusted(err.Error()),
	}
}

// merged does the work of an attempt and returns an outcome for each row.
func (b *batcher) merged(ctx context.Context, s session, t transactions, f *form, lo, hi int) ([]adapters.Outcome, error) {
	m := f.merge
	if _, err := s.Exec(ctx, t.begin+"; "+m.create).ReadAll(); err != nil {
		return nil, err
	}
	if _, err := s.CopyFrom(ctx, bytes.NewReader(f.slice(lo, hi)), m.copy); err != nil {
		return nil, err
	}
	results := make([]adapters.Outcome, hi-lo)
	b.presume(m, results)
	position := f.positions(lo, hi)
	if err := eachRow(ctx, s, m.apply, func(row [][]byte) {
		r := &results[position(row[0])]
		*r = adapters.Outcome{Result: applied(m.mode, string(row[1]) == "t")}
	}); err != nil {
		return nil, err
	}
	if m.rest == "" {
		return results, nil
	}
	err := eachRow(ctx, s, m.rest, func(row [][]byte) {
		results[position(row[0])] = adapters.Outcome{Result: adapters.Rejected, Err: b.absent(m.mode)}
	})
	return results, err
}

// presume sets what a row's outcome is when the merge does not return it.
func (b *batcher) presume(m *merge, results []adapters.Outcome) {
	presumed := adapters.Outcome{Result: m.left}
	switch {
	case m.mode == adapters.WriteCreate && len(b.req.Key) == 0:
		presumed.Result = adapters.Created
	case m.left == adapters.Rejected:
		presumed.Err = &adapters.Error{
			Kind: adapters.Duplicate, Op: "writing", Object: b.object.name, Field: b.req.Key[0], Rule: "exists already",
		}
	}
	for i := range results {
		results[i] = presumed
	}
}

func (b *batcher) absent(mode adapters.WriteMode) *adapters.Error {
	if mode == adapters.WriteUpdate {
		return &adapters.Error{Kind: adapters.NotFound, Op: "writing", Object: b.object.name, Rule: "no row with this key"}
	}
	return unfit("writing", b.object.name, "", "a trigger or policy of the table dropped the row")
}

func applied(mode adapters.WriteMode, created bool) adapters.Result {
	switch {
	case mode == adapters.WriteDelete:
		return adapters.Deleted
	case created:
		return adapters.Created
	default:
		return adapters.Updated
	}
}

// positions returns a function from a row's ordinal, as text, to its place between lo and hi.
func (f *form) positions(lo, hi int) func(ordinal []byte) int {
	ordinals := f.ordinals[lo:hi]
	if n := len(ordinals); ordinals[n-1]-ordinals[0] == n-1 { // no gaps
		return func(text []byte) int { return atoi(text) - ordinals[0] }
	}
	at := make(map[int]int, len(ordinals))
	for i, o := range ordinals {
		at[o] = i
	}
	return func(text []byte) int { return at[atoi(text)] }
}

func atoi(text []byte) int {
	n, err := strconv.Atoi(string(text))
	if err != nil {
		panic("postgres: internal error: the ordinal of a row is no number")
	}
	return n
}

// eachRow runs a query without parameters.
func eachRow(ctx context.Context, s session, sql string, do func(row [][]byte)) error {
	results := s.Exec(ctx, sql)
	for results.NextResult() {
		rows := results.ResultReader()
		for rows.NextRow() {
			do(rows.Values())
		}
	}
	return results.Close()
}
