package watch_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dray-sync/dray/cmd/internal/watch"
)

func folder(t *testing.T) (string, *watch.Folder) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.yaml"), "1")
	w, err := watch.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return dir, w
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func wait(t *testing.T, w *watch.Folder) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := w.Wait(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestChangesAreToldOf(t *testing.T) {
	dir, w := folder(t)
	for _, tt := range []struct {
		name string
		do   func()
	}{
		{"a file is written", func() { write(t, filepath.Join(dir, "a.yaml"), "2") }},
		{"a file is made", func() { write(t, filepath.Join(dir, "b.yaml"), "1") }},
		{"a folder with a file is made", func() { write(t, filepath.Join(dir, "sub", "deep", "c.yaml"), "1") }},
		{"a file in the new folder is written", func() { write(t, filepath.Join(dir, "sub", "deep", "c.yaml"), "2") }},
		{"an editor writes by renaming", func() {
			write(t, filepath.Join(dir, ".a.yaml.swp"), "3")
			if err := os.Rename(filepath.Join(dir, ".a.yaml.swp"), filepath.Join(dir, "a.yaml")); err != nil {
				t.Fatal(err)
			}
		}},
		{"the renamed file is written", func() { write(t, filepath.Join(dir, "a.yaml"), "4") }},
		{"a folder is moved", func() {
			if err := os.Rename(filepath.Join(dir, "sub"), filepath.Join(dir, "moved")); err != nil {
				t.Fatal(err)
			}
		}},
		{"a file in the moved folder is written", func() { write(t, filepath.Join(dir, "moved", "deep", "c.yaml"), "3") }},
		{"a file is removed", func() {
			if err := os.Remove(filepath.Join(dir, "b.yaml")); err != nil {
				t.Fatal(err)
			}
		}},
		{"a folder is removed", func() {
			if err := os.RemoveAll(filepath.Join(dir, "moved")); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Log(tt.name)
		tt.do()
		wait(t, w)
	}
}

// TestWhatDoesNotCount changes what is ignored, then ends the wait: had it counted, the wait would have ended well.
func TestWhatDoesNotCount(t *testing.T) {
	dir, w := folder(t)
	write(t, filepath.Join(dir, ".dray", "state", "state.db"), "1")
	write(t, filepath.Join(dir, ".git", "index"), "1")
	write(t, filepath.Join(dir, "a.yaml~"), "1")
	write(t, filepath.Join(dir, "4913"), "1")
	if err := os.Chmod(filepath.Join(dir, "a.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	if err := w.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the wait ended with %v", err)
	}
	write(t, filepath.Join(dir, "a.yaml"), "2")
	wait(t, w)
}

func TestManyChangesAreOne(t *testing.T) {
	dir, w := folder(t)
	for i := range 50 {
		write(t, filepath.Join(dir, "sub", string(rune('a'+i%26))+".yaml"), "1")
	}
	wait(t, w)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := w.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the second wait ended with %v", err)
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	if _, err := watch.New(filepath.Join(t.TempDir(), "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
