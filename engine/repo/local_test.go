package repo_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	git "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/google/go-cmp/cmp"

	"github.com/dray-sync/dray/engine/repo"
)

// writeFiles writes files below a directory.
func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for path, content := range files {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// initialise makes an empty repository in a new directory.
func initialise(t *testing.T, bare bool) (string, *git.Repository) {
	t.Helper()
	dir := t.TempDir()
	r, err := git.PlainInitWithOptions(dir, &git.PlainInitOptions{
		Bare: bare, InitOptions: git.InitOptions{DefaultBranch: "refs/heads/main"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir, r
}

// commitFiles writes files and commits them.
func commitFiles(t *testing.T, dir string, r *git.Repository, files map[string]string, message string) string {
	t.Helper()
	writeFiles(t, dir, files)
	w, err := r.Worktree()
	if err != nil {
		t.Fatal(err)
	}
	for path := range files {
		if _, err := w.Add(path); err != nil {
			t.Fatal(err)
		}
	}
	who := &object.Signature{Name: "Ada", Email: "ada@example.com", When: time.Unix(1_770_000_000, 0)}
	hash, err := w.Commit(message, &git.CommitOptions{Author: who})
	if err != nil {
		t.Fatal(err)
	}
	return hash.String()
}

func TestLocalRepository(t *testing.T) {
	dir, r := initialise(t, false)
	first := commitFiles(t, dir, r, map[string]string{"a.yaml": "1", "dir/b.yaml": "2"}, "one")
	second := commitFiles(t, dir, r, map[string]string{"a.yaml": "3"}, "two\n\nmore")
	writeFiles(t, dir, map[string]string{"a.yaml": "not committed"})

	source := open(t, repo.Options{URL: dir})
	head, err := source.Head(t.Context())
	if err != nil || head.String() != "main@sha1:"+second {
		t.Errorf("head is %s, %v", head, err)
	}
	rev := fetch(t, source, "")
	if diff := cmp.Diff(map[string]string{"a.yaml": "3", "dir/b.yaml": "2"}, contents(t, rev.Tree)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if rev.Subject != "two" || rev.Author.Name != "Ada" || rev.String() != "main@sha1:"+second {
		t.Errorf("revision is %+v", rev)
	}
	for _, name := range []string{"HEAD~1", first, first[:10]} {
		if got := fetch(t, source, name); got.Commit != first {
			t.Errorf("%s is %s, want %s", name, got.Commit, first)
		}
	}
	if got, err := source.IsDescendant(t.Context(), first, rev); got != repo.DescentYes || err != nil {
		t.Errorf("descent from the first: %s, %v", got, err)
	}
	back := fetch(t, source, "HEAD~1")
	if got, err := source.IsDescendant(t.Context(), second, back); got != repo.DescentNo || err != nil {
		t.Errorf("descent of the first from the second: %s, %v", got, err)
	}

	// The same commit by way of a bare clone is the same content.
	bare := t.TempDir()
	b, err := git.PlainInit(bare, true)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := r.Storer.IterEncodedObjects(plumbing.AnyObject)
	if err != nil {
		t.Fatal(err)
	}
	if err := objects.ForEach(func(o plumbing.EncodedObject) error {
		_, err := b.Storer.SetEncodedObject(o)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := b.Storer.SetReference(plumbing.NewHashReference("refs/heads/release/1", plumbing.NewHash(second))); err != nil {
		t.Fatal(err)
	}
	cloned := fetch(t, open(t, repo.Options{URL: bare, Branch: "release/1"}), "")
	if cloned.Digest != rev.Digest || cloned.Branch != "release/1" {
		t.Errorf("the bare clone is %s with %s, want digest %s", cloned, cloned.Digest, rev.Digest)
	}
	_, err = open(t, repo.Options{URL: bare}).Head(t.Context())
	wantError(t, err, bare, repo.KindBranchNotFound,
		`repository URL: branch "master" does not exist; branches there: release/1; use --branch release/1`)
}

func TestLocalPackedRepository(t *testing.T) {
	dir, r := initialise(t, false)
	var newest string
	for i := range 20 {
		newest = commitFiles(t, dir, r, map[string]string{"a.yaml": fmt.Sprintf("a long line of text that makes a delta worth its while, number %d", i)}, "step")
	}
	source := open(t, repo.Options{URL: dir})
	before := fetch(t, source, "")
	if err := r.RepackObjects(&git.RepackConfig{}); err != nil {
		t.Fatal(err)
	}
	after := fetch(t, source, "")
	if after.Commit != newest || after.Digest != before.Digest {
		t.Errorf("after packing: %s %s, before %s %s", after, after.Digest, before, before.Digest)
	}
	if got, err := source.IsDescendant(t.Context(), newest, after); got != repo.DescentYes || err != nil {
		t.Errorf("descent: %s, %v", got, err)
	}
}

func TestLocalTrouble(t *testing.T) {
	plain := t.TempDir()
	_, err := repo.Open(repo.Options{URL: plain})
	wantError(t, err, plain, repo.KindNotFound, "repository URL: is not a git repository; run git init and commit in it")
	_, err = repo.Open(repo.Options{URL: plain + "/nowhere"})
	wantError(t, err, plain, repo.KindNotFound, "repository URL/nowhere: cannot be opened: no such file or directory")
	writeFiles(t, plain, map[string]string{"file": ""})
	_, err = repo.Open(repo.Options{URL: plain + "/file"})
	wantError(t, err, plain, repo.KindNotFound, "repository URL/file: is not a directory")

	dir, r := initialise(t, false)
	source := open(t, repo.Options{URL: dir})
	_, err = source.Head(t.Context())
	wantError(t, err, dir, repo.KindEmpty, "repository URL: it has no commit yet; commit something")
	commit := commitFiles(t, dir, r, map[string]string{"a": "1"}, "one")
	_, err = open(t, repo.Options{URL: dir, Branch: "mian"}).Fetch(t.Context(), "")
	wantError(t, err, dir, repo.KindBranchNotFound, `repository URL: branch "mian" does not exist; branches there: main; use --branch main`)
	_, err = source.Fetch(t.Context(), "v9")
	wantError(t, err, dir, repo.KindCommitNotFound, `repository URL: there is no commit "v9"; it may have been removed by a rewrite of the history`)

	// A file whose content is not what its name says is not served.
	tree := fetch(t, source, commit).Tree
	blob := tree.Files()[0].Blob
	other, err := r.Storer.(interface {
		SetEncodedObject(plumbing.EncodedObject) (plumbing.Hash, error)
	}).SetEncodedObject(blobObject("2"))
	if err != nil {
		t.Fatal(err)
	}
	object := func(h string) string { return filepath.Join(dir, ".git", "objects", h[:2], h[2:]) }
	if err := os.Remove(object(blob)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(object(other.String()), object(blob)); err != nil {
		t.Fatal(err)
	}
	if _, err := source.Fetch(t.Context(), ""); repo.KindOf(err) != repo.KindInvalid {
		t.Errorf("an object with other content: %v", err)
	}
}

// blobObject is a file in the form git stores.
func blobObject(content string) plumbing.EncodedObject {
	o := &plumbing.MemoryObject{}
	o.SetType(plumbing.BlobObject)
	_, _ = o.Write([]byte(content))
	return o
}

func TestLocalShallowClone(t *testing.T) {
	dir, r := initialise(t, false)
	first := commitFiles(t, dir, r, map[string]string{"a": "1"}, "one")
	second := commitFiles(t, dir, r, map[string]string{"a": "2"}, "two")
	commitFiles(t, dir, r, map[string]string{"a": "3"}, "three")
	if err := r.Storer.SetShallow([]plumbing.Hash{plumbing.NewHash(second)}); err != nil {
		t.Fatal(err)
	}
	source := open(t, repo.Options{URL: dir})
	newest := fetch(t, source, "")
	// The commit at the edge still says who its parent is.
	if got, err := source.IsDescendant(t.Context(), first, newest); got != repo.DescentYes || err != nil {
		t.Errorf("the parent of the edge: %s, %v", got, err)
	}
	unknown := "0123456789012345678901234567890123456789"
	got, err := source.IsDescendant(t.Context(), unknown, newest)
	if got != repo.DescentUnknown {
		t.Errorf("beyond the edge: %s", got)
	}
	wantError(t, err, dir, repo.KindInvalid,
		"repository URL: is a shallow clone, so its history cannot be judged; run git fetch --unshallow in it")
}

func TestLocalWorktreeOfAnother(t *testing.T) {
	dir, r := initialise(t, false)
	commit := commitFiles(t, dir, r, map[string]string{"a": "1"}, "one")
	// What git worktree add writes.
	admin := filepath.Join(dir, ".git", "worktrees", "side")
	side := t.TempDir()
	writeFiles(t, admin, map[string]string{"HEAD": commit + "\n", "commondir": "../..\n", "gitdir": filepath.Join(side, ".git") + "\n"})
	writeFiles(t, side, map[string]string{".git": "gitdir: " + admin + "\n"})
	if _, err := r.CreateRemote(&config.RemoteConfig{Name: "origin", URLs: []string{"https://git.example/a.git"}}); err != nil {
		t.Fatal(err)
	}
	if got := fetch(t, open(t, repo.Options{URL: side}), ""); got.Commit != commit {
		t.Errorf("the worktree is at %s, want %s", got, commit)
	}
}
