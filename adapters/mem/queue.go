package mem

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// A Queue pushes documents to whoever reads it, keeps them until they are acknowledged, and has no end. Safe for concurrent use.
type Queue struct {
	// Name is the object's name.
	Name string
	// Batch is how many documents are pushed at once. Zero: 100.
	Batch int

	mu     sync.Mutex
	first  int64 // the number of docs[0]
	docs   []string
	wake   chan struct{} // closed when something changes; nil when nobody waits
	broken bool
}

// Push appends documents.
func (q *Queue) Push(docs ...string) {
	q.change(func() { q.docs = append(q.docs, docs...) })
}

// Pending returns how many documents wait to be acknowledged.
func (q *Queue) Pending() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.docs)
}

// SetOffline cuts the queue off, or restores it.
func (q *Queue) SetOffline(off bool) { q.change(func() { q.broken = off }) }

func (q *Queue) change(f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	f()
	if q.wake != nil {
		close(q.wake)
		q.wake = nil
	}
}

// take returns the documents from number from on, at most a batch, or what to wait for when there is none.
func (q *Queue) take(from int64) (docs []string, start int64, wait <-chan struct{}, broken bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	start = max(from, q.first)
	at := int(min(start-q.first, int64(len(q.docs))))
	docs = q.docs[at:min(at+cmp.Or(q.Batch, 100), len(q.docs))]
	if len(docs) == 0 && q.wake == nil {
		q.wake = make(chan struct{})
	}
	return docs, start, q.wake, q.broken
}

// forget drops everything before number upTo.
func (q *Queue) forget(upTo int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := min(upTo-q.first, int64(len(q.docs))); n > 0 {
		q.docs, q.first = slices.Clone(q.docs[n:]), q.first+n
	}
}

// Application returns the application "mem-queue", whose connections all reach q.
func (q *Queue) Application() adapters.Application { return queueApp{q} }

type queueApp struct{ queue *Queue }

// Spec implements [adapters.Application].
func (queueApp) Spec() adapters.Spec {
	return adapters.Spec{Name: "mem-queue", Description: "A queue in memory, for tests.", Schema: "#Config: close({note?: string})\n"}
}

// Open implements [adapters.Application].
func (a queueApp) Open(ctx context.Context, _ adapters.Env, settings adapters.Settings) (adapters.Connection, error) {
	var config struct {
		Note string `json:"note"`
	}
	if len(settings.Config) > 0 && json.Unmarshal(settings.Config, &config) != nil {
		return nil, &adapters.ConfigError{Path: []string{"config", "note"}, Message: "must be text"}
	}
	return &queueConn{queue: a.queue}, ctx.Err()
}

type queueConn struct {
	queue  *Queue
	closed atomic.Bool
}

var _ adapters.Source = (*queueConn)(nil)

func (c *queueConn) Check(ctx context.Context) (string, error) {
	if c.closed.Load() {
		return "", adapters.ErrClosed
	}
	if _, _, _, broken := c.queue.take(0); broken {
		return "", &adapters.Error{Kind: adapters.Unavailable, Op: "connecting"}
	}
	return fmt.Sprintf("queue %q in memory", c.queue.Name), ctx.Err()
}

func (c *queueConn) Close(context.Context) error {
	c.closed.Store(true)
	return nil
}

func (c *queueConn) Describe(_ context.Context, object string) (adapters.Object, error) {
	switch {
	case c.closed.Load():
		return adapters.Object{}, adapters.ErrClosed
	case object != c.queue.Name:
		return adapters.Object{}, &adapters.Error{Kind: adapters.NotFound, Op: "describing", Object: object}
	}
	return adapters.Object{Name: object, Reads: []adapters.ReadMode{adapters.ReadIncremental}}, nil
}

func (c *queueConn) OpenRead(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	o, err := c.Describe(ctx, req.Object)
	if err != nil {
		return nil, err
	}
	if err := req.NoFilter(); err != nil {
		return nil, err
	}
	if !o.CanRead(req.Mode) {
		return nil, &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: req.Object, Rule: "a queue is read incrementally"}
	}
	return &queueReader{conn: c}, nil
}

type queueReader struct {
	conn   *queueConn
	next   int64
	closed bool
}

func (r *queueReader) Next(ctx context.Context, b *record.Batch) error {
	for {
		switch {
		case r.closed || r.conn.closed.Load():
			return adapters.ErrClosed
		case ctx.Err() != nil:
			return ctx.Err()
		}
		docs, start, wait, broken := r.conn.queue.take(r.next)
		if broken {
			return &adapters.Error{Kind: adapters.Unavailable, Op: "reading", Object: r.conn.queue.Name}
		}
		if len(docs) == 0 {
			select {
			case <-wait:
			case <-ctx.Done():
			}
			continue
		}
		b.Reset(nil)
		for _, d := range docs {
			b.AppendDoc([]byte(d))
		}
		r.next = start + int64(len(docs))
		b.Safe = record.Cursor(strconv.FormatInt(r.next, 10))
		return nil
	}
}

func (r *queueReader) Ack(ctx context.Context, c record.Cursor) error {
	n, err := strconv.ParseInt(strings.TrimSpace(string(c)), 10, 64)
	if err != nil {
		return &adapters.Error{Kind: adapters.Invalid, Op: "acknowledging", Object: r.conn.queue.Name, Rule: "unreadable cursor"}
	}
	r.conn.queue.forget(n)
	return ctx.Err()
}

func (r *queueReader) Close(context.Context) error {
	r.closed = true
	return nil
}
