package corpus

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/dray-sync/dray/adapters/all"
	"github.com/dray-sync/dray/engine/config"
	"github.com/dray-sync/dray/engine/diag"
	"github.com/dray-sync/dray/engine/mapping"
)

// TestMain lets this binary be the child that evaluates CUE.
func TestMain(m *testing.M) {
	config.RunChildIfAsked()
	m.Run()
}

// A mistake is a change of the base that makes it wrong, and what validation must say of it.
type mistake struct {
	name  string
	files fstest.MapFS // those that differ from the base; nil data: the file is gone
	file  string       // where the mistake is
	lines []int        // each of them is right
	says  string       // what message or hint must hold, in any case; empty: anything
	warns bool         // a warning is enough
}

// A verdict is how validation did on a mistake.
type verdict struct {
	found, hint, alone bool
	got                diag.List
}

// A judge validates repositories that differ little from each other.
type judge struct {
	base  fstest.MapFS
	cache *config.Cache
}

func newJudge(t *testing.T, dir string) *judge {
	t.Helper()
	j := &judge{base: fstest.MapFS{}, cache: new(config.Cache)}
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, name)
		j.base[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil || len(j.base) == 0 {
		t.Fatalf("reading %s: %v", dir, err)
	}
	if list, err := j.load(t.Context(), j.base); err != nil || len(list) > 0 {
		t.Fatalf("the base has mistakes of its own: %v\n%v", err, list)
	}
	return j
}

func (j *judge) load(ctx context.Context, files fstest.MapFS) (diag.List, error) {
	_, list, err := config.Load(ctx, files, config.Options{Registry: all.Registry(), Compile: mapping.Check, Cache: j.cache, Now: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)})
	return list, err
}

// text returns a file of the base.
func (j *judge) text(t *testing.T, name string) string {
	t.Helper()
	f, ok := j.base[name]
	if !ok {
		t.Fatalf("the base has no file %s", name)
	}
	return string(f.Data)
}

func (j *judge) judge(t *testing.T, m mistake) verdict {
	t.Helper()
	files := fstest.MapFS{}
	maps.Copy(files, j.base)
	for name, f := range m.files {
		if files[name] = f; f.Data == nil {
			delete(files, name)
		}
	}
	list, err := j.load(t.Context(), files)
	if err != nil {
		t.Fatalf("%s: %v", m.name, err)
	}
	v := verdict{got: list, alone: len(list) == 1}
	for _, d := range list {
		if d.Severity == diag.Warning && !m.warns || d.Pos.File != m.file || !m.at(d.Pos.Line) {
			continue
		}
		v.found = true
		if strings.Contains(strings.ToLower(d.Message+" "+d.Hint), strings.ToLower(m.says)) {
			v.hint = true
		}
	}
	return v
}

func (m mistake) at(line int) bool {
	return slices.Contains(m.lines, line)
}

// A score counts verdicts.
type score struct{ all, found, hint, alone int }

func (s *score) add(v verdict) {
	s.all++
	if v.found {
		s.found++
	}
	if v.hint {
		s.hint++
	}
	if v.alone {
		s.alone++
	}
}

func (s score) String() string {
	share := func(n int) string { return fmt.Sprintf("%d (%.1f %%)", n, 100*float64(n)/float64(max(1, s.all))) }
	return fmt.Sprintf("%d mistakes: %s found at the right line, %s with words that lead to the fix, %s reported once and alone",
		s.all, share(s.found), share(s.hint), share(s.alone))
}

// TestScore prints how many of the planted mistakes are found, and fails when it is less than it was. With -v it shows each that is
// not found, not led to its fix, or not reported alone.
func TestScore(t *testing.T) {
	bases, err := os.ReadDir("testdata/mistakes")
	if err != nil || len(bases) == 0 {
		t.Fatalf("there are no mistakes: %v", err)
	}
	for _, b := range bases {
		j := newJudge(t, path.Join("testdata/base", b.Name()))
		t.Run(b.Name()+"/written", func(t *testing.T) { j.run(t, j.written(t, path.Join("testdata/mistakes", b.Name())), 1) })
		if b.Name() == "cue" {
			continue // the generator speaks YAML
		}
		t.Run(b.Name()+"/generated", func(t *testing.T) { j.run(t, j.generated(t), 1) })
	}
}

func (j *judge) run(t *testing.T, mistakes []mistake, least float64) {
	t.Helper()
	start := time.Now()
	var s score
	for _, m := range mistakes {
		v := j.judge(t, m)
		s.add(v)
		switch {
		case !v.found:
			t.Logf("%s: not found at %s:%v; got:\n%v", m.name, m.file, m.lines, v.got)
		case !v.hint:
			t.Logf("%s: the words do not hold %q; got:\n%v", m.name, m.says, v.got)
		case !v.alone:
			t.Logf("%s: not reported alone; got:\n%v", m.name, v.got)
		}
	}
	if share := float64(s.found) / float64(s.all); share < least {
		t.Errorf("%.3f of the mistakes are found, and it were %.3f before", share, least)
	}
	fmt.Printf("%s: %v, in %v\n", t.Name(), s, time.Since(start).Round(time.Millisecond))
}
