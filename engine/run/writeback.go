package run

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/mapping"
)

// acknowledgeFor is how long a write-back is tried again for where onReject does not say.
const acknowledgeFor = 72 * time.Hour

// A writeBack is one of the flow's, opened and compiled. It is immutable.
type writeBack struct {
	config.WriteBack
	index       int
	destination adapters.Destination
	program     *mapping.Program
	key         []string
	answers     bool // it looks at $result
}

// openBacks connects what is written back to.
func (e *ends) openBacks(ctx context.Context, pool *connect.Pool) error {
	if e.flow.Spec.Mode == "observe" {
		return nil
	}
	for i, b := range e.flow.Spec.WriteBack {
		if b.Connection == "" {
			b.Connection = e.flow.Spec.Source.Connection
		}
		back := &writeBack{WriteBack: b, index: i, key: b.Key}
		var err error
		if back.destination, err = e.destination(ctx, pool, b.Connection, b.Object); err != nil {
			return fmt.Errorf("writeBack[%d]: %w", i, err)
		}
		content, err := json.Marshal(b.Fields)
		if err != nil {
			return fmt.Errorf("writeBack[%d]: %w", i, err)
		}
		back.answers = strings.Contains(string(content), "$result")
		e.backs = append(e.backs, back)
		if b.On == "delivered" && back.answers {
			if err := e.wantAnswers(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// wantAnswers prepares the routes to tell what came of a write.
func (e *ends) wantAnswers(ctx context.Context) error {
	for _, r := range e.routes {
		if r.answers {
			continue
		}
		r.answers = true
		if _, ok := r.destination.(adapters.Source); !ok || len(r.Destination.Key) == 0 {
			continue
		}
		o, err := r.destination.Describe(ctx, r.Destination.Object)
		if err != nil {
			return err
		}
		r.reads = o.CanRead(adapters.ReadKeys)
	}
	return nil
}

// compileBacks compiles the write-backs. One without a key is found by that of the source.
func (e *ends) compileBacks(base mapping.Options) (err error) {
	for i, b := range e.backs {
		fields := slices.Clone(b.Fields)
		if len(b.key) == 0 && b.Write != string(adapters.WriteCreate) {
			for _, p := range e.object.Key {
				if len(p) != 1 {
					return fmt.Errorf("writeBack[%d]: the source's key %s is not a field of its own: say key", i, p)
				}
				b.key = append(b.key, p[0].Name)
				if !slices.ContainsFunc(fields, func(f config.NamedField) bool { return f.Name == p[0].Name }) {
					fields = append(fields, config.NamedField{Name: p[0].Name, Field: config.Field{From: "$root." + p.String()}})
				}
			}
		}
		o := base
		o.Key, o.Result = b.key, true
		if b.program, err = compiled(fmt.Sprintf("spec.writeBack[%d]", i), &config.Mapping{Fields: fields}, o); err != nil {
			return err
		}
	}
	return nil
}

// An ack is one answer that is to be written back.
type ack struct {
	back    *writeBack
	index   int // in the batch
	element int
	result  record.Value
	row     int // in the rows of the lane; -1: it was not mapped
	key     string
	done    bool
	reason  mapping.Reason
	err     *adapters.Error
}

// fail notes why it was not written back.
func (a *ack) fail(err error) {
	if e, ok := asError(err); ok {
		a.err = e
		return
	}
	a.err = &adapters.Error{Kind: adapters.KindOf(err), Op: "writing back", Object: a.back.Object, Err: err}
}

// A backLane is a write-back at work in one session.
type backLane struct {
	*writeBack
	exec   *mapping.Executor
	rows   *record.Batch
	out    *record.Batch
	writer adapters.Writer
}

func (s *session) openBacks(ctx context.Context, now func() time.Time) error {
	for _, b := range s.ends.backs {
		w, err := b.destination.OpenWrite(ctx, adapters.WriteRequest{Object: b.Object, Mode: adapters.WriteMode(b.Write), Key: b.key, Shape: b.program.Shape()})
		if err != nil {
			return fmt.Errorf("writeBack[%d]: %w", b.index, err)
		}
		s.backs = append(s.backs, &backLane{writeBack: b, exec: b.program.NewExecutor(now), rows: new(record.Batch), out: new(record.Batch), writer: w})
	}
	return nil
}

// acknowledge writes back what became of the items of a batch. What cannot be written back is noted at the item.
func (s *session) acknowledge(ctx context.Context, r *Runner, b *record.Batch) {
	for _, l := range s.backs {
		var all []*ack
		var delivery []*item
		for i := range s.stage.items {
			it := &s.stage.items[i]
			if !s.owes(it, l.On) {
				continue
			}
			a := &ack{back: l.writeBack, index: it.index, element: max(0, it.element), row: -1}
			it.acks = append(it.acks, a)
			if a.result = refusal(it); it.fate == delivered {
				delivery = append(delivery, it)
			}
			all = append(all, a)
		}
		if l.answers {
			s.answers(ctx, r, l.writeBack, delivery)
		}
		l.send(ctx, s, r, b, all)
	}
}

// owes reports whether an item is written back on an occasion. What is tried again in vain was written back before.
func (s *session) owes(it *item, on string) bool {
	if on == "rejected" {
		return it.fate == setAside && !it.parked() && s.stage.letters == nil
	}
	return it.fate == delivered
}

// insist does something again while that is worth it.
func (s *session) insist(ctx context.Context, r *Runner, f func() error) error {
	for {
		err := f()
		if err == nil {
			return nil
		}
		wait, again := s.patient.wait(asTemporary(err), r.Now())
		if !again || wait > inPlace || !r.pause(ctx, wait) {
			return err
		}
	}
}

// send writes answers back, in groups in which no record stands twice.
func (l *backLane) send(ctx context.Context, s *session, r *Runner, b *record.Batch, all []*ack) {
	l.rows.Reset(l.program.Shape())
	var group []*ack
	seen := map[string]bool{}
	for _, a := range all {
		if a.err != nil || !l.mapped(b, a) {
			continue
		}
		if seen[a.key] {
			l.write(ctx, s, r, group)
			group = group[:0]
			clear(seen)
		}
		seen[a.key] = len(l.key) > 0
		group = append(group, a)
	}
	l.write(ctx, s, r, group)
}

// mapped maps what is written back. false: it cannot be, which the ack says.
func (l *backLane) mapped(b *record.Batch, a *ack) bool {
	l.exec.SetResult(a.result)
	m := l.exec.Begin(b, a.index)
	if m.Outcome == mapping.Mapped {
		if n, ok := l.exec.Elements(); ok && a.element < n {
			l.exec.Turn(a.element)
		}
		m = l.exec.Finish()
	}
	if m.Outcome != mapping.Mapped {
		a.reason = m.Reason
		a.err = &adapters.Error{Kind: adapters.Invalid, Op: "writing back", Object: l.Object, Field: m.Reason.Field, Rule: string(m.Reason.Rule)}
		return false
	}
	a.row = l.rows.Len()
	l.rows.CopyRow(m.Row)
	key := make([]record.Value, len(l.key))
	for i, name := range l.key {
		key[i] = l.rows.Row(a.row)[l.program.Shape().Column(name)]
	}
	a.key = keyText(key)
	return true
}

// write sends one group, again while that is worth it.
func (l *backLane) write(ctx context.Context, s *session, r *Runner, group []*ack) {
	if len(group) == 0 {
		return
	}
	open := slices.Clone(group)
	err := s.insist(ctx, r, func() error {
		l.emit(open)
		outcomes := make([]adapters.Outcome, len(open))
		err := l.writer.Write(ctx, l.out, outcomes)
		var left []*ack
		for i, a := range open {
			switch o := outcomes[i]; {
			case o.Result.Delivered():
				a.done = true
			case o.Result == adapters.Rejected:
				a.fail(o.Err)
			default:
				left = append(left, a)
			}
		}
		if open = left; len(open) == 0 {
			return nil
		}
		return err
	})
	for _, a := range open {
		if err == nil {
			err = &adapters.Error{Kind: adapters.UnknownOutcome, Op: "writing back", Object: l.Object, Rule: "no outcome"}
		}
		a.fail(err)
	}
}

func (l *backLane) emit(group []*ack) {
	rows := l.writer.Encoding() == record.Rows
	if rows {
		l.out.Reset(l.program.Shape())
	} else {
		l.out.Reset(nil)
	}
	for _, a := range group {
		if row := l.rows.Row(a.row); rows {
			l.out.AppendRow(row...)
		} else {
			l.out.AppendDoc(l.program.AppendJSON(nil, row, true))
		}
	}
}
