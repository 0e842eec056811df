package run

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/mapping"
)

// An answer is what a look-up by one key found.
type answer struct {
	n     int
	value record.Value
	err   *adapters.Error // the key cannot be looked up
}

// An asker looks records of an object up by some of their fields.
type asker struct {
	what   string // it is for
	source adapters.Source
	object string
	by     []string
	retry  func(ctx context.Context, err error) bool // waits; false: it is not worth it
}

// ask looks keys up, all in one read, and returns the answers by the texts of the keys. What cannot be asked together is asked one by one, so that
// a key that the application refuses concerns its own records alone.
func (a *asker) ask(ctx context.Context, keys [][]record.Value) (map[string]answer, error) {
	answers, err := a.insist(ctx, keys)
	if err == nil || adapters.KindOf(err) != adapters.Invalid || ctx.Err() != nil {
		return answers, err
	}
	if len(keys) == 1 {
		e, _ := errors.AsType[*adapters.Error](err)
		return map[string]answer{keyText(keys[0]): {err: e}}, nil
	}
	answers = make(map[string]answer, len(keys))
	for i := range keys {
		one, err := a.ask(ctx, keys[i:i+1])
		if err != nil {
			return nil, err
		}
		maps.Copy(answers, one)
	}
	return answers, nil
}

// insist asks again while that is worth it.
func (a *asker) insist(ctx context.Context, keys [][]record.Value) (map[string]answer, error) {
	for {
		answers, err := a.read(ctx, keys)
		if err == nil || !a.retry(ctx, err) {
			return answers, err
		}
	}
}

// read reads the records with some keys. An answer for a key that was not asked for proves that the application does not filter as it was told:
// then no key counts as missing.
func (a *asker) read(ctx context.Context, keys [][]record.Value) (map[string]answer, error) {
	answers, strange, err := readKeys(ctx, a.source.OpenRead, adapters.ReadRequest{Object: a.object, By: a.by, Keys: keys})
	if err != nil || !strange {
		return answers, err
	}
	for text, found := range answers {
		if found.n == 0 {
			found.err = &adapters.Error{Kind: adapters.Invalid, Op: a.what, Object: a.object, Rule: strangeAnswer}
			answers[text] = found
		}
	}
	return answers, nil
}

// openRead opens a read, as [adapters.Source] does.
type openRead = func(context.Context, adapters.ReadRequest) (adapters.Reader, error)

// readKeys reads the records with some keys, by the texts of the keys. strange: there were others among them.
func readKeys(ctx context.Context, open openRead, req adapters.ReadRequest) (answers map[string]answer, strange bool, err error) {
	req.Mode = adapters.ReadKeys
	answers = make(map[string]answer, len(req.Keys))
	alike := make(map[string]string, len(req.Keys))
	for _, key := range req.Keys {
		text := keyText(key)
		answers[text] = answer{}
		alike[loose(text)] = text
	}
	reader, err := open(ctx, req)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, reader.Close(context.WithoutCancel(ctx))) }()
	b := new(record.Batch)
	for {
		err := reader.Next(ctx, b)
		if errors.Is(err, io.EOF) {
			return answers, strange, nil
		}
		if err != nil {
			return nil, false, err
		}
		for i := range b.Len() {
			v, err := recordValue(b, i)
			if err != nil {
				return nil, false, err
			}
			text := keyText(membersOf(v, req.By))
			if _, asked := answers[text]; !asked {
				if text = alike[loose(text)]; text == "" {
					strange = true
					continue
				}
			}
			answers[text] = answer{n: answers[text].n + 1, value: v}
		}
	}
}

// membersOf returns the values of a record in some of its fields.
func membersOf(v record.Value, fields []string) []record.Value {
	key := make([]record.Value, len(fields))
	for i, name := range fields {
		p, err := record.ParsePath(name)
		if err != nil {
			p = record.Path{{Name: name, Index: -1}}
		}
		key[i] = p.In(v)
	}
	return key
}

// recordValue returns record i of a batch as an object that outlives the batch.
func recordValue(b *record.Batch, i int) (record.Value, error) {
	if b.Encoding == record.Documents {
		v, err := record.ParseJSON(slices.Clone(b.Doc(i)))
		if err != nil {
			return v, &adapters.Error{Kind: adapters.Invalid, Op: "reading", Rule: "the answer is not JSON", Err: err}
		}
		return v, nil
	}
	names, values := make([]string, 0, len(b.Shape.Columns)), make([]record.Value, 0, len(b.Shape.Columns))
	for c, v := range b.Row(i) {
		if v.Kind() == record.Raw {
			expanded, err := v.Expand()
			if err != nil {
				return v, &adapters.Error{Kind: adapters.Invalid, Op: "reading", Rule: "a value is not JSON", Err: err}
			}
			v = expanded
		}
		names, values = append(names, b.Shape.Columns[c].Name), append(values, v.Clone())
	}
	return record.ObjectValue(names, values), nil
}

// createAll makes what is missing. Nobody else looks for the same keys meanwhile, in whatever touchpoint: two orders of one new customer make
// one customer.
func (st *stepper) createAll(ctx context.Context, b *record.Batch, k int, l *stepLane, missing []*wanted) error {
	names := make([]string, len(missing))
	for i, w := range missing {
		names[i] = lockName(l.Connection, l.Object, w.text)
	}
	unlock, err := st.locks.lock(ctx, names)
	if err != nil {
		return err
	}
	defer unlock()
	if missing, err = st.look(ctx, k, l, missing); err != nil || len(missing) == 0 { // somebody may have made them while this one waited
		return err
	}
	if err := st.lookups.settle(ctx, func() (pending bool) {
		for _, w := range missing {
			pending = st.mapped(l.create, b, k, w.needs[0], w.index, w.part).Outcome == mapping.Pending || pending
		}
		return pending
	}); err != nil {
		return err
	}
	out := new(record.Batch)
	rows, group := st.mapMissing(b, k, l, missing)
	if len(group) == 0 {
		return nil
	}
	if st.observe {
		for i, w := range group {
			w.settle(k, record.ObjectValue(rows.Shape.Names(), cloneAll(rows.Row(i))))
		}
		return nil
	}
	if st.spend != nil {
		if err := st.spend(int64(len(group))); err != nil {
			return err
		}
	}
	return st.send(ctx, k, l, out, rows, group)
}

// mapMissing maps the records to create, one for each key.
func (st *stepper) mapMissing(b *record.Batch, k int, l *stepLane, missing []*wanted) (*record.Batch, []*wanted) {
	rows := new(record.Batch)
	rows.Reset(l.step.create.Shape())
	var group []*wanted
	for _, w := range missing {
		r := st.mapped(l.create, b, k, w.needs[0], w.index, w.part)
		if r.Outcome != mapping.Mapped {
			for _, n := range w.needs {
				n.fail(l.step, r.Outcome, r.Reason, nil)
			}
			continue
		}
		rows.CopyRow(r.Row)
		group = append(group, w)
	}
	return rows, group
}

// send creates the records and reads back what the application made of them. A write without an answer is looked up before it is repeated.
func (st *stepper) send(ctx context.Context, k int, l *stepLane, out, rows *record.Batch, group []*wanted) error {
	w, err := l.destination.OpenWrite(ctx, adapters.WriteRequest{Object: l.Object, Mode: l.mode, Key: l.by, Shape: rows.Shape})
	if err != nil {
		return err
	}
	defer func() { _ = w.Close(context.WithoutCancel(ctx)) }() // outcomes do not depend on it
	at := make(map[*wanted]int, len(group))
	for i := range group {
		at[group[i]] = i
	}
	for {
		l.emit(out, rows, group, at, w.Encoding())
		outcomes := make([]adapters.Outcome, len(group))
		failed := w.Write(ctx, out, outcomes)
		made := l.outcomes(st, group, outcomes)
		if len(made) > 0 || failed != nil {
			all := made
			if failed != nil { // what has no outcome may be there all the same
				all = group
			}
			open, err := st.look(ctx, k, l, unsettled(all))
			if err != nil {
				return err
			}
			if failed == nil {
				for _, m := range open { // accepted, and not to be found yet
					m.settle(k, l.presumed(rows, at[m], outcomes[slices.Index(group, m)]))
				}
				return nil
			}
			group = open
		}
		if failed == nil || len(group) == 0 {
			return nil
		}
		if failed = asTemporary(failed); !st.retry(ctx, failed) {
			return failed
		}
	}
}

// unsettled leaves out what has been set aside.
func unsettled(all []*wanted) []*wanted {
	return slices.DeleteFunc(slices.Clone(all), func(w *wanted) bool { return w.needs[0].outcome != mapping.Mapped })
}

func (l *stepLane) emit(out, rows *record.Batch, group []*wanted, at map[*wanted]int, encoding record.Encoding) {
	if encoding == record.Rows {
		out.Reset(rows.Shape)
	} else {
		out.Reset(nil)
	}
	for _, w := range group {
		row := rows.Row(at[w])
		if encoding == record.Rows {
			out.AppendRow(row...)
		} else {
			out.AppendDoc(l.step.create.AppendJSON(nil, row, true))
		}
	}
}

// outcomes takes in what became of the writes, and returns what was accepted.
func (l *stepLane) outcomes(st *stepper, group []*wanted, outcomes []adapters.Outcome) (made []*wanted) {
	for i, w := range group {
		switch o := outcomes[i]; {
		case o.Result == adapters.Rejected && o.Err.Kind == adapters.Duplicate: // it is there, which the look-up tells
			made = append(made, w)
		case o.Result == adapters.Rejected:
			w.reject(l.step, o.Err)
		case o.Result.Delivered():
			if o.Result == adapters.Created {
				st.created++
			}
			made = append(made, w)
		}
	}
	return made
}

// presumed is a record that was created and cannot be read yet: what was sent, and the id that came back as the object's key.
func (l *stepLane) presumed(rows *record.Batch, i int, o adapters.Outcome) record.Value {
	names, values := slices.Clone(rows.Shape.Names()), cloneAll(rows.Row(i))
	if !o.ID.IsNull() {
		names, values = append(names, "id"), append(values, o.ID.Clone())
	}
	return record.ObjectValue(names, values)
}

func cloneAll(row []record.Value) []record.Value {
	out := make([]record.Value, len(row))
	for i, v := range row {
		out[i] = v.Clone()
	}
	return out
}

// locks let one at a time work with a name. The zero value is ready. It is safe for concurrent use.
type locks struct {
	mu   sync.Mutex
	held map[string]chan struct{} // closed when it is given back
}

// lock takes all names, or none when ctx ends before. Whoever needs several never waits while it holds some.
func (l *locks) lock(ctx context.Context, names []string) (unlock func(), err error) {
	slices.Sort(names)
	names = slices.Compact(names)
	for {
		busy := l.try(names)
		if busy == nil {
			return func() { l.unlock(names) }, nil
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// try takes all names, or returns what to wait for.
func (l *locks) try(names []string) chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range names {
		if busy := l.held[n]; busy != nil {
			return busy
		}
	}
	if l.held == nil {
		l.held = map[string]chan struct{}{}
	}
	free := make(chan struct{})
	for _, n := range names {
		l.held[n] = free
	}
	return nil
}

func (l *locks) unlock(names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.held[names[0]])
	for _, n := range names {
		delete(l.held, n)
	}
}
