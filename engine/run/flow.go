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
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
)

// A Flow is a touchpoint as one revision says it. It is immutable and safe for concurrent use.
type Flow struct {
	Name     string
	Revision string // the commit
	Model    *config.Model
	Spec     config.Touchpoint
}

// NewFlow returns the touchpoint of that name in the model.
func NewFlow(m *config.Model, name, revision string) (*Flow, error) {
	t, ok := m.Touchpoints[name]
	if !ok {
		return nil, fmt.Errorf("touchpoint %q does not exist", name)
	}
	return &Flow{Name: name, Revision: revision, Model: m, Spec: t.Spec}, nil
}

// ends are the two opened ends of a flow and the compiled mapping between them.
type ends struct {
	flow        *Flow
	handles     []*connect.Handle
	source      adapters.Source
	destination adapters.Destination
	program     *mapping.Program
	object      adapters.Object // of the source
	key         int             // how many of the extra values are the source key
	version     int             // index of the version among the extra values; -1: there is none
}

// open connects both ends and compiles the mapping. What it opened is released by close, also after an error.
func (e *ends) open(ctx context.Context, pool *connect.Pool) error {
	spec := e.flow.Spec
	source, err := e.connect(ctx, pool, spec.Source.Connection)
	if err != nil {
		return err
	}
	destination, err := e.connect(ctx, pool, spec.Destination.Connection)
	if err != nil {
		return err
	}
	var ok bool
	if e.source, ok = source.Connection.(adapters.Source); !ok {
		return &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: spec.Source.Object, Rule: "the application cannot be read"}
	}
	if e.destination, ok = destination.Connection.(adapters.Destination); !ok {
		return &adapters.Error{Kind: adapters.Invalid, Op: "writing", Object: spec.Destination.Object, Rule: "connection " + strconv.Quote(spec.Destination.Connection) + " is for reading only: so is its application, or its path on this machine (--allow-path ro:)"}
	}
	if e.object, err = e.source.Describe(ctx, spec.Source.Object); err != nil {
		return err
	}
	return e.compile()
}

func (e *ends) connect(ctx context.Context, pool *connect.Pool, name string) (*connect.Handle, error) {
	h, err := pool.Open(ctx, e.flow.Model, name)
	if err != nil {
		return nil, err
	}
	e.handles = append(e.handles, h)
	return h, nil
}

// compile prepares the mapping to extract, in its one pass, also what identifies the record.
func (e *ends) compile() error {
	m, ok := e.flow.Model.Mappings[e.flow.Spec.Mapping]
	if !ok {
		return fmt.Errorf("mapping %q does not exist", e.flow.Spec.Mapping)
	}
	extra := append([]record.Path(nil), e.object.Key...)
	e.key, e.version = len(extra), -1
	if e.object.Version != nil {
		e.version = len(extra)
		extra = append(extra, e.object.Version)
	}
	for _, t := range e.flow.Spec.Trace {
		p, err := record.ParsePath(t)
		if err != nil {
			return fmt.Errorf("trace %q: %w", t, err)
		}
		extra = append(extra, p)
	}
	lookups := make(map[string]*config.Lookup, len(e.flow.Model.Lookups))
	for name, l := range e.flow.Model.Lookups {
		lookups[name] = &l.Spec
	}
	program, problems := mapping.Compile(&m.Spec, mapping.Options{
		Lookups: lookups, Where: e.flow.Spec.Source.Where, Extra: extra, Key: e.flow.Spec.Destination.Key,
		Zone: e.flow.Model.Connections[e.flow.Spec.Source.Connection].Spec.Zone,
	})
	if program == nil {
		for _, p := range problems {
			if p.Severity == diag.Error {
				return fmt.Errorf("mapping %q: %s: %s", e.flow.Spec.Mapping, p.Path, p.Message)
			}
		}
		return fmt.Errorf("mapping %q does not compile", e.flow.Spec.Mapping)
	}
	e.program = program
	return nil
}

// traces returns the values of the traced fields among the extra values.
func (e *ends) traces(extra []record.Value) []record.Value {
	return extra[len(extra)-len(e.flow.Spec.Trace):]
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
		Paths: e.program.Paths(), Limit: limit,
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

// writeRequest says what is written.
func (e *ends) writeRequest() adapters.WriteRequest {
	d := e.flow.Spec.Destination
	return adapters.WriteRequest{Object: d.Object, Mode: adapters.WriteMode(d.Write), Key: d.Key, Shape: e.program.Shape()}
}
