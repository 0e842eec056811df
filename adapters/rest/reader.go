package rest

import (
	"context"
	"io"
	"maps"
	"net/http"
	"slices"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// OpenRead prepares a read; the first Next sends a request.
func (c *connection) OpenRead(_ context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	o, err := c.object("reading", req.Object)
	if err != nil {
		return nil, err
	}
	if !o.describe().CanRead(req.Mode) {
		return nil, unfit("reading", o.name, "it cannot be read in mode "+string(req.Mode))
	}
	if req.Mode == adapters.ReadKeys {
		return c.openKeys(o, req)
	}
	r := &reader{conn: c, object: o, limit: req.Limit, filter: req.Filter}
	since := ""
	if req.Mode == adapters.ReadIncremental {
		r.tracker = &tracker{plan: o.read.since, cursor: o.cursor, zone: c.zone}
		if since, err = r.tracker.start(req); err != nil {
			return nil, unfit("reading", o.name, err.Error())
		}
	}
	if req.Filter != "" && o.read.filter == nil {
		return nil, req.NoFilter()
	}
	query := o.read.queryOf(since, req.Filter)
	if req.Mode == adapters.ReadFlag {
		maps.Copy(query, o.read.flag)
	}
	r.pager, r.stretch.query = newPager(o.read, c.client.at(o.read.path), query), query
	if r.tracker != nil {
		r.tracker.counted = r.tracker.plan.sorted && r.pager.counts()
	}
	return r, nil
}

// reader reads page after page.
type reader struct {
	conn    *connection
	object  *object
	pager   *pager
	tracker *tracker // nil in full reads
	stretch stretch
	filter  string
	limit   int
	given   int
	held    [][]byte // a page that waits for the next one, since only the last may carry a cursor
	failed  error
	closed  bool
}

var _ adapters.Reader = (*reader)(nil)

// Next fills b with the records of one page.
func (r *reader) Next(ctx context.Context, b *record.Batch) error {
	if r.closed || r.conn.closed.Load() {
		return adapters.ErrClosed
	}
	if r.failed != nil {
		return r.failed
	}
	b.Reset(nil)
	if r.limit > 0 && r.given >= r.limit {
		return io.EOF
	}
	waits := r.tracker != nil && !r.tracker.plan.sorted
	for !r.pager.ended {
		page, err := r.fetch(ctx)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			continue
		}
		if waits {
			r.held, page = page, r.held
		}
		if len(page) > 0 {
			return r.deliver(b, page, !waits && !r.stretch.open)
		}
	}
	if len(r.held) == 0 {
		if r.tracker != nil && r.tracker.counted && r.given > 0 { // what the last stretch held back
			b.Safe = r.tracker.safe()
		}
		return io.EOF
	}
	last := r.held
	r.held = nil
	return r.deliver(b, last, true)
}

// deliver appends records; their cursor is safe where everything before it was delivered too.
func (r *reader) deliver(b *record.Batch, page [][]byte, safe bool) error {
	for _, doc := range page {
		b.AppendDoc(doc)
	}
	r.given += len(page)
	if safe && r.tracker != nil {
		b.Safe = r.tracker.safe()
	}
	return nil
}

// fetch reads one page and leaves out what an earlier read delivered.
func (r *reader) fetch(ctx context.Context) ([][]byte, error) {
	q := request{method: http.MethodGet, url: r.pager.url(), op: "reading", object: r.object.name}
	a, err := r.conn.client.send(ctx, q)
	if err != nil {
		return nil, err
	}
	records, err := recordsOf(a, r.object.read.records, false)
	if err != nil {
		return nil, r.fail(err.Error())
	}
	if err := r.pager.advance(a, records); err != nil {
		return nil, r.fail(err.Error())
	}
	if r.tracker == nil {
		return records, nil
	}
	kept, err := r.tracker.page(a, records, r.conn.clock.Now())
	if err != nil {
		return nil, r.fail(err.Error())
	}
	if r.tracker.counted {
		r.turn(len(kept) > 0)
	}
	return kept, nil
}

// fail ends the reader with what the other side got wrong.
func (r *reader) fail(rule string) error {
	r.failed = adapters.ErrClosed
	return unfit("reading", r.object.name, rule)
}

// recordsOf finds the records of an answer, as the bytes they came in. single: an object in place of the list is the only record.
func recordsOf(a answer, at record.Path, single bool) ([][]byte, error) {
	if a.body == nil {
		return nil, nil
	}
	list, ok := find(a.body, at)
	if !ok || string(list) == "null" {
		return nil, nil
	}
	if single && list[0] == '{' {
		return [][]byte{list}, nil
	}
	if list[0] != '[' {
		return nil, errNoList
	}
	var out [][]byte
	eachElement(list, func(e []byte) bool {
		out = append(out, e)
		return true
	})
	return out, nil
}

// Ack does nothing: an API forgets nothing.
func (r *reader) Ack(context.Context, record.Cursor) error { return nil }

// Close ends the read.
func (r *reader) Close(context.Context) error {
	r.closed = true
	return nil
}

// keysPerBatch is how many records, each fetched by a request of its own, make a batch.
const keysPerBatch = 50

func (c *connection) openKeys(o *object, req adapters.ReadRequest) (adapters.Reader, error) {
	by := req.By
	if by == nil {
		by = o.names()
	}
	if w := o.wayTo(by); w != nil {
		return c.openFind(o, w, by, req)
	}
	order, ok := keyOrder(o, by)
	if !ok || o.read.byKey == nil {
		return nil, unfit("reading", o.name, "the application declares no way to find records by these fields")
	}
	if err := req.NoFilter(); err != nil {
		return nil, err
	}
	r := &keyReader{conn: c, object: o}
	for _, key := range req.Keys {
		path, ok := o.pathOf(inOrder(key, order))
		if !ok {
			return nil, unfit("reading", o.name, "a key does not fit the object's")
		}
		r.paths = append(r.paths, path)
	}
	return r, nil
}

// pathOf returns the path of the record with a key.
func (o *object) pathOf(key []record.Value) (string, bool) {
	if len(key) != len(o.key) {
		return "", false
	}
	texts := make([]string, len(o.read.keys))
	for i, at := range o.read.keys {
		if texts[i] = key[at].Text(); texts[i] == "" {
			return "", false
		}
	}
	return o.read.byKey.expand(texts), true
}

// keyReader fetches records one by one.
type keyReader struct {
	conn   *connection
	object *object
	paths  []string
	closed bool
}

var _ adapters.Reader = (*keyReader)(nil)

// Next fetches the next records. After an error it goes on with the one that failed.
func (r *keyReader) Next(ctx context.Context, b *record.Batch) error {
	if r.closed || r.conn.closed.Load() {
		return adapters.ErrClosed
	}
	b.Reset(nil)
	for len(r.paths) > 0 && b.Len() < keysPerBatch {
		doc, err := r.conn.fetchOne(ctx, "reading", r.object, r.paths[0])
		if err != nil && b.Len() > 0 {
			return nil // told by the next call, which sends it again
		}
		if err != nil {
			return err
		}
		r.paths = slices.Delete(r.paths, 0, 1)
		if doc != nil {
			b.AppendDoc(doc)
		}
	}
	if b.Len() == 0 {
		return io.EOF
	}
	return nil
}

// fetchOne returns the record at a path, or nil when there is none.
func (c *connection) fetchOne(ctx context.Context, op string, o *object, path string) ([]byte, error) {
	a, err := c.client.send(ctx, request{method: http.MethodGet, url: c.client.at(path), op: op, object: o.name})
	if adapters.KindOf(err) == adapters.NotFound && err != nil {
		return nil, nil
	}
	if err != nil || a.body == nil {
		return nil, err
	}
	doc, ok := find(a.body, o.read.fetched)
	if !ok || string(doc) == "null" {
		return nil, nil
	}
	return doc, nil
}

// Ack does nothing.
func (r *keyReader) Ack(context.Context, record.Cursor) error { return nil }

// Close ends the read.
func (r *keyReader) Close(context.Context) error {
	r.closed = true
	return nil
}

// ReadByKey fetches each key's record to see whether it is there.
func (c *connection) ReadByKey(ctx context.Context, req adapters.WriteRequest, keys [][]record.Value) ([]bool, error) {
	o, err := c.object("looking up", req.Object)
	if err != nil {
		return nil, err
	}
	if w := o.wayTo(req.Key); w != nil {
		r, err := c.openFind(o, w, req.Key, adapters.ReadRequest{Keys: keys})
		if err != nil {
			return nil, err
		}
		r.op = "looking up"
		return r.exist(ctx, req.Key, keys)
	}
	if o.read == nil || o.read.byKey == nil {
		return nil, unfit("looking up", o.name, "the application declares no read.byKey, so that nothing can be looked up")
	}
	order, ok := keyOrder(o, req.Key)
	if !ok {
		return nil, unfit("looking up", o.name, "it is looked up by its own key only")
	}
	found := make([]bool, len(keys))
	for i, key := range keys {
		path, ok := o.pathOf(inOrder(key, order))
		if !ok {
			return nil, unfit("looking up", o.name, "a key does not fit the object's")
		}
		doc, err := c.fetchOne(ctx, "looking up", o, path)
		if err != nil {
			return nil, err
		}
		found[i] = doc != nil
	}
	return found, nil
}

// inOrder returns the values of a key in another order; nil when there are not as many.
func inOrder(key []record.Value, order []int) []record.Value {
	if len(key) != len(order) {
		return nil
	}
	own := make([]record.Value, len(order))
	for i, at := range order {
		own[i] = key[at]
	}
	return own
}

// keyOrder returns for each part of the object's key where it is among names.
func keyOrder(o *object, names []string) ([]int, bool) {
	order := make([]int, len(o.key))
	for i, k := range o.key {
		if order[i] = slices.IndexFunc(names, func(n string) bool { return (record.Path{{Name: n, Index: -1}}).String() == k.String() }); order[i] < 0 {
			return nil, false
		}
	}
	return order, len(names) == len(o.key)
}
