package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/dray-sync/dray/engine/diag"
)

// TestNoFaultInWhatIsWellFormed holds that reading line by line blames nothing that a parser takes.
func TestNoFaultInWhatIsWellFormed(t *testing.T) {
	n := 0
	for _, dir := range []string{fixtures + "/good", "../../examples", "../../cmd/internal/cli/initfiles", "../../cmd/internal/corpus/testdata"} {
		err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(name) != ".yaml" {
				return err
			}
			src, err := os.ReadFile(name)
			if x := findFault(src); x != nil && wellFormed(src) {
				t.Errorf("%s:%d:%d: %s", name, x.line, x.col, x.message)
			}
			n++
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{
		"a: b\nc:\n- d\n- e: f\n  g: h\n-\n  i: j\n", "a: 'it''s'\nb: \"x\\\"y\"\nc: \"two\n  lines\"\n", "a: {b: c, d: [e, f]} # {\n", "a: {\n  b: c,\n  d: e f\n    g\n}\nh: i\n",
		"a: |\n  b: c: d\n\n  'e\nf: >-\n  g\n", "a: b\n  c d\ne: f\n", "a:\n  b\n  c\nd: e\n", "\"a b\": c\n'd': e\n", "{\"a\": \"b\",\n \"c\": [1, 2]}\n", "- a\n- - b\n  - c\n- {d: e}\n",
		"a: http://x.example:80/y\nb: 12:30\nc: a#b\n", "? a\n: b\n", "a: !x b\nb: &c d\ne: *c\n", "%YAML 1.1\n---\na: b\n...\n", "a: \"x\" # y: z\n", "a: [\n]\n", "a: ~\nb:\nc: ''\n",
		"a: {b: , c: d}\n", "a: {b, c: d}\n", "a: [b: c, d]\n", "a: {x: 'y'}\r\nb: c\r\n", "- 'a': b\n  \"c\": d\n",
	} {
		if !wellFormed([]byte(text)) {
			t.Errorf("not well-formed, so it proves nothing: %q", text)
		}
		if x := findFault([]byte(text)); x != nil {
			t.Errorf("%q: %d:%d: %s", text, x.line, x.col, x.message)
		}
		n++
	}
	if n < 30 {
		t.Errorf("only %d texts", n)
	}
}

// TestSafeFixesMend holds that the safe fixes of every bad fixture apply, that none of them adds a mistake, and that a second round finds
// nothing more to do once all are made.
func TestSafeFixesMend(t *testing.T) {
	made := 0
	for _, path := range badFixtures(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			fsys, _ := readFixture(t, path)
			load := func() diag.List {
				_, list, err := Load(t.Context(), fsys, Options{Registry: registryFor(path)})
				if err != nil {
					t.Fatal(err)
				}
				return list
			}
			list := load()
			for range 10 {
				edits, n := list.Fixes(false)
				if n == 0 {
					return
				}
				made += n
				for name, e := range edits {
					data, err := diag.Apply(fsys[name].Data, e)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					fsys[name] = &fstest.MapFile{Data: data}
				}
				list = load()
			}
			t.Errorf("there is no end to mending:\n%v", list)
		})
	}
	if made == 0 {
		t.Error("nothing was mended")
	}
}
