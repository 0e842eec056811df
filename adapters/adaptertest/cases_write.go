package adaptertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

func writeCases() []Case {
	return []Case{
		{"write", "an outcome that is not true makes the ledger lie about what was delivered", tryWrite},
		{"write-empty", "a batch of which everything was set aside is empty and must do nothing", tryWriteEmpty},
		{"write-huge", "a first sync writes everything; limits of parameters or of statements must not show", tryWriteHuge},
		{"write-exact-numbers", "amounts and long ids that pass through a float change silently", tryWriteNumbers},
		{"replay", "after a crash a batch is sent again: a second copy is a second order", tryReplay},
		{"poison", "one record that the destination refuses must not hold up the others", tryPoison},
		{"absent-null", "a field that is not sent must stay as it is; a null must clear it", tryAbsentNull},
		{"ensure", "ensure promises never to touch what is there", tryEnsure},
		{"update", "an update that creates makes a record nobody asked for", tryUpdate},
		{"delete", "a delete takes its record and no other, and is no error when it is gone already", tryDelete},
		{"action", "an action that reaches another record cancels somebody else's order", tryAction},
		{"writer-close", "a slice of a run may end behind any batch", tryWriterClose},
		{"read-by-key", "a write without an answer is looked up before it is repeated", tryReadByKey},
	}
}

func (p *probe) writeRequest(mode adapters.WriteMode) adapters.WriteRequest {
	req := adapters.WriteRequest{Object: p.t.Object, Mode: mode, Shape: shape()}
	if mode != adapters.WriteCreate {
		req.Key = []string{"id"}
	}
	if mode == adapters.WriteAction {
		req.Action, req.Shape = p.t.Action, record.NewShape(record.Column{Name: "id", Kind: record.String})
	}
	return req
}

// needs skips unless the destination can write in these modes.
func (p *probe) needs(modes ...adapters.WriteMode) error {
	for _, m := range modes {
		if !slices.Contains(p.h.Can.Writes, m) {
			return skip(fmt.Sprintf("does not write in mode %q", m))
		}
	}
	return nil
}

// keyed returns a mode that repeats without harm.
func (p *probe) keyed() (adapters.WriteMode, error) {
	for _, m := range []adapters.WriteMode{adapters.WriteUpsert, adapters.WriteEnsure} {
		if slices.Contains(p.h.Can.Writes, m) {
			return m, nil
		}
	}
	return "", skip("has no write by key")
}

// anyMode returns a mode that makes new records.
func (p *probe) anyMode() (adapters.WriteMode, error) {
	if m, err := p.keyed(); err == nil {
		return m, nil
	}
	return adapters.WriteCreate, p.needs(adapters.WriteCreate)
}

// write opens a writer, writes one batch and closes it.
func (p *probe) write(ctx context.Context, mode adapters.WriteMode, rows [][]record.Value) ([]adapters.Outcome, error) {
	d, err := p.destination(ctx)
	if err != nil {
		return nil, err
	}
	req := p.writeRequest(mode)
	w, err := d.OpenWrite(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("opening a write: %w", err)
	}
	var b record.Batch
	if err := fill(&b, w.Encoding(), req.Shape, rows); err != nil {
		return nil, err
	}
	out := make([]adapters.Outcome, len(rows))
	err = w.Write(ctx, &b, out)
	if cerr := w.Close(ctx); err == nil && cerr != nil {
		err = fmt.Errorf("closing a writer: %w", cerr)
	}
	return out, err
}

func rowsOf(items []Item) [][]record.Value {
	rows := make([][]record.Value, len(items))
	for i, it := range items {
		rows[i] = it.values()
	}
	return rows
}

// has compares what the target holds.
func (p *probe) has(ctx context.Context, want []Item) error {
	items, err := p.t.Items(ctx)
	if err != nil {
		return fmt.Errorf("looking into the target: %w", err)
	}
	return p.diff(items, want)
}

// results complains unless every outcome is one of those allowed and has no error.
func results(out []adapters.Outcome, allowed ...adapters.Result) error {
	for i, o := range out {
		if !slices.Contains(allowed, o.Result) {
			return fmt.Errorf("record %d: got %s (%v), want one of %v", i, o.Result, errOf(o), allowed)
		}
		if o.Err != nil {
			return fmt.Errorf("record %d was %s but has an error: %w", i, o.Result, o.Err)
		}
	}
	return nil
}

func errOf(o adapters.Outcome) error {
	if o.Err == nil {
		return nil
	}
	return o.Err
}

// created is what making new records may report.
func (p *probe) created() []adapters.Result {
	if p.h.Can.Blind {
		return []adapters.Result{adapters.Created, adapters.Updated}
	}
	return []adapters.Result{adapters.Created}
}

func tryWrite(ctx context.Context, p *probe) error {
	if _, err := p.destination(ctx); err != nil {
		return err
	}
	items := someItems(10)
	for i, mode := range []adapters.WriteMode{adapters.WriteCreate, adapters.WriteUpsert} {
		if p.needs(mode) != nil {
			continue
		}
		half := items[i*5 : i*5+5]
		out, err := p.write(ctx, mode, rowsOf(half))
		if err != nil {
			return fmt.Errorf("in mode %q: %w", mode, err)
		}
		if err := results(out, p.created()...); err != nil {
			return fmt.Errorf("in mode %q: %w", mode, err)
		}
		have, err := p.t.Items(ctx)
		if err != nil {
			return err
		}
		have = slices.DeleteFunc(have, func(it Item) bool { return it.ID < half[0].ID || it.ID > half[4].ID })
		if err := p.diff(have, half); err != nil {
			return fmt.Errorf("in mode %q: %w", mode, err)
		}
	}
	return nil
}

func tryWriteEmpty(ctx context.Context, p *probe) error {
	mode, err := p.anyMode()
	if err != nil {
		return err
	}
	if _, err := p.write(ctx, mode, nil); err != nil {
		return fmt.Errorf("writing nothing: %w", err)
	}
	return p.has(ctx, nil)
}

func tryWriteHuge(ctx context.Context, p *probe) error {
	mode, err := p.anyMode()
	if err != nil {
		return err
	}
	items := someItems(p.h.Huge)
	out, err := p.write(ctx, mode, rowsOf(items))
	if err != nil {
		return err
	}
	if err := results(out, p.created()...); err != nil {
		return err
	}
	return p.has(ctx, items)
}

func tryWriteNumbers(ctx context.Context, p *probe) error {
	mode, err := p.anyMode()
	if err != nil {
		return err
	}
	items := numberItems()
	out, err := p.write(ctx, mode, rowsOf(items))
	if err != nil {
		return err
	}
	if err := results(out, p.created()...); err != nil {
		return err
	}
	return p.has(ctx, items)
}

func tryReplay(ctx context.Context, p *probe) error {
	mode, err := p.keyed()
	if err != nil {
		return err
	}
	items := someItems(7)
	if _, err := p.write(ctx, mode, rowsOf(items)); err != nil {
		return err
	}
	out, err := p.write(ctx, mode, rowsOf(items))
	if err != nil {
		return fmt.Errorf("sending a batch again: %w", err)
	}
	if err := results(out, adapters.Unchanged, adapters.Updated); err != nil {
		return fmt.Errorf("sending a batch again: %w", err)
	}
	return p.has(ctx, items)
}

func tryPoison(ctx context.Context, p *probe) error {
	if p.t.Poison == nil {
		return skip("the target takes everything")
	}
	mode, err := p.anyMode()
	if err != nil {
		return err
	}
	items := someItems(6)
	rows := slices.Insert(rowsOf(items), 3, p.t.Poison.values())
	out, err := p.write(ctx, mode, rows)
	if err != nil {
		return fmt.Errorf("a batch with one bad record failed as a whole: %w", err)
	}
	if err := p.poisoned(out[3]); err != nil {
		return err
	}
	if err := results(slices.Delete(slices.Clone(out), 3, 4), p.created()...); err != nil {
		return fmt.Errorf("a neighbour of a bad record: %w", err)
	}
	return p.has(ctx, items)
}

// poisoned checks the outcome of the bad record.
func (p *probe) poisoned(o adapters.Outcome) error {
	switch {
	case o.Result != adapters.Rejected:
		return fmt.Errorf("the bad record was %s, want rejected", o.Result)
	case o.Err == nil:
		return errors.New("the bad record was rejected without an error")
	case o.Err.Kind != adapters.Invalid:
		return fmt.Errorf("the bad record was rejected with kind %s, want Invalid", o.Err.Kind)
	case strings.Contains(o.Err.Error(), *p.t.Poison.Name):
		return errors.New("the error of the bad record shows its content")
	}
	return nil
}

func tryAbsentNull(ctx context.Context, p *probe) error {
	if err := p.needs(adapters.WriteUpsert); err != nil {
		return err
	}
	items := someItems(3)
	if _, err := p.write(ctx, adapters.WriteUpsert, rowsOf(items)); err != nil {
		return err
	}
	rows := rowsOf(items)
	rows[0][1] = record.Value{}
	rows[0][2] = record.IntValue(77)
	rows[1][1] = record.NullValue
	out, err := p.write(ctx, adapters.WriteUpsert, rows)
	if err != nil {
		return err
	}
	if err := results(out, adapters.Updated, adapters.Unchanged); err != nil {
		return err
	}
	if !p.h.Can.Blind && (out[0].Result != adapters.Updated || out[1].Result != adapters.Updated) {
		return fmt.Errorf("changed records were %s and %s, want updated", out[0].Result, out[1].Result)
	}
	items[0].Amount, items[1].Name = "77", nil
	return p.has(ctx, items)
}

func tryEnsure(ctx context.Context, p *probe) error {
	if err := p.needs(adapters.WriteEnsure); err != nil {
		return err
	}
	items := someItems(4)
	if _, err := p.write(ctx, adapters.WriteEnsure, rowsOf(items[:2])); err != nil {
		return err
	}
	changed := slices.Clone(items)
	changed[0].Name, changed[1].Amount = new("other"), "5"
	out, err := p.write(ctx, adapters.WriteEnsure, rowsOf(changed))
	if err != nil {
		return err
	}
	if err := results(out[:2], adapters.Unchanged); err != nil {
		return fmt.Errorf("what was there: %w", err)
	}
	if err := results(out[2:], adapters.Created); err != nil {
		return fmt.Errorf("what was not there: %w", err)
	}
	return p.has(ctx, items)
}

func tryUpdate(ctx context.Context, p *probe) error {
	if err := p.needs(adapters.WriteUpdate); err != nil {
		return err
	}
	if p.t.Seed == nil {
		return skip("the target cannot be seeded")
	}
	items := someItems(3)
	if _, err := p.destination(ctx); err != nil {
		return err
	}
	if err := p.seed(ctx, items[:2]); err != nil {
		return err
	}
	items[0].Name = new("changed")
	out, err := p.write(ctx, adapters.WriteUpdate, rowsOf(items))
	if err != nil {
		return err
	}
	if err := results(out[:1], adapters.Updated); err != nil {
		return err
	}
	if err := results(out[1:2], adapters.Unchanged, adapters.Updated); err != nil {
		return err
	}
	if out[2].Result != adapters.Rejected || out[2].Err == nil || out[2].Err.Kind != adapters.NotFound {
		return fmt.Errorf("updating a missing record was %s (%v), want rejected with NotFound", out[2].Result, errOf(out[2]))
	}
	return p.has(ctx, items[:2])
}

func tryDelete(ctx context.Context, p *probe) error {
	if err := p.needs(adapters.WriteDelete); err != nil {
		return err
	}
	if p.t.Seed == nil {
		return skip("the target cannot be seeded")
	}
	items := someItems(4)
	if _, err := p.destination(ctx); err != nil {
		return err
	}
	if err := p.seed(ctx, items[:3]); err != nil {
		return err
	}
	out, err := p.write(ctx, adapters.WriteDelete, rowsOf([]Item{items[1], items[3]}))
	if err != nil {
		return err
	}
	if err := results(out[:1], adapters.Deleted); err != nil {
		return err
	}
	if err := results(out[1:], adapters.Unchanged, adapters.Deleted); err != nil {
		return fmt.Errorf("what is gone already: %w", err)
	}
	return p.has(ctx, []Item{items[0], items[2]})
}

func tryAction(ctx context.Context, p *probe) error {
	if err := p.needs(adapters.WriteAction); err != nil {
		return err
	}
	items := someItems(3)
	d, err := p.destination(ctx)
	if err != nil {
		return err
	}
	if err := p.seed(ctx, items[:2]); err != nil {
		return err
	}
	req := p.writeRequest(adapters.WriteAction)
	req.Action = "no such action"
	w, err := d.OpenWrite(ctx, req)
	if err == nil {
		_ = w.Close(ctx)
	}
	if err := wantKind("an action that does not exist", err, adapters.Invalid); err != nil {
		return err
	}
	out, err := p.write(ctx, adapters.WriteAction, [][]record.Value{{record.StringValue(items[1].ID)}, {record.StringValue(items[2].ID)}})
	if err != nil {
		return err
	}
	if err := results(out[:1], adapters.Updated); err != nil {
		return err
	}
	if out[1].Result != adapters.Rejected || out[1].Err == nil || out[1].Err.Kind != adapters.NotFound {
		return fmt.Errorf("acting on a missing record was %s (%v), want rejected with NotFound", out[1].Result, errOf(out[1]))
	}
	acted, err := p.t.Acted(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(acted, []string{items[1].ID}) {
		return fmt.Errorf("the action was done with %q, want %q alone", acted, items[1].ID)
	}
	return p.has(ctx, items[:2])
}

func tryWriterClose(ctx context.Context, p *probe) error {
	mode, err := p.anyMode()
	if err != nil {
		return err
	}
	d, err := p.destination(ctx)
	if err != nil {
		return err
	}
	req := p.writeRequest(mode)
	w, err := d.OpenWrite(ctx, req)
	if err != nil {
		return err
	}
	for range 2 {
		if err := p.within("closing a writer", func() error { return w.Close(ctx) }); err != nil {
			return err
		}
	}
	var b record.Batch
	if err := fill(&b, w.Encoding(), req.Shape, rowsOf(someItems(1))); err != nil {
		return err
	}
	out := make([]adapters.Outcome, 1)
	if err := w.Write(ctx, &b, out); !errors.Is(err, adapters.ErrClosed) {
		return fmt.Errorf("Write after Close: got %v, want ErrClosed", err)
	}
	if out[0].Result != adapters.NotWritten {
		return fmt.Errorf("Write after Close reported %s", out[0].Result)
	}
	return p.has(ctx, nil)
}

func tryReadByKey(ctx context.Context, p *probe) error {
	if !p.h.Can.KeyReader {
		return skip("does not look up keys")
	}
	mode, err := p.anyMode()
	if err != nil {
		return err
	}
	items := someItems(3)
	if _, err := p.write(ctx, mode, rowsOf(items[:2])); err != nil {
		return err
	}
	kr, ok := p.conn.(adapters.KeyReader)
	if !ok {
		return errors.New("declared as a key reader but is none")
	}
	keys := [][]record.Value{{record.StringValue(items[1].ID)}, {record.StringValue(items[2].ID)}, {record.StringValue(items[0].ID)}}
	req := p.writeRequest(mode)
	req.Key = []string{"id"}
	found, err := kr.ReadByKey(ctx, req, keys)
	if err != nil {
		return err
	}
	if want := []bool{true, false, true}; !slices.Equal(found, want) {
		return fmt.Errorf("looked up %v, want %v", found, want)
	}
	return nil
}
