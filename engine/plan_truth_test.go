package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hashicorp/go-hclog"
	"gopkg.in/yaml.v3"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/plan"
	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/secret"
	"github.com/dray-sync/dray/engine/state"
)

// described is an application that is only described.
type described struct{ spec adapters.Spec }

func (a described) Spec() adapters.Spec { return a.spec }

func (a described) Open(context.Context, adapters.Env, adapters.Settings) (adapters.Connection, error) {
	return nil, errors.New("only described")
}

func describedRegistry() *adapters.Registry {
	return adapters.NewRegistry(nil,
		described{adapters.Spec{Name: "shop", Schema: `#Config: {url!: string, pageSize: *100 | int}`}},
		described{adapters.Spec{Name: "table", Schema: "#Config: {path!: string}\n#Object: {table!: string}"}},
		described{adapters.Spec{Name: "sheet", Schema: "#Config: {path?: string, url?: string, pageSize: *1 | int}\n#Object: {table!: string}"}},
	)
}

// An editor changes repositories at random.
type editor struct {
	*rand.Rand
	docs []map[string]any
	made int
}

func (e *editor) meta(d map[string]any) map[string]any { return d["metadata"].(map[string]any) }

func (e *editor) ofKind(kind string) (docs []map[string]any) {
	for _, d := range e.docs {
		if d["kind"] == kind {
			docs = append(docs, d)
		}
	}
	return docs
}

func pick[T any](e *editor, list []T) T { return list[e.IntN(len(list))] }

// edit changes one thing. What comes of it need not be valid.
func (e *editor) edit() string {
	if len(e.ofKind("Touchpoint")) == 0 {
		return "nothing"
	}
	kinds := []string{"Touchpoint", "Touchpoint", "Touchpoint", "Mapping", "Connection", "Lookup", "Schedule", "Schedule"}
	docs := e.ofKind(pick(e, kinds))
	if len(docs) == 0 {
		return "nothing"
	}
	d := pick(e, docs)
	what := fmt.Sprintf("%s %s: ", d["kind"], e.meta(d)["name"])
	switch e.IntN(8) {
	case 0:
		return what + e.rename(d)
	case 1:
		e.docs = slices.DeleteFunc(e.docs, func(o map[string]any) bool { return e.meta(o)["name"] == e.meta(d)["name"] && o["kind"] == d["kind"] })
		return what + "deleted"
	case 2:
		e.made++
		c := clone(d)
		e.meta(c)["name"] = fmt.Sprintf("made-%d", e.made)
		delete(e.meta(c), "renamedFrom")
		e.docs = append(e.docs, c)
		return what + "copied"
	case 3:
		t := pick(e, e.ofKind("Touchpoint"))
		source := t["spec"].(map[string]any)["source"].(map[string]any)
		e.meta(t)["annotations"] = map[string]any{plan.AllowReset: "meant"}
		source["read"] = map[any]string{"full": "incremental"}[source["read"]]
		if source["read"] == "" {
			source["read"] = "full"
		}
		return fmt.Sprintf("Touchpoint %s: reset", e.meta(t)["name"])
	default:
		return what + e.change(d["spec"].(map[string]any), d["kind"].(string))
	}
}

// rename renames a resource wherever it is named, saying so or not.
func (e *editor) rename(d map[string]any) string {
	e.made++
	old, name := e.meta(d)["name"].(string), fmt.Sprintf("named-%d", e.made)
	if e.IntN(4) == 0 && d["kind"] == "Touchpoint" { // to one that is there, or was
		name = pick(e, []string{"orders", "archive", "products"})
	}
	said := e.IntN(4) > 0
	e.meta(d)["name"] = name
	delete(e.meta(d), "renamedFrom")
	if said {
		e.meta(d)["renamedFrom"] = old
	}
	field := map[any]string{"Connection": "connection", "Mapping": "mapping", "Lookup": "lookup", "Schedule": "schedule"}[d["kind"]]
	for _, o := range e.docs {
		replace(o["spec"], field, old, name)
	}
	return fmt.Sprintf("renamed to %s, said: %v", name, said)
}

func replace(v any, field, old, name string) {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			if k == field && v[k] == old {
				v[k] = name
			}
			replace(v[k], field, old, name)
		}
	case []any:
		for _, x := range v {
			replace(x, field, old, name)
		}
	}
}

// change changes one field.
func (e *editor) change(spec map[string]any, kind string) string {
	set := func(m any, key string, values ...any) string {
		o, ok := m.(map[string]any)
		if !ok {
			return "nothing"
		}
		v := pick(e, values)
		if v == nil {
			delete(o, key)
		} else {
			o[key] = v
		}
		return fmt.Sprintf("%s = %v", key, v)
	}
	switch kind {
	case "Touchpoint":
		return []func() string{
			func() string { return set(spec["source"], "object", "orders", "products", "items", "drafts") },
			func() string { return set(spec["source"], "connection", "shop", "erp", "mail") },
			func() string { return set(spec["source"], "read", "incremental", "full") },
			func() string { return set(spec["source"], "start", "now", "beginning", "2026-05-01T00:00:00Z") },
			func() string { return set(spec["source"], "where", "paid", "paid and not test", nil) },
			func() string { return set(spec["destination"], "object", "sales", "archive", "products") },
			func() string { return set(spec["destination"], "connection", "shop", "erp", "mail") },
			func() string { return set(spec["destination"], "write", "upsert", "create", "update", "ensure") },
			func() string {
				return set(spec["destination"], "key", []any{"ref"}, []any{"sku"}, []any{"sku", "title"}, nil)
			},
			func() string { return set(spec, "mapping", "order-to-sale", "item-to-product") },
			func() string { return set(spec, "mode", "live", "observe") },
			func() string { return set(spec, "suspend", true, false) },
			func() string { return set(spec, "stopAfter", 0, 5, 100) },
			func() string { return set(spec, "trace", []any{"number"}, []any{"sku"}, nil) },
			func() string { return set(spec, "limits", map[string]any{"maxCreates": e.IntN(9)}, nil) },
			func() string {
				return set(spec, "schedule", "office-hours", map[string]any{"every": "5m"}, map[string]any{"cron": "0 2 * * *"}, nil)
			},
			func() string {
				return set(spec, "routes", map[string]any{"match": "first", "cases": []any{map[string]any{"name": "alpha", "when": "total != nil", "destination": map[string]any{"object": "archive", "write": "create"}}}}, nil)
			},
			func() string {
				return set(spec, "onReject", map[string]any{"retry": map[string]any{"every": "1h", "for": "3d"}}, nil)
			},
		}[e.IntN(18)]()
	case "Mapping":
		return set(spec["fields"], pick(e, []string{"total", "title", "extra"}), map[string]any{"value": e.IntN(100)}, map[string]any{"from": "number"}, nil)
	case "Connection":
		return []func() string{
			func() string { return set(spec["config"], "url", "https://shop.example/api", "https://other.example/") },
			func() string { return set(spec["config"], "pageSize", 50, 200) },
			func() string { return set(spec, "application", "shop", "table", "sheet") },
			func() string { return set(spec, "zone", "UTC", "Europe/Berlin") },
			func() string { return set(spec, "suspend", true, false) },
			func() string { return set(spec, "rate", map[string]any{"requestsPerSecond": 1 + e.IntN(9)}, nil) },
		}[e.IntN(6)]()
	case "Lookup":
		rows := spec["rows"].([]any)
		return set(pick(e, rows), "name", "Deutschland", "Austria", "Suisse")
	default:
		return set(spec, "cron", "*/5 8-18 * * 1-5", "0 * * * *", "30 6 * * 1")
	}
}

func clone(v map[string]any) map[string]any {
	text, err := yaml.Marshal(v)
	if err != nil {
		panic(err)
	}
	var c map[string]any
	if err := yaml.Unmarshal(text, &c); err != nil {
		panic(err)
	}
	return c
}

// files writes the repository down.
func (e *editor) files(t *testing.T, ring []byte) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{
		"dray.yaml": {Data: []byte("apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\nspec: {environments: {test: {}}}\n")},
		"keys.yaml": {Data: ring},
	}
	var all []string
	for _, d := range e.docs {
		text, err := yaml.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	files["all.yaml"] = &fstest.MapFile{Data: []byte(strings.Join(all, "---\n"))}
	return files
}

// An observed touchpoint is what the store holds of one.
type observed struct {
	uid        secret.UID
	generation int64
	checkpoint bool
	records    int64
}

func observe(t *testing.T, s *state.Store) map[string]observed {
	t.Helper()
	all, err := s.Touchpoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held := map[string]observed{}
	for _, tp := range all {
		checkpoints, err := s.Checkpoints(t.Context(), tp.ID)
		if err != nil {
			t.Fatal(err)
		}
		records, err := s.LiveKeys(t.Context(), tp.ID)
		if err != nil {
			t.Fatal(err)
		}
		held[tp.Name] = observed{tp.UID, tp.Generation, len(checkpoints) > 0, records}
	}
	return held
}

// work gives every touchpoint that has none a checkpoint and a delivered record.
func work(t *testing.T, s *state.Store) {
	t.Helper()
	all, err := s.Touchpoints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, tp := range all {
		run, _, err := s.StartRun(t.Context(), state.NewRun{TouchpointID: tp.ID, Trigger: TriggerLocal})
		if err != nil {
			t.Fatal(err)
		}
		_, fence, err := s.BeginSlice(t.Context(), run.ID)
		if err != nil {
			t.Fatal(err)
		}
		key := state.CheckpointKey{TouchpointID: tp.ID, Generation: tp.Generation}
		c, err := s.Checkpoint(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Commit(t.Context(), fence, state.Commit{
			Checkpoint: &state.CheckpointUpdate{Key: key, Seq: c.Seq + 1, Cursor: []byte("here")},
			Ledger:     []state.LedgerEntry{{KeyHash: state.KeyHash{1}, State: state.LedgerWritten, At: time.Now()}},
			End:        &state.RunEnd{Status: state.RunSucceeded},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestPlanTellsTheTruth changes repositories at random and holds that applying a plan does to a real state what the plan says, to that of every
// touchpoint, and nothing else (promise 8).
func TestPlanTellsTheTruth(t *testing.T) {
	base, err := os.ReadFile(filepath.Join("plan", "testdata", "base.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	identity, err := secret.GenerateAgent(secret.Classic)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := secret.CreateRing("test", []secret.Recipient{identity.Public().Recipient}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ringFile, err := ring.File().Encode()
	if err != nil {
		t.Fatal(err)
	}
	total := map[plan.StateEffect]int{}
	blocked := 0
	for seed := range uint64(5) {
		a := &agentUnderTest{t: t, cache: new(config.Cache), total: total}
		e := &editor{Rand: rand.New(rand.NewPCG(seed, 7))}
		for doc := range strings.SplitSeq(string(base), "---\n") {
			var d map[string]any
			if err := yaml.Unmarshal([]byte(doc), &d); err != nil {
				t.Fatal(err)
			}
			e.docs = append(e.docs, d)
		}
		a.start(identity, e.files(t, ringFile))
		for step := range 25 {
			before := e.docs
			e.docs = nil
			for _, d := range before {
				e.docs = append(e.docs, clone(d))
			}
			var script []string
			for range 1 + e.IntN(3) {
				script = append(script, e.edit())
			}
			m := a.load(e.files(t, ringFile))
			if m == nil {
				e.docs = before
				continue
			}
			if !a.apply(m, fmt.Sprintf("seed %d, step %d: %s", seed, step, strings.Join(script, "; "))) {
				blocked++
				e.docs = before
			}
		}
	}
	t.Logf("%v, %d blocked", total, blocked)
	for _, s := range []plan.StateEffect{plan.StateNew, plan.StateKept, plan.StateRenamed, plan.StateReset, plan.StatePruned} {
		if total[s] < 3 {
			t.Errorf("the state of only %d flows was %s: the test tries too little", total[s], s)
		}
	}
	if blocked < 3 {
		t.Errorf("only %d plans were blocked: the test tries too little", blocked)
	}
}

// agentUnderTest is an engine with a real state and nothing else.
type agentUnderTest struct {
	t     *testing.T
	e     *Engine
	model *config.Model
	cache *config.Cache
	total map[plan.StateEffect]int
}

func (a *agentUnderTest) start(identity *secret.Identity, files fstest.MapFS) {
	a.t.Helper()
	var err error
	a.e, err = New(Options{Identity: identity, Environment: "test", StateDir: a.t.TempDir(), Registry: describedRegistry(), Log: hclog.NewNullLogger()})
	if err != nil {
		a.t.Fatal(err)
	}
	if a.e.store, err = a.e.openState(a.t.Context(), files, "acme"); err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() {
		if err := a.e.store.Close(); err != nil {
			a.t.Error(err)
		}
	})
	m := a.load(files)
	if m == nil {
		a.t.Fatal("the base is not valid")
	}
	a.apply(m, "base")
}

// load returns nil for what is not valid.
func (a *agentUnderTest) load(files fstest.MapFS) *config.Model {
	a.t.Helper()
	m, list, err := config.Load(a.t.Context(), files, config.Options{Environment: "test", Registry: describedRegistry(), Cache: a.cache})
	if err != nil {
		a.t.Fatal(err)
	}
	if a.model == nil && m == nil {
		a.t.Fatal(list.Error())
	}
	return m
}

// apply compares what the plan says with what became of the state. false: the plan is blocked.
func (a *agentUnderTest) apply(m *config.Model, script string) bool {
	a.t.Helper()
	changes := plan.Diff(a.model, m)
	if a.model != nil && (a.model.Digest == m.Digest) != changes.Empty() {
		a.t.Errorf("%s: the models are equal: %v, the plan is empty: %v", script, a.model.Digest == m.Digest, changes.Empty())
	}
	if len(changes.Blocked) > 0 {
		return false
	}
	before := observe(a.t, a.e.store)
	if err := a.e.Apply(a.t.Context(), changes, m, &repo.Revision{Commit: script, Tree: new(repo.Tree)}); err != nil {
		a.t.Fatalf("%s: %v", script, err)
	}
	after := observe(a.t, a.e.store)
	want := maps.Clone(before)
	for _, c := range changes.Touchpoints {
		a.total[c.State]++
		was := want[c.Name]
		if c.RenamedFrom != "" {
			was = before[c.RenamedFrom]
		}
		switch c.State {
		case plan.StatePruned:
			delete(want, c.Name)
			continue
		case plan.StateNew:
			was = observed{uid: after[c.Name].uid, generation: 1}
		case plan.StateReset:
			was.generation++
			was.checkpoint = false
		case plan.StateKept, plan.StateRenamed:
		}
		want[c.Name] = was
	}
	for _, c := range changes.Touchpoints {
		if _, still := m.Touchpoints[c.RenamedFrom]; c.RenamedFrom != "" && !still {
			delete(want, c.RenamedFrom)
		}
	}
	if !maps.Equal(want, after) {
		a.t.Errorf("%s:\nthe plan says %v\nthe state is   %v\n%+v", script, want, after, changes.Touchpoints)
	}
	a.compareFlows(m, script)
	a.model = m
	work(a.t, a.e.store)
	return true
}

// compareFlows holds that every flow works as the new model says: none was forgotten that the model changes.
func (a *agentUnderTest) compareFlows(m *config.Model, script string) {
	a.t.Helper()
	g := a.e.current.Load()
	if len(g.flows) != len(m.Touchpoints) {
		a.t.Errorf("%s: %d flows, want %d", script, len(g.flows), len(m.Touchpoints))
	}
	for name, f := range g.flows {
		for what, same := range map[string]bool{
			"touchpoint": f.Model.Touchpoints[name].Digest == m.Touchpoints[name].Digest,
			"mapping":    f.Model.Mappings[f.Spec.Mapping].Digest == m.Mappings[f.Spec.Mapping].Digest,
			"source":     f.Model.Connections[f.Spec.Source.Connection].Digest == m.Connections[f.Spec.Source.Connection].Digest,
			"lookups":    sameLookups(f.Model, m, f.Spec.Mapping),
			"schedule":   sameSchedule(f.Model, m, name),
		} {
			if !same {
				a.t.Errorf("%s: flow %s still works by its old %s", script, name, what)
			}
		}
	}
}

func sameLookups(a, b *config.Model, mapping string) bool {
	for _, l := range b.Mappings[mapping].Spec.Fields.Lookups() {
		if a.Lookups[l] == nil || a.Lookups[l].Digest != b.Lookups[l].Digest {
			return false
		}
	}
	return true
}

func sameSchedule(a, b *config.Model, name string) bool {
	sa, oka := a.ScheduleOf(&a.Touchpoints[name].Spec)
	sb, okb := b.ScheduleOf(&b.Touchpoints[name].Spec)
	return oka == okb && cmp.Equal(sa, sb)
}
