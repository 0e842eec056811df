package run_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/record"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/mapping"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// finds gives the touchpoint a step that looks in side for a row whose id is the record's name, and maps its rev.
func finds(missing string) func(s *config.Touchpoint) {
	return func(s *config.Touchpoint) {
		s.Mapping = "found"
		s.Steps = []config.Step{{
			Name: "partner", Connection: "side", Object: "side", Expect: "0..1", WhenMissing: missing,
			Find: config.Fields{{Name: "id", Field: config.Field{From: "name", Apply: []config.Apply{{Func: "lower"}}}}},
		}}
		if missing == "create" {
			s.Steps[0].Mapping = "partner"
		}
	}
}

// newStepWorld returns a world with the mappings of steps.
func newStepWorld(t *testing.T, edit func(*config.Touchpoint)) *world {
	w := newWorld(t, edit)
	w.model.Mappings["found"] = &config.Resource[config.Mapping]{Spec: config.Mapping{Fields: config.Fields{
		{Name: "id", Field: config.Field{From: "id"}},
		{Name: "name", Field: config.Field{From: "$steps.partner.name"}},
		{Name: "rev", Field: config.Field{Expr: "$steps.partner.rev"}},
	}}}
	w.model.Mappings["partner"] = &config.Resource[config.Mapping]{Spec: config.Mapping{Fields: config.Fields{
		{Name: "id", Field: config.Field{From: "name", Apply: []config.Apply{{Func: "lower"}}}},
		{Name: "name", Field: config.Field{Expr: `"made of " + id`}},
		{Name: "rev", Field: config.Field{From: "rev"}},
	}}}
	return w
}

func (w *world) partner(id, name string, rev int64) {
	w.side.Put([]record.Value{record.StringValue(id), record.StringValue(name), record.IntValue(rev)})
}

func TestStepFinds(t *testing.T) {
	w := newStepWorld(t, finds("reject"))
	w.partner("ada", "Ada", 7)
	w.put("o1", "ADA", 1)
	w.put("o2", "ada", 2)
	w.put("o3", "nobody", 3)
	w.put("o4", " ", 4)
	reads := w.countReads()
	w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 4, Created: 2, Rejected: 2})
	if d := cmp.Diff(w.arrived(), map[string]string{"o1": "Ada", "o2": "Ada"}); d != "" {
		t.Errorf("arrived (-got +want):\n%s", d)
	}
	rules := map[string]string{}
	for _, l := range w.letters(state.DeadLetterOpen) {
		rules[string(l.Key)] = l.Kind + " " + l.Field + " " + l.Rule
	}
	want := map[string]string{`["o3"]`: "MissingReference steps.partner missing", `["o4"]`: "Invalid steps.partner.find.id key"}
	if d := cmp.Diff(rules, want); d != "" {
		t.Errorf("dead letters (-got +want):\n%s", d)
	}
	if *reads != 1 {
		t.Errorf("%d look-ups for one batch", *reads)
	}
}

// countReads counts the reads of side.
func (w *world) countReads() *int {
	n := new(int)
	w.aside.open = func(adapters.ReadRequest) { *n++ }
	return n
}

func TestStepSkipsAndWaits(t *testing.T) {
	w := newStepWorld(t, finds("skip"))
	w.put("o1", "nobody", 1)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Skipped: 1})

	w = newStepWorld(t, finds("wait"))
	w.put("o1", "late", 1)
	w.want(w.run(run.Options{}), state.RunFailed, state.Counts{Read: 1, Rejected: 1})
	w.want(w.run(run.Options{}), state.RunEmpty, state.Counts{Read: 1, Duplicates: 1})
	if l := w.letters(state.DeadLetterOpen); len(l) != 1 || !l[0].Waits || l[0].Attempts != 2 {
		t.Errorf("dead letters: %+v", l)
	}
	w.partner("late", "here", 1)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
	if l := w.letters(state.DeadLetterOpen); len(l) != 0 || w.arrived()["o1"] != "here" {
		t.Errorf("open: %+v, arrived: %v", l, w.arrived())
	}
}

func TestStepCreates(t *testing.T) {
	w := newStepWorld(t, finds("create"))
	w.put("o1", "Ada", 1)
	w.put("o2", "ada", 2)
	w.put("o3", "grace", 3)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Created: 5})
	if d := cmp.Diff(names(w.side), map[string]string{"ada": "made of o1", "grace": "made of o3"}); d != "" {
		t.Errorf("partners (-got +want):\n%s", d)
	}
	if d := cmp.Diff(w.arrived(), map[string]string{"o1": "made of o1", "o2": "made of o1", "o3": "made of o3"}); d != "" {
		t.Errorf("arrived (-got +want):\n%s", d)
	}
	w.put("o4", "ADA", 4)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
}

func TestStepCreatesWithinTheLimit(t *testing.T) {
	w := newStepWorld(t, func(s *config.Touchpoint) {
		finds("create")(s)
		s.Limits.MaxCreates = &config.Limit{Count: 1}
	})
	w.put("o1", "ada", 1)
	w.put("o2", "grace", 2)
	if r := w.run(run.Options{}); r.Status != state.RunParked || len(names(w.side)) != 0 {
		t.Errorf("run ended %s, %v were created", r.Status, names(w.side))
	}
}

func TestStepObserves(t *testing.T) {
	w := newStepWorld(t, func(s *config.Touchpoint) {
		finds("create")(s)
		s.Mode = "observe"
	})
	w.put("o1", "ada", 1)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Skipped: 1})
	if len(names(w.side)) != 0 {
		t.Error("a step created something in mode observe")
	}
	var out []string
	n, err := run.Dry(t.Context(), w.flow("r1"), w.runner.Pool, w.clock.now, 0, func(d run.DryRecord) error {
		out = append(out, d.Outcome.String()+" "+string(d.Output))
		return nil
	})
	if err != nil || n.Read != 1 || !cmp.Equal(out, []string{mapping.Mapped.String() + ` {"id":"o1","name":"made of o1","rev":1}`}) {
		t.Errorf("dry run: %v, %+v, %v", out, n, err)
	}
}

// Two orders of one new customer make one customer, in whatever touchpoints they are.
func TestStepsCreateOnceAcrossTouchpoints(t *testing.T) {
	const flows = 4
	w := newStepWorld(t, finds("create"))
	created := 0
	w.aside.write = func(b *record.Batch, _ []adapters.Outcome, send func() error) error { // one at a time: mem has a lock of its own
		created += b.Len()
		return send()
	}
	w.put("o1", "ada", 1)
	var all sync.WaitGroup
	for i := range flows {
		name := fmt.Sprintf("flow%d", i)
		spec := w.model.Touchpoints["flow"].Spec
		w.model.Touchpoints[name] = &config.Resource[config.Touchpoint]{Spec: spec}
		tp := must(w.store.EnsureTouchpoint(t.Context(), name))(t)
		r, _, err := w.store.StartRun(t.Context(), state.NewRun{TouchpointID: tp.ID, Trigger: "test", Revision: "r1"})
		if err != nil {
			t.Fatal(err)
		}
		f := must(run.NewFlow(w.model, name, "r1"))(t)
		all.Go(func() {
			if _, err := w.runner.Slice(context.WithoutCancel(t.Context()), f, r.ID, run.Options{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if created != 1 {
		t.Errorf("the partner was created %d times", created)
	}
}

func TestStepAfterAWriteWithoutAnAnswer(t *testing.T) {
	for _, arrives := range []bool{true, false} {
		w := newStepWorld(t, finds("create"))
		first := true
		w.aside.write = func(_ *record.Batch, out []adapters.Outcome, send func() error) error {
			if !first {
				return send()
			}
			first = false
			if arrives {
				if err := send(); err != nil {
					return err
				}
			}
			for i := range out {
				out[i] = adapters.Outcome{Result: adapters.Unknown}
			}
			return &adapters.Error{Kind: adapters.UnknownOutcome, Op: "writing"}
		}
		w.put("o1", "ada", 1)
		if r := w.run(run.Options{}); r.Status != state.RunSucceeded || w.arrived()["o1"] != "made of o1" {
			t.Errorf("arrives %v: run ended %s %s, arrived %v", arrives, r.Status, r.Detail, w.arrived())
		}
	}
}

// An application that does not filter as it is told must not make every customer the same one, nor another one for each order.
func TestStepDistrustsOtherKeys(t *testing.T) {
	w := newStepWorld(t, finds("create"))
	w.partner("somebody", "Somebody", 1)
	w.aside.open = func(req adapters.ReadRequest) { req.Keys[0][0] = record.StringValue("somebody") }
	w.put("o1", "ada", 1)
	w.want(w.run(run.Options{}), state.RunFailed, state.Counts{Read: 1, Rejected: 1})
	if l := w.letters(state.DeadLetterOpen); len(l) != 1 || l[0].Rule != "the answer has other keys than were asked for" {
		t.Errorf("dead letters: %+v", l)
	}
	if len(names(w.side)) != 1 {
		t.Errorf("partners: %v", names(w.side))
	}
}

func TestStepFindsByAnotherFieldThanTheKey(t *testing.T) {
	w := newStepWorld(t, func(s *config.Touchpoint) {
		finds("reject")(s)
		s.Steps[0].Find = config.Fields{{Name: "name", Field: config.Field{From: "name"}}}
	})
	w.partner("p1", "Ada", 7)
	w.partner("p2", "Twin", 8)
	w.partner("p3", "Twin", 9)
	w.put("o1", "Ada", 1)
	w.put("o2", "Twin", 2)
	w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 2, Created: 1, Rejected: 1})
	if l := w.letters(state.DeadLetterOpen); len(l) != 1 || l[0].Kind != adapters.Ambiguous.String() {
		t.Errorf("dead letters: %+v", l)
	}
}

func TestStepsAndRoutes(t *testing.T) {
	w := newStepWorld(t, func(s *config.Touchpoint) {
		finds("reject")(s)
		routed(s)
		s.Routes.Cases[0].When, s.Routes.Cases[0].Destination = "$steps.partner.rev > 100", target("side", "upsert")
		s.OnReject.Retry = &config.Retry{Every: config.Duration(time.Minute), For: config.Duration(time.Hour)}
	})
	w.partner("big", "Big", 101)
	w.partner("small", "Small", 1)
	w.put("o1", "big", 1)
	w.put("o2", "small", 2)
	w.put("o3", "none", 3)
	w.want(w.run(run.Options{}), state.RunPartial, state.Counts{Read: 3, Created: 2, Rejected: 1})
	if names(w.side)["o1"] != "Big" || w.arrived()["o2"] != "Small" {
		t.Errorf("arrived %v and %v", w.arrived(), names(w.side))
	}
	w.partner("none", "None", 200)
	w.clock.add(2 * time.Minute)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
	if names(w.side)["o3"] != "None" || len(w.letters(state.DeadLetterOpen)) != 0 {
		t.Errorf("arrived %v, open %+v", names(w.side), w.letters(state.DeadLetterOpen))
	}
}

func TestStepRidesOutAShortOutage(t *testing.T) {
	w := newStepWorld(t, finds("reject"))
	w.partner("ada", "Ada", 7)
	w.put("o1", "ada", 1)
	fails := 2
	w.aside.next = func() error {
		if fails--; fails >= 0 {
			return &adapters.Error{Kind: adapters.Unavailable, Op: "reading"}
		}
		return nil
	}
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
}
