package mem

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// Application returns the application "mem-rows", whose connections all reach t.
func (t *Table) Application() adapters.Application { return tableApp{t} }

type tableApp struct{ table *Table }

// Spec implements [adapters.Application].
func (tableApp) Spec() adapters.Spec {
	return adapters.Spec{Name: "mem-rows", Description: "A table in memory, for tests.", Schema: "#Config: close({note?: string})\n", Dates: true, Transactional: true}
}

// Open implements [adapters.Application].
func (a tableApp) Open(ctx context.Context, _ adapters.Env, settings adapters.Settings) (adapters.Connection, error) {
	var config struct {
		Note string `json:"note"`
	}
	if err := decode(settings.Config, &config); err != nil {
		return nil, err
	}
	return &tableConn{table: a.table}, ctx.Err()
}

// decode reads a config whose only mistake can be a note that is no text.
func decode(config json.RawMessage, into any) error {
	if len(config) == 0 {
		return nil
	}
	if err := json.Unmarshal(config, into); err != nil {
		return &adapters.ConfigError{Path: []string{"config", "note"}, Message: "must be text"}
	}
	return nil
}

// tableConn implements everything there is.
type tableConn struct {
	table  *Table
	closed atomic.Bool
}

var (
	_ adapters.Source        = (*tableConn)(nil)
	_ adapters.Destination   = (*tableConn)(nil)
	_ adapters.Discoverer    = (*tableConn)(nil)
	_ adapters.KeyReader     = (*tableConn)(nil)
	_ adapters.Transactional = (*tableConn)(nil)
)

func (c *tableConn) ready(ctx context.Context, op string) error {
	if c.closed.Load() {
		return adapters.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return c.table.reachable(op)
}

func (c *tableConn) Check(ctx context.Context) (string, error) {
	if err := c.ready(ctx, "connecting"); err != nil {
		return "", err
	}
	return fmt.Sprintf("table %q in memory", c.table.Name), nil
}

func (c *tableConn) Close(context.Context) error {
	c.closed.Store(true)
	return nil
}

func (c *tableConn) find(ctx context.Context, op, object string) error {
	if err := c.ready(ctx, op); err != nil {
		return err
	}
	if object != c.table.Name {
		return &adapters.Error{Kind: adapters.NotFound, Op: op, Object: object}
	}
	return nil
}

func (c *tableConn) Describe(ctx context.Context, object string) (adapters.Object, error) {
	if err := c.find(ctx, "describing", object); err != nil {
		return adapters.Object{}, err
	}
	return c.table.object(), nil
}

func (c *tableConn) Discover(ctx context.Context, object string) ([]adapters.Object, error) {
	if object == "" {
		object = c.table.Name
	}
	o, err := c.Describe(ctx, object)
	if err != nil {
		return nil, err
	}
	return []adapters.Object{o}, nil
}

func (c *tableConn) ReadByKey(ctx context.Context, req adapters.WriteRequest, keys [][]record.Value) ([]bool, error) {
	if err := c.find(ctx, "looking up", req.Object); err != nil {
		return nil, err
	}
	c.table.mu.Lock()
	defer c.table.mu.Unlock()
	found := make([]bool, len(keys))
	for i, k := range keys {
		_, found[i] = c.table.rows[k[0].Text()]
	}
	return found, nil
}

func (c *tableConn) OpenRead(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	if err := c.find(ctx, "reading", req.Object); err != nil {
		return nil, err
	}
	if err := req.NoFilter(); err != nil {
		return nil, err
	}
	if !c.table.object().CanRead(req.Mode) {
		return nil, &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: req.Object, Rule: "unknown read mode"}
	}
	r := &tableReader{conn: c, mode: req.Mode, shape: record.NewShape(c.table.Columns...)}
	if req.From != nil {
		cursor, key, ok := strings.Cut(string(req.From), "/")
		if _, err := fmt.Sscanf(cursor, "%d", &r.after); err != nil || !ok {
			return nil, &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: req.Object, Rule: "unreadable cursor"}
		}
		r.afterKey, r.resumed = key, true
	}
	if len(req.By) > 1 || len(req.By) == 1 && c.table.column(req.By[0]) < 0 {
		return nil, &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: req.Object, Rule: "records are found by one column only"}
	} else if len(req.By) == 1 {
		r.by = req.By[0]
	}
	for _, k := range req.Keys {
		r.keys = append(r.keys, k[0].Text())
	}
	return r, nil
}

func (c *tableConn) OpenWrite(ctx context.Context, req adapters.WriteRequest) (adapters.Writer, error) {
	if err := c.writable(ctx, req); err != nil {
		return nil, err
	}
	return &tableWriter{conn: c, req: req}, nil
}

func (c *tableConn) writable(ctx context.Context, req adapters.WriteRequest) error {
	if err := c.find(ctx, "writing", req.Object); err != nil {
		return err
	}
	invalid := &adapters.Error{Kind: adapters.Invalid, Op: "writing", Object: req.Object}
	switch {
	case !c.table.object().CanWrite(req.Mode):
		invalid.Rule = "unknown write mode"
		return invalid
	case req.Mode == adapters.WriteAction && !slices.Contains(c.table.object().Actions, req.Action):
		invalid.Rule = "unknown action"
		return invalid
	case req.Mode != adapters.WriteCreate && (len(req.Key) != 1 || req.Key[0] != c.table.Key):
		invalid.Rule = "key is not the table's"
		return invalid
	}
	return nil
}
