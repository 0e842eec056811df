package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dray-sync/dray/adapters"
	"github.com/dray-sync/dray/adapters/rest"
	"github.com/dray-sync/dray/engine/diag"
)

const fixtures = "../../schema/testdata"

// fixtureDay is the day that fixtures are judged on.
var fixtureDay = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// plainRepository is dray.yaml of fixtures that bring none.
const plainRepository = "apiVersion: dray/v1\nkind: Repository\nmetadata: {name: acme}\n"

// wantComment is "# want: code code:col …" at the end of a line.
var wantComment = regexp.MustCompile(`(?:#|//) want: (.*)$`)

// expectation is a diagnostic that a fixture demands. Column 0 is any.
type expectation struct {
	File, Code string
	Line, Col  int
}

// readFixture returns the files of a bad fixture and what must be found in them.
func readFixture(t testing.TB, path string) (fstest.MapFS, []expectation) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{"dray.yaml": {Data: []byte(plainRepository)}}
	var want []expectation
	for _, f := range txtar.Parse(data).Files {
		if f.Name == "want" {
			want = append(want, wantLines(t, string(f.Data))...)
			continue
		}
		fsys[f.Name] = &fstest.MapFile{Data: f.Data}
		for i, line := range strings.Split(string(f.Data), "\n") {
			if m := wantComment.FindStringSubmatch(line); m != nil {
				for word := range strings.FieldsSeq(m[1]) {
					want = append(want, expectationOf(t, f.Name, i+1, word))
				}
			}
		}
	}
	return fsys, want
}

func expectationOf(t testing.TB, file string, line int, word string) expectation {
	t.Helper()
	code, col, ok := strings.Cut(word, ":")
	e := expectation{File: file, Code: code, Line: line}
	if ok {
		var err error
		if e.Col, err = strconv.Atoi(col); err != nil {
			t.Fatalf("%s:%d: bad expectation %q", file, line, word)
		}
	}
	return e
}

// wantLines reads the want file of a fixture: file:line[:col] code, for files that have no comments.
func wantLines(t testing.TB, text string) []expectation {
	t.Helper()
	var want []expectation
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 2 {
			t.Fatalf("bad line in want: %q", line)
		}
		parts := strings.Split(fields[0], ":")
		n, err := strconv.Atoi(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		word := fields[1]
		if len(parts) > 2 {
			word += ":" + parts[2]
		}
		want = append(want, expectationOf(t, parts[0], n, word))
	}
	return want
}

// compare matches what was found with what was wanted, by place.
func compare(t *testing.T, list diag.List, want []expectation) {
	t.Helper()
	rest := slices.Clone(list)
	for _, e := range want {
		i := slices.IndexFunc(rest, func(d diag.Diagnostic) bool {
			return d.Code == e.Code && d.Pos.File == e.File && d.Pos.Line == e.Line && (e.Col == 0 || d.Pos.Col == e.Col)
		})
		if i < 0 {
			t.Errorf("%s:%d:%d: no %s", e.File, e.Line, e.Col, e.Code)
			continue
		}
		rest = slices.Delete(rest, i, i+1)
	}
	for _, d := range rest {
		t.Errorf("not wanted: %v", d)
	}
}

func TestBadFixtures(t *testing.T) {
	for _, path := range badFixtures(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			fsys, want := readFixture(t, path)
			m, list, err := Load(t.Context(), fsys, Options{Registry: registryFor(path), Now: fixtureDay})
			if err != nil {
				t.Fatal(err)
			}
			if m != nil && list.HasErrors() {
				t.Error("a model in spite of errors")
			}
			compare(t, list, want)
			for _, d := range list {
				if d.Hint == "" {
					t.Errorf("no hint: %v", d)
				}
				if wholeFile := d.Pos.Line == 0 && d.Path == ""; !wholeFile && d.Pos.Col < 1 {
					t.Errorf("no column: %v", d)
				}
				for _, p := range d.Related {
					if p.File == "" || p.Line < 1 || p.Col < 1 {
						t.Errorf("a related place without line and column: %v", d)
					}
				}
			}
			if t.Failed() || testing.Verbose() {
				t.Logf("all diagnostics:\n%v", list)
			}
		})
	}
}

// registryFor returns the registry a fixture is for: those named declared-… are for real declared applications.
func registryFor(path string) *adapters.Registry {
	if strings.HasPrefix(filepath.Base(path), "declared-") {
		return adapters.NewRegistry(rest.New())
	}
	return testRegistry()
}

func badFixtures(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob(fixtures + "/bad/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no bad fixtures: %v", err)
	}
	return paths
}

// TestEveryCodeHasAFixture keeps codes, their explanations and the fixtures together.
func TestEveryCodeHasAFixture(t *testing.T) {
	used := map[string]bool{}
	for _, path := range badFixtures(t) {
		_, want := readFixture(t, path)
		for _, e := range want {
			used[e.Code] = true
		}
	}
	known := map[string]bool{}
	for _, c := range Codes() {
		known[c.Code] = true
		if c.Doc == "" || c.Hint == "" {
			t.Errorf("%s has no explanation or no hint", c.Code)
		}
		if !used[c.Code] {
			t.Errorf("%s has no bad fixture", c.Code)
		}
	}
	for code := range used {
		if ofRule := strings.Count(code, "/") > 1; !known[code] && !ofRule {
			t.Errorf("%s is in a fixture and not among Codes", code)
		}
	}
	var src []byte
	for _, name := range []string{"codes.go", "codes_across.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		src = append(src, text...)
	}
	for _, m := range regexp.MustCompile(`code[A-Za-z]+ += "(config/[a-z-]+)"`).FindAllStringSubmatch(string(src), -1) {
		if !known[m[1]] {
			t.Errorf("%s is a constant and not among Codes", m[1])
		}
	}
}

func TestGoodFixtures(t *testing.T) {
	dirs, err := fs.ReadDir(os.DirFS(fixtures+"/good"), ".")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no good fixtures: %v", err)
	}
	for _, d := range dirs {
		t.Run(d.Name(), func(t *testing.T) {
			fsys := os.DirFS(filepath.Join(fixtures, "good", d.Name()))
			m, list, err := Load(t.Context(), fsys, Options{Registry: testRegistry(), Now: fixtureDay})
			if err != nil || len(list) > 0 || m == nil {
				t.Fatalf("error %v, diagnostics:\n%v", err, list)
			}
			again, _, _ := Load(t.Context(), fsys, Options{Registry: testRegistry(), Now: fixtureDay})
			if diff := cmp.Diff(m.Digest, again.Digest); diff != "" || m.Digest == "" {
				t.Errorf("the digest is not the same twice: %s", diff)
			}
		})
	}
}
