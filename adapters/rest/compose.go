package rest

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
)

// composed are the modes that the API itself does not have, and that a look and a write make: ensure of create, upsert of create and update.
func (o *object) composed() []adapters.WriteMode {
	if !o.describesKeys() || o.writes[adapters.WriteCreate] == nil {
		return nil
	}
	modes := []adapters.WriteMode{adapters.WriteEnsure}
	if o.writes[adapters.WriteUpsert] == nil && o.writes[adapters.WriteUpdate] != nil {
		modes = append(modes, adapters.WriteUpsert)
	}
	return modes
}

// describesKeys reports whether records can be looked up.
func (o *object) describesKeys() bool { return o.read != nil && o.read.byKey != nil }

// A finding is what a look-up came back with.
type finding struct {
	there bool
	doc   record.Value
}

// finds looks a record up by its key. An answer without the key that was asked for says nothing: the API does not filter as it was told.
func (w *writer) finds(ctx context.Context, doc record.Value) (f finding, refused *adapters.Error, err error) {
	key := make([]record.Value, len(w.key))
	for i, name := range w.key {
		key[i] = fieldOf(doc, name)
		if key[i].IsNull() || key[i].Text() == "" {
			return f, &adapters.Error{Kind: adapters.Invalid, Op: "writing", Object: w.object.name, Field: name, Rule: "the key is empty"}, nil
		}
	}
	r, err := w.conn.OpenRead(ctx, adapters.ReadRequest{Object: w.object.name, Mode: adapters.ReadKeys, By: w.key, Keys: [][]record.Value{key}})
	if err != nil {
		return f, nil, err
	}
	defer func() { err = errors.Join(err, r.Close(context.WithoutCancel(ctx))) }()
	n, strange, b := 0, false, new(record.Batch)
	for {
		err := r.Next(ctx, b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return f, nil, err
		}
		for i := range b.Len() {
			found, err := record.ParseJSON(slices.Clone(b.Doc(i)))
			if err != nil || !w.sameKey(found, key) {
				strange = true
				continue
			}
			n++
			f = finding{there: true, doc: found}
		}
	}
	switch {
	case n > 1:
		return f, w.doubt("several records have the key"), nil
	case n == 0 && strange:
		return f, w.doubt("the answer has other keys than were asked for"), nil
	}
	return f, nil, nil
}

func (w *writer) doubt(rule string) *adapters.Error {
	return &adapters.Error{Kind: adapters.Ambiguous, Op: "looking up", Object: w.object.name, Rule: rule}
}

// sameKey compares texts: an API may write a number as one, or the other way round.
func (w *writer) sameKey(doc record.Value, key []record.Value) bool {
	for i, name := range w.key {
		if fieldOf(doc, name).Text() != key[i].Text() {
			return false
		}
	}
	return true
}

// fieldOf returns a field of a record by the path of its name.
func fieldOf(v record.Value, name string) record.Value {
	p, err := record.ParsePath(name)
	if err != nil {
		return v.Get(name)
	}
	return p.In(v)
}

// look writes one record after a look at what is there.
func (w *writer) look(ctx context.Context, doc []byte, token string) (adapters.Outcome, error) {
	v, err := record.ParseJSON(slices.Clone(doc))
	if err != nil {
		return rejected(unfit("writing", w.object.name, "is not JSON")), nil
	}
	f, refused, err := w.finds(ctx, v)
	if err != nil || refused != nil {
		return outcomeOf(refused), err
	}
	if !f.there && w.mode != adapters.WriteUpdate && w.object.writes[w.mode] == nil {
		o, err := w.send(ctx, adapters.WriteCreate, w.object.writes[adapters.WriteCreate], doc, token)
		if o.Err == nil || o.Err.Kind != adapters.Duplicate {
			return o, err
		}
		if f, refused, err = w.finds(ctx, v); err != nil || refused != nil || !f.there { // somebody made it meanwhile
			if refused == nil && err == nil {
				refused = o.Err
			}
			return outcomeOf(refused), err
		}
	}
	unchanged := adapters.Outcome{Result: adapters.Unchanged, ID: w.ownID(f.doc), Answer: f.doc}
	switch {
	case w.mode == adapters.WriteEnsure, f.there && w.compare && holds(f.doc, v):
		return unchanged, nil
	case w.object.writes[w.mode] != nil:
		return w.send(ctx, w.mode, w.object.writes[w.mode], doc, token)
	default:
		return w.send(ctx, adapters.WriteUpdate, w.object.writes[adapters.WriteUpdate], doc, token)
	}
}

func outcomeOf(refused *adapters.Error) adapters.Outcome {
	if refused == nil {
		return adapters.Outcome{}
	}
	return rejected(refused)
}

// ownID returns the object's key of a record, where that is one field.
func (w *writer) ownID(doc record.Value) record.Value {
	if len(w.object.key) != 1 {
		return record.Value{}
	}
	return w.object.key[0].In(doc).Clone()
}

// holds reports whether what is there has everything that would be sent.
func holds(there, sent record.Value) bool {
	if sent.Kind() != record.Object || there.Kind() != record.Object {
		return there.Equal(sent)
	}
	for i, name := range sent.Names() {
		if !holds(there.Get(name), sent.Elements()[i]) {
			return false
		}
	}
	return true
}
