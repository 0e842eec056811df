package run_test

import (
	"context"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/mem"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// household is an application of several tables, each an object of its own.
type household struct {
	tables []*mem.Table
	open   func(adapters.ReadRequest) error // before every read is opened; nil: nothing happens
	next   func(object string) error        // before every read of a batch
	finds  [][]string                       // nil: records are found by any field
	again  string                           // the object that every read begins at the beginning
}

func (h *household) Spec() adapters.Spec {
	return adapters.Spec{Name: "household", Description: "Tables.", Schema: "#Config: close({})\n"}
}

func (h *household) Open(ctx context.Context, env adapters.Env, settings adapters.Settings) (adapters.Connection, error) {
	c := householdConn{household: h, objects: map[string]adapters.Connection{}}
	for _, t := range h.tables {
		one, err := t.Application().Open(ctx, env, settings)
		if err != nil {
			return nil, err
		}
		c.objects[t.Name] = one
	}
	return c, nil
}

type householdConn struct {
	*household
	objects map[string]adapters.Connection
}

func (c householdConn) Check(context.Context) (string, error) { return "tables", nil }
func (c householdConn) Close(context.Context) error           { return nil }

func (c householdConn) object(name string) (adapters.Connection, error) {
	one, ok := c.objects[name]
	if !ok {
		return nil, &adapters.Error{Kind: adapters.NotFound, Op: "describing", Object: name}
	}
	return one, nil
}

func (c householdConn) Describe(ctx context.Context, name string) (adapters.Object, error) {
	one, err := c.object(name)
	if err != nil {
		return adapters.Object{}, err
	}
	o, err := one.(adapters.Source).Describe(ctx, name)
	if o.Finds = c.finds; name == "from" {
		o.Reads, o.Finds = append(o.Reads, adapters.ReadFlag), nil
	}
	return o, err
}

// OpenRead reads by flag what has the name "open".
func (c householdConn) OpenRead(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	if c.household.open != nil {
		if err := c.household.open(req); err != nil {
			return nil, err
		}
	}
	one, err := c.object(req.Object)
	if err != nil {
		return nil, err
	}
	object := req.Object
	if object == c.again {
		req.From = nil
	}
	if req.Mode == adapters.ReadFlag {
		req.Mode, req.By, req.Keys = adapters.ReadKeys, []string{"name"}, [][]record.Value{{record.StringValue("open")}}
	}
	r, err := one.(adapters.Source).OpenRead(ctx, req)
	return householdReader{r, c.household, object}, err
}

func (c householdConn) OpenWrite(ctx context.Context, req adapters.WriteRequest) (adapters.Writer, error) {
	one, err := c.object(req.Object)
	if err != nil {
		return nil, err
	}
	return one.(adapters.Destination).OpenWrite(ctx, req)
}

type householdReader struct {
	adapters.Reader
	household *household
	object    string
}

func (r householdReader) Next(ctx context.Context, b *record.Batch) error {
	if r.household.next != nil {
		if err := r.household.next(r.object); err != nil {
			return err
		}
	}
	return r.Reader.Next(ctx, b)
}

// newHousehold returns a table and its payments, each of which belongs to the record whose id it has in "of".
func newHousehold(from *mem.Table) *household {
	return &household{tables: []*mem.Table{from, {
		Name: "payments", Key: "id", Cursor: "rev", Batch: 3,
		Columns: []record.Column{{Name: "id", Kind: record.String}, {Name: "of", Kind: record.String}, {Name: "rev", Kind: record.Int}},
	}}}
}

// join makes the flow read the table with its payments.
func (w *world) join() (*household, *mem.Table) {
	w.model.Connections["household"] = &config.Resource[config.Connection]{
		Metadata: config.Metadata{Name: "household"}, Spec: config.Connection{Application: "household", Zone: "UTC"},
	}
	w.model.Touchpoints["flow"].Spec.Source.Connection = "household"
	return w.house, w.house.tables[1]
}

func pay(t *mem.Table, id, of string, rev int64) {
	t.Put([]record.Value{record.StringValue(id), record.StringValue(of), record.IntValue(rev)})
}
