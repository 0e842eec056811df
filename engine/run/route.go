package run

import (
	"context"
	"slices"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// A route is one target of a flow, opened and compiled. It is immutable.
type route struct {
	config.Target
	destination adapters.Destination
	program     *mapping.Program
	condition   int             // among those of the head; -1: none
	place       int             // routes that write the same object have the same
	answers     bool            // what the destination answers is written back
	reads       bool            // what was written can be read by its key
	shared      bool            // another route writes the object, too
	object      adapters.Object // what is written, as far as it was asked for
}

// place numbers the objects that the routes write.
func (e *ends) place() {
	for i, r := range e.routes {
		same := func(o *route) bool {
			return o.Destination.Connection == r.Destination.Connection && o.Destination.Object == r.Destination.Object
		}
		r.place = slices.IndexFunc(e.routes, same)
		r.shared = r.place < i || slices.ContainsFunc(e.routes[i+1:], same)
	}
}

// writeRequest says what is written.
func (r *route) writeRequest() adapters.WriteRequest {
	d := &r.Destination
	return adapters.WriteRequest{
		Object: d.Object, Mode: adapters.WriteMode(d.Write), Action: d.Action, Key: d.Key, Shape: r.program.Shape(), Answer: r.answers,
		Compare: d.Unchanged == "destination",
	}
}

// creates reports whether a write that is repeated makes another record.
func (r *route) creates() bool { return r.Destination.Write == string(adapters.WriteCreate) }

// trusts reports whether the ledger of the route proves what the destination has. It does not where another route may have written since.
func (r *route) trusts() bool { return r.Destination.Unchanged == "ledger" && !r.shared }

// A lane is a route at work in one session.
type lane struct {
	*route
	exec    *mapping.Executor
	rows    *record.Batch // the mapped records
	keyCols []int         // the destination key among the columns
	tag     state.KeyHash // of the route
	writer  adapters.Writer
	exact   *exactly // writer writes within its transactions; nil: it does not
	out     *record.Batch
	group   []*item // to be sent next
}

func newLane(r *route, exec *mapping.Executor) *lane {
	l := &lane{route: r, exec: exec, rows: new(record.Batch), out: new(record.Batch)}
	for _, name := range r.Destination.Key {
		l.keyCols = append(l.keyCols, r.program.Shape().Column(name))
	}
	return l
}

// open prepares to write.
func (l *lane) open(ctx context.Context) (err error) {
	l.writer, err = l.destination.OpenWrite(ctx, l.writeRequest())
	if err == nil && l.exact != nil {
		l.writer = &exactWriter{l.writer, l.exact}
	}
	return err
}

// key returns the destination key of a mapped record.
func (l *lane) key(it *item) []record.Value {
	row := l.rows.Row(it.row)
	key := make([]record.Value, len(l.keyCols))
	for i, c := range l.keyCols {
		key[i] = row[c]
	}
	return key
}

// routeTag returns what the keys of a named route are marked with.
func routeTag(h *secret.Hasher, name string) state.KeyHash {
	if name == "" {
		return state.KeyHash{}
	}
	return state.RouteTag(state.KeyHash(h.Key(secret.StringPart("route"), secret.StringPart(name))))
}

// PruneRoute destroys what a touchpoint remembers of one of its named routes. Active runs are ended.
func PruneRoute(ctx context.Context, store *state.Store, touchpointID int64, name string) error {
	t, err := store.TouchpointByID(ctx, touchpointID)
	if err != nil {
		return err
	}
	h, err := store.Hasher(t)
	if err != nil {
		return err
	}
	return store.PruneRoute(ctx, touchpointID, routeTag(h, name))
}
