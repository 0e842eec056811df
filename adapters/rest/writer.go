package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// OpenWrite checks that the object is written so.
func (c *connection) OpenWrite(_ context.Context, req adapters.WriteRequest) (adapters.Writer, error) {
	o, err := c.object("writing", req.Object)
	if err != nil {
		return nil, err
	}
	plan, err := o.plan(req)
	if err != nil {
		return nil, err
	}
	if len(req.Key) == 0 && req.Mode != adapters.WriteCreate {
		return nil, unfit("writing", o.name, "this mode needs a key")
	}
	for _, f := range plan.path.fields {
		if req.Shape != nil && req.Shape.Column(f[0].Name) < 0 {
			return nil, &adapters.Error{
				Kind: adapters.Invalid, Op: "writing", Object: o.name, Field: f[0].Name, Rule: "the path needs this field, but it is not written",
			}
		}
	}
	return &writer{
		conn: c, object: o, mode: req.Mode, plan: plan, key: req.Key, compare: req.Compare && o.describesKeys() && req.Mode != adapters.WriteCreate,
		looks: o.writes[req.Mode] == nil && slices.Contains(o.composed(), req.Mode), answer: req.Answer, remove: o.writes[adapters.WriteDelete],
	}, nil
}

// writer sends a request for each record.
type writer struct {
	conn    *connection
	object  *object
	mode    adapters.WriteMode
	plan    *writePlan
	remove  *writePlan // nil: nothing can be deleted
	key     []string
	looks   bool // the mode is made of a look and a write
	compare bool // what is there is looked at before it is changed
	answer  bool // the answer itself is wanted
	closed  bool
}

var _ adapters.Writer = (*writer)(nil)

// Encoding asks for documents.
func (w *writer) Encoding() record.Encoding { return record.Documents }

// Write sends several records at once: no key occurs twice in a batch, and one batch ends before the next begins, so that each
// key's order is kept. An error that concerns more than a record stops those not yet sent.
func (w *writer) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	if w.closed || w.conn.closed.Load() {
		return adapters.ErrClosed
	}
	var (
		wg   sync.WaitGroup
		next atomic.Int64
		stop atomic.Bool
		errs = make([]error, b.Len())
	)
	for range min(w.conn.workers, b.Len()) {
		wg.Go(func() {
			for !stop.Load() {
				i := int(next.Add(1)) - 1
				if i >= b.Len() {
					return
				}
				if out[i], errs[i] = w.one(ctx, b.Doc(i), b.Op(i), tokenOf(b, i)); errs[i] != nil {
					stop.Store(true)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// tokenOf returns the token of a record; empty when it has none.
func tokenOf(b *record.Batch, i int) string {
	if b.Tokens == nil {
		return ""
	}
	return b.Tokens[i]
}

// one writes one record. The error is one that concerns all.
func (w *writer) one(ctx context.Context, doc []byte, op record.Op, token string) (adapters.Outcome, error) {
	mode, plan := w.mode, w.plan
	if op == record.Delete && mode != adapters.WriteDelete {
		if mode, plan = adapters.WriteDelete, w.remove; plan == nil {
			return rejected(unfit("writing", w.object.name, "the application declares no delete")), nil
		}
	}
	if w.looks || w.compare && (mode == adapters.WriteUpsert || mode == adapters.WriteUpdate) {
		return w.look(ctx, doc, token)
	}
	return w.send(ctx, mode, plan, doc, token)
}

// send sends the request of one record.
func (w *writer) send(ctx context.Context, mode adapters.WriteMode, plan *writePlan, doc []byte, token string) (adapters.Outcome, error) {
	texts := make([]string, len(plan.path.fields))
	for i, f := range plan.path.fields {
		raw, ok := find(doc, f)
		if ok {
			texts[i], _ = text(raw)
		}
		if texts[i] == "" || texts[i] == "." || texts[i] == ".." {
			return rejected(&adapters.Error{
				Kind: adapters.Invalid, Op: "writing", Object: w.object.name, Field: f.String(), Rule: "the path needs it, but it is empty",
			}), nil
		}
	}
	q := request{method: plan.method, url: w.conn.client.at(plan.path.expand(texts)), op: "writing", object: w.object.name, writes: true, headers: plan.headed(token)}
	switch mode {
	case adapters.WriteDelete:
	case adapters.WriteAction:
		q.body = plan.told(plan.stamped(doc, token))
	default:
		q.body = wrapped(plan.wrap, plan.stamped(doc, token))
	}
	a, err := w.conn.client.send(ctx, q)
	if err != nil {
		return w.failed(mode, plan, a, err)
	}
	return w.done(mode, plan, a)
}

func wrapped(name string, doc []byte) []byte {
	if name == "" {
		return slices.Clone(doc)
	}
	body := append(record.AppendJSONString([]byte{'{'}, name), ':')
	return append(append(body, doc...), '}')
}

func rejected(e *adapters.Error) adapters.Outcome {
	return adapters.Outcome{Result: adapters.Rejected, Err: e}
}

// failed tells what concerns this record from what concerns all. Only an answer concerns a record.
func (w *writer) failed(mode adapters.WriteMode, plan *writePlan, a answer, err error) (adapters.Outcome, error) {
	e, ok := errors.AsType[*adapters.Error](err)
	if !ok || a.status == 0 {
		return adapters.Outcome{Result: possibly(err)}, err
	}
	switch {
	case e.Kind == adapters.NotFound && mode == adapters.WriteDelete:
		return adapters.Outcome{Result: adapters.Unchanged}, nil
	case e.Kind == adapters.NotFound && len(plan.path.fields) == 0:
		return adapters.Outcome{}, err // not the record is missing, but the place to write to
	case e.Kind == adapters.Conflict && mode == adapters.WriteCreate:
		e.Kind = adapters.Duplicate
	case a.status < 400, a.status == http.StatusMethodNotAllowed:
		return adapters.Outcome{}, err // the declaration is wrong, not the record
	}
	switch e.Kind {
	case adapters.NotFound, adapters.Conflict, adapters.Duplicate, adapters.Invalid:
		return rejected(e), nil
	default:
		return adapters.Outcome{Result: possibly(err)}, err
	}
}

// possibly returns what became of a record that was sent, or was not, without an answer about it.
func possibly(err error) adapters.Result {
	if adapters.KindOf(err) == adapters.UnknownOutcome {
		return adapters.Unknown
	}
	return adapters.NotWritten
}

// done reads what a success says.
func (w *writer) done(mode adapters.WriteMode, plan *writePlan, a answer) (adapters.Outcome, error) {
	if strings.HasPrefix(a.header.Get("Content-Type"), "text/html") && len(a.body) > 0 {
		return adapters.Outcome{Result: adapters.Unknown}, &adapters.Error{
			Kind: adapters.UnknownOutcome, Op: "writing", Object: w.object.name, Rule: "answer is a web page, not JSON",
			Detail: adapters.NewUntrusted(string(a.body[:min(len(a.body), 4096)])),
		}
	}
	o := adapters.Outcome{Result: adapters.Updated}
	switch {
	case mode == adapters.WriteDelete:
		return adapters.Outcome{Result: adapters.Deleted}, nil
	case a.status == http.StatusNotModified:
		o.Result = adapters.Unchanged
	case mode == adapters.WriteCreate, mode == adapters.WriteUpsert && a.status == http.StatusCreated:
		o.Result = adapters.Created
	}
	o.ID = identity(plan, a)
	if w.answer && len(a.body) > 0 {
		if v, err := record.ParseJSON(a.body); err == nil && v.Kind() == record.Object {
			o.Answer = v
		}
	}
	return o, nil
}

// identity finds the id of a written record: at the declared path, or at the end of the header Location.
func identity(plan *writePlan, a answer) record.Value {
	if plan.id != nil && json.Valid(a.body) {
		if raw, ok := find(a.body, plan.id); ok {
			return scalar(raw)
		}
	}
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		return record.Value{}
	}
	path := strings.TrimRight(u.Path, "/")
	if last := path[strings.LastIndexByte(path, '/')+1:]; last != "" {
		return record.StringValue(last)
	}
	return record.Value{}
}

// Close does nothing: Write buffers nothing.
func (w *writer) Close(context.Context) error {
	w.closed = true
	return nil
}
