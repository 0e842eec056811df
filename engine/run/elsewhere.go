package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/mapping"
)

// askedTogether is how many keys of a lookup are asked for in one read.
const askedTogether = 500

// maxKnown bounds how many answers of a lookup are remembered.
const maxKnown = 100_000

// A lookup is one of the flow's whose rows are elsewhere, opened. It is immutable.
type lookup struct {
	*config.Lookup
	name   string
	source adapters.Source // nil: a ledger is asked
}

// openLookups connects what the lookups of the flow ask.
func (e *ends) openLookups(ctx context.Context, pool *connect.Pool) error {
	for _, name := range slices.Sorted(maps.Keys(e.flow.Model.Lookups)) {
		l := &lookup{Lookup: &e.flow.Model.Lookups[name].Spec, name: name}
		if !l.Elsewhere() {
			continue
		}
		if l.Connection != "" {
			if err := e.openLookup(ctx, pool, l); err != nil {
				return fmt.Errorf("lookup %q: %w", name, err)
			}
		}
		e.elsewhere = append(e.elsewhere, l)
	}
	return nil
}

func (e *ends) openLookup(ctx context.Context, pool *connect.Pool, l *lookup) error {
	unfit := func(rule string) error {
		return &adapters.Error{Kind: adapters.Invalid, Op: "lookup " + l.name, Object: l.Object, Rule: rule}
	}
	h, err := e.connect(ctx, pool, l.Connection)
	if err != nil {
		return err
	}
	var ok bool
	if l.source, ok = h.Connection.(adapters.Source); !ok {
		return unfit("the application cannot be read")
	}
	o, err := l.source.Describe(ctx, l.Object)
	if err == nil && !o.CanRead(adapters.ReadKeys) {
		err = unfit("the object cannot be read by key")
	}
	return err
}

// A reply is what is known of one key of a lookup.
type reply struct {
	answer mapping.Answer
	value  record.Value
	at     time.Time
}

// elsewhere answers the lookups of a session whose rows are elsewhere: it collects what records want, and asks for it together. Not safe for
// concurrent use.
type elsewhere struct {
	ends   *ends
	tables map[string]*elseTable
	now    func() time.Time
	retry  func(ctx context.Context, err error) bool
}

type elseTable struct {
	*lookup
	known  map[string]reply
	wanted map[string][]record.Value
}

// newElsewhere returns nil for a flow without such lookups.
func newElsewhere(e *ends, now func() time.Time) *elsewhere {
	if len(e.elsewhere) == 0 {
		return nil
	}
	w := &elsewhere{ends: e, now: now, tables: map[string]*elseTable{}, retry: func(context.Context, error) bool { return false }}
	for _, l := range e.elsewhere {
		w.tables[l.name] = &elseTable{lookup: l, known: map[string]reply{}, wanted: map[string][]record.Value{}}
	}
	return w
}

// equip gives executors somebody to ask.
func (w *elsewhere) equip(all ...*mapping.Executor) {
	if w == nil {
		return
	}
	for _, e := range all {
		if e != nil {
			e.SetElsewhere(w)
		}
	}
}

// Find implements [mapping.Elsewhere].
func (w *elsewhere) Find(name string, key []record.Value) (record.Value, mapping.Answer) {
	t, text := w.tables[name], keyText(key)
	r, ok := t.known[text]
	if !ok && t.wanted[text] == nil {
		t.wanted[text] = cloneAll(key)
	}
	return r.value, r.answer
}

// expire forgets what is too old. Between two calls what was found stays known, so that a batch that was prepared can be mapped.
func (w *elsewhere) expire() {
	if w == nil {
		return
	}
	now := w.now()
	for _, t := range w.tables {
		if len(t.known) > maxKnown {
			clear(t.known)
		}
		maps.DeleteFunc(t.known, func(_ string, r reply) bool {
			return now.Sub(r.at) >= time.Duration(t.Refresh) || r.answer != mapping.Found
		})
	}
}

// settle has work map until nothing that it wants is unknown. work reports whether anything is pending still.
func (w *elsewhere) settle(ctx context.Context, work func() (pending bool)) error {
	if w == nil {
		return nil
	}
	for work() {
		if err := w.ask(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ask finds out everything that is wanted.
func (w *elsewhere) ask(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(w.tables)) {
		t := w.tables[name]
		texts := slices.Sorted(maps.Keys(t.wanted))
		for part := range slices.Chunk(texts, askedTogether) {
			keys := make([][]record.Value, len(part))
			for i, text := range part {
				keys[i] = t.wanted[text]
			}
			replies, err := w.find(ctx, t.lookup, keys)
			if err != nil {
				return fmt.Errorf("lookup %q: %w", name, err)
			}
			for i, text := range part {
				replies[i].at = w.now()
				t.known[text] = replies[i]
				delete(t.wanted, text)
			}
		}
	}
	return nil
}

// find asks for some keys, and returns a reply for each.
func (w *elsewhere) find(ctx context.Context, l *lookup, keys [][]record.Value) ([]reply, error) {
	if l.source == nil {
		return w.ends.askLedger(ctx, l, keys)
	}
	a := &asker{what: "lookup " + l.name, source: l.source, object: l.Object, by: l.Key, retry: w.retry}
	answers, err := a.ask(ctx, keys)
	if err != nil {
		return nil, err
	}
	replies := make([]reply, len(keys))
	for i, key := range keys {
		switch found := answers[keyText(key)]; {
		case found.err != nil:
			replies[i].answer = mapping.Refused
		case found.n == 0:
			replies[i].answer = mapping.Missing
		case found.n > 1:
			replies[i].answer = mapping.Ambiguous
		default:
			replies[i] = reply{answer: mapping.Found, value: l.result(found.value)}
		}
	}
	return replies, nil
}

// result is what the lookup takes of a record.
func (l *lookup) result(v record.Value) record.Value {
	if l.Value != "" {
		return membersOf(v, []string{l.Value})[0]
	}
	return record.ObjectValue(l.Values, membersOf(v, l.Values))
}
