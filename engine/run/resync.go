package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/state"
)

// resyncBatch is how many records are read by key at once.
const resyncBatch = 200

// scanned is how many entries of the ledger are looked at in one step.
const scanned = 500

// again says how a record is judged that is sent again: one that has not changed is left alone unless it is forced.
type again struct{ force bool }

// judgeAgain decides what the ledger can decide about a record that a person wants to be sent again.
func (s *stage) judgeAgain(it *item, current bool) {
	if it.fate != toWrite || s.again.force || !current || !it.keyed {
		return
	}
	same := it.before.Fingerprint == [32]byte(it.fingerprint)
	if it.known() && (it.lane.creates() || it.lane.trusts() && same) {
		it.fate = unchanged
	}
}

// resync reads records again and sends them.
func (s *session) resync(ctx context.Context, r *Runner, w *work) error {
	switch q := w.beside.Resync; {
	case q.Keys != nil:
		return s.resyncKeys(ctx, r, w, q)
	case q.Changed != nil:
		return s.resyncChanged(ctx, r, w, q.Changed)
	default:
		return s.resyncLedger(ctx, r, w, q)
	}
}

// resyncKeys sends the records with some keys.
func (s *session) resyncKeys(ctx context.Context, r *Runner, w *work, q *Resync) error {
	for w.beside.done.Keys < len(q.Keys) {
		done := w.beside.done
		var keys [][]record.Value
		for _, text := range q.Keys[done.Keys:min(len(q.Keys), done.Keys+resyncBatch)] {
			key, err := decodeKey(text)
			if err != nil {
				return err
			}
			keys = append(keys, key)
			done.Keys++
		}
		if err := s.sendKeys(ctx, r, w, keys, done); err != nil {
			return err
		}
	}
	return io.EOF
}

// sendKeys reads records by key and sends them; done is kept with the last of them.
func (s *session) sendKeys(ctx context.Context, r *Runner, w *work, keys [][]record.Value, done headway) (err error) {
	if len(keys) == 0 {
		return s.sendAside(ctx, r, w, new(record.Batch), done)
	}
	if !s.ends.object.CanRead(adapters.ReadKeys) {
		return notByKey(s.ends.flow)
	}
	reader, err := s.ends.read(ctx, adapters.ReadRequest{Object: s.ends.flow.Spec.Source.Object, Mode: adapters.ReadKeys, Keys: keys, Paths: s.ends.wanted()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close(context.WithoutCancel(ctx))) }()
	found := 0
	b, ahead := new(record.Batch), new(record.Batch)
	err = reader.Next(ctx, b)
	for err == nil {
		found += b.Len()
		if err = reader.Next(ctx, ahead); err == nil {
			if err := s.sendAside(ctx, r, w, b, w.beside.done); err != nil {
				return err
			}
			b, ahead = ahead, b
		}
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	done.Missing += max(0, len(keys)-found)
	return s.sendAside(ctx, r, w, b, done)
}

// notByKey says that a flow's source cannot be read by key.
func notByKey(f *Flow) error {
	return &adapters.Error{Kind: adapters.Invalid, Op: "reading by key", Object: f.Spec.Source.Object, Rule: "the source cannot be read by key"}
}

// decodeKey reads what encodeKey wrote.
func decodeKey(text []byte) ([]record.Value, error) {
	v, err := record.ParseJSON(text)
	if err != nil || v.Kind() != record.List || v.Len() == 0 {
		return nil, errors.New("a key is not a list")
	}
	return v.Elements(), nil
}

// resyncLedger sends the records that the ledger names. It goes through the ledger in the order of its keys, so that what is written meanwhile is
// met at most once.
func (s *session) resyncLedger(ctx context.Context, r *Runner, w *work, q *Resync) error {
	for {
		done := w.beside.done
		entries, last, err := r.Store.ScanLedger(ctx, w.touchpoint.ID, done.After, scanned)
		if err != nil {
			return err
		}
		if last == (state.KeyHash{}) {
			return io.EOF
		}
		var keys [][]record.Value
		seen := map[string]bool{}
		for i := range entries {
			e := &entries[i]
			if !q.wants(e) || e.Key == nil {
				continue
			}
			key, err := decodeKey(e.Key)
			if err != nil || len(key) < s.ends.key {
				continue // of an element whose object has another key now
			}
			key = key[:s.ends.key]
			if text := keyText(key); !seen[text] {
				seen[text] = true
				keys = append(keys, key)
			}
		}
		done.After = last
		for len(keys) > resyncBatch {
			if err := s.sendKeys(ctx, r, w, keys[:resyncBatch], w.beside.done); err != nil {
				return err
			}
			keys = keys[resyncBatch:]
		}
		done.Missing = w.beside.done.Missing
		if err := s.sendKeys(ctx, r, w, keys, done); err != nil {
			return err
		}
	}
}

// wants reports whether a record of the ledger is one of those to be sent again.
func (q *Resync) wants(e *state.LedgerEntry) bool {
	switch {
	case !e.State.Delivered():
		return false
	case q.Created != nil:
		return q.Created.holds(e.FirstAt)
	case q.Written != nil:
		return q.Written.holds(e.At)
	case q.Run != 0:
		return e.RunID == q.Run
	default:
		return slices.Contains(q.Revisions, e.Revision)
	}
}

// resyncChanged sends the records that changed within a window, by the source's cursor.
func (s *session) resyncChanged(ctx context.Context, r *Runner, w *work, window *Window) error {
	if len(s.ends.object.Cursor) == 0 || !s.ends.object.CanRead(adapters.ReadIncremental) {
		return &adapters.Error{Kind: adapters.Invalid, Op: "reading what changed", Object: s.ends.flow.Spec.Source.Object, Rule: "the source does not tell when a record changed"}
	}
	req := adapters.ReadRequest{Object: s.ends.flow.Spec.Source.Object, Mode: adapters.ReadIncremental, From: w.beside.done.Cursor, Start: window.From}
	changed := s.ends.object.Cursor[0].String()
	some := new(record.Batch)
	return s.follow(ctx, r, w, req, func(b *record.Batch) (*record.Batch, bool, error) {
		some.Reset(b.Shape)
		past := false
		for i := range b.Len() {
			v, err := recordValue(b, i)
			if err != nil {
				return nil, false, err
			}
			at, ok := instant(membersOf(v, []string{changed})[0])
			if !ok {
				return nil, false, &adapters.Error{Kind: adapters.Invalid, Op: "reading what changed", Object: req.Object, Field: changed, Rule: "it is not a time"}
			}
			switch {
			case at.After(window.To):
				past = true
			case at.Before(window.From) || b.Op(i) == record.Delete:
			case b.Encoding == record.Documents:
				some.AppendDoc(b.Doc(i))
			default:
				some.CopyRow(b.Row(i))
			}
		}
		return some, past, nil
	})
}

// instant reads a time as applications write it; one without a zone is taken as UTC.
func instant(v record.Value) (time.Time, bool) {
	switch v.Kind() {
	case record.Timestamp, record.Date:
		return v.Time(), true
	case record.String:
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
			if t, err := time.Parse(layout, v.Text()); err == nil {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// CheckBeside says why a request cannot be worked with a flow, as far as that is known before it runs: it connects, and compiles what is asked.
// Errors are made for showing.
func (r *Runner) CheckBeside(ctx context.Context, f *Flow, q *Request) error {
	if err := CheckEdits(q.Edits); err != nil {
		return err
	}
	if err := checkWhere(f, q.Where); err != nil {
		return err
	}
	e := ends{flow: (&beside{Request: q}).flow(f), store: r.Store}
	defer e.close(context.WithoutCancel(ctx))
	if err := e.open(ctx, r.Pool); err != nil {
		return err
	}
	switch {
	case q.Resync == nil:
		return nil
	case q.Resync.Changed != nil:
		if len(e.object.Cursor) == 0 {
			return fmt.Errorf("the source %s/%s does not tell when a record changed; choose the records by key, or by --written", f.Spec.Source.Connection, f.Spec.Source.Object)
		}
	case !e.object.CanRead(adapters.ReadKeys):
		return fmt.Errorf("the source %s/%s cannot be read by key; choose the records by --changed, or run the touchpoint with another start", f.Spec.Source.Connection, f.Spec.Source.Object)
	case e.key == 0:
		return fmt.Errorf("the source %s/%s has no key", f.Spec.Source.Connection, f.Spec.Source.Object)
	}
	return nil
}

// Source describes the object that a flow reads.
func (r *Runner) Source(ctx context.Context, f *Flow) (adapters.Object, error) {
	h, err := r.Pool.Open(ctx, f.Model, f.Spec.Source.Connection)
	if err != nil {
		return adapters.Object{}, err
	}
	defer func() { _ = h.Release(context.WithoutCancel(ctx)) }() // nothing depends on a connection that is given back
	source, ok := h.Connection.(adapters.Source)
	if !ok {
		return adapters.Object{}, notByKey(f)
	}
	return source.Describe(ctx, f.Spec.Source.Object)
}

// checkWhere compiles a condition against what the repository knows of the source.
func checkWhere(f *Flow, where string) error {
	if where == "" {
		return nil
	}
	var side config.Side
	source := &f.Spec.Source
	for _, o := range f.Model.Objects {
		fits := o.Spec.Connection == source.Connection || o.Spec.Connection == "" && o.Spec.Application == f.Model.Connections[source.Connection].Spec.Application
		if fits && o.Spec.Object == source.Object && (side.Object == nil || o.Spec.Connection != "") {
			side.Object = &o.Spec
		}
	}
	_, err := compiled("the condition", &config.Mapping{}, mapping.Options{Where: where, Source: side})
	return err
}
