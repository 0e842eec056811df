package run

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
)

// places is a cursor of a flow that watches other objects: where its own read stands, and where each of theirs does.
type places struct {
	Main    record.Cursor            `json:"main,omitempty"`
	Watched map[string]*watchedPlace `json:"watched,omitempty"` // by object and path
}

// watchedPlace is where the read of a watched object stands.
type watchedPlace struct {
	At record.Cursor `json:"at,omitempty"`
	// Seen are digests of the records that an overlap reads again, the latest last.
	Seen []string `json:"seen,omitempty"`
}

// placesMark begins a cursor of several places. Without it a cursor is that of the flow's own read.
const placesMark = "dray places 1\n"

func (p places) cursor() record.Cursor {
	text, err := json.Marshal(p)
	if err != nil {
		panic("run: internal error: a cursor does not marshal")
	}
	return append(record.Cursor(placesMark), text...)
}

// parsePlaces reads a cursor. What a flow watched once, and does not any more, does no harm.
func parsePlaces(c record.Cursor) places {
	rest, several := bytes.CutPrefix(c, []byte(placesMark))
	var p places
	if !several {
		p.Main = c
	} else if err := json.Unmarshal(rest, &p); err != nil {
		panic("run: internal error: a cursor does not unmarshal") // it was sealed
	}
	return p
}

const (
	// seenMost bounds what is remembered of a watched object. Of more than that some is read again in vain.
	seenMost = 2000
	// watchEarlier is how long before the touchpoint was made watching begins where its own read begins at the beginning: that reads
	// everything afterwards, and clocks differ by less.
	watchEarlier = 24 * time.Hour
)

// A watch is one object whose changes count.
type watch struct {
	config.ChangedBy
	id     string
	path   record.Path
	req    adapters.ReadRequest
	reader adapters.Reader // nil: not open
	place  *watchedPlace
	seen   map[string]bool // of the place, and fresh
	fresh  []string        // seen, and what it belongs to has not been read again
	done   bool
}

// watching reads first what changed in other objects, and the records that it belongs to; then what changed by itself. In that order, because
// a record that is read later is never older: what is the same by key and version then falls to the ledger.
type watching struct {
	source  adapters.Source
	object  adapters.Object
	main    adapters.ReadRequest
	overlap bool
	watches []*watch
	at      places
	moved   bool // at is ahead of the last safe cursor

	changed record.Batch
	keys    [][]record.Value // of records to read again
	again   adapters.Reader  // of those; nil: not open
	safe    record.Cursor    // of changed; nil: none
	pending bool             // changed has been read and not all of its records again

	mu     sync.Mutex
	reader adapters.Reader // of what changed by itself; nil: not open
}

var _ adapters.Reader = (*watching)(nil)

// openWatching prepares to read what changed, here and elsewhere.
func (e *ends) openWatching(ctx context.Context, main adapters.ReadRequest, at places, created time.Time) (*watching, error) {
	w := &watching{source: e.source, object: e.object, main: main, overlap: main.Overlap > 0, at: places{Main: at.Main, Watched: map[string]*watchedPlace{}}}
	key := e.object.KeyNames()
	if len(key) != 1 || !e.object.CanFind(key) {
		return nil, unfindable(e.object.Name, append(key, "one key"))
	}
	for _, by := range e.flow.Spec.Source.ChangedBy {
		path, err := record.ParsePath(by.Key)
		if err != nil {
			return nil, fmt.Errorf("changedBy %q: %w", by.Object, err)
		}
		o, err := e.source.Describe(ctx, by.Object)
		if err != nil {
			return nil, fmt.Errorf("changedBy %q: %w", by.Object, err)
		}
		if !o.CanRead(adapters.ReadIncremental) {
			return nil, &adapters.Error{Kind: adapters.Invalid, Op: "reading", Object: by.Object, Rule: "its changes are not known: it cannot be read incrementally"}
		}
		one := &watch{ChangedBy: by, id: by.Object + "/" + path.String(), path: path, place: &watchedPlace{}, seen: map[string]bool{}}
		if before := at.Watched[one.id]; before != nil {
			one.place = &watchedPlace{At: before.At, Seen: slices.Clone(before.Seen)}
		}
		for _, digest := range one.place.Seen {
			one.seen[digest] = true
		}
		one.req = adapters.ReadRequest{Object: by.Object, Mode: adapters.ReadIncremental, From: one.place.At, Start: main.Start, Overlap: main.Overlap}
		if main.Start.IsZero() {
			one.req.Start = created.Add(-watchEarlier)
		}
		w.at.Watched[one.id] = one.place
		w.watches = append(w.watches, one)
	}
	return w, nil
}

// Next reads what changed elsewhere, one object after another, and then what changed by itself. After a temporary error it goes on where it was.
func (w *watching) Next(ctx context.Context, b *record.Batch) error {
	for _, one := range w.watches {
		for !one.done {
			if err := w.step(ctx, one, b); err != nil {
				return err
			}
			if b.Len() > 0 {
				return nil
			}
		}
	}
	r, err := w.own(ctx)
	if err != nil {
		return err
	}
	b.Reset(nil)
	err = r.Next(ctx, b)
	ended := errors.Is(err, io.EOF)
	if err != nil && !ended {
		return err
	}
	if b.Safe != nil {
		w.at.Main, w.moved = slices.Clone(b.Safe), true
	} else if !ended {
		return nil // the places move with the next safe cursor
	}
	w.mark(b)
	return err
}

// mark puts the cursor of all places behind a batch, if they moved since the last one: what lies before them has been delivered.
func (w *watching) mark(b *record.Batch) {
	if b.Safe = nil; w.moved {
		b.Safe, w.moved = w.at.cursor(), false
	}
}

// own returns the reader of what changed by itself.
func (w *watching) own(ctx context.Context) (adapters.Reader, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reader == nil {
		r, err := w.source.OpenRead(ctx, w.main)
		if err != nil {
			return nil, err
		}
		w.reader = r
	}
	return w.reader, nil
}

// step reads more of what changed in a watched object, or of the records that it belongs to. b stays empty where there is none.
func (w *watching) step(ctx context.Context, one *watch, b *record.Batch) error {
	b.Reset(nil)
	if w.pending {
		return w.readAgain(ctx, one, b)
	}
	if one.reader == nil {
		r, err := w.source.OpenRead(ctx, one.req)
		if err != nil {
			return err
		}
		one.reader = r
	}
	w.changed.Reset(nil)
	err := one.reader.Next(ctx, &w.changed)
	w.safe = slices.Clone(w.changed.Safe)
	switch {
	case errors.Is(err, io.EOF):
		one.done = true
		w.pass(one)
		return one.reader.Close(ctx)
	case err != nil:
		return lasting(one.Object, err)
	}
	if err := w.collect(one); err != nil {
		return err
	}
	w.pending = true
	return nil
}

// collect notes the keys of the records that changes belong to, each once.
func (w *watching) collect(one *watch) error {
	wanted := map[string]bool{}
	w.keys = nil
	for i := range w.changed.Len() {
		if w.overlap && one.repeats(appendSource(nil, &w.changed, i)) {
			continue
		}
		v, err := recordValue(&w.changed, i)
		if err != nil {
			return err
		}
		key := []record.Value{one.path.In(v)}
		if t := keyText(key); strings.TrimSpace(t) != "" && !wanted[t] {
			wanted[t], w.keys = true, append(w.keys, key)
		}
	}
	return nil
}

// repeats reports whether a record has been seen as it is, and notes it.
func (one *watch) repeats(doc []byte) bool {
	sum := sha256.Sum256(doc)
	digest := hex.EncodeToString(sum[:8])
	if one.seen[digest] {
		return true
	}
	one.seen[digest], one.fresh = true, append(one.fresh, digest)
	return false
}

// keep moves what is fresh to the place: what it belongs to has been read again.
func (one *watch) keep() {
	one.place.Seen, one.fresh = append(one.place.Seen, one.fresh...), nil
	if over := len(one.place.Seen) - seenMost; over > 0 {
		for _, old := range one.place.Seen[:over] {
			delete(one.seen, old)
		}
		one.place.Seen = slices.Delete(one.place.Seen, 0, over)
	}
}

// readAgain reads the records that changes belong to. All of them count as changed, whatever their version says.
func (w *watching) readAgain(ctx context.Context, one *watch, b *record.Batch) error {
	if len(w.keys) == 0 {
		return w.settle(ctx, one)
	}
	if w.again == nil {
		r, err := w.source.OpenRead(ctx, adapters.ReadRequest{Object: w.object.Name, Mode: adapters.ReadKeys, Keys: w.keys, Paths: w.main.Paths, Filter: w.main.Filter})
		if err != nil {
			return err
		}
		w.again = r
	}
	err := w.again.Next(ctx, b)
	switch {
	case errors.Is(err, io.EOF):
		b.Reset(nil)
		return w.settle(ctx, one)
	case err != nil:
		w.abandon(ctx)
		return lasting(w.object.Name, err)
	}
	w.mark(b)
	b.Touched = true
	return nil
}

// abandon ends a read of records that went wrong: the next attempt begins it anew.
func (w *watching) abandon(ctx context.Context) {
	_ = w.again.Close(context.WithoutCancel(ctx)) // what went wrong is known
	w.again = nil
}

// settle notes that everything a batch of changes belongs to has been read.
func (w *watching) settle(ctx context.Context, one *watch) error {
	w.pending = false
	w.pass(one)
	if w.again == nil {
		return nil
	}
	err := w.again.Close(ctx)
	w.again = nil
	return err
}

// pass moves the place of a watched object. The next batch or the end carries it.
func (w *watching) pass(one *watch) {
	one.keep()
	if w.safe != nil {
		one.place.At, w.moved = w.safe, true
	}
}

// Ack tells the source what is durably delivered of its own read.
func (w *watching) Ack(ctx context.Context, c record.Cursor) error {
	w.mu.Lock()
	r := w.reader
	w.mu.Unlock()
	if at := parsePlaces(c).Main; r != nil && at != nil {
		return r.Ack(ctx, at)
	}
	return nil
}

// Close ends all reads.
func (w *watching) Close(ctx context.Context) error {
	var errs []error
	for _, one := range w.watches {
		if one.reader != nil {
			errs = append(errs, one.reader.Close(ctx))
		}
	}
	if w.again != nil {
		errs = append(errs, w.again.Close(ctx))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reader != nil {
		errs = append(errs, w.reader.Close(ctx))
	}
	return errors.Join(errs...)
}
