package repo_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/repo"
	"github.com/dray-sync/dray/engine/repo/repotest"
)

func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{"dray.yaml": "1", "touchpoints/orders.yaml": "2", "lookups/empty.csv": ""}
	writeFiles(t, dir, files)
	writeFiles(t, dir, map[string]string{".git/config": "not read"})
	source, err := repo.OpenDirectory(dir, repo.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	rev := fetch(t, source, "")
	if diff := cmp.Diff(files, contents(t, rev.Tree)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	head, err := source.Head(t.Context())
	if err != nil || head.Commit != rev.Commit {
		t.Errorf("head is %s, %v, want %s", head, err, rev)
	}
	if want := rev.Digest; rev.String() != want || head.String() != want || len(rev.Commit) != 64 {
		t.Errorf("revision is %s, head is %s, want %s", rev, head, want)
	}

	// The same files by way of git are the same content, file by file.
	server := repotest.NewServer(t)
	server.Commit(files, "one")
	committed := fetch(t, open(t, repo.Options{URL: server.URL}), "")
	if committed.Digest != rev.Digest {
		t.Errorf("digest %s, by way of git %s", rev.Digest, committed.Digest)
	}
	if diff := cmp.Diff(committed.Tree.Files(), rev.Tree.Files()); diff != "" {
		t.Errorf("files (-git +directory):\n%s", diff)
	}

	writeFiles(t, dir, map[string]string{"dray.yaml": "changed"})
	changed, err := source.Head(t.Context())
	if err != nil || changed == head {
		t.Errorf("a change is not seen: %s, %v", changed, err)
	}
	if got, err := source.IsDescendant(t.Context(), head.Commit, rev); got != repo.DescentYes || err != nil {
		t.Errorf("descent: %s, %v", got, err)
	}
}

func TestDirectoryIgnores(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		".gitignore": "# a comment\n/state/\n*.key\n!public.key\n", "state/db": "x", "a/state/kept": "1", "a.key": "x", "public.key": "2",
		"a/.gitignore": "local*\r\n", "a/local.yaml": "x", "local.yaml": "3", "a/b/local.yaml": "x",
	})
	source, err := repo.OpenDirectory(dir, repo.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got := contents(t, fetch(t, source, "").Tree)
	delete(got, ".gitignore")
	delete(got, "a/.gitignore")
	if diff := cmp.Diff(map[string]string{"a/state/kept": "1", "public.key": "2", "local.yaml": "3"}, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestDirectoryTrouble(t *testing.T) {
	dir := t.TempDir()
	_, err := repo.OpenDirectory(dir+"/nowhere", repo.Limits{})
	wantError(t, err, dir, repo.KindNotFound, "repository URL/nowhere: cannot be opened: no such file or directory")
	source, err := repo.OpenDirectory(dir, repo.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = source.Fetch(t.Context(), "HEAD~1")
	wantError(t, err, dir, repo.KindUsage, `repository URL: a directory without git has no revision "HEAD~1"`)
}
