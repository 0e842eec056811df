package config

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/diag"
)

func repositoryOf(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

var patched = map[string]string{
	"dray.yaml": `apiVersion: dray/v1
kind: Repository
metadata: {name: acme}
spec:
  environments:
    production: {patches: ["environments/production/**/*.yaml"]}
    staging: {}
`,
	"connections/books.yaml": `apiVersion: dray/v1
kind: Connection
metadata: {name: books, labels: {owner: erp, tier: low}}
spec:
  application: table
  config: {path: staging.db, mode: delete}
  rate: {concurrency: 2}
`,
	"environments/production/deep/books.yaml": `apiVersion: dray/v1
kind: Connection
metadata: {name: books, labels: {tier: null}}
spec:
  config:
    path: production.db
    mode: null
  zone: Europe/Berlin
`,
}

func TestPatchesAreMergedByKindAndName(t *testing.T) {
	m, list, err := Load(t.Context(), repositoryOf(patched), Options{Registry: testRegistry(), Environment: "production"})
	if err != nil || len(list) > 0 {
		t.Fatal(err, list)
	}
	c := m.Connections["books"]
	if diff := cmp.Diff(`{"mode":"wal","path":"production.db"}`, string(c.Spec.Config)); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"owner": "erp"}, c.Metadata.Labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if c.Spec.Rate.Concurrency != 2 || c.Spec.Zone != "Europe/Berlin" {
		t.Errorf("got %+v", c.Spec)
	}
	for path, want := range map[string]diag.Pos{
		"spec.config.path":      {File: "environments/production/deep/books.yaml", Line: 6, Col: 11},
		"spec.rate.concurrency": {File: "connections/books.yaml", Line: 7, Col: 23},
		"spec.pool":             {File: "connections/books.yaml", Line: 5, Col: 3},
	} {
		if got := c.Source.Pos(path); got != want {
			t.Errorf("%s stands at %v, want %v", path, got, want)
		}
	}
}

func TestEveryEnvironmentIsJudgedWhenNoneIsNamed(t *testing.T) {
	files := map[string]string{}
	maps.Copy(files, patched)
	files["environments/production/deep/books.yaml"] += "  pool: Nowhere!\n"
	fsys := repositoryOf(files)
	m, list, err := Load(t.Context(), fsys, Options{Registry: testRegistry()})
	if err != nil || m != nil || len(list) != 1 || list[0].Pos.File != "environments/production/deep/books.yaml" {
		t.Errorf("all: model %v, error %v, %v", m, err, list)
	}
	m, list, err = Load(t.Context(), fsys, Options{Registry: testRegistry(), Environment: "staging"})
	if err != nil || m == nil || len(list) > 0 || m.Environment != "staging" {
		t.Errorf("staging: model %v, error %v, %v", m, err, list)
	}
	if _, list, _ = Load(t.Context(), fsys, Options{Environment: "stagin"}); !strings.Contains(list.Error(), "did you mean staging?") {
		t.Errorf("got %v", list)
	}
}

func TestFindingsNameTheirEnvironment(t *testing.T) {
	files := map[string]string{}
	maps.Copy(files, patched)
	files["environments/production/deep/books.yaml"] += "  pool: Nowhere!\n"
	files["schedules/a.yaml"] = "apiVersion: dray/v1\nkind: Schedule\nmetadata: {name: a}\nspec: {every: soon}\n"
	_, list, err := Load(t.Context(), repositoryOf(files), Options{Registry: testRegistry()})
	if err != nil || len(list) != 2 {
		t.Fatal(err, list)
	}
	if diff := cmp.Diff([]string{"production"}, list[0].Environments); diff != "" {
		t.Errorf("the patch's (-want +got):\n%s", diff)
	}
	if list[1].Environments != nil || !strings.Contains(list[0].Error(), "(only in production)") {
		t.Errorf("got %v", list)
	}
	if _, list, _ = Load(t.Context(), repositoryOf(files), Options{Registry: testRegistry(), Environment: "production"}); len(list) != 2 || list[0].Environments != nil {
		t.Errorf("with one environment judged, got %v", list)
	}
}

func TestTheRepositoryMayBeWrittenInCUE(t *testing.T) {
	files := map[string]string{
		"dray.cue": `package acme

environment: string @tag(environment)

repository: {
	apiVersion: "dray/v1"
	kind:       "Repository"
	metadata: name: "acme"
	spec: environments: {
		production: {patches: ["patches/*.yaml"], tags: environment: "production"}
		staging: tags: environment: "staging"
	}
}
nightly: {
	apiVersion: "dray/v1"
	kind:       "Schedule"
	metadata: name: "nightly-\(environment)"
	spec: every: "1d"
}
`,
		"patches/a.yaml": "kind: Schedule\nmetadata: {name: nightly-production}\nspec: {every: 2d}\n",
	}
	for environment, every := range map[string]time.Duration{"production": 48 * time.Hour, "staging": 24 * time.Hour} {
		m, list, err := Load(t.Context(), repositoryOf(files), Options{Environment: environment})
		if err != nil || len(list) > 0 {
			t.Fatal(err, list)
		}
		if s := m.Schedules["nightly-"+environment]; s == nil || time.Duration(s.Spec.Every) != every || m.Repository == nil {
			t.Errorf("%s: got %+v", environment, m.Schedules)
		}
	}
	files["more/dray.cue"] = "package more\n\nanother: {apiVersion: \"dray/v1\", kind: \"Repository\", metadata: name: \"other\"}\n"
	if _, list, _ := Load(t.Context(), repositoryOf(files), Options{}); len(list) != 1 || list[0].Code != codeRepository || list[0].Pos.File != "more/dray.cue" {
		t.Errorf("got %v", list)
	}
}

func TestATagMayHaveADefault(t *testing.T) {
	files := map[string]string{
		"dray.yaml": plainRepository,
		"a.cue":     "package a\n\nzone: *\"UTC\" | string @tag(zone)\nother: (\"b\" | *\"a\") & string @tag(other)\nname: \"x\" @tag(name)\n",
	}
	if _, list, err := Load(t.Context(), repositoryOf(files), Options{}); err != nil || len(list) > 0 {
		t.Error(err, list)
	}
}

func TestAPatchedResourceIsJudgedOnce(t *testing.T) {
	cache := new(Cache)
	var first map[patching]*candidate
	for range 2 {
		if _, list, err := Load(t.Context(), repositoryOf(patched), Options{Registry: testRegistry(), Cache: cache}); err != nil || len(list) > 0 {
			t.Fatal(err, list)
		}
		if first != nil && !maps.Equal(first, cache.patched) {
			t.Error("merged anew")
		}
		first = cache.patched
	}
	if len(first) != 1 {
		t.Errorf("%d patched resources are kept, want 1", len(first))
	}
}

func TestMatchPath(t *testing.T) {
	for pattern, names := range map[string]map[string]bool{
		"a/*.yaml":    {"a/b.yaml": true, "a/b/c.yaml": false, "b.yaml": false},
		"a/**/*.yaml": {"a/b.yaml": true, "a/b/c.yaml": true, "b/c.yaml": false},
		"**":          {"a": true, "a/b": true},
		"a":           {"a": true, "a/b": false},
		"[":           {"[": false},
	} {
		for name, want := range names {
			if got := matchPath(pattern, name); got != want {
				t.Errorf("matchPath(%q, %q) = %v", pattern, name, got)
			}
		}
	}
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		bind, address string
		want          bool
	}{
		{"https://erp.example:50000/b1s/", "https://erp.example:50000/b1s/v2", true},
		{"https://erp.example/", "https://erp.example:443/x", true},
		{"https://erp.example", "https://ERP.example/x", true},
		{"https://erp.example/b1s", "https://erp.example/b1s-evil", false},
		{"https://erp.example/b1s", "https://erp.example/b1s/../admin", false},
		{"https://erp.example", "http://erp.example", false},
		{"https://erp.example", "https://erp.example.evil.example", false},
		{"https://erp.example", "https://erp.example@evil.example", false},
		{"https://erp.example:8443", "https://erp.example", false},
		{"postgres://db.example:5432/erp", "postgres://db.example/erp", true},
		{"postgres://db.example:5432/erp", "postgres://db.example/other", false},
		{"https://erp.example", "://", false},
		{"://", "https://erp.example", false},
	} {
		if got := covers(c.bind, c.address); got != c.want {
			t.Errorf("covers(%q, %q) = %v", c.bind, c.address, got)
		}
	}
}

func TestScheduleOf(t *testing.T) {
	m := &Model{Schedules: map[string]*Resource[Schedule]{"nightly": {Spec: Schedule{Cron: "0 2 * * *"}}}}
	for name, c := range map[string]struct {
		in   *Schedule
		want Schedule
		ok   bool
	}{
		"none":    {nil, Schedule{}, false},
		"inline":  {&Schedule{Every: Duration(time.Minute)}, Schedule{Every: Duration(time.Minute)}, true},
		"named":   {&Schedule{Ref: "nightly"}, Schedule{Cron: "0 2 * * *"}, true},
		"unknown": {&Schedule{Ref: "weekly"}, Schedule{}, false},
	} {
		got, ok := m.ScheduleOf(&Touchpoint{Schedule: c.in})
		if ok != c.ok || !cmp.Equal(got, c.want) {
			t.Errorf("%s: got %+v, %v", name, got, ok)
		}
	}
}

func TestPosInsideTexts(t *testing.T) {
	src := "apiVersion: dray/v1\nkind: Mapping\nmetadata: {name: m}\nspec:\n  fields:\n" +
		"    a: {expr: price + tax}\n" +
		"    b: {expr: 'it''s + x'}\n" +
		"    c: {expr: \"price + tax\"}\n" +
		"    d:\n      expr: |-\n        price +\n        tax\n" +
		"    é: {expr: ü + tax}\n" +
		"    f: {expr: \"a\\tb + tax\"}\n"
	docs, problems := parseYAML([]byte(src), LoadLimits{}.WithDefaults())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s := &Source{doc: newCandidate(docs[0].root, nil), files: []*sourceFile{{path: "a.yaml", bytes: []byte(src)}}}
	for _, c := range []struct {
		path      string
		offset    int
		line, col int
	}{
		{"spec.fields.a.expr", 8, 6, 23},
		{"spec.fields.b.expr", 7, 7, 24},
		{"spec.fields.c.expr", 8, 8, 24},
		{"spec.fields.d.expr", 8, 12, 9},
		{"spec.fields.é.expr", 5, 13, 21},
		{"spec.fields.f.expr", 6, 14, 15}, // escapes: where the text starts
		{"spec.fields.a.expr", 999, 6, 15},
		{"spec.fields.a.expr", -1, 6, 15},
		{"spec.fields.nosuch.expr", 3, 6, 5},
	} {
		if got, want := s.PosIn(c.path, c.offset), (diag.Pos{File: "a.yaml", Line: c.line, Col: c.col}); got != want {
			t.Errorf("%s at %d: got %v, want %v", c.path, c.offset, got, want)
		}
	}
	if got := s.PosOf([]string{"spec", "fields", "a", "expr", "deeper"}); got.Line != 6 || got.Col != 15 {
		t.Errorf("PosOf: %v", got)
	}
	if (*Source)(nil).Pos("a") != (diag.Pos{}) || (*Source)(nil).PosIn("a", 1) != (diag.Pos{}) || (*Source)(nil).PosOf(nil) != (diag.Pos{}) {
		t.Error("a nil Source knows a position")
	}
}

func TestPathsSurviveWriting(t *testing.T) {
	for _, path := range [][]segment{
		{{name: "spec"}, {name: "fields"}, {name: "Art.-Nr."}, {name: "from"}},
		{{name: "spec"}, {name: "cases"}, {index: 12}, {name: "a b"}},
		{{name: `quo"te`}, {index: 0}},
		{{name: "größe"}},
	} {
		if got := parsePath(pathString(path)); !cmp.Equal(got, path, cmp.AllowUnexported(segment{})) {
			t.Errorf("%s reads as %v", pathString(path), got)
		}
	}
}

// TestCacheKeepsOnlyWhatIsThere loads changing files and demands the same result as without a cache, and nothing left over.
func TestCacheKeepsOnlyWhatIsThere(t *testing.T) {
	cache := new(Cache)
	for _, every := range []string{"1m", "2m", "2m", "bad", "3m"} {
		fsys := repositoryOf(map[string]string{
			"dray.yaml": plainRepository,
			"s.yaml":    "apiVersion: dray/v1\nkind: Schedule\nmetadata: {name: s}\nspec: {every: " + every + "}\n",
		})
		m, list, err := Load(t.Context(), fsys, Options{Cache: cache})
		plain, plainList, _ := Load(t.Context(), fsys, Options{})
		if err != nil || !cmp.Equal(list, plainList) || (m == nil) != (plain == nil) || (m != nil && m.Digest != plain.Digest) {
			t.Errorf("%s: with a cache %v, without %v", every, list, plainList)
		}
		if len(cache.files) != 2 {
			t.Errorf("%s: the cache holds %d files", every, len(cache.files))
		}
	}
}

func TestLimits(t *testing.T) {
	big := "apiVersion: dray/v1\nkind: Schedule\nmetadata: {name: s, description: " + strings.Repeat("x", 3000) + "}\nspec: {every: 1m}\n"
	fsys := repositoryOf(map[string]string{"dray.yaml": plainRepository, "s.yaml": big})
	for name, limits := range map[string]LoadLimits{
		"one file": {FileBytes: 2000}, "all files": {TotalBytes: 2000}, "files": {Files: 1}, "values": {Nodes: 5},
	} {
		m, list, err := Load(t.Context(), fsys, Options{Limits: limits})
		if err != nil || m != nil || len(list) == 0 || !strings.Contains(list.Error(), codeTooLarge) {
			t.Errorf("%s: model %v, error %v, %v", name, m, err, list)
		}
	}
}
