package config

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	"github.com/dray-sync/dray/engine/diag"
)

// FuzzLoad loads one file of anything: nothing may panic, and every diagnostic must stand inside the file it names.
func FuzzLoad(f *testing.F) {
	seeds := 0
	for _, path := range badFixtures(f) {
		fsys, _ := readFixture(f, path)
		for _, file := range fsys {
			f.Add(file.Data)
			seeds++
		}
	}
	err := fs.WalkDir(os.DirFS(fixtures+"/good"), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(fixtures + "/good/" + name)
		f.Add(data)
		seeds++
		return err
	})
	if err != nil || seeds < 20 {
		f.Fatalf("%d seeds, error %v", seeds, err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fsys := fstest.MapFS{"dray.yaml": {Data: []byte(plainRepository)}, "a.yaml": {Data: data}}
		m, list, err := Load(context.Background(), fsys, Options{Registry: testRegistry()})
		if err != nil {
			t.Fatal(err)
		}
		if (m == nil) != list.HasErrors() {
			t.Fatalf("model %v beside %v", m, list)
		}
		for _, d := range list {
			for _, p := range append([]diag.Pos{d.Pos}, d.Related...) {
				standsInside(t, fsys, p, d)
			}
			if d.Code == "" || d.Message == "" || d.Hint == "" {
				t.Errorf("incomplete: %+v", d)
			}
		}
	})
}

// standsInside demands that a position is one in its file, just behind the end of a line included.
func standsInside(t *testing.T, fsys fstest.MapFS, p diag.Pos, d diag.Diagnostic) {
	t.Helper()
	file, ok := fsys[p.File]
	if !ok {
		t.Errorf("no such file: %v", d)
		return
	}
	lines := bytes.Split(file.Data, []byte("\n"))
	if p.Line < 0 || p.Line > len(lines) || (p.Line > 0 && (p.Col < 0 || p.Col > len(lines[p.Line-1])+1)) {
		t.Errorf("outside of %d lines: %v", len(lines), d)
	}
}
