package adaptertest_test

import (
	"context"
	"testing"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/adaptertest"
	"github.com/dray-sync/dray/adapters/record"
)

// both is a connection that is read and written.
type both interface {
	adapters.Connection
	adapters.Source
	adapters.Destination
}

// whole is a connection that can do everything.
type whole interface {
	both
	adapters.Discoverer
	adapters.KeyReader
	adapters.Transactional
}

// bentApp is an application with another way to open.
type bentApp struct {
	adapters.Application
	open func(ctx context.Context, env adapters.Env, s adapters.Settings) (adapters.Connection, error)
}

func (a bentApp) Open(ctx context.Context, env adapters.Env, s adapters.Settings) (adapters.Connection, error) {
	return a.open(ctx, env, s)
}

// bend changes every application that a harness opens.
func bend(h adaptertest.Harness, f func(t testing.TB, app adapters.Application) adapters.Application) adaptertest.Harness {
	make := h.New
	h.New = func(t testing.TB) *adaptertest.Target {
		target := make(t)
		app := target.Application
		if app == nil {
			app = h.Application
		}
		target.Application = f(t, app)
		return target
	}
	return h
}

// bendConn changes every connection.
func bendConn(h adaptertest.Harness, f func(c adapters.Connection) adapters.Connection) adaptertest.Harness {
	return bend(h, func(_ testing.TB, app adapters.Application) adapters.Application {
		return bentApp{app, func(ctx context.Context, env adapters.Env, s adapters.Settings) (adapters.Connection, error) {
			c, err := app.Open(ctx, env, s)
			if err != nil {
				return nil, err
			}
			return f(c), nil
		}}
	})
}

// bentTable is a connection to a table with other behaviour where a function is set.
type bentTable struct {
	whole
	close     func(ctx context.Context) error
	check     func(ctx context.Context) (string, error)
	describe  func(ctx context.Context, object string) (adapters.Object, error)
	discover  func(ctx context.Context, object string) ([]adapters.Object, error)
	openRead  func(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error)
	openWrite func(ctx context.Context, req adapters.WriteRequest) (adapters.Writer, error)
	begin     func(ctx context.Context, req adapters.WriteRequest, s adapters.Scope) (adapters.Tx, error)
	readByKey func(keys [][]record.Value) []bool
}

func (c *bentTable) Close(ctx context.Context) error {
	if c.close != nil {
		return c.close(ctx)
	}
	return c.whole.Close(ctx)
}

func (c *bentTable) Check(ctx context.Context) (string, error) {
	if c.check != nil {
		return c.check(ctx)
	}
	return c.whole.Check(ctx)
}

func (c *bentTable) Describe(ctx context.Context, object string) (adapters.Object, error) {
	if c.describe != nil {
		return c.describe(ctx, object)
	}
	return c.whole.Describe(ctx, object)
}

func (c *bentTable) Discover(ctx context.Context, object string) ([]adapters.Object, error) {
	if c.discover != nil {
		return c.discover(ctx, object)
	}
	return c.whole.Discover(ctx, object)
}

func (c *bentTable) OpenRead(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	if c.openRead != nil {
		return c.openRead(ctx, req)
	}
	return c.whole.OpenRead(ctx, req)
}

func (c *bentTable) OpenWrite(ctx context.Context, req adapters.WriteRequest) (adapters.Writer, error) {
	if c.openWrite != nil {
		return c.openWrite(ctx, req)
	}
	return c.whole.OpenWrite(ctx, req)
}

func (c *bentTable) Begin(ctx context.Context, req adapters.WriteRequest, s adapters.Scope) (adapters.Tx, error) {
	if c.begin != nil {
		return c.begin(ctx, req, s)
	}
	return c.whole.Begin(ctx, req, s)
}

func (c *bentTable) ReadByKey(ctx context.Context, req adapters.WriteRequest, keys [][]record.Value) ([]bool, error) {
	if c.readByKey != nil {
		return c.readByKey(keys), nil
	}
	return c.whole.ReadByKey(ctx, req, keys)
}

// table is a harness of the table, bent.
func table(f func(c *bentTable)) adaptertest.Harness {
	return bendConn(tableHarness(), func(c adapters.Connection) adapters.Connection {
		b := &bentTable{whole: c.(whole)}
		f(b)
		return b
	})
}

// bentReader is a reader with other behaviour where a function is set.
type bentReader struct {
	adapters.Reader
	next  func(ctx context.Context, b *record.Batch) error
	ack   func(ctx context.Context, c record.Cursor) error
	close func(ctx context.Context) error
}

func (r *bentReader) Next(ctx context.Context, b *record.Batch) error {
	if r.next != nil {
		return r.next(ctx, b)
	}
	return r.Reader.Next(ctx, b)
}

func (r *bentReader) Ack(ctx context.Context, c record.Cursor) error {
	if r.ack != nil {
		return r.ack(ctx, c)
	}
	return r.Reader.Ack(ctx, c)
}

func (r *bentReader) Close(ctx context.Context) error {
	if r.close != nil {
		return r.close(ctx)
	}
	return r.Reader.Close(ctx)
}

// reading is a harness of the table with bent readers.
func reading(f func(r *bentReader)) adaptertest.Harness {
	return table(func(c *bentTable) {
		c.openRead = func(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
			r, err := c.whole.OpenRead(ctx, req)
			if err != nil {
				return nil, err
			}
			b := &bentReader{Reader: r}
			f(b)
			return b, nil
		}
	})
}

// rereading is a harness of the table where reads are asked for something else.
func rereading(f func(req *adapters.ReadRequest)) adaptertest.Harness {
	return table(func(c *bentTable) {
		c.openRead = func(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
			f(&req)
			return c.whole.OpenRead(ctx, req)
		}
	})
}

// bentWriter is a writer with other behaviour where a function is set.
type bentWriter struct {
	adapters.Writer
	write func(ctx context.Context, b *record.Batch, out []adapters.Outcome) error
	close func(ctx context.Context) error
}

func (w *bentWriter) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	if w.write != nil {
		return w.write(ctx, b, out)
	}
	return w.Writer.Write(ctx, b, out)
}

func (w *bentWriter) Close(ctx context.Context) error {
	if w.close != nil {
		return w.close(ctx)
	}
	return w.Writer.Close(ctx)
}

// writing is a harness of the table with bent writers.
func writing(f func(w *bentWriter, req *adapters.WriteRequest)) adaptertest.Harness {
	return table(func(c *bentTable) {
		c.openWrite = func(ctx context.Context, req adapters.WriteRequest) (adapters.Writer, error) {
			b := &bentWriter{}
			f(b, &req)
			var err error
			b.Writer, err = c.whole.OpenWrite(ctx, req)
			return b, err
		}
	})
}

// bentTx is a transaction with other behaviour where a function is set.
type bentTx struct {
	adapters.Tx
	last     func() (int64, record.Cursor)
	commit   func(ctx context.Context, seq int64, c record.Cursor) error
	rollback func(ctx context.Context) error
}

func (x *bentTx) Last() (int64, record.Cursor) {
	if x.last != nil {
		return x.last()
	}
	return x.Tx.Last()
}

func (x *bentTx) Commit(ctx context.Context, seq int64, c record.Cursor) error {
	if x.commit != nil {
		return x.commit(ctx, seq, c)
	}
	return x.Tx.Commit(ctx, seq, c)
}

func (x *bentTx) Rollback(ctx context.Context) error {
	if x.rollback != nil {
		return x.rollback(ctx)
	}
	return x.Tx.Rollback(ctx)
}

// transacting is a harness of the table with bent transactions.
func transacting(f func(x *bentTx, s *adapters.Scope)) adaptertest.Harness {
	return table(func(c *bentTable) {
		c.begin = func(ctx context.Context, req adapters.WriteRequest, s adapters.Scope) (adapters.Tx, error) {
			x := &bentTx{}
			f(x, &s)
			var err error
			if x.Tx, err = c.whole.Begin(ctx, req, s); err != nil {
				return nil, err
			}
			return x, nil
		}
	})
}
