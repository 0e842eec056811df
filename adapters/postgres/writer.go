package postgres

import (
	"context"
	"slices"
	"strconv"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// OpenWrite checks that the table takes such writes.
func (c *connection) OpenWrite(ctx context.Context, req adapters.WriteRequest) (adapters.Writer, error) {
	b, err := c.newBatcher(ctx, req)
	if err != nil {
		return nil, err
	}
	return &writer{batcher: b}, nil
}

// writer writes each batch in transactions of its own.
type writer struct {
	batcher *batcher
	closed  bool
}

var _ adapters.BulkWriter = (*writer)(nil)

// rowsPerWrite is where more rows in one transaction gain little, and finding those at fault among them takes long: up to two attempts a row.
const rowsPerWrite = 2500

// Encoding asks for rows.
func (w *writer) Encoding() record.Encoding { return record.Rows }

// Bulk asks for many rows, because each transaction has its price.
func (w *writer) Bulk() int { return rowsPerWrite }

// Write merges the batch.
func (w *writer) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	if w.closed || w.batcher.conn.isClosed() {
		return adapters.ErrClosed
	}
	if b.Len() == 0 {
		return nil
	}
	pc, release, err := w.batcher.conn.acquire(ctx, "writing", w.batcher.object.name)
	if err != nil {
		return err
	}
	defer release()
	return w.batcher.write(ctx, pc.Conn().PgConn(), ownTransactions, b, out)
}

// Close does nothing: Write buffers nothing.
func (w *writer) Close(context.Context) error {
	w.closed = true
	return nil
}

// A batcher turns batches into merges. Not safe for concurrent use.
type batcher struct {
	conn    *connection
	object  *object
	req     adapters.WriteRequest
	targets []*column // of the shape's columns
	keys    []int     // positions of the key in the shape
	merges  map[string]*merge
	forms   map[string]*form
	encoder encoder
	mask    []byte
}

// A form is the rows of a batch that have the same columns present and ask for the same, as COPY text.
type form struct {
	merge    *merge
	text     []byte
	ends     []int // of each row's text
	ordinals []int // of each row in the batch
	used     bool  // in this batch
}

func (c *connection) newBatcher(ctx context.Context, req adapters.WriteRequest) (*batcher, error) {
	o, err := c.lookUp(ctx, "writing", req.Object)
	if err != nil {
		return nil, err
	}
	b := &batcher{
		conn: c, object: o, req: req, merges: map[string]*merge{}, forms: map[string]*form{}, encoder: encoder{zone: c.zone},
	}
	if !o.isTable {
		return nil, unfit("writing", o.name, "", "only tables can be written, not views or queries")
	}
	switch req.Mode {
	case adapters.WriteCreate, adapters.WriteEnsure, adapters.WriteUpdate, adapters.WriteUpsert, adapters.WriteDelete:
	default:
		return nil, unfit("writing", o.name, "", "unknown write mode "+string(req.Mode))
	}
	if len(req.Key) == 0 && req.Mode != adapters.WriteCreate {
		return nil, unfit("writing", o.name, "", "this mode needs a key")
	}
	for _, col := range req.Shape.Columns {
		target := o.column(col.Name)
		if target == nil {
			return nil, unfit("writing", o.name, col.Name, "the table has no such column")
		}
		if target.generated {
			return nil, unfit("writing", o.name, col.Name, "the database generates this column; leave it out")
		}
		b.targets = append(b.targets, target)
	}
	for _, k := range req.Key {
		i := req.Shape.Column(k)
		if i < 0 {
			return nil, unfit("writing", o.name, k, "the key is not among the written fields")
		}
		b.keys = append(b.keys, i)
	}
	if len(req.Key) > 0 && !o.isUnique(req.Key) {
		return nil, unfit("writing", o.name, req.Key[0], "no unique index covers exactly the key: create one (create unique index on … ("+
			quoteAll("", req.Key)+")), or choose another key")
	}
	return b, nil
}

// write sorts the batch into forms and merges each.
func (b *batcher) write(ctx context.Context, s session, t transactions, batch *record.Batch, out []adapters.Outcome) error {
	for _, f := range b.forms {
		f.text, f.ends, f.ordinals, f.used = f.text[:0], f.ends[:0], f.ordinals[:0], false
	}
	var order []*form
	for i := range batch.Len() {
		f, err := b.place(batch, i)
		if err != nil {
			out[i] = adapters.Outcome{Result: adapters.Rejected, Err: err}
			continue
		}
		if !f.used {
			f.used, order = true, append(order, f)
		}
		if err := b.encode(f, batch.Row(i), i); err != nil {
			out[i] = adapters.Outcome{Result: adapters.Rejected, Err: err}
		}
	}
	for _, f := range order {
		if err := b.isolate(ctx, s, t, f, 0, len(f.ordinals), out); err != nil {
			return err
		}
	}
	for i := range out[:batch.Len()] {
		if len(b.keys) == 1 && out[i].Result.Delivered() {
			out[i].ID = batch.Row(i)[b.keys[0]].Clone()
		}
	}
	return nil
}

// place finds the form of a row.
func (b *batcher) place(batch *record.Batch, i int) (*form, *adapters.Error) {
	mode := b.req.Mode
	if batch.Op(i) == record.Delete && mode != adapters.WriteDelete {
		if mode != adapters.WriteUpsert && mode != adapters.WriteUpdate {
			return nil, unfit("writing", b.object.name, "", "mode "+string(mode)+" deletes nothing")
		}
		mode = adapters.WriteDelete
	}
	row := batch.Row(i)
	for _, k := range b.keys {
		if row[k].IsNull() {
			return nil, unfit("writing", b.object.name, b.targets[k].name, "the key is empty")
		}
	}
	b.mask = append(b.mask[:0], mode[0], mode[1], mode[2])
	for j, v := range row {
		present := !v.IsAbsent() && (mode != adapters.WriteDelete || slices.Contains(b.keys, j))
		if present {
			b.mask = append(b.mask, '1')
		} else {
			b.mask = append(b.mask, '0')
		}
	}
	if f, ok := b.forms[string(b.mask)]; ok {
		return f, nil
	}
	f := &form{merge: b.newMerge(mode, string(b.mask[3:]))}
	b.forms[string(b.mask)] = f
	return f, nil
}

func (b *batcher) newMerge(mode adapters.WriteMode, mask string) *merge {
	var (
		columns []int
		names   []string
	)
	for i := range mask {
		if mask[i] == '1' {
			columns, names = append(columns, i), append(names, b.targets[i].name)
		}
	}
	return newMerge(b.object, mode, b.req.Key, names, columns, len(b.forms))
}

// encode appends a row to a form.
func (b *batcher) encode(f *form, row []record.Value, i int) *adapters.Error {
	from := len(f.text)
	f.text = strconv.AppendInt(f.text, int64(i), 10)
	for _, c := range f.merge.columns {
		var rule string
		f.text = append(f.text, '\t')
		if f.text, rule = b.encoder.copyField(f.text, b.targets[c].typ, row[c]); rule != "" {
			f.text = f.text[:from]
			return unfit("writing", b.object.name, b.targets[c].name, rule)
		}
	}
	f.text = append(f.text, '\n')
	f.ends, f.ordinals = append(f.ends, len(f.text)), append(f.ordinals, i)
	return nil
}

func (f *form) slice(lo, hi int) []byte {
	from := 0
	if lo > 0 {
		from = f.ends[lo-1]
	}
	return f.text[from:f.ends[hi-1]]
}
