package run

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/state"
)

// A Flow is a touchpoint as one revision says it. It is immutable and safe for concurrent use.
type Flow struct {
	Name     string
	Revision string        // the commit
	Model    *config.Model // the part that the touchpoint needs: a flow outlives its revision as long as it does not change
	Spec     config.Touchpoint
	closed   []closedTimes
}

// NewFlow returns the touchpoint of that name in the model.
func NewFlow(m *config.Model, name, revision string) (*Flow, error) {
	t, ok := m.Touchpoints[name]
	if !ok {
		return nil, fmt.Errorf("touchpoint %q does not exist", name)
	}
	closed, err := closedTimesOf(m, &t.Spec)
	if err != nil {
		return nil, fmt.Errorf("touchpoint %q: %w", name, err)
	}
	return &Flow{Name: name, Revision: revision, Model: m.Part(name), Spec: t.Spec, closed: closed}, nil
}

// ends are the opened ends of a flow and the compiled mappings between them.
type ends struct {
	flow    *Flow
	handles []*connect.Handle
	source  adapters.Source
	steps   []*step
	backs   []*writeBack
	// elsewhere are the lookups whose rows are not in the repository, and store has the ledgers that some ask; nil: there are none here.
	elsewhere []*lookup
	store     *state.Store
	routes    []*route
	// head judges a record before it is mapped. nil: there is one route, which every record takes, and nothing comes before.
	head    *mapping.Program
	gone    *mapping.Program // what is set at records that are gone; nil: they are deleted, or nothing becomes of them
	object  adapters.Object  // of the source
	key     int              // how many of the extra values are the source key
	version int              // index of the version among the extra values; -1: there is none
}

// open connects all ends and compiles the mappings. What it opened is released by close, also after an error.
func (e *ends) open(ctx context.Context, pool *connect.Pool) error {
	spec := e.flow.Spec
	source, err := e.connect(ctx, pool, spec.Source.Connection)
	if err != nil {
		return err
	}
	var ok bool
	if e.source, ok = source.Connection.(adapters.Source); !ok {
		return &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: spec.Source.Object, Rule: "the application cannot be read"}
	}
	for _, t := range spec.Targets() {
		r := &route{Target: t, condition: -1}
		if r.destination, err = e.destination(ctx, pool, t.Destination.Connection, t.Destination.Object); err != nil {
			return err
		}
		if err = r.describe(ctx); err != nil {
			return err
		}
		e.routes = append(e.routes, r)
	}
	e.place()
	if err := e.openSteps(ctx, pool); err != nil {
		return err
	}
	if err := e.openLookups(ctx, pool); err != nil {
		return err
	}
	if e.object, err = e.source.Describe(ctx, spec.Source.Object); err != nil {
		return blamed(spec.Source.Connection, err)
	}
	if err := e.openBacks(ctx, pool); err != nil {
		return err
	}
	return e.compile()
}

// destination connects what is written to. nil where nothing is written: to observe needs no right to write.
func (e *ends) destination(ctx context.Context, pool *connect.Pool, connection, object string) (adapters.Destination, error) {
	if e.flow.Spec.Mode == "observe" {
		return nil, nil
	}
	h, err := e.connect(ctx, pool, connection)
	if err != nil {
		return nil, err
	}
	d, ok := h.Connection.(adapters.Destination)
	if !ok {
		return nil, &adapters.Error{Kind: adapters.Invalid, Op: "writing", Object: object, Rule: "connection " + strconv.Quote(connection) + " is for reading only: so is its application, or its path on this machine (--allow-path ro:)"}
	}
	return d, nil
}

func (e *ends) connect(ctx context.Context, pool *connect.Pool, name string) (*connect.Handle, error) {
	h, err := pool.Open(ctx, e.flow.Model, name)
	if err != nil {
		return nil, blamed(name, err)
	}
	e.handles = append(e.handles, h)
	return h, nil
}

func (e *ends) close(ctx context.Context) {
	for i := len(e.handles) - 1; i >= 0; i-- {
		_ = e.handles[i].Release(ctx) // nothing depends on a connection that is given back
	}
	e.handles = nil
}

// readRequest says where a read begins.
func (e *ends) readRequest(from record.Cursor, created time.Time, limit int) (adapters.ReadRequest, error) {
	s := e.flow.Spec.Source
	req := adapters.ReadRequest{
		Object: s.Object, Mode: adapters.ReadMode(s.Read), From: from, Overlap: time.Duration(s.Overlap),
		Paths: e.wanted(), Limit: limit, Filter: s.Filter,
	}
	switch s.Start {
	case "beginning":
	case "now":
		req.Start = created
	default:
		at, err := time.Parse(time.RFC3339, s.Start)
		if err != nil {
			return req, fmt.Errorf("start %q is not an instant", s.Start)
		}
		req.Start = at
	}
	return req, nil
}
