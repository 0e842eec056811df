package postgres

import (
	"context"
	"io"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// A batch read ends at the first of these.
const (
	rowsPerBatch  = 2000
	bytesPerBatch = 4 << 20
)

// OpenRead prepares a read; the first Next sends it.
func (c *connection) OpenRead(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	o, err := c.lookUp(ctx, "reading", req.Object)
	if err != nil {
		return nil, err
	}
	if err := req.NoFilter(); err != nil {
		return nil, err
	}
	r := &reader{conn: c, object: req.Object, mode: req.Mode, decoder: decoder{zone: c.zone}}
	switch req.Mode {
	case adapters.ReadIncremental, adapters.ReadFull:
		s, err := o.selectRows(req, c.cfg, c.zone)
		if err != nil {
			return nil, err
		}
		r.queue = []selection{s}
	case adapters.ReadKeys:
		if len(o.key) == 0 && req.By == nil {
			return nil, unfit("reading", req.Object, "", "it has no key to read by")
		}
		for chunk := range slices.Chunk(req.Keys, keysPerQuery) {
			s, err := o.selectKeys(req, chunk, c.zone)
			if err != nil {
				return nil, err
			}
			r.queue = append(r.queue, s)
		}
	default:
		return nil, unfit("reading", req.Object, "", "unknown read mode")
	}
	if len(r.queue) > 0 {
		r.shape = r.queue[0].shape()
	}
	return r, nil
}

// reader streams the rows of one selection after another, each within one read-only transaction.
type reader struct {
	conn    *connection
	object  string
	mode    adapters.ReadMode
	queue   []selection
	shape   *record.Shape
	decoder decoder

	pc      *pgxpool.Conn
	rows    *pgconn.ResultReader
	current selection
	cancel  context.CancelFunc
	ahead   bool // the next row is read already but not delivered
	failed  error
	closed  bool

	row   []record.Value
	place [][]byte // the sorting columns of the last row delivered
}

var _ adapters.Reader = (*reader)(nil)

// Next fills b with rows as they stream in.
func (r *reader) Next(ctx context.Context, b *record.Batch) error {
	if r.closed {
		return adapters.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		r.end(false)
		r.closed = true
		return sorted(err, "reading", r.object)
	}
	if err := r.failed; err != nil {
		r.closed = true
		return err
	}
	b.Reset(r.shape)
	for b.Len() == 0 {
		if r.rows == nil {
			if len(r.queue) == 0 {
				return io.EOF
			}
			if err := r.start(ctx); err != nil {
				r.end(false)
				r.closed = true
				return sorted(err, "reading", r.object)
			}
		}
		if err := r.fill(ctx, b); err != nil {
			r.end(false)
			if b.Len() == 0 {
				r.closed = true
				return err
			}
			r.failed = err // what came before the error is good
		}
	}
	return nil
}

// start sends the next query. Its own context outlives the call, because rows stream for as long as the read goes on.
func (r *reader) start(ctx context.Context) error {
	r.current, r.queue = r.queue[0], r.queue[1:]
	if r.pc == nil {
		if err := r.begin(ctx); err != nil {
			return err
		}
	}
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r.cancel = cancel
	params := make([][]byte, len(r.current.params))
	for i, p := range r.current.params {
		params[i] = []byte(p)
	}
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	r.rows = r.pc.Conn().PgConn().ExecParams(lasting, r.current.sql, params, nil, nil, nil)
	return nil
}

func (r *reader) begin(ctx context.Context) error {
	select {
	case r.conn.reads <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	pc, err := r.conn.hold(ctx, "reading", r.object)
	if err != nil {
		<-r.conn.reads
		return err
	}
	if _, err := pc.Exec(ctx, "begin transaction read only"); err != nil {
		pc.Release()
		<-r.conn.reads
		return err
	}
	r.pc = pc
	return nil
}

// fill appends rows until the batch is full or the query ends.
func (r *reader) fill(ctx context.Context, b *record.Batch) error {
	stop := context.AfterFunc(ctx, r.cancel)
	defer stop()
	size := 0
	for r.ahead || r.rows.NextRow() {
		raw := r.rows.Values()
		if b.Len() >= rowsPerBatch || size >= bytesPerBatch {
			r.ahead = true
			if r.moved(raw) {
				b.Safe = r.safe()
			}
			return nil
		}
		r.ahead = false
		size += r.append(b, raw)
	}
	if _, err := r.rows.Close(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return sorted(err, "reading", r.object)
	}
	r.rows = nil
	r.cancel()
	if b.Len() > 0 {
		b.Safe = r.safe()
	}
	if len(r.queue) == 0 {
		r.end(true)
	}
	return nil
}

func (r *reader) append(b *record.Batch, raw [][]byte) (size int) {
	r.decoder.arena.Reset()
	r.row = r.row[:0]
	for i, c := range r.current.columns {
		r.row = append(r.row, r.decoder.value(c.typ, raw[i]))
		size += len(raw[i])
	}
	b.CopyRow(r.row)
	if r.place == nil {
		r.place = make([][]byte, len(r.current.order))
	}
	for i, at := range r.current.order {
		if raw[at] == nil {
			r.place[i] = nil
			continue
		}
		r.place[i] = append(r.place[i][:0], raw[at]...)
		if r.place[i] == nil {
			r.place[i] = []byte{}
		}
	}
	return size
}

// moved reports whether the row differs from the last one in what the read sorts by: only there a checkpoint may fall.
func (r *reader) moved(raw [][]byte) bool {
	for i, at := range r.current.order {
		if string(raw[at]) != string(r.place[i]) {
			return true
		}
	}
	return false
}

// safe returns the cursor behind the last row, or nil where rows are not sorted or cannot be compared.
func (r *reader) safe() record.Cursor {
	if r.mode == adapters.ReadKeys || len(r.place) == 0 {
		return nil
	}
	p := place{Version: placeVersion, Mode: r.mode}
	for _, v := range r.place {
		if v == nil {
			return nil
		}
		p.Values = append(p.Values, string(v))
	}
	return p.cursor()
}

// end gives the connection back. Rows still under way are abandoned by closing it.
func (r *reader) end(complete bool) {
	if r.cancel != nil {
		r.cancel()
	}
	if r.pc == nil {
		return
	}
	ctx := context.Background()
	if complete {
		if _, err := r.pc.Exec(ctx, "commit"); err != nil {
			complete = false
		}
	}
	if !complete {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		_ = r.pc.Conn().Close(gone) // the pool makes another
	}
	r.pc.Release()
	<-r.conn.reads
	r.pc, r.rows = nil, nil
}

// Ack does nothing: a table forgets nothing.
func (r *reader) Ack(context.Context, record.Cursor) error { return nil }

// Close ends the read.
func (r *reader) Close(context.Context) error {
	r.end(false)
	r.closed = true
	return nil
}
