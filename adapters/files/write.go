package files

import (
	"context"
	"slices"
	"strconv"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// OpenWrite checks the request against the object.
func (c *connection) OpenWrite(_ context.Context, req adapters.WriteRequest) (adapters.Writer, error) {
	o, err := c.find("writing", req.Object)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(o.writes(), req.Mode) {
		return nil, invalid("writing", o.name, "", "cannot be written in mode "+strconv.Quote(string(req.Mode))+
			": create needs a pattern with one * in its last part or none at all, the others one without")
	}
	if req.Mode != adapters.WriteCreate && len(req.Key) == 0 {
		return nil, invalid("writing", o.name, "", "a write in mode "+strconv.Quote(string(req.Mode))+" needs a key")
	}
	for _, k := range req.Key {
		if req.Shape.Column(k) < 0 {
			return nil, invalid("writing", o.name, k, "the key is not among what is written")
		}
	}
	if o.Format == formatCSV && !o.Header {
		for _, col := range req.Shape.Columns {
			if !slices.Contains(o.Columns, col.Name) {
				return nil, invalid("writing", o.name, col.Name, "no such column")
			}
		}
	}
	return &writer{conn: c, object: o, req: req}, nil
}

type writer struct {
	conn   *connection
	object *object
	req    adapters.WriteRequest
	closed bool
}

// Encoding implements [adapters.Writer].
func (w *writer) Encoding() record.Encoding {
	if w.object.Format == formatCSV {
		return record.Rows
	}
	return record.Documents
}

// Close implements [adapters.Writer]: nothing is buffered.
func (w *writer) Close(context.Context) error {
	w.closed = true
	return nil
}

// pending is one record on its way.
type pending struct {
	members
	key  string // canonical; "" when none is asked for
	mode adapters.WriteMode
	out  *adapters.Outcome
	done bool
}

// Write writes the batch as one new file, or into the one file by writing that anew. Nothing is there before everything is.
func (w *writer) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	switch {
	case w.closed || w.conn.closed.Load():
		return adapters.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case b.Len() == 0:
		return nil
	}
	results := make([]adapters.Outcome, len(out)) // what is true once the file is in place
	batch, err := w.prepare(b, results)
	if err != nil {
		return err
	}
	unlock, err := w.conn.locks.lock(ctx, w.conn.abs+"\x00"+w.object.Pattern)
	if err != nil {
		return err
	}
	defer unlock()
	if w.object.wild() {
		err = w.makeFile(ctx, batch)
	} else {
		err = w.rewrite(ctx, batch)
	}
	if err != nil {
		return failure(ctx, "writing", w.object.name, w.object.Pattern, err)
	}
	copy(out, results)
	return nil
}

// prepare takes the records out of the batch. Those that cannot be written are rejected and left out.
func (w *writer) prepare(b *record.Batch, out []adapters.Outcome) ([]*pending, error) {
	var batch []*pending
	for i := range out {
		p, err := w.pend(b, i, &out[i])
		if err != nil {
			return nil, err
		}
		if p != nil {
			batch = append(batch, p)
		}
	}
	return batch, nil
}

func (w *writer) pend(b *record.Batch, i int, out *adapters.Outcome) (*pending, error) {
	m, err := membersOf(b, i)
	if err != nil {
		w.reject(out, adapters.Invalid, "", "is not a JSON object")
		return nil, nil
	}
	if w.object.Format == formatCSV {
		m = m.asText()
	}
	p := &pending{members: m, mode: w.req.Mode, out: out}
	if b.Op(i) == record.Delete {
		p.mode = adapters.WriteDelete
	}
	if len(w.req.Key) > 0 {
		var ok bool
		if p.key, ok = m.key(w.req.Key); !ok {
			w.reject(out, adapters.Invalid, "", "a part of the key is not there")
			return nil, nil
		}
		out.ID = m.id(w.req.Key)
	}
	if p.mode == adapters.WriteDelete && (p.key == "" || w.object.wild()) {
		w.reject(out, adapters.Invalid, "", "records cannot be deleted from new files")
		return nil, nil
	}
	if field := w.object.unwritable(m); field != "" {
		w.reject(out, adapters.Invalid, field, "has a character that "+w.object.Encoding+" does not have")
		return nil, nil
	}
	return p, nil
}

// unwritable returns the first field with a text that the file's encoding cannot hold.
func (o *object) unwritable(m members) string {
	e := encodingOf(o.Encoding)
	if e == nil {
		return ""
	}
	enc := e.NewEncoder()
	for i, v := range m.values {
		if _, err := enc.String(v.Text()); err != nil {
			return m.names[i]
		}
	}
	return ""
}

func (w *writer) reject(out *adapters.Outcome, kind adapters.Kind, field, rule string) {
	*out = adapters.Outcome{Result: adapters.Rejected, Err: &adapters.Error{
		Kind: kind, Op: "writing", Object: w.object.name, Field: field, Rule: rule,
	}}
}

// meet decides what becomes of a record that is there already. keep is whether a record stays at all.
func (w *writer) meet(p *pending, old members) (merged members, keep bool) {
	p.done = true
	switch p.mode {
	case adapters.WriteCreate:
		w.reject(p.out, adapters.Duplicate, "", "unique")
		return old, true
	case adapters.WriteEnsure:
		p.out.Result = adapters.Unchanged
		return old, true
	case adapters.WriteDelete:
		p.out.Result = adapters.Deleted
		return old, false
	}
	merged, changed := p.over(old)
	switch {
	case changed:
		p.out.Result = adapters.Updated
	case p.out.Result != adapters.Updated: // it may be there twice
		p.out.Result = adapters.Unchanged
	}
	return merged, true
}

// alone decides what becomes of a record that is not there.
func (w *writer) alone(p *pending) (write bool) {
	switch p.mode {
	case adapters.WriteUpdate:
		w.reject(p.out, adapters.NotFound, "", "no record with this key")
		return false
	case adapters.WriteDelete:
		p.out.Result = adapters.Unchanged
		return false
	default:
		p.out.Result = adapters.Created
		return true
	}
}
