package run_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/mem"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

// newIncludeWorld returns a world whose records come with their payments, and whose mapping writes the ids of these into the name.
func newIncludeWorld(t *testing.T, edit func(*config.Touchpoint)) (*world, *household, *mem.Table) {
	w := newWorld(t, func(s *config.Touchpoint) {
		s.Mapping = "paid"
		s.Source.Include = []config.Include{{Name: "payments", Object: "payments", Filter: map[string]string{"of": "id"}, All: true}}
		if edit != nil {
			edit(s)
		}
	})
	h, payments := w.join()
	w.model.Mappings["paid"] = &config.Resource[config.Mapping]{Spec: config.Mapping{Fields: config.Fields{
		{Name: "id", Field: config.Field{From: "id"}},
		{Name: "name", Field: config.Field{Expr: `join(map(payments, .id), " ")`}},
		{Name: "rev", Field: config.Field{From: "rev"}},
	}}}
	return w, h, payments
}

func TestIncludeReadsWholeWhatBelongsToARecord(t *testing.T) {
	w, h, payments := newIncludeWorld(t, nil)
	w.fill(3)
	var want []string
	for i := range 8 { // more than a batch of them
		pay(payments, fmt.Sprintf("p%d", 9-i), "a01", int64(i))
		want = append(want, fmt.Sprintf("p%d", i+2))
	}
	pay(payments, "q1", "a03", 1)
	pay(payments, "z1", "nobody", 1)
	var asked []adapters.ReadRequest
	h.open = func(r adapters.ReadRequest) error {
		if r.Object == "payments" {
			asked = append(asked, r)
		}
		for _, p := range r.Paths {
			if r.Object == "from" && p[0].Name == "payments" {
				t.Error("the source is asked for a field that it does not have")
			}
		}
		return nil
	}
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Created: 3})
	if d := cmp.Diff(w.arrived(), map[string]string{"a01": strings.Join(want, " "), "a02": "", "a03": "q1"}); d != "" {
		t.Errorf("arrived (-got +want):\n%s", d)
	}
	if len(asked) != 1 || len(asked[0].Keys) != 3 {
		t.Errorf("one batch was asked for in %d reads", len(asked))
	}
}

func TestIncludeIsThereForConditions(t *testing.T) {
	w, _, payments := newIncludeWorld(t, func(s *config.Touchpoint) { s.Source.Where = "len(payments) > 0" })
	w.fill(3)
	pay(payments, "p1", "a02", 1)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Filtered: 2, Created: 1})
}

// What belongs to a record and cannot be read must not look as if there were none of it.
func TestIncludeThatCannotBeReadIsAnErrorAndNeverAnEmptyList(t *testing.T) {
	for _, kind := range []adapters.Kind{adapters.NotFound, adapters.Invalid, adapters.Unauthorized} {
		t.Run(kind.String(), func(t *testing.T) {
			w, h, payments := newIncludeWorld(t, nil)
			w.fill(3)
			pay(payments, "p1", "a01", 1)
			h.next = func(object string) error {
				if object == "payments" {
					return &adapters.Error{Kind: kind, Op: "reading", Object: object}
				}
				return nil
			}
			r := w.run(run.Options{})
			if r.Status != state.RunFailed || r.Code != kind.String() || len(w.arrived()) != 0 {
				t.Errorf("the run ended %s %q and %d records arrived", r.Status, r.Code, len(w.arrived()))
			}
			h.next = nil
			w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 3, Created: 3})
		})
	}
}

func TestIncludeGoesOnAfterATemporaryError(t *testing.T) {
	w, h, payments := newIncludeWorld(t, nil)
	w.fill(25)
	for i := range 25 {
		pay(payments, fmt.Sprintf("p%d", i), fmt.Sprintf("a%02d", i+1), int64(i))
	}
	n := 0
	h.next = func(object string) error {
		if n++; object == "payments" && n%7 == 0 {
			return &adapters.Error{Kind: adapters.Unavailable, Op: "reading", Object: object}
		}
		return nil
	}
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 25, Created: 25})
	if got := w.arrived()["a25"]; got != "p24" {
		t.Errorf("the last record came with %q", got)
	}
}

func TestIncludeByFieldsThatFindNothingIsRefused(t *testing.T) {
	w, h, _ := newIncludeWorld(t, nil)
	h.finds = [][]string{{"id"}}
	w.fill(1)
	if r := w.run(run.Options{}); r.Status != state.RunFailed || !strings.Contains(r.Detail, "cannot be found by of") {
		t.Errorf("the run ended %s: %s", r.Status, r.Detail)
	}
}

// A list in another order is the same list, and a record of documents takes it as one of rows does.
func TestIncludeKeepsAnOrderAndItsTypes(t *testing.T) {
	w, _, payments := newIncludeWorld(t, nil)
	w.fill(1)
	pay(payments, "p2", "a01", 5)
	pay(payments, "p1", "a01", 9)
	w.want(w.run(run.Options{}), state.RunSucceeded, state.Counts{Read: 1, Created: 1})
	if got := w.arrived()["a01"]; got != "p1 p2" {
		t.Errorf("arrived %q, want the order of the key", got)
	}
}

// A record that is read by its key, for a person or for a dead letter, comes with what belongs to it, too.
func TestIncludeIsThereWhereADeadLetterIsReadAnew(t *testing.T) {
	w, _, payments := newIncludeWorld(t, func(s *config.Touchpoint) {
		s.OnReject.Read = "again"
		s.OnReject.Retry = &config.Retry{Every: config.Duration(time.Minute), For: config.Duration(time.Hour)}
	})
	w.put("a", "one", 1)
	pay(payments, "bad", "a", 1)
	w.want(w.run(run.Options{}), state.RunFailed, state.Counts{Read: 1, Rejected: 1})
	pay(payments, "worse", "a", 2)
	w.clock.add(2 * time.Minute)
	w.run(run.Options{})
	if got := w.arrived()["a"]; got != "bad worse" {
		t.Errorf("arrived %q", got)
	}
}
