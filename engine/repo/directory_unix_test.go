//go:build unix

package repo_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/repo"
)

func TestDirectoryProblems(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"good": "1", "other/.git/HEAD": "x", "other/file": "x", "big": "123456", "a/b/c/deep": "x"})
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	if err := os.Symlink("a", filepath.Join(dir, "linkdir")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := repo.OpenDirectory(dir, repo.Limits{FileBytes: 5, Depth: 2})
	if err != nil {
		t.Fatal(err)
	}
	rev := fetch(t, source, "")
	want := `a/b/c: lies deeper than 2 directories; flatten the directories
big: 6 bytes are more than the 5 a file may have; split the file or keep it elsewhere
link: is a symbolic link; replace it with the file it points at
linkdir: is a symbolic link; replace it with the file it points at
other: is another git repository; copy its files, or name it in .gitignore
pipe: is neither a file nor a directory; remove it or name it in .gitignore`
	if diff := cmp.Diff(want, rev.Tree.Err().Error()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"good": "1"}, contents(t, rev.Tree)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
