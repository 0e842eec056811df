package plan

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/config"
)

func touchpoint(name string, edit func(*config.Resource[config.Touchpoint])) *config.Resource[config.Touchpoint] {
	r := &config.Resource[config.Touchpoint]{
		Metadata: config.Metadata{Name: name},
		Spec: config.Touchpoint{
			Source:      config.SourceSpec{Connection: "shop", Object: "orders", Start: "beginning", Read: "incremental"},
			Mapping:     "order",
			Destination: config.DestinationSpec{Connection: "erp", Object: "sales", Write: "upsert", Key: []string{"ref"}},
			Mode:        "live",
		},
	}
	if edit != nil {
		edit(r)
	}
	text, _ := json.Marshal(r)
	r.Digest = string(text)
	return r
}

func model(digest, total string, touchpoints ...*config.Resource[config.Touchpoint]) *config.Model {
	m := &config.Model{Digest: digest, Touchpoints: map[string]*config.Resource[config.Touchpoint]{}}
	for _, t := range touchpoints {
		m.Touchpoints[t.Metadata.Name] = t
	}
	m.Mappings = map[string]*config.Resource[config.Mapping]{"order": {
		Metadata: config.Metadata{Name: "order"}, Digest: total,
		Spec: config.Mapping{Fields: config.Fields{{Name: "total", Field: config.Field{From: total, Lookup: "tax"}}}},
	}}
	return m
}

func TestDiff(t *testing.T) {
	edited := func(f func(*config.Touchpoint)) *config.Resource[config.Touchpoint] {
		return touchpoint("orders", func(r *config.Resource[config.Touchpoint]) { f(&r.Spec) })
	}
	tests := map[string]struct {
		from, to *config.Model
		state    StateEffect
		risk     Risk
		causes   []string
		blocked  bool
	}{
		"new":             {nil, model("b", "total", touchpoint("orders", nil)), StateNew, Review, []string{"Mapping/order", "Touchpoint/orders"}, false},
		"mapping changes": {model("a", "total", touchpoint("orders", nil)), model("b", "sum", touchpoint("orders", nil)), StateKept, Review, []string{"Mapping/order"}, false},
		"filter changes": {
			model("a", "total", touchpoint("orders", nil)),
			model("b", "total", edited(func(t *config.Touchpoint) { t.Source.Where = "paid" })), StateKept, Review,
			[]string{"Touchpoint/orders"},
			false,
		},
		"source changes": {
			model("a", "total", touchpoint("orders", nil)),
			model("b", "total", edited(func(t *config.Touchpoint) { t.Source.Object = "drafts" })), StateReset, Dangerous,
			[]string{"Touchpoint/orders"},
			true,
		},
		"source changes, allowed": {
			model("a", "total", touchpoint("orders", nil)),
			model("b", "total", touchpoint("orders", func(r *config.Resource[config.Touchpoint]) {
				r.Spec.Source.Object = "drafts"
				r.Metadata.Annotations = map[string]string{AllowReset: "moved"}
			})), StateReset, Dangerous,
			[]string{"Touchpoint/orders"},
			false,
		},
		"gone": {model("a", "total", touchpoint("orders", nil)), model("b", "total"), StatePruned, Dangerous, []string{"Touchpoint/orders"}, false},
		"renamed": {
			model("a", "total", touchpoint("orders", nil)),
			model("b", "total", touchpoint("sales", func(r *config.Resource[config.Touchpoint]) { r.Metadata.RenamedFrom = "orders" })),
			StateRenamed, Safe,
			[]string{"Touchpoint/sales"},
			false,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := Diff(tt.from, tt.to)
			if len(c.Touchpoints) != 1 {
				t.Fatalf("%d flows change, want 1: %+v", len(c.Touchpoints), c.Touchpoints)
			}
			got := c.Touchpoints[0]
			if got.State != tt.state || got.Risk != tt.risk || (len(c.Blocked) > 0) != tt.blocked {
				t.Errorf("state %s, risk %s, blocked %q; want %s, %s, %v", got.State, got.Risk, c.Blocked, tt.state, tt.risk, tt.blocked)
			}
			if d := cmp.Diff(got.Causes, tt.causes); d != "" {
				t.Errorf("causes (-got +want):\n%s", d)
			}
		})
	}
}

func TestRenamedConnectionKeepsState(t *testing.T) {
	connections := func(name, from string) map[string]*config.Resource[config.Connection] {
		return map[string]*config.Resource[config.Connection]{name: {Metadata: config.Metadata{Name: name, RenamedFrom: from}, Digest: name}}
	}
	from, to := model("a", "total", touchpoint("orders", nil)), model("b", "total", touchpoint("orders", func(r *config.Resource[config.Touchpoint]) {
		r.Spec.Source.Connection = "webshop"
	}))
	from.Connections, to.Connections = connections("shop", ""), connections("webshop", "shop")
	if c := Diff(from, to); len(c.Touchpoints) != 1 || c.Touchpoints[0].State != StateKept {
		t.Errorf("got %+v, want the state kept", c.Touchpoints)
	}
}

func TestAnotherSplitIsDangerous(t *testing.T) {
	c := Diff(model("a", "total", touchpoint("orders", nil)), model("b", "total", touchpoint("orders", func(r *config.Resource[config.Touchpoint]) {
		r.Spec.Split = &config.Split{Each: "lines", Key: []string{"sku"}}
	})))
	if len(c.Touchpoints) != 1 || c.Touchpoints[0].Risk != Dangerous || c.Touchpoints[0].State != StateKept {
		t.Errorf("got %+v", c.Touchpoints)
	}
}

// TestTwoOfOneOldName holds that state is not carried over to two flows at once.
func TestTwoOfOneOldName(t *testing.T) {
	renamed := func(r *config.Resource[config.Touchpoint]) { r.Metadata.RenamedFrom = "orders" }
	c := Diff(model("a", "total", touchpoint("orders", nil)), model("b", "total", touchpoint("one", renamed), touchpoint("two", renamed)))
	states := map[string]StateEffect{}
	for _, t := range c.Touchpoints {
		states[t.Name] = t.State
	}
	if d := cmp.Diff(states, map[string]StateEffect{"one": StateRenamed, "two": StateNew}); d != "" || len(c.Blocked) != 1 {
		t.Errorf("blocked %q, states (-got +want):\n%s", c.Blocked, d)
	}
}

func TestRepositoryChange(t *testing.T) {
	of := func(policies []string, exemptions ...config.Exemption) entry {
		return entry{spec: &config.Repository{Policies: policies, Exemptions: exemptions}}
	}
	exempt := config.Exemption{Rule: "baseline/tls", Resource: "Connection/shop", Reason: "an old machine", Until: "2027-01-01"}
	for name, c := range map[string]struct {
		before, after entry
		want          []Effect
	}{
		"a policy goes":  {of([]string{"baseline", "own"}), of([]string{"own"}), []Effect{{Dangerous, "the rules of the policy baseline no longer hold"}}},
		"a policy comes": {of(nil), of([]string{"own"}), []Effect{{Safe, "the rules of the policy own hold from now on"}}},
		"an exemption":   {of(nil), of(nil, exempt), []Effect{{Dangerous, "Connection/shop is excused from the rule baseline/tls until 2027-01-01: an old machine"}}},
		"its end":        {of(nil, exempt), of(nil), []Effect{{Safe, "Connection/shop is no longer excused from the rule baseline/tls until 2027-01-01"}}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(repositoryChange(c.before, c.after), c.want); d != "" {
				t.Errorf("(-got +want):\n%s", d)
			}
		})
	}
}

func TestEqualModelsChangeNothing(t *testing.T) {
	m := model("a", "total", touchpoint("orders", nil))
	if c := Diff(m, m); !c.Empty() {
		t.Errorf("got %+v", c)
	}
}

func TestText(t *testing.T) {
	from := model("a", "total", touchpoint("orders", nil), touchpoint("old", nil))
	to := model("b", "sum", touchpoint("orders", func(r *config.Resource[config.Touchpoint]) { r.Spec.Source.Object = "drafts" }))
	var b strings.Builder
	if err := Diff(from, to).WriteText(&b, Style{}); err != nil {
		t.Fatal(err)
	}
	want := `Configuration
  ~ Mapping order
        total
        ~ from: total → sum
  ~ Touchpoint orders
      ~ source.object: orders → drafts
  - Touchpoint old

Flows
  - old  state pruned, dangerous
      ! its checkpoint, ledger and dead letters are destroyed; rename it with metadata.renamedFrom to keep them
  ~ orders  state reset, dangerous
      ! its source is another object: its checkpoint is dropped, a run under way ends, and it reads again from the beginning: everything there is
      ! every record that is read again is written to erp/sales again, by upsert
      ? new data path: data from shop/drafts to erp/sales
        its ledger and dead letters stay
        through Mapping/order

Blocked: touchpoint "orders" would drop its checkpoint and read from its start again; if that is meant, give it the annotation dray/allow-reset: "the reason"

Plan: 0 to create, 2 to update, 0 to rename, 1 to delete; state of flows: 0 new, 0 kept, 0 renamed, 1 reset, 1 pruned.
`
	if d := cmp.Diff(b.String(), want); d != "" {
		t.Errorf("(-got +want):\n%s", d)
	}
}
