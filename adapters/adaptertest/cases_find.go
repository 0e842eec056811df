package adaptertest

import (
	"context"
	"fmt"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// tryReadBy finds records by their name, where the object says that it can, and demands a refusal where it does not.
func tryReadBy(ctx context.Context, p *probe) error {
	src, err := p.source(ctx)
	if err != nil {
		return err
	}
	o, err := src.Describe(ctx, p.t.Object)
	if err != nil {
		return err
	}
	if !o.CanRead(adapters.ReadKeys) {
		return skip("does not read by key")
	}
	name := func(of string) *string { return &of }
	items := []Item{
		{ID: "a", Name: name("twin"), Amount: "1", Rev: 1},
		{ID: "b", Name: name("other"), Amount: "2", Rev: 2},
		{ID: "c", Name: name("twin"), Amount: "3", Rev: 3},
		{ID: "d", Name: name("third"), Amount: "4", Rev: 4},
	}
	if err := p.seed(ctx, items); err != nil {
		return err
	}
	req := adapters.ReadRequest{Mode: adapters.ReadKeys, By: []string{"name"}, Keys: [][]record.Value{
		{record.StringValue("twin")}, {record.StringValue("nobody")}, {record.StringValue("third")},
	}}
	g, err := p.read(ctx, req, readOptions{})
	if !o.CanFind(req.By) {
		return wantKind("reading by a field that it says it cannot find records by", err, adapters.Invalid)
	}
	if err != nil {
		return err
	}
	if err := p.diff(g.items, []Item{items[0], items[2], items[3]}); err != nil {
		return err
	}
	req.By = []string{"no-such-field"}
	_, err = p.read(ctx, req, readOptions{})
	return wantKind("reading by a field that there is none of", err, adapters.Invalid)
}

// tryReadFilter demands that a filter text is refused in every mode that does not take one. What such a text means only the application knows.
func tryReadFilter(ctx context.Context, p *probe) error {
	src, err := p.source(ctx)
	if err != nil {
		return err
	}
	o, err := src.Describe(ctx, p.t.Object)
	if err != nil {
		return err
	}
	if err := p.seed(ctx, someItems(3)); err != nil {
		return err
	}
	tried := false
	for _, mode := range p.h.Can.Reads {
		if o.CanFilter(mode) {
			continue
		}
		tried = true
		req := adapters.ReadRequest{Mode: mode, Filter: "no record is like this"}
		if mode == adapters.ReadKeys {
			req.Keys = [][]record.Value{{record.StringValue("k000001")}}
		}
		_, err := p.read(ctx, req, readOptions{items: 1})
		if err := wantKind(fmt.Sprintf("a filter text in mode %q", mode), err, adapters.Invalid); err != nil {
			return err
		}
	}
	if !tried {
		return skip("takes filter texts in every mode")
	}
	return nil
}
