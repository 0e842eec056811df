package run_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/mem"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// faults bend an application.
type faults struct {
	open   func(adapters.ReadRequest)                                             // before every read is opened
	next   func() error                                                           // before every read; an error is what the reader returns
	write  func(b *record.Batch, out []adapters.Outcome, send func() error) error // in place of every write
	lookup func() error                                                           // before every look-up by key
	again  bool                                                                   // every read begins at the beginning, as with a long overlap
	rows   bool                                                                   // it has transactions
	begin  func()                                                                 // before every transaction
	commit func(commit func() error) error                                        // in place of every commit of a transaction
	blind  bool                                                                   // nothing can be looked up by key
	rank   connect.Priority                                                       // of the last read that was opened
	deaf   bool                                                                   // who asks for keys gets everything
	knows  time.Duration                                                          // how long tokens of writes are remembered
	bulk   int                                                                    // how many records a writer wants at once; 0: it does not say
}

// bent is an application under another name, with faults.
type bent struct {
	name string
	adapters.Application
	faults *faults
}

func (a bent) Spec() adapters.Spec {
	s := a.Application.Spec()
	s.Name = a.name
	return s
}

func (a bent) Open(ctx context.Context, env adapters.Env, settings adapters.Settings) (adapters.Connection, error) {
	c, err := a.Application.Open(ctx, env, settings)
	if err != nil {
		return nil, err
	}
	plain := bentConn{Connection: c, faults: a.faults}
	if a.faults.rows {
		return txConn{keyConn{plain}}, nil
	}
	if _, ok := c.(adapters.KeyReader); ok && !a.faults.blind {
		return keyConn{plain}, nil
	}
	return plain, nil
}

type bentConn struct {
	adapters.Connection
	faults *faults
}

func (c bentConn) Describe(ctx context.Context, object string) (adapters.Object, error) {
	o, err := c.Connection.(adapters.Source).Describe(ctx, object)
	if o.Key == nil { // a queue does not know what it holds; the records of these tests have keys
		o.Key, o.Version = []record.Path{{{Name: "id", Index: -1}}}, record.Path{{Name: "rev", Index: -1}}
	}
	if c.faults.blind {
		o.Reads = slices.DeleteFunc(o.Reads, func(m adapters.ReadMode) bool { return m == adapters.ReadKeys })
	}
	return o, err
}

func (c bentConn) OpenRead(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	if c.faults.again {
		req.From = nil
	}
	if c.faults.open != nil {
		c.faults.open(req)
	}
	if req.Mode == adapters.ReadKeys && c.faults.lookup != nil {
		if err := c.faults.lookup(); err != nil {
			return nil, err
		}
	}
	c.faults.rank = connect.PriorityOf(ctx)
	if c.faults.deaf {
		req.Mode, req.Keys = adapters.ReadFull, nil
	}
	r, err := c.Connection.(adapters.Source).OpenRead(ctx, req)
	return bentReader{r, c.faults}, err
}

func (c bentConn) OpenWrite(ctx context.Context, req adapters.WriteRequest) (adapters.Writer, error) {
	w, err := c.Connection.(adapters.Destination).OpenWrite(ctx, req)
	if c.faults.bulk > 0 {
		return bulkWriter{bentWriter{w, c.faults}}, err
	}
	return bentWriter{w, c.faults}, err
}

type bulkWriter struct{ bentWriter }

func (w bulkWriter) Bulk() int { return w.faults.bulk }

type keyConn struct{ bentConn }

func (c keyConn) ReadByKey(ctx context.Context, req adapters.WriteRequest, keys [][]record.Value) ([]bool, error) {
	if c.faults.lookup != nil {
		if err := c.faults.lookup(); err != nil {
			return nil, err
		}
	}
	return c.Connection.(adapters.KeyReader).ReadByKey(ctx, req, keys)
}

type bentReader struct {
	adapters.Reader
	faults *faults
}

func (r bentReader) Next(ctx context.Context, b *record.Batch) error {
	if r.faults.next != nil {
		if err := r.faults.next(); err != nil {
			return err
		}
	}
	return r.Reader.Next(ctx, b)
}

type bentWriter struct {
	adapters.Writer
	faults *faults
}

func (w bentWriter) Remembers() time.Duration { return w.faults.knows }

func (w bentWriter) Write(ctx context.Context, b *record.Batch, out []adapters.Outcome) error {
	send := func() error { return w.Writer.Write(ctx, b, out) }
	if w.faults.write != nil {
		return w.faults.write(b, out, send)
	}
	return send()
}

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is a table that flows into another one.
type world struct {
	t         *testing.T
	clock     *clock
	store     *state.Store
	from, to  *mem.Table
	side      *mem.Table // another destination, and a source of steps
	queue     *mem.Queue
	house     *household // from, and what belongs to it
	src, dst  *faults
	aside     *faults // of side
	model     *config.Model
	runner    *run.Runner
	committed []state.Counts
	tp        state.Touchpoint
}

func columns() []record.Column {
	return []record.Column{{Name: "id", Kind: record.String}, {Name: "name", Kind: record.String}, {Name: "rev", Kind: record.Int}}
}

// newWorld returns a world whose touchpoint is changed by edit.
func newWorld(t *testing.T, edit func(*config.Touchpoint)) *world {
	w := &world{
		t: t, clock: &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}, src: &faults{}, dst: &faults{}, aside: &faults{},
		from:  &mem.Table{Name: "from", Columns: columns(), Key: "id", Cursor: "rev", Batch: 10},
		to:    &mem.Table{Name: "to", Columns: columns(), Key: "id", Cursor: "rev"},
		side:  &mem.Table{Name: "side", Columns: columns(), Key: "id", Cursor: "rev"},
		queue: &mem.Queue{Name: "from", Batch: 10},
	}
	w.to.Refuse = func(row []record.Value) string {
		if row[1].Text() == "bad" {
			return "name is bad"
		}
		return ""
	}
	w.side.Refuse = w.to.Refuse
	w.house = newHousehold(w.from)
	w.store = openState(t, w.clock)
	registry := adapters.NewRegistry(nil, bent{"from", w.from.Application(), w.src}, bent{"queue", w.queue.Application(), w.src},
		bent{"to", w.to.Application(), w.dst}, bent{"side", w.side.Application(), w.aside}, w.house)
	pool := connect.NewPool(connect.Options{
		Registry: registry, Vault: &connect.Vault{Now: w.clock.now}, Paths: new(connect.Paths), Log: hclog.NewNullLogger(), Now: w.clock.now,
	})
	w.runner = &run.Runner{Store: w.store, Pool: pool, Log: hclog.NewNullLogger(), Now: w.clock.now, Observe: func(_ string, n state.Counts) {
		w.committed = append(w.committed, n)
	}}
	t.Cleanup(func() { w.runner.Close(context.WithoutCancel(t.Context())) })
	w.model = model(edit)
	w.tp = must(w.store.EnsureTouchpoint(t.Context(), "flow"))(t)
	return w
}

func openState(t *testing.T, c *clock) *state.Store {
	t.Helper()
	id := must(secret.GenerateRecovery(secret.Classic))(t)
	ring := must(secret.CreateRing("test", []secret.Recipient{id.Public().Recipient}, c.now()))(t)
	s := must(state.Open(t.Context(), state.Options{
		Dir: filepath.Join(t.TempDir(), "state"), RepositoryID: "repo", Environment: "test", FoldEvery: -1, Now: c.now,
		OpenRing: func(context.Context, state.RingFacts) (*secret.Ring, error) { return ring, nil },
	}))(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func model(edit func(*config.Touchpoint)) *config.Model {
	spec := config.Touchpoint{
		Source:      config.SourceSpec{Connection: "from", Object: "from", Start: "beginning", Read: "incremental"},
		Trace:       []string{"name"},
		Mapping:     "m",
		Destination: config.DestinationSpec{Connection: "to", Object: "to", Write: "upsert", Key: []string{"id"}, Unchanged: "ledger"},
		Mode:        "live",
	}
	if edit != nil {
		edit(&spec)
	}
	fields := config.Fields{}
	for _, name := range []string{"id", "name", "rev"} {
		fields = append(fields, config.NamedField{Name: name, Field: config.Field{From: name}})
	}
	connection := func(name string) *config.Resource[config.Connection] {
		return &config.Resource[config.Connection]{Metadata: config.Metadata{Name: name}, Spec: config.Connection{Application: name, Zone: "UTC"}}
	}
	return &config.Model{
		Environment: "test",
		Connections: map[string]*config.Resource[config.Connection]{"from": connection("from"), "to": connection("to"), "side": connection("side"), "queue": connection("queue")},
		Mappings: map[string]*config.Resource[config.Mapping]{"m": {Spec: config.Mapping{Fields: fields, Checks: []config.Check{
			{Name: "parks", Expr: `name != "park"`, Else: "park", Message: "somebody must look"},
			{Name: "skips", Expr: `name != "skip"`, Else: "skip"},
		}}}},
		Touchpoints: map[string]*config.Resource[config.Touchpoint]{"flow": {Spec: spec}},
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// put stores a row in the source.
func (w *world) put(id, name string, rev int64) {
	w.from.Put([]record.Value{record.StringValue(id), record.StringValue(name), record.IntValue(rev)})
}

// fill stores rows a01 … in the source.
func (w *world) fill(n int) {
	for i := range n {
		w.put(fmt.Sprintf("a%02d", i+1), fmt.Sprintf("name %d", i+1), int64(i+1))
	}
}

func (w *world) flow(revision string) *run.Flow {
	w.t.Helper()
	return must(run.NewFlow(w.model, "flow", revision))(w.t)
}

func (w *world) start() int64 {
	w.t.Helper()
	r, _, err := w.store.StartRun(w.t.Context(), state.NewRun{TouchpointID: w.tp.ID, Trigger: "test", Revision: "r1"})
	if err != nil {
		w.t.Fatal(err)
	}
	return r.ID
}

// run works a run to its end; waits pass at once.
func (w *world) run(o run.Options) state.Run { return w.runAs("r1", o) }

func (w *world) runAs(revision string, o run.Options) state.Run {
	w.t.Helper()
	id, f := w.start(), w.flow(revision)
	for range 100 {
		more := must(w.runner.Slice(w.t.Context(), f, id, o))(w.t)
		if !more.Again {
			return must(w.store.Run(w.t.Context(), id))(w.t)
		}
		w.clock.add(more.After)
	}
	w.t.Fatal("the run does not end")
	return state.Run{}
}

// want compares how a run ended.
func (w *world) want(r state.Run, status state.RunStatus, counts state.Counts) {
	w.t.Helper()
	if r.Status != status || r.Counts != counts {
		w.t.Errorf("run ended %s %q with %+v\nwant %s with %+v\ndetail: %s", r.Status, r.Code, r.Counts, status, counts, r.Detail)
	}
}

// arrived returns the names in the destination by id.
func (w *world) arrived() map[string]string { return names(w.to) }

// names returns the names in a table by id.
func names(t *mem.Table) map[string]string {
	m := map[string]string{}
	for _, row := range t.Rows() {
		m[row[0].Text()] = row[1].Text()
	}
	return m
}

func (w *world) letters(s state.DeadLetterState) []state.DeadLetter {
	w.t.Helper()
	list, _, err := w.store.DeadLetters(w.t.Context(), state.DeadLetterFilter{TouchpointID: w.tp.ID, State: s, Content: true})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

func (w *world) checkpoint() state.Checkpoint {
	w.t.Helper()
	tp := must(w.store.TouchpointByID(w.t.Context(), w.tp.ID))(w.t)
	return must(w.store.Checkpoint(w.t.Context(), state.CheckpointKey{TouchpointID: tp.ID, Generation: tp.Generation}))(w.t)
}

func document(id, name string, rev int) string {
	text, _ := json.Marshal(map[string]any{"id": id, "name": name, "rev": rev})
	return string(text)
}
