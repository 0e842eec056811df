package format_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/format"
)

// mutate changes how a file is written, mostly without changing what it means.
func mutate(r *rand.Rand, text string) string {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	out := make([]string, 0, len(lines)*2)
	wider := r.IntN(3) == 0
	for i, line := range lines {
		if r.IntN(6) == 0 {
			out = append(out, strings.Repeat(" ", r.IntN(8))+fmt.Sprintf("# comment %d", i))
		}
		if r.IntN(8) == 0 {
			out = append(out, strings.Repeat(" ", r.IntN(3)))
		}
		if wider {
			bare := strings.TrimLeft(line, " ")
			line = strings.Repeat(" ", 2*(len(line)-len(bare))) + bare
		}
		switch r.IntN(12) {
		case 0:
			line += fmt.Sprintf(" # behind %d", i)
		case 1:
			line += "  "
		case 2:
			line = strings.Replace(line, ": ", ":   ", 1)
		case 3:
			line = strings.Replace(line, ", ", " ,", 1)
		}
		out = append(out, line)
		if j := r.IntN(len(out)); r.IntN(40) == 0 {
			out = append(out, out[j])
		}
	}
	end := "\n"
	if r.IntN(4) == 0 {
		end = "\r\n"
	}
	return strings.Join(out, end) + end
}

// judge formats a text that may be anything. What can be read without a problem can be formatted, or is refused with a reason; what comes
// out can be read too, and is stable.
func judge(t *testing.T, d *config.Definitions, text string) (formatted string, ok bool) {
	t.Helper()
	got, err := format.YAML([]byte(text), d)
	if err != nil {
		if _, ours := errors.AsType[*format.Error](err); !ours {
			t.Fatalf("%v is of another type", err)
		}
		return "", false
	}
	if !config.Syntax("a.yaml", []byte(text)).HasErrors() {
		if list := config.Syntax("a.yaml", got); list.HasErrors() {
			t.Fatalf("no longer readable: %v\n%s\nwas\n%s", list, got, text)
		}
	}
	again, err := format.YAML(got, d)
	if diff := cmp.Diff(string(got), string(again)); diff != "" || err != nil {
		t.Fatalf("not stable: %v\n%s\nof\n%s", err, diff, text)
	}
	return string(got), true
}

// TestMutations formats thousands of ways to write the fixtures. Nearly all that can be read must be formatted.
func TestMutations(t *testing.T) {
	d := definitions(t)
	r := rand.New(rand.NewPCG(1, 2))
	readable, formatted := 0, 0
	files := sources(t)
	for range 20 {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			text := mutate(r, files[name])
			if config.Syntax("a.yaml", []byte(text)).HasErrors() {
				continue
			}
			readable++
			if _, ok := judge(t, d, text); ok {
				formatted++
				continue
			}
			_, err := format.YAML([]byte(text), d)
			t.Logf("refused: %v\n%s", err, text)
		}
	}
	t.Logf("%d of %d", formatted, readable)
	if readable < 500 || formatted < readable {
		t.Errorf("%d of %d formatted", formatted, readable)
	}
}

// TestDigestStays loads repositories before and after.
func TestDigestStays(t *testing.T) {
	d := definitions(t)
	r := rand.New(rand.NewPCG(3, 4))
	loaded := 0
	for _, dir := range []string{"../../schema/testdata/good/plain", "../../examples/shop-to-erp"} {
		plain := fstest.MapFS{}
		err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			text, err := os.ReadFile(name)
			rel, _ := filepath.Rel(dir, name)
			plain[filepath.ToSlash(rel)] = &fstest.MapFile{Data: text}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if digest(t, plain) == "" {
			t.Fatalf("%s cannot be loaded", dir)
		}
		for range 20 {
			changed, result := fstest.MapFS{}, fstest.MapFS{}
			for _, name := range slices.Sorted(maps.Keys(plain)) {
				f := plain[name]
				changed[name], result[name] = f, f
				if filepath.Ext(name) != ".yaml" {
					continue
				}
				text := mutate(r, string(f.Data))
				if config.Syntax(name, []byte(text)).HasErrors() {
					text = string(f.Data)
				}
				got, err := format.YAML([]byte(text), d)
				if err != nil {
					t.Fatalf("%s: %v\n%s", name, err, text)
				}
				changed[name], result[name] = &fstest.MapFile{Data: []byte(text)}, &fstest.MapFile{Data: got}
			}
			before, after := digest(t, changed), digest(t, result)
			if before != after {
				t.Fatalf("%s: the digest was %q and is %q", dir, before, after)
			}
			if before != "" {
				loaded++
			}
		}
	}
	if loaded < 10 {
		t.Errorf("only %d could be loaded", loaded)
	}
}

// digest returns the digest of a repository, or "" where there is something wrong with it.
func digest(t *testing.T, fsys fs.FS) string {
	t.Helper()
	m, _, err := config.Load(t.Context(), fsys, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if m == nil {
		return ""
	}
	return m.Digest
}

// FuzzYAML holds that no text makes the formatter panic, and that it is stable.
func FuzzYAML(f *testing.F) {
	for _, text := range sources(f) {
		f.Add(text)
	}
	d := definitions(f)
	f.Fuzz(func(t *testing.T, text string) { judge(t, d, text) })
}
