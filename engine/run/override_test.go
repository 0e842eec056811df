package run_test

import (
	"testing"
	"time"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/run"
	"github.com/dray-sync/dray/engine/state"
)

func TestAnOverrideOfALookupHoldsForItsTime(t *testing.T) {
	w := newWorld(t, func(s *config.Touchpoint) { s.Source.Read = "full" })
	w.model.Lookups = map[string]*config.Resource[config.Lookup]{"names": {Spec: config.Lookup{
		Rows: []map[string]string{{"from": "one", "to": "wrong"}, {"from": "two", "to": "fine"}}, Key: []string{"from"}, Value: "to", Miss: config.Miss{Action: "reject"},
	}}}
	fields := w.model.Mappings["m"].Spec.Fields
	for i := range fields {
		if fields[i].Name == "name" {
			fields[i].Field = config.Field{From: "name", Lookup: "names"}
		}
	}
	w.put("a", "one", 1)
	w.put("b", "two", 2)
	w.run(run.Options{})
	if got := w.arrived(); got["a"] != "wrong" || got["b"] != "fine" {
		t.Fatalf("arrived: %v", got)
	}
	o := state.Override{ID: "1", Lookup: "names", Row: map[string]string{"from": "one", "to": "right"}, Actor: "kim", Until: w.clock.now().Add(time.Hour)}
	if err := w.store.Override(t.Context(), o, func(state.Override) bool { return false }); err != nil {
		t.Fatal(err)
	}
	w.run(run.Options{})
	if got := w.arrived(); got["a"] != "right" || got["b"] != "fine" {
		t.Errorf("with the override: %v", got)
	}
	w.clock.add(2 * time.Hour)
	w.run(run.Options{})
	if got := w.arrived(); got["a"] != "wrong" {
		t.Errorf("after its time: %v", got)
	}
}

func TestAnOverrideMustFitItsLookup(t *testing.T) {
	l := &config.Lookup{Key: []string{"country"}, Value: "code"}
	for text, row := range map[string]map[string]string{
		`the row needs its column "country"`:                          {"code": "A2"},
		`the row needs its column "code"`:                             {"country": "DE"},
		`it has no column "zone"; the columns are country, code`:      {"country": "DE", "code": "A2", "zone": "1"},
		`it has no rows of its own: it asks a connection or a ledger`: nil,
	} {
		look := *l
		if row == nil {
			look.Connection = "erp"
		}
		if err := run.CheckOverride(&look, row); err == nil || err.Error() != text {
			t.Errorf("%v: %v, want %s", row, err, text)
		}
	}
}
