package adaptertest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/record"
)

// TestFlaws shows for every case that an adapter with the flaw it is there for fails it.
func TestFlaws(t *testing.T) {
	all := flaws()
	for _, c := range adaptertest.Cases() {
		t.Run(c.Name, func(t *testing.T) {
			h, ok := all[c.Name]
			if !ok {
				t.Fatal("no adapter is broken for this case")
			}
			delete(all, c.Name)
			h.Bound = 500 * time.Millisecond
			skipped, err := adaptertest.Try(t, h, c)
			if err == nil {
				t.Fatalf("the broken adapter passed (skipped: %q)", skipped)
			}
			t.Logf("found: %v", err)
		})
	}
	for name := range all {
		t.Errorf("a flaw names the case %q, which does not exist", name)
	}
}

// TestCasesSayWhy keeps the table complete.
func TestCasesSayWhy(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range adaptertest.Cases() {
		if c.Name == "" || c.Why == "" || seen[c.Name] {
			t.Errorf("case %q is unnamed, without a reason, or there twice", c.Name)
		}
		seen[c.Name] = true
	}
}

func flaws() map[string]adaptertest.Harness {
	all := map[string]adaptertest.Harness{}
	for _, group := range []map[string]adaptertest.Harness{connectionFlaws(), readFlaws(), writeFlaws(), txFlaws()} {
		maps.Copy(all, group)
	}
	return all
}

func connectionFlaws() map[string]adaptertest.Harness {
	undeclared := tableHarness()
	undeclared.Can.KeyReader = false
	return map[string]adaptertest.Harness{
		"spec": bend(tableHarness(), func(_ testing.TB, app adapters.Application) adapters.Application { return &moodyApp{Application: app} }),
		"open-close": table(func(c *bentTable) {
			closed := false
			c.close = func(ctx context.Context) error {
				if closed {
					return errors.New("closed already")
				}
				closed = true
				return c.whole.Close(ctx)
			}
		}),
		"closed": table(func(c *bentTable) { c.close = func(context.Context) error { return nil } }),
		"check":  table(func(c *bentTable) { c.check = func(context.Context) (string, error) { return "two\nlines", nil } }),
		"config-error": bend(tableHarness(), func(_ testing.TB, app adapters.Application) adapters.Application {
			return bentApp{app, func(ctx context.Context, env adapters.Env, s adapters.Settings) (adapters.Connection, error) {
				s.Config = nil
				return app.Open(ctx, env, s)
			}}
		}),
		"capabilities": undeclared,
		"describe": table(func(c *bentTable) {
			c.discover = func(ctx context.Context, object string) ([]adapters.Object, error) {
				objects, err := c.whole.Discover(ctx, object)
				for i := range objects {
					objects[i].Key = objects[i].Cursor
				}
				return objects, err
			}
		}),
		"not-found": table(func(c *bentTable) {
			c.describe = func(ctx context.Context, object string) (adapters.Object, error) {
				o, err := c.whole.Describe(ctx, object)
				return o, vague(err)
			}
		}),
		"unavailable": table(func(c *bentTable) {
			c.check = func(ctx context.Context) (string, error) {
				s, err := c.whole.Check(ctx)
				return s, vague(err)
			}
		}),
		"unauthorized": bendConn(serviceHarness(), func(c adapters.Connection) adapters.Connection {
			return &bentService{both: c.(both), check: vague}
		}),
		"secrets": bendConn(serviceHarness(), func(c adapters.Connection) adapters.Connection {
			return &bentService{both: c.(both), check: func(err error) error {
				if e, ok := errors.AsType[*adapters.Error](err); ok {
					return fmt.Errorf("the service said %s", e.Detail.Raw())
				}
				return err
			}}
		}),
		"leaks": bend(tableHarness(), func(t testing.TB, app adapters.Application) adapters.Application {
			return bentApp{app, func(ctx context.Context, env adapters.Env, s adapters.Settings) (adapters.Connection, error) {
				stop := make(chan struct{})
				t.Cleanup(func() { close(stop) })
				go func() { <-stop }()
				return app.Open(ctx, env, s)
			}}
		}),
	}
}

// vague forgets what kind of error it was.
func vague(err error) error {
	if err == nil {
		return nil
	}
	return errors.New("something went wrong")
}

// moodyApp describes itself differently each time.
type moodyApp struct {
	adapters.Application
	asked int
}

func (a *moodyApp) Spec() adapters.Spec {
	a.asked++
	s := a.Application.Spec()
	s.Description += strconv.Itoa(a.asked)
	return s
}

// bentService is a connection to the service that says something else when it fails.
type bentService struct {
	both
	check func(error) error
}

func (c *bentService) Check(ctx context.Context) (string, error) {
	s, err := c.both.Check(ctx)
	return s, c.check(err)
}

func readFlaws() map[string]adaptertest.Harness {
	return map[string]adaptertest.Harness{
		"read-all": reading(func(r *bentReader) {
			n := 0
			r.next = func(ctx context.Context, b *record.Batch) error {
				if n++; n == 2 {
					_ = r.Reader.Next(ctx, b)
				}
				return r.Reader.Next(ctx, b)
			}
		}),
		"read-empty": reading(func(r *bentReader) {
			r.next = func(ctx context.Context, b *record.Batch) error {
				if err := r.Reader.Next(ctx, b); !errors.Is(err, io.EOF) {
					return err
				}
				return nil
			}
		}),
		"read-nulls": changing(func(v record.Value) record.Value {
			if v.IsNull() {
				return record.StringValue("")
			}
			return v
		}),
		"read-exact-numbers": changing(throughFloat),
		"read-keys": rereading(func(req *adapters.ReadRequest) {
			if req.Mode == adapters.ReadKeys {
				req.Mode = adapters.ReadFull
			}
		}),
		"read-by": rereading(func(req *adapters.ReadRequest) {
			if req.By != nil {
				req.Mode = adapters.ReadFull
			}
		}),
		"read-filter":      rereading(func(req *adapters.ReadRequest) { req.Filter = "" }),
		"reader-close":     reading(func(r *bentReader) { r.close = func(context.Context) error { return nil } }),
		"cancel":           deafQueue(),
		"concurrent-reads": sharedReader(),
		"ack":              bentQueue(func(r *bentReader) { r.ack = func(context.Context, record.Cursor) error { return nil } }),
		"resume":           rereading(func(req *adapters.ReadRequest) { req.From = nil }),
		"incremental": table(func(c *bentTable) {
			c.openRead = func(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
				r, err := c.whole.OpenRead(ctx, req)
				if err != nil || req.From == nil {
					return r, err
				}
				return &bentReader{Reader: r, next: func(context.Context, *record.Batch) error { return io.EOF }}, nil
			}
		}),
		"bad-cursor": rereading(func(req *adapters.ReadRequest) {
			if len(req.From) > 0 && req.From[0] == 0 {
				req.From = nil
			}
		}),
	}
}

// changing is a harness of the table whose readers change every value.
func changing(f func(record.Value) record.Value) adaptertest.Harness {
	return reading(func(r *bentReader) {
		var in record.Batch
		r.next = func(ctx context.Context, b *record.Batch) error {
			if err := r.Reader.Next(ctx, &in); err != nil {
				return err
			}
			copyRows(b, &in, f)
			b.Safe = in.Safe
			return nil
		}
	})
}

func copyRows(to, from *record.Batch, f func(record.Value) record.Value) {
	to.Reset(from.Shape)
	for i := range from.Len() {
		row := make([]record.Value, len(from.Row(i)))
		for j, v := range from.Row(i) {
			row[j] = f(v)
		}
		to.AppendRow(row...)
	}
}

func throughFloat(v record.Value) record.Value {
	if v.Kind() != record.Int && v.Kind() != record.Decimal {
		return v
	}
	f, _ := strconv.ParseFloat(v.Text(), 64)
	n, _ := record.ParseNumber(strconv.FormatFloat(f, 'f', -1, 64))
	return n
}

// bentQueue is a harness of the queue with bent readers.
func bentQueue(f func(r *bentReader)) adaptertest.Harness {
	return bendConn(queueHarness(), func(c adapters.Connection) adapters.Connection {
		return &bentQueueConn{queueConn: c.(queueConn), bend: f}
	})
}

type queueConn interface {
	adapters.Connection
	adapters.Source
}

type bentQueueConn struct {
	queueConn
	bend func(r *bentReader)
}

func (c *bentQueueConn) OpenRead(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	r, err := c.queueConn.OpenRead(ctx, req)
	b := &bentReader{Reader: r}
	c.bend(b)
	return b, err
}

// deafQueue does not hear that a read is cancelled. It ends when the test does.
func deafQueue() adaptertest.Harness {
	h := bentQueue(func(r *bentReader) {
		r.next = func(_ context.Context, b *record.Batch) error { return r.Reader.Next(context.Background(), b) }
	})
	make := h.New
	h.New = func(t testing.TB) *adaptertest.Target {
		target := make(t)
		t.Cleanup(target.Break)
		return target
	}
	return h
}

// sharedReader gives everybody the same reader.
func sharedReader() adaptertest.Harness {
	return table(func(c *bentTable) {
		var mu sync.Mutex
		var shared adapters.Reader
		c.openRead = func(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
			mu.Lock()
			defer mu.Unlock()
			if shared == nil {
				r, err := c.whole.OpenRead(ctx, req)
				if err != nil {
					return nil, err
				}
				shared = r
			}
			return &bentReader{
				Reader: shared,
				close:  func(context.Context) error { return nil },
				next: func(ctx context.Context, b *record.Batch) error {
					mu.Lock()
					defer mu.Unlock()
					return shared.Next(ctx, b)
				},
			}, nil
		}
	})
}

func writeFlaws() map[string]adaptertest.Harness {
	return map[string]adaptertest.Harness{
		"write": writing(func(w *bentWriter, _ *adapters.WriteRequest) {
			w.write = func(_ context.Context, _ *record.Batch, out []adapters.Outcome) error {
				for i := range out {
					out[i].Result = adapters.Created
				}
				return nil
			}
		}),
		"write-empty": writing(func(w *bentWriter, _ *adapters.WriteRequest) {
			w.write = func(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
				if b.Len() == 0 {
					return errors.New("nothing to write")
				}
				return w.Writer.Write(ctx, b, out)
			}
		}),
		"write-huge": writing(func(w *bentWriter, _ *adapters.WriteRequest) {
			w.write = func(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
				if b.Len() > 100 {
					return errors.New("too many parameters")
				}
				return w.Writer.Write(ctx, b, out)
			}
		}),
		"write-exact-numbers": writeChanged(throughFloat),
		"absent-null": writeChanged(func(v record.Value) record.Value {
			if v.IsAbsent() {
				return record.NullValue
			}
			return v
		}),
		"replay": table(func(c *bentTable) {
			writes := 0
			c.openWrite = func(ctx context.Context, req adapters.WriteRequest) (adapters.Writer, error) {
				w, err := c.whole.OpenWrite(ctx, req)
				writes++
				return &renamingWriter{Writer: w, suffix: fmt.Sprint(writes)}, err
			}
		}),
		"poison": writing(func(w *bentWriter, _ *adapters.WriteRequest) {
			w.write = func(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
				err := w.Writer.Write(ctx, b, out)
				for _, o := range out {
					if o.Err != nil {
						return o.Err
					}
				}
				return err
			}
		}),
		"ensure": upserting(adapters.WriteEnsure),
		"update": upserting(adapters.WriteUpdate),
		"delete": writing(func(w *bentWriter, _ *adapters.WriteRequest) {
			w.write = func(_ context.Context, _ *record.Batch, out []adapters.Outcome) error {
				for i := range out {
					out[i].Result = adapters.Deleted
				}
				return nil
			}
		}),
		"action": writing(func(w *bentWriter, req *adapters.WriteRequest) {
			w.write = func(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
				if req.Mode != adapters.WriteAction {
					return w.Writer.Write(ctx, b, out)
				}
				for i := range out {
					out[i].Result = adapters.Updated
				}
				return nil
			}
		}),
		"writer-close": writing(func(w *bentWriter, _ *adapters.WriteRequest) {
			w.close = func(context.Context) error { return nil }
		}),
		"read-by-key": table(func(c *bentTable) {
			c.readByKey = func(keys [][]record.Value) []bool {
				found := make([]bool, len(keys))
				for i := range found {
					found[i] = true
				}
				return found
			}
		}),
	}
}

// upserting is a harness of the table that takes one mode for an upsert.
func upserting(mode adapters.WriteMode) adaptertest.Harness {
	return writing(func(_ *bentWriter, req *adapters.WriteRequest) {
		if req.Mode == mode {
			req.Mode = adapters.WriteUpsert
		}
	})
}

// writeChanged is a harness of the table whose writers change every value.
func writeChanged(f func(record.Value) record.Value) adaptertest.Harness {
	return writing(func(w *bentWriter, _ *adapters.WriteRequest) {
		w.write = func(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
			var changed record.Batch
			copyRows(&changed, b, f)
			return w.Writer.Write(ctx, &changed, out)
		}
	})
}

// renamingWriter writes every record under a key of its own.
type renamingWriter struct {
	adapters.Writer
	suffix string
}

func (w *renamingWriter) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	var renamed record.Batch
	renamed.Reset(b.Shape)
	for i := range b.Len() {
		row := append([]record.Value(nil), b.Row(i)...)
		row[0] = record.StringValue(row[0].Text() + w.suffix)
		renamed.AppendRow(row...)
	}
	return w.Writer.Write(ctx, &renamed, out)
}

func txFlaws() map[string]adaptertest.Harness {
	return map[string]adaptertest.Harness{
		"tx-commit": transacting(func(x *bentTx, _ *adapters.Scope) {
			x.last = func() (int64, record.Cursor) { return 0, nil }
		}),
		"tx-rollback": transacting(func(x *bentTx, _ *adapters.Scope) {
			x.rollback = func(ctx context.Context) error {
				seq, c := x.Tx.Last()
				if err := x.Tx.Commit(ctx, seq+1, c); !errors.Is(err, adapters.ErrClosed) {
					return err
				}
				return nil
			}
		}),
		"tx-sequence": transacting(func(x *bentTx, _ *adapters.Scope) {
			x.commit = func(ctx context.Context, _ int64, c record.Cursor) error {
				seq, _ := x.Tx.Last()
				return x.Tx.Commit(ctx, seq+1, c)
			}
		}),
		"tx-epoch": transacting(func(_ *bentTx, s *adapters.Scope) { s.Epoch = 1 << 40 }),
	}
}
