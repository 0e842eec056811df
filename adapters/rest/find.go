package rest

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// byPlan is a list of the records that have certain values in certain fields.
type byPlan struct {
	fields  []record.Path
	path    template
	inPath  []int    // for each field of path, which of fields it is
	params  []string // for each field, the parameter that carries it; empty: the path does
	most    int      // values that one request takes
	records record.Path
	none    bool // status 404 means that there are none
}

func (w *byPlan) names() []string {
	names := make([]string, len(w.fields))
	for i, f := range w.fields {
		names[i] = f.String()
	}
	return names
}

// order returns for each field of the plan where it is among names, which are the same fields.
func (w *byPlan) order(names []string) []int {
	order := make([]int, len(w.fields))
	for i, n := range w.names() {
		order[i] = slices.Index(names, n)
	}
	return order
}

// finds returns the sets of fields by which records are found.
func (o *object) finds() [][]string {
	sets := [][]string{}
	if o.read == nil {
		return sets
	}
	if o.read.byKey != nil {
		sets = append(sets, o.names())
	}
	for i := range o.read.by {
		sets = append(sets, o.read.by[i].names())
	}
	return sets
}

// openFind prepares to read the records with some values.
func (c *connection) openFind(o *object, w *byPlan, by []string, req adapters.ReadRequest) (*findReader, error) {
	r := &findReader{conn: c, object: o, plan: w, query: o.read.queryOf("", req.Filter), op: "reading"}
	order := w.order(by)
	var one, many [][]record.Value
	for _, key := range req.Keys {
		own := inOrder(key, order)
		if own == nil || slices.ContainsFunc(own, func(v record.Value) bool { return strings.TrimSpace(v.Text()) == "" }) {
			return nil, unfit("reading", o.name, "a key is blank, or does not fit the fields it is of")
		}
		if len(own) > 1 || strings.Contains(own[0].Text(), ",") {
			one = append(one, own)
		} else {
			many = append(many, own)
		}
	}
	r.groups = slices.Collect(slices.Chunk(many, w.most))
	r.groups = slices.AppendSeq(r.groups, slices.Chunk(one, 1))
	return r, nil
}

// findReader reads the records with some values, list after list.
type findReader struct {
	conn   *connection
	object *object
	plan   *byPlan
	query  map[string]string
	op     string
	groups [][][]record.Value
	pager  *pager // of the first group; nil: it has not begun
	failed bool
	closed bool
}

var _ adapters.Reader = (*findReader)(nil)

// Next reads the next page that has records. After a temporary error it asks for the same page again.
func (r *findReader) Next(ctx context.Context, b *record.Batch) error {
	if r.closed || r.failed || r.conn.closed.Load() {
		return adapters.ErrClosed
	}
	b.Reset(nil)
	for len(r.groups) > 0 {
		if err := r.page(ctx, b); err != nil {
			r.failed = !isTemporary(err)
			return err
		}
		if r.pager.ended {
			r.groups, r.pager = r.groups[1:], nil
		}
		if b.Len() > 0 {
			return nil
		}
	}
	return io.EOF
}

func isTemporary(err error) bool {
	e, ok := errors.AsType[*adapters.Error](err)
	return ok && e.Kind.Temporary()
}

// page reads one page of the first group.
func (r *findReader) page(ctx context.Context, b *record.Batch) error {
	group := r.groups[0]
	if r.pager == nil {
		at, query := r.plan.request(r, group)
		r.pager = newPager(r.object.read, at, query)
	}
	a, err := r.conn.client.send(ctx, request{method: "GET", url: r.pager.url(), op: r.op, object: r.object.name})
	if r.plan.none && err != nil && adapters.KindOf(err) == adapters.NotFound {
		r.pager.ended = true
		return nil
	}
	if err != nil {
		return err
	}
	records, err := recordsOf(a, r.plan.records, true)
	if err == nil {
		err = r.pager.advance(a, records)
	}
	if err != nil {
		return unfit(r.op, r.object.name, err.Error())
	}
	for _, doc := range records {
		own, err := r.plan.verified(doc, group)
		if err != nil {
			return unfit(r.op, r.object.name, err.Error())
		}
		b.AppendDoc(own)
	}
	return nil
}

// request returns where the records of a group are, and the parameters that ask for them.
func (w *byPlan) request(r *findReader, group [][]record.Value) (*url.URL, map[string]string) {
	texts := make([]string, len(w.inPath))
	for i, at := range w.inPath {
		texts[i] = group[0][at].Text()
	}
	query := make(map[string]string, len(r.query)+len(w.params))
	maps.Copy(query, r.query)
	for i, param := range w.params {
		if param == "" {
			continue
		}
		values := make([]string, len(group))
		for j, key := range group {
			values[j] = key[i].Text()
		}
		query[param] = strings.Join(values, ",")
	}
	return r.conn.client.at(w.path.expand(texts)), query
}

// verified returns a record that has the values of one of the keys in the fields it was asked for by. Fields that only the path of the request
// tells are added to it.
func (w *byPlan) verified(doc []byte, group [][]record.Value) ([]byte, error) {
	if len(doc) == 0 || doc[0] != '{' {
		return nil, errors.New("a record is no object")
	}
	texts := make([]string, len(w.fields))
	for i, f := range w.fields {
		raw, there := find(doc, f)
		if there {
			texts[i], there = text(raw)
		}
		switch {
		case there:
		case w.params[i] != "":
			return nil, errors.New("records lack the field " + f.String() + ", by which they were asked for: whether the parameter " + w.params[i] + " was heeded cannot be told")
		default:
			texts[i] = group[0][i].Text()
			doc = withMember(doc, f[0].Name, group[0][i])
		}
	}
	for _, key := range group {
		same := true
		for i, v := range key {
			same = same && alike(v.Text(), texts[i])
		}
		if same {
			return doc, nil
		}
	}
	return nil, errors.New("records that were not asked for: a parameter is ignored, or means something else")
}

// alike compares values as systems do that do not tell cases apart, or fill up with blanks.
func alike(a, b string) bool {
	return strings.EqualFold(strings.TrimRight(a, " "), strings.TrimRight(b, " "))
}

// withMember returns an object with another member in front.
func withMember(doc []byte, name string, v record.Value) []byte {
	out := append(record.AppendJSONString([]byte{'{'}, name), ':')
	out = v.AppendJSON(out)
	if rest := doc[skipSpace(doc, 1):]; rest[0] != '}' {
		out = append(out, ',')
	}
	return append(out, doc[1:]...)
}

// Ack does nothing.
func (r *findReader) Ack(context.Context, record.Cursor) error { return nil }

// Close ends the read.
func (r *findReader) Close(context.Context) error {
	r.closed = true
	return nil
}

// exist returns for each key whether there is a record with it.
func (r *findReader) exist(ctx context.Context, by []string, keys [][]record.Value) ([]bool, error) {
	found := make([]bool, len(keys))
	order := r.plan.order(by)
	var b record.Batch
	for {
		err := r.Next(ctx, &b)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range b.Len() {
			for k, key := range keys {
				if !found[k] {
					_, err := r.plan.verified(b.Doc(i), [][]record.Value{inOrder(key, order)})
					found[k] = err == nil
				}
			}
		}
	}
}
