package config

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/diag"
)

// relinkFlows is how many flows the repository of these tests has.
const relinkFlows = 8

// relinkRepository is a repository in which everything that flows name is named by several.
func relinkRepository(policies string) fstest.MapFS {
	fsys := fstest.MapFS{
		"dray.yaml":       {Data: []byte("apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\nspec:\n  policies: [" + policies + "]\n  environments: {production: {patches: [patch/*.yaml]}, staging: {}}\n")},
		"patch/a.yaml":    {Data: []byte("kind: Touchpoint\nmetadata: {name: t1}\nspec: {limits: {maxCreates: 7}}\n")},
		"countries.csv":   {Data: []byte("code,name\nDE,Germany\n")},
		"look.yaml":       {Data: []byte("apiVersion: dray/v1\nkind: Lookup\nmetadata: {name: countries}\nspec: {file: countries.csv, key: [code], value: name, miss: skip}\n")},
		"connection.yaml": {Data: []byte("apiVersion: dray/v1\nkind: Connection\nmetadata: {name: erp}\nspec: {application: table, config: {path: erp.db}}\n")},
		"shop.yaml":       {Data: []byte("apiVersion: dray/v1\nkind: Connection\nmetadata: {name: shop}\nspec: {application: table, config: {path: shop.db}}\n")},
		"schedule.yaml":   {Data: []byte("apiVersion: dray/v1\nkind: Schedule\nmetadata: {name: night}\nspec: {cron: \"0 2 * * *\", zone: UTC}\n")},
		"idle.yaml":       {Data: relinkMapping("idle", "a", 0)},
	}
	for i := range relinkFlows {
		fsys[fmt.Sprintf("m%d.yaml", i)] = &fstest.MapFile{Data: relinkMapping(fmt.Sprintf("m%d", i), "a", 0)}
		fsys[fmt.Sprintf("t%d.yaml", i)] = &fstest.MapFile{Data: relinkTouchpoint(i, i, "sales", 0)}
		fsys[fmt.Sprintf("x%d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil, "apiVersion: dray/v1\nkind: MappingTest\nmetadata: {name: x%d}\nspec: {mapping: m%d, cases: [{name: one, input: {a: 1}, expect: {id: 1}}]}\n", i, i)}
	}
	return fsys
}

func relinkMapping(name, from string, edition int) []byte {
	return fmt.Appendf(nil, "apiVersion: dray/v1\nkind: Mapping\nmetadata: {name: %s, description: edition %d}\nspec:\n  fields:\n    id: {from: %s}\n    country: {from: country, lookup: countries}\n", name, edition, from)
}

func relinkTouchpoint(i, mapping int, object string, edition int) []byte {
	return fmt.Appendf(nil, "apiVersion: dray/v1\nkind: Touchpoint\nmetadata: {name: t%d, labels: {owner: team}}\nspec:\n  source: {connection: shop, object: orders%d, start: now, where: total > %d}\n  mapping: m%d\n  destination: {connection: erp, object: %s, write: upsert, key: [id]}\n  limits: {maxCreates: 5, maxUpdates: 5}\n  schedule: night\n", i, i, edition, mapping, object)
}

// relinkEdits are changes of all kinds, most of them of one flow by itself.
var relinkEdits = []struct {
	name string
	edit func(fsys fstest.MapFS, n, edition int)
}{
	{"a mapping says something else", func(f fstest.MapFS, n, edition int) {
		f[fmt.Sprintf("m%d.yaml", n)].Data = relinkMapping(fmt.Sprintf("m%d", n), "a", edition)
	}},
	{"a mapping is warned of", func(f fstest.MapFS, n, edition int) {
		f[fmt.Sprintf("m%d.yaml", n)].Data = relinkMapping(fmt.Sprintf("m%d", n), "doubtful", edition)
	}},
	{"a mapping is wrong", func(f fstest.MapFS, n, edition int) {
		f[fmt.Sprintf("m%d.yaml", n)].Data = relinkMapping(fmt.Sprintf("m%d", n), "wrong", edition)
	}},
	{"a file has another line above", func(f fstest.MapFS, n, _ int) {
		name := fmt.Sprintf("t%d.yaml", n)
		f[name].Data = append([]byte("# note\n"), f[name].Data...)
	}},
	{"a touchpoint filters by something else", func(f fstest.MapFS, n, edition int) {
		f[fmt.Sprintf("t%d.yaml", n)].Data = relinkTouchpoint(n, n, "sales", edition)
	}},
	{"a touchpoint writes an object of its own", func(f fstest.MapFS, n, edition int) {
		f[fmt.Sprintf("t%d.yaml", n)].Data = relinkTouchpoint(n, n, fmt.Sprintf("sales%d", n), edition)
	}},
	{"a touchpoint reads what another writes", func(f fstest.MapFS, n, edition int) {
		f[fmt.Sprintf("t%d.yaml", n)].Data = relinkTouchpoint(n, n, fmt.Sprintf("orders%d", (n+1)%relinkFlows), edition)
	}},
	{"a touchpoint takes another mapping", func(f fstest.MapFS, n, edition int) {
		f[fmt.Sprintf("t%d.yaml", n)].Data = relinkTouchpoint(n, (n+1)%relinkFlows, "sales", edition)
	}},
	{"a touchpoint has no owner", func(f fstest.MapFS, n, _ int) {
		name := fmt.Sprintf("t%d.yaml", n)
		f[name].Data = []byte(strings.Replace(string(f[name].Data), ", labels: {owner: team}", "", 1))
	}},
	{"a touchpoint goes and comes", func(f fstest.MapFS, n, edition int) {
		name := fmt.Sprintf("t%d.yaml", n)
		if f[name] == nil {
			f[name] = &fstest.MapFile{Data: relinkTouchpoint(n, n, "sales", edition)}
		} else if edition%5 == 0 {
			delete(f, name)
		}
	}},
	{"a test expects something else", func(f fstest.MapFS, n, edition int) {
		f[fmt.Sprintf("x%d.yaml", n)].Data = fmt.Appendf(nil, "apiVersion: dray/v1\nkind: MappingTest\nmetadata: {name: x%d}\nspec: {mapping: m%d, touchpoint: t%d, cases: [{name: one, input: {a: 1}, expect: {id: %d}}]}\n", n, n, n, edition)
	}},
	{"a connection changes", func(f fstest.MapFS, _, edition int) {
		f["connection.yaml"].Data = fmt.Appendf(nil, "apiVersion: dray/v1\nkind: Connection\nmetadata: {name: erp}\nspec: {application: table, config: {path: erp%d.db}, rate: {requestsPerDay: %d}}\n", edition, edition%40)
	}},
	{"a look-up's file changes", func(f fstest.MapFS, _, edition int) {
		f["countries.csv"].Data = fmt.Appendf(nil, "code,name\nDE,Germany %d\n", edition)
	}},
	{"a patch changes", func(f fstest.MapFS, n, edition int) {
		f["patch/a.yaml"].Data = fmt.Appendf(nil, "kind: Touchpoint\nmetadata: {name: t%d}\nspec: {limits: {maxCreates: %d}}\n", n, edition)
	}},
	{"an idle mapping changes", func(f fstest.MapFS, _, edition int) { f["idle.yaml"].Data = relinkMapping("idle", "a", edition) }},
}

// fakeCompile finds what these tests write into mappings.
func fakeCompile(use MappingUse) (problems []MappingProblem) {
	for text := range use.Mapping.Texts() {
		switch text {
		case "doubtful":
			problems = append(problems, MappingProblem{Code: codeBadValue, Severity: diag.Warning, Path: "spec.fields.id.from", Message: "doubtful where " + use.Where, Offset: -1})
		case "wrong":
			problems = append(problems, MappingProblem{Code: codeBadValue, Severity: diag.Error, Path: "spec.fields.id.from", Message: "wrong", Offset: -1})
		}
	}
	return problems
}

// What a load makes of a change with what it knows of the revision before is what it makes of it from scratch, whatever changes in which
// order: the models and their digests, every diagnostic with its place, and the cases of tests.
func TestChangesLinkedInPartAreAsLinkedWhole(t *testing.T) {
	for _, environment := range []string{"", "production"} {
		for _, policies := range []string{"", "baseline"} {
			t.Run(environment+" "+policies, func(t *testing.T) { relinkAtRandom(t, environment, policies) })
		}
	}
}

func relinkAtRandom(t *testing.T, environment, policies string) {
	const edits = 60
	random := rand.New(rand.NewPCG(7, uint64(len(environment+policies))))
	fsys := relinkRepository(policies)
	warm := new(Cache)
	registry := testRegistry()
	load := func(c *Cache) (*Model, diag.List) {
		m, list, err := Load(t.Context(), fsys, Options{Environment: environment, Registry: registry, Cache: c, Compile: fakeCompile})
		if err != nil {
			t.Fatal(err)
		}
		return m, list
	}
	load(warm)
	inPart, valid := 0, 0
	var story []string
	for edition := range edits {
		e := relinkEdits[random.IntN(len(relinkEdits))]
		n := random.IntN(relinkFlows)
		before := relinksOf(warm)
		if fsys[fmt.Sprintf("t%d.yaml", n)] == nil && strings.HasPrefix(e.name, "a file") {
			continue
		}
		if fsys[fmt.Sprintf("t%d.yaml", n)] == nil {
			fsys[fmt.Sprintf("t%d.yaml", n)] = &fstest.MapFile{Data: relinkTouchpoint(n, n, "sales", edition)}
		}
		e.edit(fsys, n, edition)
		story = append(story, fmt.Sprintf("%d: %s (%d)", edition, e.name, n))
		m, list := load(warm)
		if relinksOf(warm) > before {
			inPart++
		}
		cold, all := load(&Cache{table: warm.table, builtIn: warm.builtIn, schema: warm.schema})
		if diff := cmp.Diff(all, list); diff != "" {
			t.Fatalf("the diagnostics differ (-cold +warm) after\n%s\n%s", strings.Join(story, "\n"), diff)
		}
		if diff := cmp.Diff(modelText(t, cold), modelText(t, m)); diff != "" {
			t.Fatalf("the models differ (-cold +warm) after\n%s\n%s", strings.Join(story, "\n"), diff)
		}
		if m != nil {
			valid++
			continue
		}
		fsys[fmt.Sprintf("m%d.yaml", n)].Data = relinkMapping(fmt.Sprintf("m%d", n), "a", edition) // so that not everything is wrong in the end
		fsys[fmt.Sprintf("t%d.yaml", n)] = &fstest.MapFile{Data: relinkTouchpoint(n, n, "sales", edition)}
	}
	if inPart < edits/4 || valid < edits/2 {
		t.Errorf("%d of %d changes were linked in part and %d were valid: the test tries too little", inPart, edits, valid)
	}
}

// relinksOf counts how often any environment was linked in part.
func relinksOf(c *Cache) (n int) {
	for _, s := range c.settledBefore {
		n += s.relinks
	}
	return n
}

// modelText is all that a model says, with its tests and where its resources stand.
func modelText(t *testing.T, m *Model) string {
	if m == nil {
		return "none"
	}
	text, err := json.MarshalIndent([]any{m, m.Tests}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	for name, r := range m.Touchpoints {
		places = append(places, name+" "+r.Source.Pos("spec.mapping").String())
	}
	for name, r := range m.Mappings {
		places = append(places, name+" "+r.Source.Pos("spec.fields").String())
	}
	slices.Sort(places)
	return string(text) + strings.Join(places, "\n")
}
