package main

import (
	"slices"
	"testing"
	"time"
)

// Nothing is lost, nothing arrives twice and nothing stays out of date, whatever goes wrong.
func TestTorture(t *testing.T) {
	if testing.Short() {
		t.Skip("kills an agent again and again, for about a minute")
	}
	v, err := run(t.Context(), options{
		kills: 20, seed: uint64(time.Now().UnixNano()), records: 150, life: time.Second, patience: 5 * time.Minute, dir: t.TempDir(),
	}, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	if !v.good() {
		t.Errorf("%d findings", len(v.findings))
	}
}

// Events are as many as can arrive, and each has an identifier of its own.
func TestEventsAreBounded(t *testing.T) {
	s := newShop(time.Now)
	const most = 50
	ids := map[string]bool{}
	for range 2 * most {
		s.tell(order{Rev: 1}, most)
	}
	for _, o := range s.told() {
		ids[o.ID] = true
	}
	if told := len(s.told()); told != most || len(ids) != most {
		t.Errorf("%d events with %d identifiers, want %d", told, len(ids), most)
	}
}

// A comparison that finds nothing proves something only if it could find everything.
func TestCompareFindsWhatIsWrong(t *testing.T) {
	bad := fact{Rev: 3, Name: poison + " 3"}
	for _, c := range []struct {
		what string
		want fact
		got  []stored
	}{
		{"", fact{Rev: 2, Name: "two"}, []stored{{Rev: 2, Name: "two"}}},
		{"", bad, nil},
		{"", bad, []stored{{Rev: 2, Name: "two"}}},
		{"lost", fact{Rev: 2, Name: "two"}, nil},
		{"twice", fact{Rev: 2, Name: "two"}, []stored{{Rev: 2, Name: "two"}, {Rev: 2, Name: "two"}}},
		{"stale", fact{Rev: 2, Name: "two"}, []stored{{Rev: 1, Name: "one"}}},
		{"stale", bad, []stored{{Rev: 4, Name: "four"}}},
		{"poisoned", bad, []stored{{Rev: 3, Name: poison + " 3"}}},
		{"wrong", fact{Rev: 2, Name: "two"}, []stored{{Rev: 2, Name: "three"}}},
		{"backwards", fact{Rev: 2, Name: "two"}, []stored{{Rev: 2, Name: "two", Back: 1}}},
	} {
		v := &verdict{}
		v.compare(flow{name: "f"}, "p", map[string]fact{"k": c.want}, map[string][]stored{"k": c.got})
		found := slices.ContainsFunc(v.findings, func(f finding) bool { return f.what == c.what })
		if v.good() != (c.what == "") || !v.good() && !found {
			t.Errorf("%+v and %+v: found %v, want %q", c.want, c.got, v.findings, c.what)
		}
	}
}
