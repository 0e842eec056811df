package run

import (
	"context"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// openReader opens the source where a checkpoint stands (nil: where the flow starts), with everything that belongs to its records. created is
// when the touchpoint was.
func (e *ends) openReader(ctx context.Context, from record.Cursor, created time.Time, limit int) (adapters.Reader, error) {
	at := parsePlaces(from)
	req, err := e.readRequest(at.Main, created, limit)
	if err != nil {
		return nil, err
	}
	if len(e.flow.Spec.Source.ChangedBy) == 0 {
		return e.read(ctx, req)
	}
	w, err := e.openWatching(ctx, req, at, created)
	if err != nil {
		return nil, err
	}
	return e.withIncluded(ctx, w)
}

// read opens a read of the source's own records, with everything that belongs to them.
func (e *ends) read(ctx context.Context, req adapters.ReadRequest) (adapters.Reader, error) {
	r, err := e.source.OpenRead(ctx, req)
	if err != nil {
		return nil, err
	}
	return e.withIncluded(ctx, r)
}

// withIncluded returns a reader that adds to the records of r what belongs to them. r is closed with it, and after an error.
func (e *ends) withIncluded(ctx context.Context, r adapters.Reader) (adapters.Reader, error) {
	if len(e.flow.Spec.Source.Include) == 0 {
		return r, nil
	}
	inc, err := e.including(ctx, r)
	if err != nil {
		_ = r.Close(ctx) // the first error says more
		return nil, err
	}
	return inc, nil
}

// wanted returns the paths that the source is asked for: those that are looked at, without what is included, and those that this is found by. nil:
// everything.
func (e *ends) wanted() []record.Path {
	paths := e.paths()
	includes := e.flow.Spec.Source.Include
	if paths == nil || len(includes) == 0 {
		return paths
	}
	seen := map[string]bool{}
	var wanted []record.Path
	add := func(p record.Path) {
		if text := p.String(); !seen[text] {
			seen[text] = true
			wanted = append(wanted, p)
		}
	}
	for _, p := range paths {
		if len(p) == 0 || !slices.ContainsFunc(e.flow.Spec.Source.Include, func(in included) bool { return in.Name == p[0].Name }) {
			add(p)
		}
	}
	for _, in := range includes {
		for _, text := range in.Filter {
			if p, err := record.ParsePath(text); err == nil {
				add(p)
			}
		}
	}
	return wanted
}
