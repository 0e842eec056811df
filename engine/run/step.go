package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/expr"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/connect"
	"github.com/dray-sync/dray/engine/mapping"
)

// A step is one of the flow's, opened and compiled. It is immutable.
type step struct {
	config.Step
	source      adapters.Source
	destination adapters.Destination // nil unless missing records are created; also nil to observe
	find        *mapping.Program     // its columns are what is found by
	create      *mapping.Program     // nil unless missing records are created
	mode        adapters.WriteMode   // in which they are created
	by          []string             // the names of find
}

// openSteps connects what the steps need and compiles them.
func (e *ends) openSteps(ctx context.Context, pool *connect.Pool) error {
	for _, s := range e.flow.Spec.Steps {
		h, err := e.connect(ctx, pool, s.Connection)
		if err != nil {
			return fmt.Errorf("step %q: %w", s.Name, err)
		}
		st := &step{Step: s}
		var ok bool
		if st.source, ok = h.Connection.(adapters.Source); !ok {
			return stepUnfit(s, "the application cannot be read")
		}
		o, err := st.source.Describe(ctx, s.Object)
		if err != nil {
			return blamed(s.Connection, fmt.Errorf("step %q: %w", s.Name, err))
		}
		if !o.CanRead(adapters.ReadKeys) {
			return stepUnfit(s, "the object cannot be read by key")
		}
		for _, f := range s.Find {
			st.by = append(st.by, f.Name)
		}
		if !o.CanFind(st.by) {
			return fmt.Errorf("step %q: %w", s.Name, unfindable(s.Object, st.by))
		}
		if s.WhenMissing == "create" {
			if st.destination, err = e.destination(ctx, pool, s.Connection, s.Object); err != nil {
				return fmt.Errorf("step %q: %w", s.Name, err)
			}
			for _, mode := range []adapters.WriteMode{adapters.WriteEnsure, adapters.WriteUpsert, adapters.WriteCreate} {
				if st.mode == "" && o.CanWrite(mode) && !slices.Contains(o.LooksUp, mode) { // the step has looked
					st.mode = mode
				}
			}
			if st.mode == "" {
				return stepUnfit(s, "records of the object cannot be created")
			}
		}
		e.steps = append(e.steps, st)
	}
	return nil
}

func stepUnfit(s config.Step, rule string) error {
	return &adapters.Error{Kind: adapters.Invalid, Op: "step " + s.Name, Object: s.Object, Rule: rule}
}

// compileSteps compiles what each step looks for and what it creates. Each sees the results of those before.
func (e *ends) compileSteps(base mapping.Options) (err error) {
	base.Steps = map[string]expr.Type{}
	for i, s := range e.steps {
		o := base
		o.Key = s.by
		if s.find, err = compiled(fmt.Sprintf("spec.steps[%d].find", i), &config.Mapping{Fields: s.Find}, o); err != nil {
			return err
		}
		if s.WhenMissing == "create" {
			if s.create, err = e.program(&route{Target: config.Target{Mapping: s.Mapping, Destination: config.DestinationSpec{Key: s.by}}}, &base); err != nil {
				return err
			}
		}
		base.Steps = maps.Clone(base.Steps)
		base.Steps[s.Name] = expr.Type{}
	}
	return nil
}

// RuleMissing is what a record violates whose step finds nothing.
const RuleMissing mapping.Rule = "missing"

// A need is what the steps found for one record.
type need struct {
	results []record.Value // by step
	outcome mapping.Outcome
	reason  mapping.Reason
	err     *adapters.Error // what the application said; nil: nothing
	waits   bool            // it may come
}

func (n *need) fail(s *step, outcome mapping.Outcome, reason mapping.Reason, err *adapters.Error) {
	reason.Field = strings.TrimSuffix("steps."+s.Name+"."+reason.Field, ".")
	n.outcome, n.reason, n.err = outcome, reason, err
}

// wanted is one key of a step that records of a batch need.
type wanted struct {
	text  string
	key   []record.Value
	needs []*need
	index int // of the first record that needs it, and the element of it
	part  int
}

// maxFound bounds how many results are remembered for a slice.
const maxFound = 10_000

// A stepper works the steps of a session. Not safe for concurrent use.
type stepper struct {
	ends    *ends
	locks   *locks
	lanes   []*stepLane
	observe bool                      // nothing is created
	spend   func(creates int64) error // nil: everything may be created
	retry   func(ctx context.Context, err error) bool
	lookups *elsewhere
	created int64 // since it was last asked for

	first []int // by record of the batch: its first need
	needs []need
}

type stepLane struct {
	*step
	find   *mapping.Executor
	create *mapping.Executor
	found  map[string]record.Value // by key
}

func newStepper(e *ends, now func() time.Time, l *locks, lookups *elsewhere) *stepper {
	if len(e.steps) == 0 {
		return nil
	}
	st := &stepper{ends: e, locks: l, lookups: lookups, retry: func(context.Context, error) bool { return false }}
	for _, s := range e.steps {
		lane := &stepLane{step: s, find: s.find.NewExecutor(now), found: map[string]record.Value{}}
		if s.create != nil {
			lane.create = s.create.NewExecutor(now)
		}
		lookups.equip(lane.find, lane.create)
		st.lanes = append(st.lanes, lane)
	}
	return st
}

// forget drops what was found: another slice looks again.
func (st *stepper) forget() {
	if st == nil {
		return
	}
	for _, l := range st.lanes {
		clear(l.found)
	}
}

// prepare works all steps for the first n records of a batch. head tells which of them count and how many each is split into.
func (st *stepper) prepare(ctx context.Context, b *record.Batch, n int, head *mapping.Executor) error {
	st.first, st.needs = st.first[:0], st.needs[:0]
	type at struct{ index, part int }
	var places []at
	for i := range n {
		st.first = append(st.first, len(st.needs))
		if b.Op(i) == record.Delete || head.Begin(b, i).Outcome != mapping.Mapped {
			continue
		}
		parts, _ := head.Elements()
		for part := range parts {
			st.needs = append(st.needs, need{results: make([]record.Value, len(st.lanes))})
			places = append(places, at{i, part})
		}
	}
	for k, l := range st.lanes {
		if err := st.lookups.settle(ctx, func() (pending bool) {
			for j := range st.needs {
				if nd := &st.needs[j]; nd.outcome == mapping.Mapped {
					pending = st.mapped(l.find, b, k, nd, places[j].index, places[j].part).Outcome == mapping.Pending || pending
				}
			}
			return pending
		}); err != nil {
			return err
		}
		var order []*wanted
		byText := map[string]*wanted{}
		for j := range st.needs {
			nd := &st.needs[j]
			if nd.outcome != mapping.Mapped {
				continue
			}
			key, ok := st.key(b, k, nd, places[j].index, places[j].part)
			if !ok {
				continue
			}
			text := keyText(key)
			w := byText[text]
			if w == nil {
				w = &wanted{text: text, key: key, index: places[j].index, part: places[j].part}
				byText[text], order = w, append(order, w)
			}
			w.needs = append(w.needs, nd)
		}
		if err := st.work(ctx, b, k, l, order); err != nil {
			return blamed(l.Connection, err)
		}
	}
	return nil
}

// key maps what a step looks for. false: it cannot, which the need says.
func (st *stepper) key(b *record.Batch, k int, n *need, index, part int) ([]record.Value, bool) {
	l := st.lanes[k]
	r := st.mapped(l.find, b, k, n, index, part)
	if r.Outcome != mapping.Mapped {
		if r.Reason.Field != "" {
			r.Reason.Field = "find." + r.Reason.Field
		}
		n.fail(l.step, r.Outcome, r.Reason, nil)
		return nil, false
	}
	key := make([]record.Value, len(r.Row))
	for i, v := range r.Row {
		key[i] = v.Clone()
	}
	return key, true
}

// mapped runs an executor of step k for a record and what the steps before have found for it.
func (st *stepper) mapped(e *mapping.Executor, b *record.Batch, k int, n *need, index, part int) mapping.Result {
	for i := range k {
		e.SetStep(st.lanes[i].Name, n.results[i])
	}
	r := e.Begin(b, index)
	if r.Outcome == mapping.Mapped {
		e.Turn(part)
		r = e.Finish()
	}
	return r
}

// work finds, or makes, everything that a step needs for a batch.
func (st *stepper) work(ctx context.Context, b *record.Batch, k int, l *stepLane, all []*wanted) error {
	missing, err := st.look(ctx, k, l, all)
	if err != nil || len(missing) == 0 {
		return err
	}
	if l.WhenMissing == "create" {
		return st.createAll(ctx, b, k, l, missing)
	}
	for _, w := range missing {
		for _, n := range w.needs {
			l.miss(n)
		}
	}
	return nil
}

// miss decides about a record whose step finds nothing.
func (l *stepLane) miss(n *need) {
	outcome := mapping.Rejected
	if l.WhenMissing == "skip" {
		outcome = mapping.Skipped
	}
	n.fail(l.step, outcome, mapping.Reason{Rule: RuleMissing}, &adapters.Error{
		Kind: adapters.MissingReference, Op: "step " + l.Name, Object: l.Object, Field: n.reason.Field, Rule: string(RuleMissing),
	})
	n.err.Field = n.reason.Field
	n.waits = l.WhenMissing == "wait"
}

// look fills in what is found, and returns what is not.
func (st *stepper) look(ctx context.Context, k int, l *stepLane, all []*wanted) (missing []*wanted, err error) {
	var ask []*wanted
	for _, w := range all {
		if v, ok := l.found[w.text]; ok {
			w.settle(k, v)
		} else {
			ask = append(ask, w)
		}
	}
	if len(ask) == 0 {
		return nil, nil
	}
	keys := make([][]record.Value, len(ask))
	for i, w := range ask {
		keys[i] = w.key
	}
	a := &asker{what: "step " + l.Name, source: l.source, object: l.Object, by: l.by, retry: st.retry}
	answers, err := a.ask(ctx, keys)
	if err != nil {
		return nil, err
	}
	if len(l.found)+len(ask) > maxFound {
		clear(l.found)
	}
	for _, w := range ask {
		switch a := answers[w.text]; {
		case a.err != nil:
			w.reject(l.step, a.err)
		case a.n == 0:
			missing = append(missing, w)
		case a.n > 1:
			w.reject(l.step, &adapters.Error{Kind: adapters.Ambiguous, Op: "step " + l.Name, Object: l.Object, Rule: "several records have the key"})
		default:
			l.found[w.text] = a.value
			w.settle(k, a.value)
		}
	}
	return missing, nil
}

// settle gives the result of step k to all that need it.
func (w *wanted) settle(k int, v record.Value) {
	for _, n := range w.needs {
		n.results[k] = v
	}
}

// reject sets aside all that need it.
func (w *wanted) reject(s *step, err *adapters.Error) {
	for _, n := range w.needs {
		n.fail(s, mapping.Rejected, mapping.Reason{Rule: mapping.Rule(err.Rule)}, err)
	}
}

// result returns what the steps found for a record.
func (st *stepper) result(index, part int) *need { return &st.needs[st.first[index]+part] }

// give tells an executor what the steps found for the record that it is about to map.
func (st *stepper) give(e *mapping.Executor, n *need) {
	if st == nil {
		return
	}
	for i, l := range st.lanes {
		e.SetStep(l.Name, n.results[i])
	}
}

// takeCreated returns how many records were created since the last call.
func (st *stepper) takeCreated() int64 {
	if st == nil {
		return 0
	}
	n := st.created
	st.created = 0
	return n
}

// keyText is a key as it is compared: a number is the same however it is written, and so is a text that holds it.
func keyText(key []record.Value) string {
	texts := make([]string, len(key))
	for i, v := range key {
		if n, ok := v.Int64(); ok && (v.Kind() == record.Int || v.Kind() == record.Decimal) {
			texts[i] = fmt.Sprint(n)
		} else {
			texts[i] = text(v)
		}
	}
	return strings.Join(texts, "\x00")
}

// loose is a key as systems compare it that do not tell cases apart, or fill up with blanks.
func loose(text string) string {
	parts := strings.Split(strings.ToLower(text), "\x00")
	for i := range parts {
		parts[i] = strings.TrimRight(parts[i], " ")
	}
	return strings.Join(parts, "\x00")
}
