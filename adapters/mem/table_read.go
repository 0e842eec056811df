package mem

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// tableReader reads by keyset, as a database is read.
type tableReader struct {
	conn     *tableConn
	mode     adapters.ReadMode
	shape    *record.Shape
	keys     []string
	by       string // the column that keys are of; empty: the key
	after    int64
	afterKey string
	resumed  bool
	done     bool
	closed   bool
}

func (r *tableReader) Next(ctx context.Context, b *record.Batch) error {
	if r.closed {
		return adapters.ErrClosed
	}
	if err := r.conn.ready(ctx, "reading"); err != nil {
		return err
	}
	b.Reset(r.shape)
	if r.done {
		return io.EOF
	}
	t := r.conn.table
	key, cursor, by := t.column(t.Key), t.column(t.Cursor), t.column(t.Key)
	if r.by != "" {
		by = t.column(r.by)
	}
	for _, row := range t.sorted(r.mode == adapters.ReadIncremental) {
		if r.mode == adapters.ReadKeys && !slices.Contains(r.keys, row[by].Text()) || !r.wants(row[key].Text(), whole(row[cursor])) {
			continue
		}
		b.AppendRow(row...)
		r.after, r.afterKey, r.resumed = whole(row[cursor]), row[key].Text(), true
		if b.Len() == t.batch() {
			break
		}
	}
	if b.Len() == 0 {
		r.done = true
		return io.EOF
	}
	if r.mode != adapters.ReadKeys {
		b.Safe = fmt.Appendf(nil, "%d/%s", r.after, r.afterKey)
	}
	return nil
}

func (r *tableReader) wants(key string, cursor int64) bool {
	switch {
	case !r.resumed:
		return true
	case r.mode == adapters.ReadIncremental && cursor != r.after:
		return cursor > r.after
	default:
		return key > r.afterKey
	}
}

func (r *tableReader) Ack(context.Context, record.Cursor) error { return nil }

func (r *tableReader) Close(context.Context) error {
	r.closed = true
	return nil
}
